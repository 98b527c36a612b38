//! Random architectures.
#![allow(clippy::too_many_lines, reason = "tables of cases")]

use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, Layer};
use proptest::prelude::*;

fn activation() -> impl Strategy<Value = Activation> {
    prop::sample::select(vec![
        Activation::Identity,
        Activation::Relu,
        Activation::Relu6,
        Activation::HardSwish,
        Activation::HardSigmoid,
        Activation::Silu,
        Activation::Sigmoid,
        Activation::LeakyRelu,
        Activation::Gelu,
        Activation::Tanh,
    ])
}

/// Any block of maps, with small arguments.
pub(crate) fn block() -> impl Strategy<Value = Block> {
    let kernel = || prop::sample::select(vec![1_usize, 3, 5]);
    let channels = || prop::sample::select(vec![8_usize, 10, 16, 24, 32]);
    let expansion = || (2_u32..=40).prop_map(|t| f64::from(t) / 10.0);
    let padding = || prop::option::of(1_usize..=2);
    let stride = || 1_usize..=2;
    prop_oneof![
        (channels(), kernel(), stride(), padding(), activation()).prop_map(
            |(channels, kernel, stride, padding, activation)| Block::Conv(block::Conv {
                channels,
                kernel,
                stride,
                padding,
                groups: 1,
                activation
            })
        ),
        (1_usize..12, kernel(), stride(), activation()).prop_map(
            |(channels, kernel, stride, activation)| Block::FixedConv(block::FixedConv {
                channels,
                kernel,
                stride,
                padding: None,
                groups: 1,
                activation
            })
        ),
        (channels(), kernel(), stride(), padding(), activation()).prop_map(
            |(channels, kernel, stride, padding, activation)| Block::DWConv(block::DWConv {
                channels,
                kernel,
                stride,
                padding,
                activation
            })
        ),
        (channels(), any::<bool>(), activation(), any::<bool>()).prop_map(
            |(channels, shortcut, activation, eca)| Block::Bottleneck(block::Bottleneck {
                channels,
                shortcut,
                groups: 1,
                expansion: 0.5,
                activation,
                eca
            })
        ),
        (channels(), expansion(), stride(), any::<bool>()).prop_map(
            |(channels, expansion, stride, eca)| Block::InvertedResidualV2(
                block::InvertedResidualV2 { channels, expansion, stride, eca }
            )
        ),
        (kernel(), expansion(), channels(), any::<[bool; 3]>(), stride()).prop_map(
            |(kernel, expansion, channels, [squeeze_excite, hard_swish, eca], stride)| {
                Block::InvertedResidualV3(block::InvertedResidualV3 {
                    kernel,
                    expansion,
                    channels,
                    squeeze_excite,
                    hard_swish,
                    stride,
                    eca,
                })
            }
        ),
        (1_u32..5, channels(), stride(), kernel(), any::<bool>()).prop_map(
            |(expansion, channels, stride, kernel, squeeze_excite)| Block::MBConv(block::MBConv {
                expansion: f64::from(expansion),
                channels,
                stride,
                kernel,
                squeeze_excite
            })
        ),
        (1_usize..8, 1_usize..12, 1_usize..12).prop_map(|(squeeze, expand1, expand3)| {
            Block::Fire(block::Fire { squeeze, expand1, expand3 })
        }),
        (kernel(), expansion(), channels(), any::<bool>(), stride()).prop_map(
            |(kernel, expansion, channels, squeeze_excite, stride)| Block::GhostBottleneck(
                block::GhostBottleneck { kernel, expansion, channels, squeeze_excite, stride }
            )
        ),
        (2_usize..4, stride(), 0_usize..2).prop_map(|(kernel, stride, padding)| Block::MaxPool(
            block::MaxPool { kernel, stride, padding }
        )),
        (2_usize..4, stride(), 0_usize..2).prop_map(|(kernel, stride, padding)| Block::AvgPool(
            block::AvgPool { kernel, stride, padding }
        )),
        (channels(), kernel(), stride(), activation()).prop_map(
            |(channels, kernel, stride, activation)| Block::MobileOne(block::MobileOne {
                channels,
                kernel,
                stride,
                activation
            })
        ),
        (channels(), expansion(), kernel(), kernel(), stride()).prop_map(
            |(channels, expansion, before, kernel, stride)| Block::UIB(block::UIB {
                channels,
                expansion,
                before,
                kernel,
                stride
            })
        ),
        (channels(), expansion(), kernel(), activation()).prop_map(
            |(channels, expansion, kernel, activation)| Block::FasterNet(block::FasterNet {
                channels,
                expansion,
                kernel,
                activation
            })
        ),
        (channels(), expansion(), kernel(), stride()).prop_map(
            |(channels, expansion, kernel, stride)| Block::MixConv(block::MixConv {
                channels,
                expansion,
                kernel,
                stride
            })
        ),
        (channels(), expansion(), activation(), any::<bool>()).prop_map(
            |(channels, expansion, activation, layer_scale)| Block::GatedFFN(block::GatedFFN {
                channels,
                expansion,
                activation,
                layer_scale
            })
        ),
        (channels(), kernel(), 1_usize..4, activation(), any::<bool>()).prop_map(
            |(channels, kernel, dilation, activation, layer_scale)| Block::SplitConv(
                block::SplitConv { channels, kernel, dilation, activation, layer_scale }
            )
        ),
        (channels(), expansion(), kernel(), stride()).prop_map(
            |(channels, expansion, kernel, stride)| Block::StarNet(block::StarNet {
                channels,
                expansion,
                kernel,
                stride
            })
        ),
        (channels(), stride(), activation()).prop_map(|(channels, stride, activation)| {
            Block::DeepStem(block::DeepStem { channels, stride, activation })
        }),
        Just(Block::Pass),
    ]
}

/// Architectures of up to four blocks that can be built.
pub(crate) fn architecture() -> impl Strategy<Value = Architecture> {
    let layer = (1_usize..4, block()).prop_map(|(repeat, block)| Layer { repeat, block });
    (
        1_usize..4,
        (6_usize..14, 6_usize..14),
        prop::sample::select(vec![0.25, 0.5, 0.75, 1.0]),
        prop::sample::select(vec![0.25, 0.5, 1.0]),
        prop::collection::vec(layer, 1..5),
        2_usize..6,
        0_usize..5,
    )
        .prop_map(|(channels, side, depth, width, mut backbone, classes, in_head)| {
            backbone.push(Layer::once(Block::GlobalAvgPool));
            backbone.push(Layer::once(Block::Flatten));
            backbone.push(Layer::once(Block::linear(classes)));
            let head = backbone.split_off(backbone.len().saturating_sub(in_head).max(1));
            Architecture {
                input_channels: channels,
                input_side: side.into(),
                depth_multiple: depth,
                width_multiple: width,
                backbone,
                head,
            }
        })
        .prop_filter("must be buildable", |architecture| architecture.graph().is_ok())
}
