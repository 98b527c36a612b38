//! The recipe of the settings.

use crate::{RecipePreset, TrainingSettings};
use automl_data::{DataSplits, Optimizer, Recipe};

/// Batch size from which the long recipe begins with a linear warm-up.
const LARGE_BATCH: usize = 256;

/// The fewest steps of a short final training: on a small data set, 1.5 times the epochs of the
/// search's longest training are too few.
const FINAL_STEPS: u64 = 2_000;

/// The same for photographs, which are varied more.
const PHOTOGRAPH_STEPS: u64 = 12_000;

/// A network that inherits trained weights has this fraction of the epochs of its source.
const INHERITING: u64 = 4;

/// The share of the epochs of a short recipe's final training in which images are augmented: small networks then
/// settle to the images as they are.
const AUGMENTED: f64 = 0.8;

/// Epochs of that warm-up (Goyal et al. 2017, section 2.2).
const WARMUP: f64 = 5.0;

impl TrainingSettings {
    /// The epochs of the final training on `data`, where the longest in the search had `epochs`.
    pub fn finish_epochs(&self, data: &DataSplits, epochs: u64) -> u64 {
        // A rest that fills no batch is no step.
        let steps = (data.train.len() / self.recipe(data, epochs).batch.max(1)) as u64;
        let fewest = if data.are_photographs() { PHOTOGRAPH_STEPS } else { FINAL_STEPS };
        self.final_epochs.unwrap_or(match self.recipe {
            RecipePreset::Short => (3 * epochs).div_ceil(2).max(fewest.div_ceil(steps.max(1))),
            RecipePreset::Long => epochs,
        })
    }

    /// The epochs of a weight-sharing network of which every candidate is a part: `epochs`, by default
    /// those of a final training from scratch.
    pub fn shared_epochs(&self, data: &DataSplits) -> u64 {
        let usual = Self { final_epochs: None, ..self.clone() };
        self.epochs.unwrap_or_else(|| usual.finish_epochs(data, self.search_epochs()))
    }

    /// The epochs of the final training of a part of such a network: by default a quarter of its own.
    pub fn inheriting_epochs(&self, data: &DataSplits) -> u64 {
        self.final_epochs.unwrap_or_else(|| self.shared_epochs(data).div_ceil(INHERITING))
    }

    /// The [`recipe`](Self::recipe) of a final training. The short one augments images in the first four fifths of
    /// the epochs, unless something else is set; photographs, which are few, in all of them.
    pub fn final_recipe(&self, data: &DataSplits, epochs: u64) -> Recipe {
        let mut recipe = self.recipe(data, epochs);
        let is_usual = self.recipe == RecipePreset::Short && self.augmented_until.is_none();
        if is_usual && !data.are_photographs() {
            recipe.augmentation.until = AUGMENTED;
        }
        recipe
    }

    /// The preset for a data set, with what was set in its place. The learning rate follows the
    /// batch in proportion unless it was set too.
    pub fn recipe(&self, data: &DataSplits, epochs: u64) -> Recipe {
        let mut recipe = match self.recipe {
            RecipePreset::Short => Recipe::for_data(data, epochs),
            RecipePreset::Long => Recipe::long(data, epochs),
        };
        recipe.optimizer = self.optimizer;
        if self.optimizer == Optimizer::AdamW {
            recipe.learning_rate *= Optimizer::ADAMW_RATE;
        }
        recipe.momentum = self.momentum;
        recipe.weight_decay = self.weight_decay.unwrap_or(self.optimizer.usual_decay());
        if let Some(smoothing) = self.label_smoothing {
            recipe.label_smoothing = smoothing;
        }
        if let Some(batch) = self.batch {
            recipe.learning_rate *= batch as f64 / recipe.batch as f64;
            recipe.batch = batch;
            if self.recipe == RecipePreset::Long && batch >= LARGE_BATCH {
                recipe.warmup = WARMUP;
            }
        }
        if let Some(rate) = self.learning_rate {
            recipe.learning_rate = rate;
        }
        if let Some(warmup) = self.warmup {
            recipe.warmup = warmup;
        }
        recipe.balance = self.balance.resolve(&data.train.labels);
        // A class that does not exist is refused where the data are opened.
        recipe.class_costs = self.costs(&data.class_names, data.classes).unwrap_or_default();
        // No batch is larger than the data: trainings say so too, and recipes are compared.
        recipe.batch = recipe.batch.min(data.train.len().max(2));
        let augmentation = &mut recipe.augmentation;
        if let Some(mirror) = self.mirror {
            augmentation.mirror = mirror;
        }
        if let Some(operations) = self.randaugment_ops {
            augmentation.randaugment.operations = operations;
        }
        if let Some(magnitude) = self.randaugment_magnitude {
            augmentation.randaugment.magnitude = magnitude;
        }
        self.regularize(&mut recipe);
        recipe
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use automl_data::{Augmentation, Balance, Dataset, RandAugment, Regularization};

    fn training(assignments: &[&str]) -> TrainingSettings {
        let assignments: Vec<String> = assignments.iter().map(|s| (*s).to_owned()).collect();
        Settings::load(None, &assignments).unwrap().training
    }

    fn data() -> DataSplits {
        DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap()
    }

    #[test]
    fn without_settings_the_recipe_is_that_of_the_data() {
        let settings = training(&[]);
        assert_eq!(settings.search_epochs(), 27);
        // 1,150 images in batches of 64 are 17 steps an epoch.
        assert_eq!(settings.finish_epochs(&data(), 27), 118);
        assert_eq!(settings.finish_epochs(&data(), 270), 405);
        let recipe = settings.recipe(&data(), 27);
        assert_eq!(recipe, Recipe::for_data(&data(), 27));
        assert_eq!(recipe.augmentation, Augmentation { margin: 1, ..Augmentation::default() });
    }

    #[test]
    fn final_trainings_end_with_the_images_as_they_are() {
        let until = |assignments: &[&str]| {
            let settings = training(assignments);
            assert_eq!(settings.recipe(&data(), 10).augmentation.until.min(0.9), 0.9);
            settings.final_recipe(&data(), 10).augmentation.until
        };
        assert_eq!((until(&[]), until(&["training.recipe=long"])), (0.8, 1.0));
        let mut photos = data();
        (photos.channels, photos.side, photos.shown) = (3, 64.into(), Some((640, 480)));
        assert_eq!(training(&[]).final_recipe(&photos, 10).augmentation.until, 1.0);
        assert_eq!(until(&["training.augmented-until=1"]), 1.0);
    }

    #[test]
    fn networks_that_inherit_weights_train_for_a_quarter() {
        let epochs = |assignments: &[&str]| {
            let settings = training(assignments);
            (settings.shared_epochs(&data()), settings.inheriting_epochs(&data()))
        };
        assert_eq!(epochs(&[]), (118, 30));
        assert_eq!(epochs(&["training.epochs=10"]), (10, 3));
        assert_eq!(epochs(&["training.final-epochs=7"]), (118, 7));
    }

    #[test]
    fn photographs_are_trained_for_longer_in_the_end() {
        let mut photos = data();
        (photos.channels, photos.side, photos.shown) = (3, 64.into(), Some((640, 480)));
        assert_eq!(training(&[]).finish_epochs(&photos, 27), 706);
        assert_eq!(training(&["training.final-epochs=50"]).finish_epochs(&photos, 27), 50);
    }

    #[test]
    fn the_long_recipe_is_200_epochs_of_randaugment_and_a_cosine() {
        let settings = training(&["training.recipe=long"]);
        assert_eq!((settings.search_epochs(), settings.finish_epochs(&data(), 200)), (200, 200));
        let recipe = settings.recipe(&data(), 200);
        let expected = Recipe {
            epochs: 200,
            batch: 128,
            learning_rate: 0.1,
            warmup: 0.0,
            optimizer: Optimizer::Sgd,
            regularization: Regularization::default(),
            momentum: 0.9,
            weight_decay: 5e-4,
            label_smoothing: 0.0,
            balance: Balance::None,
            class_costs: Vec::new(),
            augmentation: Augmentation {
                margin: 1,
                mirror: false,
                randaugment: RandAugment { operations: 2, magnitude: 2 },
                ..Augmentation::default()
            },
        };
        assert_eq!(recipe, expected);
    }

    #[test]
    fn settings_go_before_the_preset() {
        let settings = training(&[
            "training.cutout=0.25",
            "training.randaugment-ops=3",
            "training.randaugment-magnitude=9",
            "training.label-smoothing=0.05",
            "training.momentum=0.8",
            "training.epochs=20",
            "training.recipe=long",
        ]);
        assert_eq!((settings.search_epochs(), settings.finish_epochs(&data(), 20)), (20, 20));
        let recipe = settings.recipe(&data(), 20);
        assert_eq!((recipe.momentum, recipe.label_smoothing), (0.8, 0.05));
        let augmentation = recipe.augmentation;
        assert_eq!(augmentation.randaugment, RandAugment { operations: 3, magnitude: 9 });
        assert_eq!(augmentation.cutout, 0.25);
        let plain = training(&["training.recipe=long", "training.randaugment-ops=0"]);
        assert_eq!(plain.recipe(&data(), 20).augmentation.randaugment.operations, 0);
        let short = training(&["training.randaugment-ops=1"]).recipe(&data(), 20);
        assert_eq!(short.augmentation.randaugment, RandAugment { operations: 1, magnitude: 2 });
    }

    #[test]
    fn a_batch_is_no_larger_than_the_data() {
        let few = data().subset(0.05, 0);
        let recipe = training(&["training.batch=128"]).recipe(&few, 20);
        assert_eq!((recipe.batch, recipe.learning_rate), (few.train.len(), 0.2));
    }

    #[test]
    fn mirror_images_are_used_where_that_was_said() {
        assert!(training(&["training.mirror=true"]).recipe(&data(), 20).augmentation.mirror);
        let mut photos = data();
        photos.mirror = true;
        assert!(training(&[]).recipe(&photos, 20).augmentation.mirror);
        assert!(!training(&["training.mirror=false"]).recipe(&photos, 20).augmentation.mirror);
    }

    #[test]
    fn the_learning_rate_follows_the_batch_unless_it_is_set() {
        let recipe = |more: &[&str]| {
            let all = [&["training.recipe=long", "training.batch=256"], more].concat();
            training(&all).recipe(&data(), 200)
        };
        let large = recipe(&[]);
        assert_eq!((large.batch, large.learning_rate, large.warmup), (256, 0.2, 5.0));
        assert_eq!(recipe(&["training.learning-rate=0.03"]).learning_rate, 0.03);
        assert_eq!(recipe(&["training.batch=64"]).learning_rate, 0.05);
        assert_eq!(recipe(&["training.batch=64"]).warmup, 0.0);
    }
}
