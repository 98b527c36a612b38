//! Settings against overfitting.

use crate::{SettingsError, TrainingSettings};
use automl_data::{Mixing, Recipe, Regularization};

impl TrainingSettings {
    /// Writes what is set of augmentation and regularization into a recipe.
    pub(crate) fn regularize(&self, recipe: &mut Recipe) {
        let set = |to: &mut f64, value: Option<f64>| {
            if let Some(value) = value {
                *to = value;
            }
        };
        let Regularization { mixing, dropout, stochastic_depth, clip, average } =
            &mut recipe.regularization;
        set(&mut mixing.mixup, self.mixup);
        set(&mut mixing.cutmix, self.cutmix);
        set(dropout, self.dropout);
        set(stochastic_depth, self.stochastic_depth);
        set(clip, self.clip);
        set(average, self.ema);
        let augmentation = &mut recipe.augmentation;
        set(&mut augmentation.cutout, self.cutout);
        set(&mut augmentation.erase, self.erase);
        set(&mut augmentation.affine, self.affine);
        set(&mut augmentation.color, self.color);
        set(&mut augmentation.share, self.augmented);
        set(&mut augmentation.until, self.augmented_until);
    }

    /// Checks ranges of what [`regularize`](Self::regularize) reads.
    pub(crate) fn check_regularization(&self) -> Result<(), SettingsError> {
        let whole = |x: f64| (0.0..=1.0).contains(&x);
        let share = |x: f64| (0.0..1.0).contains(&x);
        let alpha = |x: f64| (0.0..=Mixing::MAX_ALPHA).contains(&x);
        let amount = |x: f64| x >= 0.0 && x.is_finite();
        type Holds<'a> = &'a dyn Fn(f64) -> bool;
        let checks: [(&'static str, Option<f64>, Holds<'_>, &str); 13] = [
            ("training.cutout", self.cutout, &whole, "[0, 1]"),
            ("training.augmented", self.augmented, &whole, "[0, 1]"),
            ("training.augmented-until", self.augmented_until, &whole, "[0, 1]"),
            ("training.erase", self.erase, &whole, "[0, 1]"),
            ("training.affine", self.affine, &whole, "[0, 1]"),
            ("training.color", self.color, &whole, "[0, 1]"),
            ("training.mixup", self.mixup, &alpha, "[0, 4]"),
            ("training.cutmix", self.cutmix, &alpha, "[0, 4]"),
            ("training.dropout", self.dropout, &share, "[0, 1)"),
            ("training.stochastic-depth", self.stochastic_depth, &share, "[0, 1)"),
            ("training.clip", self.clip, &amount, "[0, infinity)"),
            ("training.ema", self.ema, &share, "[0, 1)"),
            ("training.warmup", self.warmup, &amount, "[0, infinity)"),
        ];
        for (name, value, holds, range) in checks {
            if let Some(value) = value.filter(|value| !holds(*value)) {
                let reason = format!("must lie in {range}");
                return Err(SettingsError::Value { name, value: value.to_string(), reason });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Settings;
    use automl_data::{DataSplits, Dataset, Optimizer};

    fn load(assignments: &[&str]) -> Result<Settings, crate::SettingsError> {
        let assignments: Vec<String> = assignments.iter().map(|s| (*s).to_owned()).collect();
        Settings::load(None, &assignments)
    }

    #[test]
    fn every_part_reaches_the_recipe() {
        let settings = load(&[
            "training.optimizer=adamw",
            "training.warmup=2",
            "training.mixup=0.2",
            "training.cutmix=1",
            "training.dropout=0.1",
            "training.stochastic-depth=0.3",
            "training.clip=5",
            "training.ema=0.99",
            "training.erase=0.25",
            "training.affine=0.4",
            "training.color=0.5",
        ])
        .unwrap();
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let recipe = settings.training.recipe(&data, 10);
        assert_eq!((recipe.optimizer, recipe.warmup), (Optimizer::AdamW, 2.0));
        // Rate and decay of AdamW, at a batch of 64.
        assert!((recipe.learning_rate - 0.002).abs() < 1e-12 && recipe.weight_decay == 0.05);
        let own = recipe.regularization;
        assert_eq!((own.mixing.mixup, own.mixing.cutmix), (0.2, 1.0));
        assert_eq!((own.dropout, own.stochastic_depth), (0.1, 0.3));
        assert_eq!((own.clip, own.average), (5.0, 0.99));
        let own = recipe.augmentation;
        assert_eq!((own.erase, own.affine, own.color), (0.25, 0.4, 0.5));
        let given = ["training.optimizer=adamw", "training.weight-decay=0.1", "training.batch=32"];
        let recipe = load(&given).unwrap().training.recipe(&data, 10);
        assert!((recipe.learning_rate - 0.001).abs() < 1e-12 && recipe.weight_decay == 0.1);
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (given, name) in [
            ("training.mixup=5", "training.mixup"),
            ("training.augmented-until=1.5", "training.augmented-until"),
            ("training.ema=1", "training.ema"),
            ("training.clip=-1", "training.clip"),
            ("training.erase=1.5", "training.erase"),
            ("training.dropout=1", "training.dropout"),
            ("training.warmup=-1", "training.warmup"),
            ("training.optimizer=lion", "training.optimizer"),
        ] {
            let error = load(&[given]).and_then(|settings| settings.check()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
