//! What a search does with its settings once the data is known.

use super::rungs::{Macs, Rungs};
use super::{LadderSettings, SearchError, Settings};
use automl_models::{BlockSpace, BlockSpaceOptions, Cost};
use automl_space::{Constraint, Space};
use automl_train::{Data, Device, Recipe};
use std::sync::Arc;

/// The reduction factor of successive halving.
pub(crate) const ETA: f64 = 3.0;

/// Settings with every default filled in.
#[derive(Debug)]
pub(crate) struct Plan {
    /// All of the data, for the final training.
    pub(crate) data: Arc<Data>,
    /// The data that candidates are trained on.
    pub(crate) search_data: Arc<Data>,
    pub(crate) blocks: BlockSpace,
    pub(crate) space: Space,
    pub(crate) recipe: Recipe,
    pub(crate) rungs: Rungs,
    pub(crate) final_epochs: u64,
    pub(crate) caps: Caps,
}

/// The most that a network may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) params: u64,
    pub(crate) macs: u64,
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

    pub(crate) fn allow(&self, cost: &Cost) -> bool {
        self.excess(cost) <= 0.0
    }
}

impl Plan {
    pub(crate) fn new(
        settings: &Settings,
        data: Data,
        device: &Device,
    ) -> Result<Self, SearchError> {
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
        let ladder = &settings.fidelity.ladder;
        let epochs = ladder.top_epochs().unwrap_or_else(|| training.search_epochs());
        let recipe = training.recipe(&search_data, epochs);
        recipe.check().map_err(automl_train::TrainError::from)?;
        let search_data = Arc::new(search_data);
        let rungs = match ladder {
            LadderSettings::List(list) => {
                let macs = Macs::new(&blocks, &space);
                Rungs::list(list, &macs, &search_data, &recipe, settings.seed, device)?
            }
            LadderSettings::Epochs | LadderSettings::File(_) => {
                let min = training.min_epochs.unwrap_or(epochs.div_ceil(9));
                Rungs::epochs(&search_data, &recipe, min)?
            }
        };
        let final_epochs = training.finish_epochs(epochs);
        Ok(Self {
            data: Arc::new(data),
            search_data,
            blocks,
            space,
            recipe,
            rungs,
            final_epochs,
            caps,
        })
    }

    /// The data, in words.
    pub(crate) fn describe(&self) -> String {
        let data = &self.data;
        let shape = format!("{}x{}x{}", data.side, data.side, data.channels);
        let searched = if self.search_data.train.len() < data.train.len() {
            format!(" ({} of them in the search)", self.search_data.train.len())
        } else {
            String::new()
        };
        format!(
            "{}: {} training{searched}, {} validation and {} test images of {shape} in {} classes",
            data.name,
            data.train.len(),
            data.validation.len(),
            data.test.len(),
            data.classes
        )
    }
}
