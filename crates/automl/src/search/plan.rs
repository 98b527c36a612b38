//! What a search does with its settings once the data is known.

use super::{Against, SearchError, Settings, learn};
use automl_models::{BlockSpace, BlockSpaceOptions, Cost};
use automl_space::{Constraint, Space};
use automl_study::Ladder;
use automl_train::{Data, Recipe};
use std::sync::Arc;

/// The reduction factor of successive halving.
pub(super) const ETA: f64 = 3.0;

/// Settings with every default filled in.
#[derive(Debug)]
pub(super) struct Plan {
    /// All of the data, for the final training.
    pub(super) data: Arc<Data>,
    /// The data that candidates are trained on.
    pub(super) search_data: Arc<Data>,
    pub(super) blocks: BlockSpace,
    pub(super) space: Space,
    pub(super) recipe: Recipe,
    pub(super) ladder: Ladder,
    /// How many candidates are tried.
    pub(super) trials: u64,
    pub(super) final_epochs: u64,
    pub(super) caps: Caps,
}

impl Against {
    /// What a network costs.
    pub(super) fn price(self, cost: &Cost) -> f64 {
        match self {
            Self::Params => cost.parameters as f64,
            Self::Macs => cost.macs as f64,
        }
    }
}

/// The most that a network may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    pub(super) params: u64,
    pub(super) macs: u64,
}

impl Caps {
    /// Those of the settings, or such as keep networks small for their images.
    fn of(settings: &Settings, data: &Data) -> Self {
        let (params, macs) = match data.side {
            0..=16 => (30_000, 1_000_000),
            17..=40 => (200_000, 2_500_000),
            _ => (1_500_000, 60_000_000),
        };
        let search = &settings.search;
        match (search.max_params, search.max_macs) {
            (None, None) => Self { params, macs },
            (given_params, given_macs) => {
                Self { params: given_params.unwrap_or(u64::MAX), macs: given_macs.unwrap_or(macs) }
            }
        }
    }

    /// By which factor a cost exceeds the caps; at most zero where it does not.
    fn excess(&self, cost: &Cost) -> f64 {
        let over = |cost: u64, cap: u64| cost as f64 / cap as f64 - 1.0;
        over(cost.parameters, self.params).max(over(cost.macs, self.macs))
    }

    pub(super) fn allow(&self, cost: &Cost) -> bool {
        self.excess(cost) <= 0.0
    }
}

impl Plan {
    pub(super) fn new(settings: &Settings, data: Data) -> Result<Self, SearchError> {
        let images = data.train.len();
        let most = settings.search.images.unwrap_or(8_000).max(2);
        let share = most as f64 / images as f64;
        let search_data =
            if share < 1.0 { data.subset(share, settings.seed) } else { data.clone() };
        let caps = Caps::of(settings, &data);
        let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
        // Half of the prior's networks use a small part of the caps only, so that the front reaches
        // from networks far below them up to the caps.
        let part = if data.side <= 16 { 5 } else { 2 };
        let small = Caps { params: caps.params / part, macs: caps.macs / part };
        let allowed = |cost: &Cost| small.allow(cost);
        let blocks = BlockSpace::within(data.channels, data.side, data.classes, &options, allowed)?;
        let model = blocks.clone();
        let space =
            blocks.space().with_constraint(Constraint::custom(
                "cost",
                move |_, config| match model.architecture(config).cost() {
                    Ok(cost) => caps.excess(&cost),
                    Err(_) => f64::INFINITY,
                },
            ));
        let training = &settings.training;
        let epochs = training.epochs.unwrap_or(27);
        let min = training.min_epochs.unwrap_or(epochs.div_ceil(9)).min(epochs);
        let ladder = Ladder::new("epoch", min, epochs, true)?;
        let mut recipe = Recipe::for_data(&search_data, epochs);
        recipe.momentum = training.momentum;
        recipe.weight_decay = training.weight_decay;
        recipe.label_smoothing = training.label_smoothing;
        if let Some(batch) = training.batch {
            recipe.learning_rate *= batch as f64 / recipe.batch as f64;
            recipe.batch = batch;
        }
        if let Some(rate) = training.learning_rate {
            recipe.learning_rate = rate;
        }
        recipe.check().map_err(automl_train::TrainError::from)?;
        let search = &settings.search;
        let trials =
            if search.search_and_learn { learn::trials(search.trials) } else { search.trials };
        let final_epochs = training.final_epochs.unwrap_or((3 * epochs).div_ceil(2));
        Ok(Self {
            data: Arc::new(data),
            search_data: Arc::new(search_data),
            blocks,
            space,
            recipe,
            ladder,
            trials,
            final_epochs,
            caps,
        })
    }
}
