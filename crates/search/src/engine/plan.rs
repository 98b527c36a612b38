//! The settings of a search with every default that depends on the data.

use super::objective::Objective;
use super::rungs::{Macs, Rungs};
use crate::{LadderSettings, SearchError, SearchSettings, Settings, SpaceName, TrainingSettings};
use automl_arch::Graph;
use automl_candidates::{
    ArchitectureSpace, Candidate, Candidates, Caps, ElasticSpace, FinalEpochs, LatencyModel, Sides,
    named_space, with_recipes,
};
use automl_data::{DataSplits, Recipe};
use automl_extent::Extent;
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
    /// The data of the search in the folds of a cross-validation; empty without one.
    folds: Vec<Arc<DataSplits>>,
    /// The networks that are searched, by configuration.
    pub candidates: Candidates,
    /// Whether the space is one of the settings, and scaled to the limits.
    is_named: bool,
    /// Whether candidates are parts of one trained network.
    is_learned: bool,
    /// The parameters that samplers choose.
    pub space: Space,
    /// The recipe of the search.
    pub recipe: Recipe,
    /// The fidelities.
    pub rungs: Rungs,
    /// The number of candidates.
    pub trials: u64,
    /// Epochs of the final training.
    pub final_epochs: FinalEpochs,
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
        let folds = folds(settings, &search_data)?;
        let search_data = search_data.validated_by(judged, settings.seed);
        let is_named = space.is_none();
        let is_block_space = is_named && settings.search.space != SpaceName::NasBenchMacro;
        let space_caps = Caps::new(limits, data.side, is_block_space);
        let caps = Caps::new(&settings.search, data.side, is_block_space).tightest(&space_caps);
        let networks = match space {
            Some(own) => own,
            None => named_space(settings, &data, &space_caps)?,
        };
        let training = &settings.training;
        let recipe = training.recipe(&search_data, settings.search_epochs());
        let candidates = Candidates::new(with_recipes(&settings.search, networks, &recipe)?);
        let space = candidates.space().with_constraint(caps.constraint(&candidates));
        let ladder = &settings.fidelity.ladder;
        let epochs = settings.search_epochs();
        recipe.check().map_err(automl_train::TrainError::from)?;
        let search_data = Arc::new(search_data);
        let is_learned =
            settings.search.search_and_learn && candidates.networks().elastic().is_some();
        let rungs = match ladder {
            // Parts of a trained network are judged once.
            _ if is_learned => Rungs::epochs(&search_data, &recipe, epochs)?,
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
        let most = training.finish_epochs(&data, epochs);
        let wanted = if is_learned { training.inheriting_epochs(&data) } else { most };
        Ok(Self {
            data: Arc::new(data),
            search_data,
            folds,
            candidates,
            is_named,
            is_learned,
            space,
            recipe,
            rungs,
            trials,
            final_epochs: FinalEpochs { wanted, most: most.max(wanted) },
            caps,
            space_caps,
            objective,
            sides: Sides::default(),
        })
    }

    /// How many times as many images an epoch of the final training has as one of the search.
    pub fn final_images(&self) -> f64 {
        self.data.train.len() as f64 / self.search_data.train.len().max(1) as f64
    }

    /// The share of the final training that a candidate has behind it at a fidelity.
    pub fn trained_share(&self, fidelity: u64) -> f64 {
        let epochs = self.rungs.epochs_at(fidelity) as f64 * self.rungs.epoch_cost(fidelity);
        epochs / (self.final_images() * self.final_epochs.wanted.max(1) as f64)
    }

    /// The space of which every network is a part of one trained network, where candidates are judged as
    /// such.
    pub fn learned(&self) -> Option<&ElasticSpace> {
        self.candidates.networks().elastic().filter(|_| self.is_learned)
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

    /// The images and the recipe by which a candidate reaches a fidelity, for each fold.
    pub fn stages(&self, fidelity: u64, candidate: &Candidate) -> Vec<PreparedFidelity> {
        let (stage, side) = (self.rungs.stage(fidelity), candidate.architecture.input_side);
        let mut stages = if !self.folds.is_empty() {
            self.folds.iter().map(|fold| stage.on(fold)).collect()
        } else if side == self.search_data.side {
            vec![stage.clone()]
        } else {
            vec![stage.on(&self.sides.search(&self.search_data, side))]
        };
        for stage in &mut stages {
            stage.recipe = self.candidates.tuned(&candidate.config, &stage.recipe);
        }
        stages
    }

    /// The number of trainings of a candidate: one for each fold.
    pub fn trainings(&self) -> usize {
        self.folds.len().max(1)
    }

    /// The data of the final training of a network for images of a height and width.
    pub fn data_at(&self, side: Extent) -> Arc<DataSplits> {
        if side == self.data.side {
            return Arc::clone(&self.data);
        }
        self.sides.all(&self.data, side)
    }

    /// The data in words.
    pub fn describe(&self) -> String {
        self.data.in_words(self.search_data.train.len())
    }

    /// Predicts latencies by a table, for the limit and for the cost objective.
    pub fn time_by(&mut self, settings: &Settings, table: LatencyTable) -> Result<(), SearchError> {
        let model: Arc<dyn LatencyModel> = Arc::new(Predicted(table));
        self.space_caps.predict_latency(Arc::clone(&model));
        self.caps.predict_latency(model);
        if self.is_named {
            let networks = named_space(settings, &self.data, &self.space_caps)?;
            let networks = with_recipes(&settings.search, networks, &self.recipe)?;
            self.candidates = Candidates::new(networks);
        }
        let constraint = self.caps.constraint(&self.candidates);
        self.space = self.candidates.space().with_constraint(constraint);
        Ok(())
    }
}

/// The data of a search in the folds of the settings.
fn folds(settings: &Settings, data: &DataSplits) -> Result<Vec<Arc<DataSplits>>, SearchError> {
    let Some(count) = settings.training.folds else { return Ok(Vec::new()) };
    Ok(data.folds(count, settings.seed)?.into_iter().map(Arc::new).collect())
}

/// Latencies by a table.
#[derive(Debug)]
struct Predicted(LatencyTable);

impl LatencyModel for Predicted {
    fn latency(&self, network: &Graph) -> f64 {
        self.0.latency(network)
    }
}
