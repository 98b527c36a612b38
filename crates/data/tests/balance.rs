//! Laws of classes of unequal size, and of turned images.
#![allow(clippy::unwrap_used)]

use automl_data::{DataSplits, Dataset, Images, class_weights};
use proptest::prelude::*;

proptest! {
    #[test]
    fn weights_make_classes_equal(sizes in proptest::collection::vec(1usize..60, 1..8)) {
        let labels: Vec<u16> = sizes
            .iter()
            .enumerate()
            .flat_map(|(class, size)| vec![class as u16; *size])
            .collect();
        let weights = class_weights(&labels, sizes.len());
        let share = labels.len() as f64 / sizes.len() as f64;
        for (size, weight) in sizes.iter().zip(weights) {
            prop_assert!((weight * *size as f64 - share).abs() < 1e-9);
        }
    }
}

#[test]
fn four_turns_are_the_image_again() {
    let splits = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
    let image: Vec<u8> = (0..18).collect();
    let with = |pixels: Vec<u8>| DataSplits {
        train: Images::new(2, 3, pixels, vec![7]),
        ..splits.clone()
    };
    let all = with(image.clone()).rotations().train;
    assert_eq!(all.labels, [0, 1, 2, 3]);
    assert_eq!(all.image(1)[..9], [6, 3, 0, 7, 4, 1, 8, 5, 2]);
    let again =
        (0..4).fold(image.clone(), |image, _| with(image).rotations().train.image(1).to_vec());
    assert_eq!(again, image);
}
