//! Recipes, batches and smaller images, which trainings start from.
#![allow(clippy::unwrap_used)]

use automl_data::loader::{Batch, epoch, epoch_of};
use automl_data::stratify::interleave;
use automl_data::{
    Augmentation, Balance, DataSplits, Dataset, Images, Optimizer, RandAugment, Recipe,
    Regularization,
};
use proptest::prelude::*;
use std::f64::consts::PI;
use std::sync::Arc;

#[test]
fn the_rate_rises_then_falls_to_zero() {
    let recipe = Recipe {
        epochs: 10,
        batch: 32,
        learning_rate: 0.2,
        warmup: 1.0,
        optimizer: Optimizer::Sgd,
        momentum: 0.9,
        weight_decay: 0.0,
        label_smoothing: 0.0,
        augmentation: Augmentation::default(),
        regularization: Regularization::default(),
        balance: Balance::None,
        class_costs: Vec::new(),
    };
    let rates: Vec<f64> = (0..100).map(|step| recipe.rate(step, 10)).collect();
    assert!(rates[..10].windows(2).all(|w| w[0] < w[1]));
    assert!(rates[10..].windows(2).all(|w| w[0] > w[1]));
    assert!((rates[9] - 0.2).abs() < 1e-12 && (rates[10] - 0.2).abs() < 1e-12);
    assert!(rates[99] < 1e-3 && recipe.rate(100, 10) < 1e-12);
    assert!(recipe.check().is_ok());
    assert_eq!(Recipe { momentum: 1.0, ..recipe }.check().unwrap_err().name, "momentum");
}

#[test]
fn the_long_recipe_s_rate_is_a_cosine_over_all_steps() {
    let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
    let recipe = Recipe::long(&data, 200);
    assert!(recipe.check().is_ok());
    for step in [0, 1, 700, 1000, 1999] {
        let cosine = 0.05 * (1.0 + (PI * step as f64 / 2000.0).cos());
        assert!((recipe.rate(step, 10) - cosine).abs() < 1e-15, "{step}");
    }
    let augmented = |augmentation| Recipe { augmentation, ..recipe.clone() }.check();
    let strong = RandAugment { operations: 1, magnitude: 31 };
    let strong = Augmentation { randaugment: strong, ..Augmentation::default() };
    assert_eq!(augmented(strong).unwrap_err().value, 31.0);
    let large = Augmentation { cutout: 1.5, ..Augmentation::default() };
    assert_eq!(augmented(large).unwrap_err().name, "cutout");
}

#[test]
fn photographs_are_varied_more_in_long_trainings() {
    let digits = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
    let mut photos = digits.clone();
    (photos.channels, photos.side, photos.shown) = (3, 64.into(), Some((640, 480)));
    let operations = |data: &DataSplits, epochs| {
        Recipe::for_data(data, epochs).augmentation.randaugment.operations
    };
    assert_eq!([99, 100].map(|epochs| operations(&photos, epochs)), [0, 2]);
    photos.side = 32.into();
    assert_eq!((operations(&photos, 100), operations(&digits, 100)), (0, 0));
}

/// Recipes in checkpoints from before RandAugment and cutout.
#[test]
fn older_recipes_are_read() {
    let text = r#"{"epochs":20,"batch":32,"learning_rate":0.05,"warmup":0.5,"momentum":0.9,
        "weight_decay":0.0005,"label_smoothing":0.1,
        "augmentation":{"margin":1,"mirror":false}}"#;
    let recipe: Recipe = serde_json::from_str(text).unwrap();
    let augmentation = Augmentation { margin: 1, ..Augmentation::default() };
    assert_eq!(recipe.augmentation, augmentation);
    assert!(recipe.optimizer == Optimizer::Sgd && recipe.regularization.is_none());
    let written = serde_json::to_string(&recipe).unwrap();
    assert!(!written.contains("optimizer") && !written.contains("erase"), "{written}");
    assert_eq!(serde_json::from_str::<Recipe>(&written).unwrap(), recipe);
    let regularization = Regularization { average: 0.99, ..Regularization::default() };
    let new = Recipe { optimizer: Optimizer::AdamW, regularization, ..recipe };
    let written = serde_json::to_string(&new).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&written).unwrap(), new);
}

fn varied(randaugment: RandAugment) -> Augmentation {
    let (erase, affine, color) = (0.4, 0.3, 0.2);
    Augmentation { randaugment, erase, affine, color, ..Augmentation::default() }
}

#[test]
fn any_number_of_threads_gives_the_same_batches() {
    let data = Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap());
    let randaugment = RandAugment { operations: 2, magnitude: 9 };
    let augmentation =
        Augmentation { margin: 1, mirror: true, cutout: 0.5, share: 0.7, ..varied(randaugment) };
    let batches = |seed, threads| -> Vec<Batch> {
        epoch(&data, &augmentation, 100, (seed, 3), threads).collect()
    };
    let one = batches(1, 1);
    assert_eq!(one.len(), data.train.len() / 100);
    for threads in [2, 3, 8, 20] {
        assert_eq!(batches(1, threads), one, "{threads} threads");
    }
    assert_ne!(batches(2, 1), one);
}

/// Behind the augmented part of the epochs the images are as they are, and before it varied as ever.
#[test]
fn the_last_epochs_have_the_images_as_they_are() {
    let data = Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap());
    let recipe = |augmentation| Recipe { augmentation, ..Recipe::for_data(&data, 10) };
    let crops = Augmentation { margin: 1, ..Augmentation::default() };
    let batches = |augmentation, epoch| -> Vec<Batch> {
        epoch_of(&data, &recipe(augmentation), (1, epoch), 2).collect()
    };
    let refined = || Augmentation { until: 0.8, ..crops.clone() };
    for epoch in 0..10 {
        let (whole, plain) =
            (batches(crops.clone(), epoch), batches(Augmentation::default(), epoch));
        assert_ne!(whole, plain);
        let expected = if epoch < 8 { whole } else { plain };
        assert_eq!(batches(refined(), epoch), expected, "epoch {epoch}");
    }
    let beyond = Augmentation { until: 1.2, ..crops };
    assert_eq!(recipe(beyond).check().unwrap_err().name, "augmented part of the epochs");
    // Recipes that earlier versions wrote augment in all epochs, and are written as they were.
    let written = serde_json::to_string(&recipe(Augmentation::default())).unwrap();
    assert!(!written.contains("until"), "{written}");
}

fn images(side: usize, pixels: Vec<u8>) -> Images {
    let labels = vec![0; pixels.len() / (side * side)];
    Images::new(1, side, pixels, labels)
}

#[test]
fn whole_windows_are_means() {
    let image = images(4, vec![0, 4, 8, 8, 8, 4, 8, 8, 1, 1, 9, 0, 1, 1, 0, 0]);
    assert_eq!(image.resized(2).image(0), [4, 8, 1, 2]);
    let columns = images(3, vec![0, 30, 90, 0, 30, 90, 0, 30, 90]);
    assert_eq!(columns.resized(2).image(0), [10, 70, 10, 70]);
    assert_eq!(image.resized(4), image);
    assert_eq!(image.resized(9), image);
}

proptest! {
    /// The mean of an image stays, but for rounding.
    #[test]
    fn means_stay(side in 2usize..12, to in 1usize..12, seed in proptest::collection::vec(any::<u8>(), 144)) {
        let image = images(side, seed[..side * side].to_vec());
        let small = image.resized(to);
        let mean = |image: &Images| {
            let pixels = image.image(0);
            pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / pixels.len() as f64
        };
        prop_assert!(small.side == to.min(side));
        prop_assert!((mean(&image) - mean(&small)).abs() <= 0.5 + 1e-9);
    }
}

proptest! {
    /// Everything comes once, lists in their order, and prefixes are within one of proportional.
    #[test]
    fn prefixes_are_proportional(sizes in proptest::collection::vec(1usize..60, 1..12)) {
        let mut next = 0;
        let lists: Vec<Vec<usize>> = sizes
            .iter()
            .map(|size| {
                next += size;
                (next - size..next).collect()
            })
            .collect();
        let order = interleave(&lists);
        let mut counts = vec![0usize; sizes.len()];
        for (k, item) in order.iter().enumerate() {
            let list = lists.iter().position(|list| list.contains(item)).unwrap_or(usize::MAX);
            prop_assert_eq!(lists[list][counts[list]], *item);
            counts[list] += 1;
            for (size, count) in sizes.iter().zip(&counts) {
                let share = (k + 1) as f64 * *size as f64 / next as f64;
                prop_assert!((*count as f64 - share).abs() < 1.0, "{share} {count}");
            }
        }
        prop_assert_eq!(counts, sizes);
    }
}
