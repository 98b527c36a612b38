//! Which cheap settings rank architectures as the full training does, and what they cost.

mod candidates;
mod error;
mod measure;
mod prefer;

pub use error::FidelitiesError;
pub use measure::measure;

use crate::search::RungSettings;
use std::time::Duration;

/// What [`measure`] tells its observer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// It is about to start.
    Start {
        /// The data, in words.
        data: String,
        /// The device, in words.
        device: String,
        /// Architectures to train at each setting.
        architectures: u64,
        /// Settings, the full one included.
        settings: usize,
        /// How many trainings run at once.
        workers: usize,
    },
    /// An architecture has been trained at all settings.
    Architecture {
        /// How many have been.
        done: u64,
        /// Time since the start.
        elapsed: Duration,
    },
}

/// How well settings rank architectures, cheapest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// How many architectures were trained at every setting.
    pub architectures: usize,
    /// The settings; the full one is the last.
    pub settings: Vec<Measured>,
    /// Kendall's tau between the number of parameters and the full accuracy: what a setting that
    /// trains nothing achieves.
    pub null: Option<f64>,
    /// The ladder to prefer: indexes of `settings`, rising.
    pub preferred: Vec<usize>,
    /// The same for settings that differ from the full one in epochs only and are read off its
    /// learning curve: the ladder `epochs` of a search.
    pub curve: Vec<Measured>,
    /// The cost of a candidate under successive halving, in full trainings: by the preferred
    /// ladder, and by epochs alone.
    pub candidate_costs: (f64, f64),
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
    /// Its time relative to the full one, as measured in this run; `None` on a learning curve.
    pub time: Option<f64>,
    /// Kendall's tau-b between the accuracies at this setting and at the full one.
    pub tau: Option<f64>,
    /// The jackknife's standard error of tau.
    pub error: Option<f64>,
}

impl Ranking {
    /// The settings of the preferred ladder.
    pub fn ladder(&self) -> Vec<RungSettings> {
        self.preferred.iter().map(|&index| self.settings[index].rung.clone()).collect()
    }
}
