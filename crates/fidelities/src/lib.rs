#![doc = include_str!("../README.md")]

mod candidates;
mod error;
mod measure;
mod outcome;
mod prefer;
mod rank;
mod record;

pub use error::FidelitiesError;
pub use measure::measure;

use automl_settings::{LadderSettings, RungSettings};
use std::time::Duration;

/// Progress of [`measure`], for its observer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// A note on long preparations.
    Note(String),
    /// The trainings begin.
    Start {
        /// The data, in words.
        data: String,
        /// The device, in words.
        device: String,
        /// Architectures to train at each setting.
        architectures: u64,
        /// Settings, the full one included.
        settings: usize,
        /// The number of trainings at once.
        workers: usize,
    },
    /// An architecture has been trained at all settings.
    Architecture {
        /// The number of those.
        done: u64,
        /// Time since the start.
        elapsed: Duration,
    },
}

/// Rank correlations of settings, cheapest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The number of architectures that were trained at every setting.
    pub architectures: usize,
    /// The settings; the full one is the last.
    pub settings: Vec<Measured>,
    /// Kendall's tau between the number of parameters and the accuracy after the second full
    /// training: what a setting that trains nothing achieves.
    pub null: Option<f64>,
    /// The ladder to prefer: indexes of `settings`, rising; empty where none does as well for less
    /// than epochs alone, after a ninth and a third of the epochs.
    ///
    /// Successive halving is replayed on bootstrap samples of the networks with the accuracies that
    /// were measured; the network that is left counts with its second full training. The ladders are
    /// those up to the full setting in which each rung costs at most a third of the one above (with a
    /// tenth of slack), and in which no setting's tau lies within a standard error of zero. Of those
    /// that find as good networks as epochs alone for the same total cost, it is the one under which a
    /// candidate costs least.
    pub preferred: Vec<usize>,
    /// Successive halving by the preferred ladder.
    pub by_preferred: Replayed,
    /// The same by epochs alone.
    pub by_epochs: Replayed,
}

/// The result of successive halving on the measured networks, averaged over samples of them, for the
/// total cost of epochs alone with half as many candidates as there are networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replayed {
    /// The cost of a candidate, in full trainings.
    pub cost: f64,
    /// The validation accuracy after the second full training of the network that is left in the end.
    pub accuracy: f64,
}

/// One setting and how it ranks.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The setting.
    pub rung: RungSettings,
    /// The setting, in words.
    pub name: String,
    /// Its cost relative to the full one, counted: multiply-accumulates, images, epochs.
    pub cost: f64,
    /// Its time relative to the full one, as measured in this run; `None` for a point of the full
    /// training.
    pub time: Option<f64>,
    /// Kendall's tau-b between the accuracies at this setting and after the second full training.
    pub tau: Option<f64>,
    /// The jackknife's standard error of tau.
    pub error: Option<f64>,
}

impl Ranking {
    /// The preferred ladder, as a search takes it.
    pub fn ladder(&self) -> LadderSettings {
        match self.preferred.as_slice() {
            [] => LadderSettings::Epochs,
            rungs => LadderSettings::List(
                rungs.iter().map(|&index| self.settings[index].rung.clone()).collect(),
            ),
        }
    }
}
