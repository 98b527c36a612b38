//! The fidelities of a search: the ladder that schedulers see, and the training at each rung.

use crate::{RungSettings, SearchError, SettingsError};
use automl_candidates::Candidates;
use automl_data::{DataSplits, Recipe, UnknownSubset};
use automl_extent::Extent;
use automl_numeric::stream;
use automl_space::Space;
use automl_study::Ladder;
use automl_train::{Device, Fidelity, PreparedFidelity, Subset};
use std::collections::HashMap;
use std::sync::Arc;

/// The number of architectures over which the saving of smaller images is averaged.
const DRAWS: u64 = 32;

/// The fidelities of a search.
///
/// Where they differ in epochs only, one training pauses and goes on, under one schedule of the
/// learning rate over all epochs. Otherwise a candidate is trained from scratch at each, with a
/// whole schedule of its own: weights that were learnt under another setting would have to fit the
/// adapted stem, and to start from them would make what a candidate reaches depend on where it was
/// before.
#[derive(Debug)]
pub struct Rungs {
    pub ladder: Ladder,
    /// One for each fidelity; only the last where training goes on.
    stages: Vec<PreparedFidelity>,
    /// The epochs of each fidelity; empty where the fidelity is the epoch.
    epochs: Vec<u64>,
    /// The cost of an epoch at each stage, relative to one on all images at their own side.
    epoch_costs: Vec<f64>,
}

impl Rungs {
    /// Every epoch from `min` to the last of the recipe.
    pub fn epochs(data: &Arc<DataSplits>, recipe: &Recipe, min: u64) -> Result<Self, SearchError> {
        let fidelity = Fidelity::full(data, recipe.epochs);
        Ok(Self {
            ladder: Ladder::new("epoch", min.min(recipe.epochs), recipe.epochs, true)?,
            stages: vec![PreparedFidelity {
                fidelity,
                data: Arc::clone(data),
                recipe: recipe.clone(),
            }],
            epochs: Vec::new(),
            epoch_costs: vec![1.0],
        })
    }

    /// Declared settings of rising cost.
    pub fn list(
        settings: &[RungSettings],
        macs: &Macs<'_>,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        seed: u64,
        device: &Device,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, SearchError> {
        let fidelities = fidelities(settings, data)?;
        let costs = macs.relative_costs(&fidelities, data);
        if let Some(late) = costs.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(SettingsError::Value {
                name: "fidelity.ladder",
                value: fidelities[late + 1].to_string(),
                reason: "each setting must cost more than the one before".into(),
            }
            .into());
        }
        let resumable = fidelities.windows(2).all(|pair| pair[0].continues(&pair[1]));
        let ladder = Ladder::declared("setting", costs, resumable)?;
        let prepared = if resumable { &fidelities[fidelities.len() - 1..] } else { &fidelities };
        let stages = PreparedFidelity::prepare(prepared, data, recipe, seed, device, stop)?;
        let one = |f: &Fidelity| f.share * macs.at(f.side) / macs.at(data.side);
        Ok(Self {
            ladder,
            epoch_costs: stages.iter().map(|stage| one(&stage.fidelity)).collect(),
            stages,
            epochs: fidelities.iter().map(|fidelity| fidelity.epochs).collect(),
        })
    }

    /// Takes another recipe, for as many epochs.
    pub fn train_by(&mut self, recipe: &Recipe, data: &DataSplits) {
        let by_epoch = self.by_epoch();
        for stage in &mut self.stages {
            if by_epoch {
                stage.recipe = recipe.clone();
            } else {
                stage.train_by(recipe, data);
            }
        }
    }

    fn index(&self, fidelity: u64) -> usize {
        let index = usize::try_from(fidelity.saturating_sub(1)).unwrap_or(usize::MAX);
        index.min(self.stages.len() - 1)
    }

    /// The images and the recipe by which a candidate reaches a fidelity.
    pub fn stage(&self, fidelity: u64) -> &PreparedFidelity {
        &self.stages[self.index(fidelity)]
    }

    /// The epochs behind a candidate at a fidelity.
    pub fn epochs_at(&self, fidelity: u64) -> u64 {
        if self.epochs.is_empty() {
            return fidelity;
        }
        let before = fidelity.checked_sub(1).and_then(|i| usize::try_from(i).ok());
        before.map_or(0, |i| self.epochs[i.min(self.epochs.len() - 1)])
    }

    /// The cost of an epoch on the way to a fidelity, relative to one on all of the search's images.
    pub fn epoch_cost(&self, fidelity: u64) -> f64 {
        self.epoch_costs[self.index(fidelity)]
    }

    /// Whether every epoch is a fidelity.
    pub fn by_epoch(&self) -> bool {
        self.epochs.is_empty()
    }

    /// The fidelities at which successive halving compares candidates, in words.
    pub fn describe(&self, eta: f64) -> String {
        let rungs = self.ladder.rungs(eta);
        if self.ladder.resumable() {
            let epochs: Vec<String> =
                rungs.iter().map(|rung| self.epochs_at(rung.0).to_string()).collect();
            return format!("{} epochs", epochs.join(", "));
        }
        let stages: Vec<String> = self.stages.iter().map(|s| s.fidelity.to_string()).collect();
        stages.join("; ")
    }
}

/// Settings of the ladder as fidelities of the data.
pub fn fidelities(
    settings: &[RungSettings],
    data: &DataSplits,
) -> Result<Vec<Fidelity>, SearchError> {
    let fidelity = |rung: &RungSettings| {
        let subset = rung.subset.parse().map_err(|error: UnknownSubset| SettingsError::Value {
            name: "fidelity subset",
            value: format!("{:?}", rung.subset),
            reason: error.to_string(),
        })?;
        let side = rung.side.map_or(data.side, |shorter| data.side.scaled_to(shorter));
        let fidelity = Fidelity { epochs: rung.epochs, share: rung.share, subset, side };
        fidelity.check(data)?;
        Ok(fidelity)
    };
    settings.iter().map(fidelity).collect()
}

/// A note where small networks are trained to choose the images of some settings.
pub fn preparation(settings: &[RungSettings]) -> Option<String> {
    let looks = |rung: &RungSettings| {
        let subset = rung.subset.parse::<Subset>();
        rung.share < 1.0 && subset.is_ok_and(Subset::needs_networks)
    };
    let trains = settings.iter().any(looks);
    trains
        .then(|| "choosing the images of cheaper settings: small networks are trained first".into())
}

/// The mean cost of the prior's architectures by height and width of the images.
#[derive(Debug)]
pub struct Macs<'a> {
    candidates: &'a Candidates,
    space: &'a Space,
}

impl<'a> Macs<'a> {
    /// The costs of candidates of a space.
    pub fn new(candidates: &'a Candidates, space: &'a Space) -> Self {
        Self { candidates, space }
    }

    /// The mean multiply-accumulates of one image over architectures drawn from the prior.
    pub fn at(&self, side: Extent) -> f64 {
        let macs = (0..DRAWS).filter_map(|draw| {
            let config = self.space.sample_prior(&mut stream(0, draw, "fidelity costs"));
            let adapted = self.candidates.architecture(&config).at_resolution(side).ok()?;
            Some(adapted.cost().ok()?.macs as f64)
        });
        macs.sum::<f64>() / DRAWS as f64
    }

    /// The costs of some settings from scratch, in units of the last one.
    pub fn relative_costs(&self, fidelities: &[Fidelity], data: &DataSplits) -> Vec<f64> {
        let mut known = HashMap::new();
        let mut work = |fidelity: &Fidelity| {
            let side = fidelity.side;
            let macs = *known.entry(side).or_insert_with(|| self.at(side));
            fidelity.work(macs, data)
        };
        let top = fidelities.last().map_or(1.0, &mut work).max(f64::MIN_POSITIVE);
        fidelities.iter().map(|fidelity| work(fidelity) / top).collect()
    }
}
