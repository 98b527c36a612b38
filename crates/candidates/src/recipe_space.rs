//! Networks and the recipes of their training in one space.

use crate::candidate::ArchitectureSpace;
use automl_arch::{Architecture, BlockSpace};
use automl_data::{Mixing, Optimizer, Recipe};
use automl_space::{Config, Key, Prior, Space, SpaceBuilder, SpaceError, Value};
use std::sync::Arc;

/// Factors of the learning rate: a hundredth to ten times that of the recipe.
const RATES: [f64; 2] = [0.01, 10.0];

/// Factors of the batch.
const BATCHES: [f64; 4] = [0.25, 0.5, 1.0, 2.0];

/// A space of networks with the hyperparameters of their training behind the parameters of the network.
///
/// | Parameter | Values | Prior |
/// |---|---|---|
/// | `recipe/optimizer` | SGD, AdamW | the given one with probability 2/3 |
/// | `recipe/rate` | .01 to 10 times the usual rate of optimizer and batch | about 1 |
/// | `recipe/decay_sgd` | 1e-5 to 1e-2, of SGD | about the usual one |
/// | `recipe/decay_adamw` | 1e-3 to .5, of AdamW | about the usual one |
/// | `recipe/batch` | 1/4, 1/2, 1, 2 of the usual one | 1 |
/// | `recipe/smoothing` | 0 to .2 | about that of the recipe |
/// | `recipe/augment` | usual, RandAugment, affine, mixup, CutMix | usual |
/// | `recipe/operations`, `recipe/magnitude` | 1 to 3, 1 to 15, of RandAugment | |
/// | `recipe/affine` | .05 to 1, of affine | |
/// | `recipe/alpha` | .05 to 1, of mixup and CutMix | |
/// | `recipe/erase` | 0, .25 | 0 |
/// | `recipe/ema` | 0, .9, .99, .999 | 0 |
///
/// Values are relative to a recipe where that follows from the data, so that one configuration stands for
/// good values on a part of the data and on all of it. At the mode of the prior the recipe stays as it
/// is. Epochs are not among them: they are the fidelity. Sides are those of the networks.
///
/// # Examples
/// ```
/// use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
/// use automl_candidates::{ArchitectureSpace, RecipeSpace};
/// use automl_data::{DataSplits, Dataset, Recipe};
/// use std::sync::Arc;
///
/// let blocks = BlockSpace::new(1, 8, 10, &BlockSpaceOptions::default())?;
/// let recipe = Recipe::for_data(&DataSplits::split(&Dataset::digits()?, 0.2, 0)?, 9);
/// let joint = RecipeSpace::new(Arc::new(NetworkSpace::Blocks(blocks)), &recipe)?;
/// let config = joint.space().sample_prior(&mut automl_numeric::stream(1, 0, "example"));
/// let usual = joint.tuned(&joint.with_usual_recipe(&config), &recipe);
/// assert_eq!((usual.batch, usual.optimizer), (recipe.batch, recipe.optimizer));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecipeSpace {
    networks: Arc<dyn ArchitectureSpace>,
    space: Space,
    keys: Keys,
}

#[derive(Debug)]
struct Keys {
    optimizer: Key<usize>,
    rate: Key<f64>,
    decay: [Key<f64>; 2],
    batch: Key<usize>,
    smoothing: Key<f64>,
    augment: Key<usize>,
    operations: Key<i64>,
    magnitude: Key<i64>,
    affine: Key<f64>,
    alpha: Key<f64>,
    erase: Key<usize>,
    ema: Key<usize>,
}

/// Kinds of augmentation beside what the recipe has.
const AUGMENT: [&str; 5] = ["usual", "randaugment", "affine", "mixup", "cutmix"];

/// Probabilities of random erasing.
const ERASE: [f64; 2] = [0.0, 0.25];

/// Decays of the average of the weights.
const EMA: [f64; 4] = [0.0, 0.9, 0.99, 0.999];

impl Keys {
    /// Adds the parameters with a prior about a recipe.
    fn add(space: &mut SpaceBuilder, usual: &Recipe) -> Result<Self, SpaceError> {
        let log = |mean: f64, factor: f64| Prior::Normal { mean: mean.ln(), sd: factor.ln() };
        let weights = |weights: &[f64]| Prior::Weights { weights: weights.to_vec() };
        let names = Optimizer::ALL.map(Optimizer::name);
        let likely = Optimizer::ALL.map(|o| if o == usual.optimizer { 2.0 } else { 1.0 });
        let optimizer = space.choice("recipe/optimizer", names).prior(weights(&likely)).add()?;
        let rate = space.float("recipe/rate", RATES[0]..=RATES[1]).log().prior(log(1.0, 3.0));
        let rate = rate.add()?;
        let decay_of = |optimizer: Optimizer| match usual.optimizer == optimizer {
            true => usual.weight_decay,
            false => optimizer.usual_decay(),
        };
        let mut decay = |name: &str, of: Optimizer, low: f64, high: f64| {
            let prior = log(decay_of(of).clamp(low, high), 5.0);
            let float = space.float(name, low..=high).log().prior(prior);
            float.when(optimizer, of.name()).add()
        };
        let decay = [
            decay("recipe/decay_sgd", Optimizer::Sgd, 1e-5, 1e-2)?,
            decay("recipe/decay_adamw", Optimizer::AdamW, 1e-3, 0.5)?,
        ];
        let batch = space.ordinal("recipe/batch", BATCHES.to_vec());
        let batch = batch.prior(weights(&[1.0, 1.0, 3.0, 1.0])).add()?;
        let mean = usual.label_smoothing.clamp(0.0, 0.2);
        let smoothing = space.float("recipe/smoothing", 0.0..=0.2);
        let smoothing = smoothing.prior(Prior::Normal { mean, sd: 0.05 }).add()?;
        let augment = space.choice("recipe/augment", AUGMENT);
        let augment = augment.prior(weights(&[4.0, 1.0, 1.0, 1.0, 1.0])).add()?;
        let operations =
            space.int("recipe/operations", 1..=3).when(augment, "randaugment").add()?;
        let magnitude = space.int("recipe/magnitude", 1..=15).when(augment, "randaugment").add()?;
        let affine =
            space.float("recipe/affine", 0.05..=1.0).log().when(augment, "affine").add()?;
        let alpha = space.float("recipe/alpha", 0.05..=1.0).log();
        let alpha = alpha.when(augment, ["mixup", "cutmix"]).add()?;
        let erase = space.ordinal("recipe/erase", ERASE.to_vec());
        let erase = erase.prior(weights(&[2.0, 1.0])).add()?;
        let ema = space.ordinal("recipe/ema", EMA.to_vec());
        let ema = ema.prior(weights(&[3.0, 1.0, 1.0, 1.0])).add()?;
        Ok(Self {
            optimizer,
            rate,
            decay,
            batch,
            smoothing,
            augment,
            operations,
            magnitude,
            affine,
            alpha,
            erase,
            ema,
        })
    }
}

impl RecipeSpace {
    /// The networks of a space, with recipes about a usual one.
    ///
    /// # Errors
    /// [`SpaceError`] if the space of networks has a parameter of the same name.
    pub fn new(networks: Arc<dyn ArchitectureSpace>, usual: &Recipe) -> Result<Self, SpaceError> {
        let mut space = networks.space().extended();
        let keys = Keys::add(&mut space, usual)?;
        Ok(Self { space: space.build()?, networks, keys })
    }

    /// The configuration with the mode of the prior in the place of its recipe.
    pub fn with_usual_recipe(&self, config: &Config) -> Config {
        let own = self.networks.space().len();
        self.space.build_config(|index, param| match config.value(index) {
            Some(value) if index < own => value,
            _ => param.default_value(),
        })
    }

    /// The part of a configuration that describes the network.
    fn network(&self, config: &Config) -> Config {
        let mut network = Config::empty(self.networks.space().len());
        (0..network.len()).for_each(|index| network.set(index, config.value(index)));
        network
    }
}

impl ArchitectureSpace for RecipeSpace {
    fn space(&self) -> &Space {
        &self.space
    }

    fn architecture(&self, config: &Config) -> Architecture {
        self.networks.architecture(&self.network(config))
    }

    fn usual(&self, config: &Config) -> Config {
        self.with_usual_recipe(config)
    }

    fn recipe_values(&self, config: &Config) -> Vec<Option<Value>> {
        (self.networks.space().len()..self.space.len()).map(|index| config.value(index)).collect()
    }

    fn tuned(&self, config: &Config, recipe: &Recipe) -> Recipe {
        let keys = &self.keys;
        // What a configuration lacks, as one of another program may, stays as it is.
        let chosen = |key: Key<usize>, values: &[f64]| {
            config.get(key).and_then(|index| values.get(index).copied())
        };
        let mut tuned = recipe.clone();
        let optimizer = config.get(keys.optimizer).and_then(|i| Optimizer::ALL.get(i).copied());
        tuned.optimizer = optimizer.unwrap_or(recipe.optimizer);
        let batch = (recipe.batch as f64 * chosen(keys.batch, &BATCHES).unwrap_or(1.0)).round();
        tuned.batch = (batch as usize).max(2);
        let by_optimizer = match (recipe.optimizer, tuned.optimizer) {
            (Optimizer::Sgd, Optimizer::AdamW) => Optimizer::ADAMW_RATE,
            (Optimizer::AdamW, Optimizer::Sgd) => 1.0 / Optimizer::ADAMW_RATE,
            _ => 1.0,
        };
        let by_batch = tuned.batch as f64 / recipe.batch as f64;
        let factor = config.get(keys.rate).unwrap_or(1.0);
        tuned.learning_rate = recipe.learning_rate * by_batch * by_optimizer * factor;
        let decay = keys.decay.iter().find_map(|key| config.get(*key));
        tuned.weight_decay = decay.unwrap_or(recipe.weight_decay);
        tuned.label_smoothing = config.get(keys.smoothing).unwrap_or(recipe.label_smoothing);
        let augmentation = &mut tuned.augmentation;
        if let (Some(operations), Some(magnitude)) =
            (config.get(keys.operations), config.get(keys.magnitude))
        {
            augmentation.randaugment.operations = operations as usize;
            augmentation.randaugment.magnitude = magnitude as u8;
        }
        if let Some(strength) = config.get(keys.affine) {
            augmentation.affine = strength;
        }
        if let Some(erase) = chosen(keys.erase, &ERASE).filter(|erase| *erase > 0.0) {
            augmentation.erase = erase;
        }
        let kind = config.get(keys.augment).and_then(|index| AUGMENT.get(index).copied());
        if let Some(alpha) = config.get(keys.alpha) {
            tuned.regularization.mixing = match kind {
                Some("cutmix") => Mixing { mixup: 0.0, cutmix: alpha },
                _ => Mixing { mixup: alpha, cutmix: 0.0 },
            };
        }
        if let Some(decay) = chosen(keys.ema, &EMA).filter(|decay| *decay > 0.0) {
            tuned.regularization.average = decay;
        }
        tuned
    }

    fn blocks(&self) -> Option<&BlockSpace> {
        // A weight-sharing network learns no recipe.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{BlockSpaceOptions, NetworkSpace};
    use automl_data::{DataSplits, Dataset};
    use automl_numeric::stream;
    use proptest::prelude::*;

    fn joint(optimizer: Optimizer) -> (RecipeSpace, Recipe, NetworkSpace) {
        let blocks = BlockSpace::new(1, 8, 10, &BlockSpaceOptions::default()).unwrap();
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let weight_decay = optimizer.usual_decay();
        let recipe = Recipe { optimizer, weight_decay, ..Recipe::for_data(&data, 9) };
        let networks = NetworkSpace::Blocks(blocks);
        let space = RecipeSpace::new(Arc::new(networks.clone()), &recipe).unwrap();
        (space, recipe, networks)
    }

    proptest! {
        /// Every configuration is a recipe in its ranges and the network of its first parameters, and
        /// the usual recipe is the given one.
        #[test]
        fn configurations_are_networks_and_recipes(seed in any::<u64>(), adamw in any::<bool>()) {
            let optimizer = Optimizer::ALL[usize::from(adamw)];
            let (space, recipe, networks) = joint(optimizer);
            for config in [
                space.space().sample_prior(&mut stream(seed, 0, "test")),
                space.space().sample(&mut stream(seed, 1, "test")),
            ] {
                let tuned = space.tuned(&config, &recipe);
                prop_assert!(tuned.check().is_ok(), "{:?}", tuned);
                let usual = space.with_usual_recipe(&config);
                let kept = space.tuned(&usual, &recipe);
                prop_assert!((kept.learning_rate / recipe.learning_rate - 1.0).abs() < 1e-9);
                prop_assert!((kept.weight_decay / recipe.weight_decay - 1.0).abs() < 1e-9);
                prop_assert!((kept.label_smoothing - recipe.label_smoothing).abs() < 1e-9);
                let same = Recipe {
                    learning_rate: recipe.learning_rate,
                    weight_decay: recipe.weight_decay,
                    label_smoothing: recipe.label_smoothing,
                    ..kept
                };
                prop_assert_eq!(&same, &recipe);
                prop_assert_eq!(space.architecture(&usual), space.architecture(&config));
                let own = networks.space().sample_prior(&mut stream(seed, 0, "test"));
                prop_assert!(networks.architecture(&own).input_side == 8);
            }
        }
    }

    /// Each parameter has an effect, and decays belong to their optimizer.
    #[test]
    fn every_parameter_changes_the_recipe() {
        let (space, recipe, _) = joint(Optimizer::Sgd);
        let base = space.with_usual_recipe(&space.space().sample_prior(&mut stream(0, 0, "test")));
        let mut seen = std::collections::HashSet::new();
        for number in 0..4000 {
            let config = space.space().sample(&mut stream(number, 0, "effects"));
            let own = space.networks.space().len();
            for index in own..space.space().len() {
                let (Some(value), Some(old)) = (config.value(index), base.value(index)) else {
                    continue;
                };
                let mut changed = base.clone();
                changed.set(index, Some(value));
                let changed = space.space().build_config(|i, param| {
                    changed.value(i).unwrap_or_else(|| param.default_value())
                });
                if value != old && space.tuned(&changed, &recipe) != space.tuned(&base, &recipe) {
                    seen.insert(index);
                }
            }
        }
        // Of the thirteen, five belong to choices that are not the usual ones.
        assert_eq!(seen.len(), 8, "{seen:?}");
    }
}
