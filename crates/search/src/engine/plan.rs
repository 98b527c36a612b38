//! The settings of a search with every default that depends on the data.

use super::objective::Objective;
use super::rungs::{Macs, Rungs};
use super::sides::Sides;
use crate::data::describe;
use crate::{LadderSettings, SearchError, SearchSettings, Settings, SpaceName, TrainingSettings};
use automl_arch::nas_bench_macro::MacroSpace;
use automl_arch::{BlockSpace, BlockSpaceError, BlockSpaceOptions, Graph, NetworkSpace};
use automl_candidates::{ArchitectureSpace, Candidates, Caps, LatencyModel};
use automl_data::{DataSplits, Recipe};
use automl_numeric::stream;
use automl_space::Space;
use automl_train::{Device, LatencyTable, PreparedFidelity};
use std::sync::Arc;

/// The reduction factor of successive halving.
pub const ETA: f64 = 3.0;

/// Settings with every default filled in.
#[derive(Debug)]
pub struct Plan {
    /// All of the data, for the final training.
    pub data: Arc<DataSplits>,
    /// The data of the search: at most half as many validation images as training images.
    pub search_data: Arc<DataSplits>,
    /// The networks that are searched, by configuration.
    pub candidates: Candidates,
    /// Whether the space is one of the settings, and scaled to the limits.
    is_named: bool,
    /// The parameters that samplers choose.
    pub space: Space,
    /// The recipe of the search.
    pub recipe: Recipe,
    /// The fidelities.
    pub rungs: Rungs,
    /// The number of candidates.
    pub trials: u64,
    /// Epochs of the final training.
    pub final_epochs: u64,
    /// The limits.
    pub caps: Caps,
    /// The limits to which the space is scaled.
    space_caps: Caps,
    /// The data at smaller sides.
    sides: Sides,
    /// What candidates are compared by beside their cost.
    pub objective: Objective,
}

impl Plan {
    /// The plan of a new study.
    pub fn new(
        settings: &Settings,
        data: DataSplits,
        space: Option<Arc<dyn ArchitectureSpace>>,
        device: &Device,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, SearchError> {
        Self::within(settings, &settings.search, data, space, device, stop)
    }

    /// Fills in defaults that depend on the data. The space is scaled to the `limits` with which the
    /// study began; those of the settings may be tighter. `space` replaces that of the settings; `stop` is
    /// asked while networks are trained to choose the images of cheaper settings.
    pub fn within(
        settings: &Settings,
        limits: &SearchSettings,
        data: DataSplits,
        space: Option<Arc<dyn ArchitectureSpace>>,
        device: &Device,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, SearchError> {
        let objective = Objective::new(settings, &data)?;
        let images = data.train.len();
        let most = settings.search.images.unwrap_or(8_000);
        let share = most as f64 / images as f64;
        let search_data =
            if share < 1.0 { data.subset(share, settings.seed) } else { data.clone() };
        // An evaluation then costs at most a sixth of an epoch.
        let judged = search_data.train.len() / 2;
        let search_data = search_data.validated_by(judged, settings.seed);
        let is_named = space.is_none();
        let is_block_space = is_named && settings.search.space == SpaceName::Blocks;
        let space_caps = Caps::new(limits, data.side, is_block_space);
        let caps = Caps::new(&settings.search, data.side, is_block_space).tightest(&space_caps);
        let networks = match space {
            Some(own) => own,
            None => networks(&settings.search, &data, &space_caps)?,
        };
        let candidates = Candidates::new(networks);
        let space = candidates.space().with_constraint(caps.constraint(&candidates));
        let training = &settings.training;
        let ladder = &settings.fidelity.ladder;
        let epochs = settings.search_epochs();
        let recipe = training.recipe(&search_data, epochs);
        recipe.check().map_err(automl_train::TrainError::from)?;
        let search_data = Arc::new(search_data);
        let rungs = match ladder {
            LadderSettings::List(list) => {
                let macs = Macs::new(&candidates, &space);
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
            candidates,
            is_named,
            space,
            recipe,
            rungs,
            trials,
            final_epochs,
            caps,
            space_caps,
            objective,
            sides: Sides::default(),
        })
    }

    /// Takes the number of trials from other settings.
    pub fn search_by(&mut self, settings: &Settings) {
        self.trials = settings.search.planned_trials();
    }

    /// Takes the recipe from other settings, for as many epochs.
    pub fn train_by(&mut self, training: &TrainingSettings) -> Result<(), SearchError> {
        self.recipe = training.recipe(&self.search_data, self.recipe.epochs);
        self.recipe.check().map_err(automl_train::TrainError::from)?;
        self.rungs.train_by(&self.recipe, &self.search_data);
        Ok(())
    }

    /// The images and the recipe by which a candidate for images of a side reaches a fidelity.
    pub fn stage(&self, fidelity: u64, side: usize) -> PreparedFidelity {
        let stage = self.rungs.stage(fidelity);
        if side >= self.search_data.side {
            return stage.clone();
        }
        stage.on(&self.sides.search(&self.search_data, side))
    }

    /// The data of the final training of a network for images of a side.
    pub fn data_at(&self, side: usize) -> Arc<DataSplits> {
        if side >= self.data.side {
            return Arc::clone(&self.data);
        }
        self.sides.all(&self.data, side)
    }

    /// The data in words.
    pub fn describe(&self) -> String {
        describe(&self.data, self.search_data.train.len())
    }

    /// Predicts latencies by a table, for the limit and for the cost objective.
    pub fn time_by(&mut self, settings: &Settings, table: LatencyTable) -> Result<(), SearchError> {
        let model: Arc<dyn LatencyModel> = Arc::new(Predicted(table));
        self.space_caps.predict_latency(Arc::clone(&model));
        self.caps.predict_latency(model);
        if self.is_named {
            let networks = networks(&settings.search, &self.data, &self.space_caps)?;
            self.candidates = Candidates::new(networks);
        }
        let constraint = self.caps.constraint(&self.candidates);
        self.space = self.candidates.space().with_constraint(constraint);
        Ok(())
    }
}

/// Latencies by a table.
#[derive(Debug)]
struct Predicted(LatencyTable);

impl LatencyModel for Predicted {
    fn latency(&self, network: &Graph) -> f64 {
        self.0.latency(network)
    }
}

/// The share of the prior's networks within the limits below which blocks are left out.
const RARE: f64 = 0.01;

/// Factors of the prior weight of blocks that are left out, tried in turn.
const PASSED: [f64; 3] = [4.0, 16.0, 64.0];

/// The share of the prior's networks that keep within some limits.
fn share(blocks: &BlockSpace, caps: &Caps) -> f64 {
    const DRAWS: u64 = 256;
    let allowed = (0..DRAWS).filter(|draw| {
        let config = blocks.space().sample_prior(&mut stream(0, *draw, "share within limits"));
        blocks.architecture(&config).graph().is_ok_and(|graph| caps.allow_graph(&graph))
    });
    allowed.count() as f64 / DRAWS as f64
}

/// A space by name, scaled to the limits where it can be.
fn networks(
    search: &SearchSettings,
    data: &DataSplits,
    caps: &Caps,
) -> Result<Arc<dyn ArchitectureSpace>, BlockSpaceError> {
    let (channels, side, classes) = (data.channels, data.side, data.classes);
    if search.space == SpaceName::NasBenchMacro {
        let skeleton = MacroSpace::new(channels, side, classes)?;
        return Ok(Arc::new(NetworkSpace::NasBenchMacro(skeleton)));
    }
    let sides = search.sides.clone();
    let options = BlockSpaceOptions { extended: true, sides, ..BlockSpaceOptions::default() };
    // Half of the prior's networks use a small part of the limits only, so that the front reaches
    // from networks far below them up to the limits.
    let small = caps.divided(if side <= 16 { 10 } else { 2 });
    let allowed = |network: &Graph| small.allow_graph(network);
    let mut blocks = BlockSpace::within(channels, side, classes, &options, allowed)?;
    // Under limits that even the narrowest networks rarely keep, shorter ones are likely.
    for pass in PASSED {
        if share(&blocks, caps) >= RARE {
            break;
        }
        let options = BlockSpaceOptions { width: blocks.width(), pass, ..options.clone() };
        blocks = BlockSpace::new(channels, side, classes, &options)?;
    }
    Ok(Arc::new(NetworkSpace::Blocks(blocks)))
}
