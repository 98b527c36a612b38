//! The seven-block space: whatever it holds can be built.
#![allow(clippy::unwrap_used)]

use automl_arch::block;
use automl_arch::{
    Activation, Architecture, Block, BlockSpace, BlockSpaceError, BlockSpaceOptions, Layer, Op,
};
use automl_extent::Extent;
use automl_numeric::stream;
use automl_space::{Choice, Domain};
use proptest::prelude::*;
use std::collections::HashSet;

fn options(extended: bool) -> BlockSpaceOptions {
    BlockSpaceOptions { extended, ..BlockSpaceOptions::default() }
}

/// How often the maps get smaller before the global pooling.
fn halvings(architecture: &Architecture) -> usize {
    fn count(nodes: &[Op]) -> usize {
        nodes
            .iter()
            .map(|node| match node {
                Op::Convolution(conv) => usize::from(conv.stride == 2),
                Op::Pool { stride, .. } => usize::from(*stride == 2),
                Op::Sum { body, .. } => count(body),
                Op::Concat { second, .. } => count(second),
                _ => 0,
            })
            .sum()
    }
    count(&architecture.graph().unwrap().nodes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_sample_can_be_built(
        seed in any::<u64>(),
        side in prop::sample::select(vec![1_usize, 2, 5, 8, 14, 28, 32, 64, 128, 224]),
        channels in prop::sample::select(vec![1_usize, 3]),
        extended in any::<bool>(),
        width in prop::sample::select(vec![0.03, 0.125, 0.25, 0.5, 1.0, 2.0]),
    ) {
        let options = BlockSpaceOptions { width, ..options(extended) };
        let space = BlockSpace::new(channels, side, 10, &options).unwrap();
        for draw in 0..16 {
            let config = space.space().sample(&mut stream(seed, draw, "test"));
            space.space().check(&config).unwrap();
            let architecture = space.architecture(&config);
            prop_assert_eq!(architecture.classes(), Ok(10));
            prop_assert!(architecture.input_side == side);
            // What is written down is the same network.
            let again = Architecture::from_yaml(&architecture.to_yaml()).unwrap();
            prop_assert_eq!(&again, &architecture);
            prop_assert_eq!(again.fingerprint(), architecture.fingerprint());
        }
    }

    #[test]
    fn halvings_keep_their_bounds(
        seed in any::<u64>(),
        side in prop::sample::select(vec![8_usize, 28, 32, 64, 128, 224]),
        extended in any::<bool>(),
    ) {
        let (least, most) = match side {
            8 => (1, 2),
            28 | 32 => (2, 3),
            64 => (3, 4),
            _ => (4, 5),
        };
        let space = BlockSpace::new(3, side, 10, &options(extended)).unwrap();
        let mut reached = 0;
        for draw in 0..32 {
            let config = space.space().sample(&mut stream(seed, draw, "test"));
            let halvings = halvings(&space.architecture(&config));
            prop_assert!(halvings <= most);
            reached += usize::from(halvings >= least);
        }
        // Fewer only where too many blocks are Pass.
        prop_assert!(reached >= 24, "{reached}");
    }
}

/// Gated spaces hold every block, mostly keep the resolution of small images in the stem, and leave the
/// other spaces as they are.
#[test]
fn gated_spaces_have_further_blocks() {
    let gated = BlockSpaceOptions { gated: true, ..BlockSpaceOptions::default() };
    let space = BlockSpace::new(3, 32, 10, &gated).unwrap();
    let (mut seen, mut halved) = (HashSet::new(), 0);
    for draw in 0..300 {
        let config = space.space().sample_prior(&mut stream(5, draw, "test"));
        let architecture = space.architecture(&config);
        assert_eq!(architecture.graph().unwrap().classes, 10);
        seen.extend(architecture.backbone.iter().map(|layer| layer.block.name()));
        let side = architecture.graph().unwrap().layers()[0].side;
        halved += usize::from(side.height < 32 && architecture.places().unwrap()[0].layer == 0);
    }
    let names =
        ["GatedFFN", "SplitConv", "StarNet", "DeepStem", "MobileOne", "UIB", "Fire", "Conv"];
    assert!(names.iter().all(|name| seen.contains(name)), "{seen:?}");
    assert!(halved < 60, "{halved}");
    for other in [options(true), BlockSpaceOptions { recent: true, ..options(true) }] {
        let space = BlockSpace::new(3, 32, 10, &other).unwrap();
        let kind = space.space().choice_key("m3").unwrap();
        for draw in 0..100 {
            let config = space.space().sample(&mut stream(5, draw, "test"));
            let chosen = space.space().choice(&config, kind).unwrap();
            assert!(!names[..4].contains(&chosen), "{chosen}");
        }
    }
}

#[test]
fn a_cap_scales_the_space() {
    let mut last = f64::INFINITY;
    for cap in [5_000_000, 200_000, 20_000, 10_000] {
        let space = BlockSpace::within(1, 28, 10, &options(false), |network| {
            network.cost().parameters <= cap
        })
        .unwrap();
        assert!(space.width() <= last, "{cap}: {}", space.width());
        last = space.width();
        let mut networks = HashSet::new();
        let mut sizes: Vec<u64> = (0..400)
            .map(|draw| {
                let config = space.space().sample_prior(&mut stream(7, draw, "test"));
                let network = space.architecture(&config).graph().unwrap();
                networks.insert(network.fingerprint());
                network.cost().parameters
            })
            .collect();
        sizes.sort_unstable();
        println!(
            "cap {cap}: width {}, deciles {:?}, {} distinct",
            space.width(),
            (1..10).map(|d| sizes[40 * d]).collect::<Vec<_>>(),
            networks.len()
        );
        assert!(networks.len() > 390);
        assert!(sizes[180] <= cap);
        assert!(sizes[399] > cap / 4, "the space ends far below the cap");
    }
}

#[test]
fn arguments_exist_only_with_their_type() {
    let space = BlockSpace::new(3, 32, 10, &options(true)).unwrap();
    let names = space.space();
    let kind = names.choice_key("m3").unwrap();
    for draw in 0..200 {
        let config = names.sample(&mut stream(3, draw, "test"));
        let chosen = names.choice(&config, kind).unwrap();
        let has = |name: &str| config.value(names.index_of(name).unwrap()).is_some();
        assert_eq!(has("m3/v3_t"), chosen.ends_with("InvertedResidualv3"), "{chosen}");
        assert_eq!(has("m3/v2_t"), chosen.ends_with("InvertedResidualv2"), "{chosen}");
        assert_eq!(has("m3/out_channels"), matches!(chosen, "Conv" | "DWConv"), "{chosen}");
        assert_eq!(has("m3/repeat"), chosen != "Pass", "{chosen}");
        assert_eq!(has("m3/f_s"), chosen == "Fire", "{chosen}");
        assert_eq!(
            has("m3/pool"),
            matches!(chosen, "Fire" | "Bottleneck" | "ECABottleneck"),
            "{chosen}"
        );
        let stride = names.literal(&config, names.index_of("m3/stride").unwrap());
        assert_eq!(has("m3/stride1_pool"), stride == Some(Choice::Int(1)), "{chosen}");
    }
}

#[test]
fn the_published_ranges_are_the_default() {
    let space = BlockSpace::new(3, 224, 10, &BlockSpaceOptions::default()).unwrap();
    let bounds = |name: &str| {
        let index = space.space().index_of(name).unwrap();
        match space.space().params()[index].domain() {
            Domain::Int(domain) => (domain.low(), domain.high(), domain.step()),
            domain => panic!("{name}: {domain:?}"),
        }
    };
    for (name, low, high, step) in [
        ("m1/out_channels", 16, 64, 16),
        ("m2/v3_c", 16, 40, 8),
        ("m6/out_channels", 16, 512, 16),
        ("m7/out_channels", 128, 1024, 128),
        ("m7/v2_c", 16, 160, 16),
        ("m7/v3_c", 8, 160, 8),
        ("m4/v2_t", 1, 8, 1),
        ("m2/v2_t", 1, 4, 1),
        ("m5/repeat", 1, 5, 1),
        ("m1/repeat", 1, 3, 1),
        ("last_dim", 128, 1024, 128),
    ] {
        assert_eq!(bounds(name), (low, high, step), "{name}");
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let refused = |options: BlockSpaceOptions| BlockSpace::new(1, 28, 10, &options).unwrap_err();
    let base = BlockSpaceOptions::default;
    for width in [0.0, -1.0, 5.0, f64::INFINITY] {
        let error = refused(BlockSpaceOptions { width, ..base() });
        assert_eq!(error, BlockSpaceError::Width { width });
    }
    let error = refused(BlockSpaceOptions { downsamplings: Some((3, 2)), ..base() });
    assert_eq!(error, BlockSpaceError::Downsamplings { least: 3, most: 2 });
    let error = refused(BlockSpaceOptions { max_repeat: Some(0), ..base() });
    assert_eq!(error, BlockSpaceError::Repeat { most: 0 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every network of a space runs on smaller images too, at lower cost, and its last maps do
    /// not vanish.
    #[test]
    fn networks_are_adapted_to_smaller_images(seed in any::<u64>(), half in any::<bool>()) {
        let full = 28;
        let space = BlockSpace::new(1, full, 10, &options(true)).unwrap();
        let config = space.space().sample_prior(&mut stream(seed, 0, "test"));
        let architecture = space.architecture(&config);
        prop_assert_eq!(&architecture.at_resolution(full).unwrap(), &architecture);
        let side = if half { full / 2 } else { full / 4 };
        let small = architecture.at_resolution(side).unwrap();
        prop_assert!(small.input_side == side);
        let (cost, before) = (small.cost().unwrap(), architecture.cost().unwrap());
        prop_assert!(cost.macs < before.macs, "{} {}", cost.macs, before.macs);
        prop_assert!(small.backbone.len() == architecture.backbone.len());
    }
}

/// The last stride goes first.
#[test]
fn late_strides_go_first() {
    let conv = |stride| Layer::once(Block::conv(8, 3, stride, Activation::Relu));
    let tail = [
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let chain = |strides: [usize; 3]| strides.map(conv).into_iter().chain(tail.clone());
    let architecture = Architecture::new(1, 16, chain([2, 2, 2]));
    assert_eq!(architecture.at_resolution(8).unwrap(), Architecture::new(1, 8, chain([2, 2, 1])));
    assert_eq!(architecture.at_resolution(4).unwrap(), Architecture::new(1, 4, chain([2, 1, 1])));
    assert_eq!(architecture.at_resolution(15).unwrap(), Architecture::new(1, 15, chain([2, 2, 2])));
}

/// Every block type of the extended space occurs in some network, and pooling behind each of them.
#[test]
fn every_block_type_occurs_and_may_be_pooled() {
    let space = BlockSpace::new(3, 64, 10, &options(true)).unwrap();
    let (mut all, mut pooled) = (HashSet::new(), HashSet::new());
    for draw in 0..400 {
        let config = space.space().sample(&mut stream(4, draw, "test"));
        let backbone = space.architecture(&config).backbone;
        for pair in backbone.windows(2) {
            all.insert(pair[0].block.name());
            if matches!(
                pair[1].block,
                Block::MaxPool(block::MaxPool { kernel: 3, stride: 2, padding: 1 })
            ) {
                pooled.insert(pair[0].block.name());
            }
        }
    }
    for name in [
        "Conv",
        "DWConv",
        "InvertedResidualv2",
        "InvertedResidualv3",
        "MBConv",
        "Fire",
        "Bottleneck",
        "GhostBottleneck",
        "ECAInvertedResidualv2",
        "ECAInvertedResidualv3",
        "ECABottleneck",
    ] {
        assert!(all.contains(name) && pooled.contains(name), "{name}");
    }
}

/// Every node has a layer, every layer a block, in order; copies are told apart.
#[test]
fn nodes_know_where_they_come_from() {
    let space = BlockSpace::new(3, 32, 10, &options(true)).unwrap();
    for draw in 0..200 {
        let config = space.space().sample(&mut stream(4, draw, "test"));
        let architecture = space.architecture(&config);
        let places = architecture.places().unwrap();
        assert_eq!(places.len(), architecture.graph().unwrap().nodes.len());
        assert!(places.is_sorted_by_key(|place| (place.layer, place.copy)));
        let blocks = space.blocks_of_layers(&config);
        assert_eq!(blocks.len(), architecture.backbone.len());
        assert!(blocks.is_sorted() && blocks.last() == Some(&7));
        for (index, layer) in architecture.backbone.iter().enumerate() {
            let copies: HashSet<usize> =
                places.iter().filter(|p| p.layer == index).map(|p| p.copy).collect();
            // Flatten makes no node, and the pooling of a single pixel neither.
            assert!(copies.len() == layer.repeat || copies.is_empty(), "{copies:?} {layer:?}");
        }
    }
}

/// The side is one more parameter, and the others are as without it.
#[test]
fn sides_are_searched() {
    let options = |sides: &[usize]| BlockSpaceOptions {
        sides: sides.to_vec(),
        ..BlockSpaceOptions::default()
    };
    let blocks = BlockSpace::new(3, 64, 10, &options(&[64, 32, 48])).unwrap();
    let plain = BlockSpace::new(3, 64, 10, &options(&[])).unwrap();
    assert_eq!(blocks.space().len(), plain.space().len() + 1);
    let mut found = HashSet::new();
    for draw in 0..50 {
        let config = blocks.space().sample_prior(&mut stream(0, draw, "sides"));
        let architecture = blocks.architecture(&config);
        assert!(architecture.cost().is_ok());
        found.insert(architecture.input_side);
    }
    assert_eq!(found, HashSet::from([32, 48, 64].map(Extent::square)));
    // Of images that are not square, the shorter side is searched.
    let photos = BlockSpace::new(3, (96, 64), 10, &options(&[64, 32])).unwrap();
    assert_eq!(photos.space().len(), blocks.space().len());
    let found: HashSet<Extent> = (0..50)
        .map(|draw| {
            let config = photos.space().sample_prior(&mut stream(0, draw, "sides"));
            photos.architecture(&config).input_side
        })
        .collect();
    assert_eq!(found, HashSet::from([Extent::new(48, 32), Extent::new(96, 64)]));
    let error = BlockSpace::new(3, 64, 10, &options(&[96])).map(drop).unwrap_err().to_string();
    assert!(error.contains("1 to 64"), "{error}");
}

/// Where blocks are likely to be left out, most networks are tiny.
#[test]
fn passed_blocks_make_networks_short() {
    let share = |pass: f64| {
        let options = BlockSpaceOptions {
            width: 0.03125,
            extended: true,
            pass,
            ..BlockSpaceOptions::default()
        };
        let blocks = BlockSpace::new(1, 8, 10, &options).unwrap();
        let draws = (0..200).filter(|draw| {
            let config = blocks.space().sample_prior(&mut stream(0, *draw, "short"));
            blocks.architecture(&config).cost().unwrap().parameters <= 500
        });
        draws.count()
    };
    assert!(share(1.0) < 5 && share(64.0) > 60, "{} {}", share(1.0), share(64.0));
    let options = BlockSpaceOptions { pass: 0.0, ..BlockSpaceOptions::default() };
    let error = BlockSpace::new(1, 8, 10, &options).map(drop).unwrap_err();
    assert!(matches!(error, BlockSpaceError::Pass { .. }), "{error}");
}
