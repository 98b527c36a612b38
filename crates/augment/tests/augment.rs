//! Augmentation: against Pillow, and the laws of its operations.
#![allow(clippy::unwrap_used)]

use automl_augment::{Augmentation, RandAugment, Transformation};
use automl_numeric::stream;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    pictures: Vec<Picture>,
}

#[derive(Deserialize)]
struct Picture {
    name: String,
    side: usize,
    pixels: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    operation: String,
    magnitude: i32,
    result: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// Results of Pillow, made by `testdata/randaugment.py`, byte for byte.
#[test]
fn operations_are_those_of_pillow() {
    let packed = include_bytes!("../testdata/randaugment.json.gz");
    let reference: Reference = serde_json::from_reader(GzDecoder::new(&packed[..])).unwrap();
    let mut seen = std::collections::HashSet::new();
    for picture in reference.pictures {
        let pixels = bytes(&picture.pixels);
        for case in picture.cases {
            let named = |operation: &&Transformation| format!("{operation:?}") == case.operation;
            let operation = *Transformation::ALL.iter().find(named).unwrap();
            let mut image = pixels.clone();
            operation.apply(&mut image, picture.side, f64::from(case.magnitude) / 30.0);
            let wanted = bytes(&case.result);
            let wrong = image.iter().zip(&wanted).filter(|(own, wanted)| own != wanted).count();
            let place = format!("{operation:?} {} on {}", case.magnitude, picture.name);
            assert_eq!(image.len(), wanted.len(), "{place}");
            assert_eq!(wrong, 0, "{place}: wrong pixels");
            seen.insert(operation);
        }
    }
    assert_eq!(seen.len(), Transformation::ALL.len());
}

/// Pixels `[channels, side, side]` and their side.
fn image() -> impl Strategy<Value = (Vec<u8>, usize)> {
    (1usize..12, prop_oneof![Just(1usize), Just(3)]).prop_flat_map(|(side, channels)| {
        (prop::collection::vec(any::<u8>(), channels * side * side), Just(side))
    })
}

fn operation() -> impl Strategy<Value = Transformation> {
    prop::sample::select(Transformation::ALL.to_vec())
}

proptest! {
    /// All but two operations know a strength, and do nothing without it.
    #[test]
    fn without_strength_nothing_changes((image, side) in image(), operation in operation()) {
        prop_assume!(![Transformation::AutoContrast, Transformation::Equalize].contains(&operation));
        let mut copy = image.clone();
        operation.apply(&mut copy, side, 0.0);
        prop_assert_eq!(copy, image);
    }

    /// Rotation, shear and translation only move pixels; what comes from outside is grey.
    #[test]
    fn geometry_brings_no_new_value((image, side) in image(), strength in -1.0..1.0) {
        use Transformation::{Rotate, ShearX, ShearY, TranslateX, TranslateY};
        for operation in [Rotate, ShearX, ShearY, TranslateX, TranslateY] {
            let mut copy = image.clone();
            operation.apply(&mut copy, side, strength);
            let plane = side * side;
            for (new, old) in copy.chunks(plane).zip(image.chunks(plane)) {
                prop_assert!(new.iter().all(|value| *value == 128 || old.contains(value)));
            }
        }
    }

    /// An image with equal channels has three times the result of that picture:
    /// operations on tones and shapes treat channels alike, and gray has no color to change.
    #[test]
    fn grey_is_the_same_in_one_channel_and_in_three(
        (image, side) in image(),
        operation in operation(),
        strength in -1.0..1.0,
    ) {
        let mut single = image[..side * side].to_vec();
        let mut triple = single.repeat(3);
        operation.apply(&mut single, side, strength);
        operation.apply(&mut triple, side, strength);
        prop_assert_eq!(single.repeat(3), triple);
    }

    #[test]
    fn transposing_swaps_the_axes_of_shears_and_translations(
        (image, side) in image(),
        strength in -1.0..1.0,
    ) {
        let transpose = |image: &[u8]| -> Vec<u8> {
            image
                .chunks(side * side)
                .flat_map(|plane| (0..side * side).map(|i| plane[i % side * side + i / side]))
                .collect()
        };
        use Transformation::{ShearX, ShearY, TranslateX, TranslateY};
        for (x, y) in [(ShearX, ShearY), (TranslateX, TranslateY)] {
            let (mut along_x, mut along_y) = (image.clone(), transpose(&image));
            x.apply(&mut along_x, side, strength);
            y.apply(&mut along_y, side, strength);
            prop_assert_eq!(transpose(&along_x), along_y);
        }
    }

    #[test]
    fn a_stream_decides_and_sizes_stay(
        (image, side) in image(),
        operations in 0usize..5,
        magnitude in 0u8..=30,
        margin in 0usize..4,
        mirror in any::<bool>(),
        cutout in 0.0..1.0,
        seed in any::<u64>(),
    ) {
        let randaugment = RandAugment { operations, magnitude };
        let crops = Augmentation { margin, mirror, cutout, ..Augmentation::default() };
        let augmentation =
            Augmentation { randaugment, erase: cutout, affine: cutout, color: cutout, ..crops };
        let run = || {
            let mut rng = stream(seed, 0, "augment");
            let varied = augmentation.vary(&image, side, &mut rng);
            let mut pixels: Vec<f32> = varied.iter().map(|value| f32::from(*value)).collect();
            augmentation.cut(&mut pixels, side, &mut rng);
            (varied, pixels)
        };
        let (varied, pixels) = run();
        prop_assert_eq!(varied.len(), image.len());
        prop_assert_eq!(pixels.len(), image.len());
        prop_assert_eq!((varied, pixels), run());
    }
}

/// Without RandAugment and cutout the draws are those of crops and mirror images alone, so that
/// older trainings go on as they began: values pinned before there was anything else.
#[test]
fn crops_are_pinned() {
    let image: Vec<u8> = (1..=16).collect();
    let crops = Augmentation { margin: 2, mirror: true, ..Augmentation::default() };
    let varied = |index: u64| crops.vary(&image, 4, &mut stream(1, 2 << 32 | index, "augment"));
    assert_eq!(varied(0), [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 6, 5, 0, 0]);
    assert_eq!(varied(1), [0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 0, 0, 0]);
    assert_eq!(varied(2), [0, 0, 0, 0, 3, 4, 0, 0, 7, 8, 0, 0, 11, 12, 0, 0]);
    assert_eq!(varied(5), [0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 0, 8, 7, 6]);
}
