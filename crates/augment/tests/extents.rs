//! Laws of variation on images that are not square.

use automl_augment::{Augmentation, Mixing, RandAugment, Transformation};
use automl_extent::Extent;
use automl_numeric::stream;
use proptest::prelude::*;

/// The planes of an image with rows as columns.
fn transposed<T: Copy>(image: &[T], Extent { height, width }: Extent) -> Vec<T> {
    let planes = image.chunks_exact(height * width);
    planes
        .flat_map(|plane| {
            (0..width).flat_map(move |x| (0..height).map(move |y| plane[y * width + x]))
        })
        .collect()
}

fn image(extent: Extent, channels: usize, seed: u64) -> Vec<u8> {
    let mut rng = stream(seed, 0, "image");
    (0..channels * extent.pixels()).map(|_| rand::RngExt::random(&mut rng)).collect()
}

proptest! {
    /// An operation along rows is that along columns of the transposed image, any other the same one.
    #[test]
    fn rows_and_columns_are_alike(
        height in 1_usize..12,
        width in 1_usize..12,
        channels in prop::sample::select(vec![1_usize, 3]),
        operation in prop::sample::select(Transformation::ALL.to_vec()),
        strength in -1.0..1.0,
        seed in any::<u64>(),
    ) {
        let (own, turned) = (Extent::new(height, width), Extent::new(width, height));
        let mut there = image(own, channels, seed);
        let mut back = transposed(&there, own);
        operation.apply(&mut there, own, strength);
        let (operation, strength) = match operation {
            Transformation::ShearX => (Transformation::ShearY, strength),
            Transformation::ShearY => (Transformation::ShearX, strength),
            Transformation::TranslateX => (Transformation::TranslateY, strength),
            Transformation::TranslateY => (Transformation::TranslateX, strength),
            Transformation::Rotate => (Transformation::Rotate, -strength),
            other => (other, strength),
        };
        operation.apply(&mut back, turned, strength);
        prop_assert_eq!(transposed(&there, own), back);
    }

    /// Whatever is switched on, the result has the shape of the image, and each pixel of a crop is one
    /// of the image at the drawn shift or black.
    #[test]
    fn shapes_are_kept(
        height in 1_usize..12,
        width in 1_usize..12,
        margin in 0_usize..4,
        seed in any::<u64>(),
    ) {
        let extent = Extent::new(height, width);
        let everything = Augmentation {
            margin,
            mirror: true,
            randaugment: RandAugment { operations: 2, magnitude: 20 },
            cutout: 0.5,
            erase: 0.5,
            affine: 0.7,
            color: 0.3,
            ..Augmentation::default()
        };
        let photo = image(extent, 3, seed);
        let varied = everything.vary(&photo, extent, &mut stream(seed, 1, "vary"));
        prop_assert_eq!(varied.len(), photo.len());
        let mut pixels = vec![1.0; photo.len()];
        everything.cut(&mut pixels, extent, &mut stream(seed, 2, "cut"));
        let planes: Vec<_> = pixels.chunks_exact(extent.pixels()).collect();
        prop_assert!(planes.iter().all(|plane| *plane == planes[0]));

        let crops = Augmentation { margin, ..Augmentation::default() };
        let numbered: Vec<u8> = (1..=extent.pixels() as u8).collect();
        let moved = crops.vary(&numbered, extent, &mut stream(seed, 3, "crop"));
        let shift = moved.iter().zip(0_i64..).find(|(value, _)| **value > 0).map(|(value, at)| {
            let (from, width) = (i64::from(*value) - 1, width as i64);
            (from / width - at / width, from % width - at % width)
        });
        for (at, value) in moved.iter().enumerate() {
            let expected = shift.and_then(|(down, right)| {
                let y = usize::try_from((at / width) as i64 + down).ok()?;
                let x = usize::try_from((at % width) as i64 + right).ok()?;
                (y < height && x < width).then(|| numbered[y * width + x])
            });
            prop_assert_eq!(*value, expected.unwrap_or(0));
        }
    }

    /// Each pixel of CutMix is the image's own or the partner's, and the share is that of its own.
    #[test]
    fn mixed_rectangles_are_counted(
        height in 1_usize..9,
        width in 1_usize..9,
        seed in any::<u64>(),
    ) {
        let extent = Extent::new(height, width);
        let size = 2 * extent.pixels();
        let pixels: Vec<f32> = (0..4 * size).map(|i| i as f32).collect();
        let mut own = pixels.clone();
        let mixing = Mixing { mixup: 0.0, cutmix: 1.0 };
        let mixed = mixing.apply(&mut own, 4, extent, &mut stream(seed, 0, "mix")).unwrap();
        for (image, partner) in mixed.partners.iter().enumerate().filter(|(i, p)| i != *p) {
            let mut kept = 0;
            for at in 0..size {
                let value = own[image * size + at];
                let is_own = value == pixels[image * size + at];
                prop_assert!(is_own || value == pixels[partner * size + at]);
                kept += usize::from(is_own);
            }
            prop_assert!((kept as f64 / size as f64 - mixed.share).abs() < 1e-9);
        }
    }
}

/// Shifts are shares of the width along rows, and of the height along columns.
#[test]
fn shifts_follow_the_side_that_they_run_along() {
    let row: Vec<u8> = (0..20).collect();
    // 150 / 331 of 20 pixels is 9.06.
    let expected: Vec<u8> = (9..20).chain([128; 9]).collect();
    let shifted = |operation: Transformation, side: (usize, usize)| {
        let mut image = row.clone();
        operation.apply(&mut image, side, 1.0);
        image
    };
    assert_eq!(shifted(Transformation::TranslateX, (1, 20)), expected);
    assert_eq!(shifted(Transformation::TranslateY, (20, 1)), expected);
    // Less than half of a pixel changes nothing.
    assert_eq!(shifted(Transformation::TranslateX, (20, 1)), row);
}

/// Cutout and erasing reach the last row and the last column of a flat and of a tall image.
#[test]
fn every_pixel_may_be_hidden() {
    for extent in [Extent::new(4, 11), Extent::new(11, 4)] {
        for (cutout, erase) in [(0.5, 0.0), (0.0, 1.0)] {
            let hiding = Augmentation { cutout, erase, ..Augmentation::default() };
            let mut hidden = vec![false; extent.pixels()];
            for seed in 0..2_000 {
                let mut pixels = vec![1.0; extent.pixels()];
                hiding.cut(&mut pixels, extent, &mut stream(seed, 0, "hide"));
                hidden.iter_mut().zip(&pixels).for_each(|(hidden, p)| *hidden |= *p == 0.0);
            }
            assert!(hidden.iter().all(|hidden| *hidden), "{extent}: {hidden:?}");
        }
    }
}
