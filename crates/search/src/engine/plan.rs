//! What a search does with its settings once the data is known.

use super::SearchError;
use super::rungs::{Macs, Rungs};
use crate::{CostObjective, LadderSettings, Settings, SpaceName, TrainingSettings};
use automl_arch::nas_bench_macro::MacroSpace;
use automl_arch::{BlockSpace, BlockSpaceError, BlockSpaceOptions, Graph, NetworkSpace};
use automl_data::{DataSplits, Recipe};
use automl_space::{Config, Constraint, Space};
use automl_study::AskError;
use automl_train::{Device, LatencyTable};
use std::sync::Arc;

/// The reduction factor of successive halving.
pub(crate) const ETA: f64 = 3.0;

/// Settings with every default filled in.
#[derive(Debug)]
pub(crate) struct Plan {
    /// All of the data, for the final training.
    pub(crate) data: Arc<DataSplits>,
    /// The data that candidates are trained on, and judged by: at most half as many validation
    /// images as there are training images.
    pub(crate) search_data: Arc<DataSplits>,
    pub(crate) networks: NetworkSpace,
    pub(crate) space: Space,
    pub(crate) recipe: Recipe,
    pub(crate) rungs: Rungs,
    /// How many candidates are tried.
    pub(crate) trials: u64,
    pub(crate) final_epochs: u64,
    pub(crate) caps: Caps,
}

/// The most that a network may cost.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Caps {
    params: u64,
    macs: u64,
    /// In microseconds, as the table predicts them.
    latency: f64,
    table: Option<Arc<LatencyTable>>,
}

impl Caps {
    /// Those of the settings, or such as keep networks small for their images.
    fn of(settings: &Settings, data: &DataSplits) -> Self {
        let search = &settings.search;
        let (params, macs) = match (search.space, data.side) {
            (SpaceName::NasBenchMacro, _) => (u64::MAX, u64::MAX),
            (_, 0..=16) => (30_000, 1_000_000),
            (_, 17..=40) => (200_000, 2_500_000),
            _ => (1_500_000, 60_000_000),
        };
        let latency = search.max_latency.map_or(f64::INFINITY, |time| time.0);
        let given = search.max_macs.is_some() || search.max_latency.is_some();
        let params = search.max_params.unwrap_or(if given { u64::MAX } else { params });
        Self { params, macs: search.max_macs.unwrap_or(macs), latency, table: None }
    }

    /// The limits, in words; empty where there is none.
    pub(super) fn describe(&self) -> String {
        let count = |cap: u64, of: &str| (cap < u64::MAX).then(|| format!("{cap} {of}"));
        let latency = self.latency.is_finite().then(|| format!("{} us for an image", self.latency));
        let limits =
            [count(self.params, "parameters"), count(self.macs, "multiply-accumulates"), latency];
        let limits: Vec<String> = limits.into_iter().flatten().collect();
        if limits.is_empty() { String::new() } else { format!("at most {}", limits.join(" and ")) }
    }

    /// Why no candidate could be proposed: in a search only the limits forbid any.
    pub(super) fn refused(&self, error: AskError) -> SearchError {
        match error {
            AskError::Forbidden { .. } => SearchError::Limits { limits: self.describe() },
            error => error.into(),
        }
    }

    /// By which factor a network exceeds the caps; at most zero where it does not.
    fn excess(&self, network: &Graph) -> f64 {
        let cost = network.cost();
        let over = |cost: u64, cap: u64| cost as f64 / cap as f64 - 1.0;
        let late = self.table.as_ref().map_or(0.0, |table| table.latency(network) / self.latency);
        over(cost.parameters, self.params).max(over(cost.macs, self.macs)).max(late - 1.0)
    }

    /// The cost of a network that is minimized beside the error; NaN for a latency without a table.
    pub(crate) fn price(&self, objective: CostObjective, network: &Graph) -> f64 {
        match objective {
            CostObjective::Params => network.cost().parameters as f64,
            CostObjective::Macs => network.cost().macs as f64,
            CostObjective::Latency => {
                self.table.as_ref().map_or(f64::NAN, |table| table.latency(network))
            }
        }
    }

    pub(crate) fn allow(&self, network: &Graph) -> bool {
        self.excess(network) <= 0.0
    }
}

impl Plan {
    /// `stop` is asked while networks are trained to choose the images of cheaper settings.
    pub(crate) fn new(
        settings: &Settings,
        data: DataSplits,
        device: &Device,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, SearchError> {
        let images = data.train.len();
        let most = settings.search.images.unwrap_or(8_000);
        let share = most as f64 / images as f64;
        let search_data =
            if share < 1.0 { data.subset(share, settings.seed) } else { data.clone() };
        // An evaluation then costs at most a sixth of an epoch.
        let judged = search_data.train.len() / 2;
        let search_data = search_data.validated_by(judged, settings.seed);
        let caps = Caps::of(settings, &data);
        let networks = networks(settings.search.space, &data, &caps)?;
        let space = constrained(&networks, &caps);
        let training = &settings.training;
        let ladder = &settings.fidelity.ladder;
        let epochs = settings.search_epochs();
        let recipe = training.recipe(&search_data, epochs);
        recipe.check().map_err(automl_train::TrainError::from)?;
        let search_data = Arc::new(search_data);
        let rungs = match ladder {
            LadderSettings::List(list) => {
                let macs = Macs::new(&networks, &space);
                Rungs::list(list, &macs, &search_data, &recipe, settings.seed, device, stop)?
            }
            LadderSettings::Epochs | LadderSettings::File(_) => {
                let min = training.min_epochs.unwrap_or(epochs.div_ceil(9));
                Rungs::epochs(&search_data, &recipe, min)?
            }
        };
        let trials = settings.search.planned_trials();
        let final_epochs = training.finish_epochs(&data, epochs);
        Ok(Self {
            data: Arc::new(data),
            search_data,
            networks,
            space,
            recipe,
            rungs,
            trials,
            final_epochs,
            caps,
        })
    }

    /// Lets the search of other settings count, on the same networks.
    pub(super) fn search_by(&mut self, settings: &Settings) {
        self.trials = settings.search.planned_trials();
    }

    /// Lets other training settings count, for as many epochs.
    pub(super) fn train_by(&mut self, training: &TrainingSettings) -> Result<(), SearchError> {
        self.recipe = training.recipe(&self.search_data, self.recipe.epochs);
        self.recipe.check().map_err(automl_train::TrainError::from)?;
        self.rungs.train_by(&self.recipe, &self.search_data);
        Ok(())
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

    /// Lets the latency that a table predicts count: for the cap and for the second objective.
    pub(crate) fn time_by(
        &mut self,
        settings: &Settings,
        table: LatencyTable,
    ) -> Result<(), SearchError> {
        self.caps.table = Some(Arc::new(table));
        self.networks = networks(settings.search.space, &self.data, &self.caps)?;
        self.space = constrained(&self.networks, &self.caps);
        Ok(())
    }
}

/// The networks that are searched, scaled to the caps where they can be.
fn networks(
    name: SpaceName,
    data: &DataSplits,
    caps: &Caps,
) -> Result<NetworkSpace, BlockSpaceError> {
    let (channels, side, classes) = (data.channels, data.side, data.classes);
    if name == SpaceName::NasBenchMacro {
        return Ok(NetworkSpace::NasBenchMacro(MacroSpace::new(channels, side, classes)?));
    }
    let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
    // Half of the prior's networks use a small part of the caps only, so that the front reaches
    // from networks far below them up to the caps.
    let part = if side <= 16 { 10 } else { 2 };
    let small = Caps { params: caps.params / part, macs: caps.macs / part, ..caps.clone() };
    let allowed = |network: &Graph| small.allow(network);
    Ok(NetworkSpace::Blocks(BlockSpace::within(channels, side, classes, &options, allowed)?))
}

/// The space in which only networks within the caps are allowed.
fn constrained(networks: &NetworkSpace, caps: &Caps) -> Space {
    let (model, caps) = (networks.clone(), caps.clone());
    let excess = move |_: &Space, config: &Config| match model.architecture(config).graph() {
        Ok(network) => caps.excess(&network),
        Err(_) => f64::INFINITY,
    };
    networks.space().with_constraint(Constraint::custom("cost", excess))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told() {
        let caps = |params, macs, latency| Caps { params, macs, latency, table: None }.describe();
        let none = (u64::MAX, f64::INFINITY);
        let both = caps(20_000, 2_500_000, none.1);
        assert_eq!(both, "at most 20000 parameters and 2500000 multiply-accumulates");
        assert_eq!(caps(none.0, none.0, 800.0), "at most 800 us for an image");
        assert_eq!(caps(none.0, none.0, none.1), "");
    }
}
