//! The final training of one network.

use super::queue::Queue;
use super::{Finalist, Finish};
use crate::engine::executor::CHECKPOINT_EVERY;
use crate::engine::pool::lock;
use crate::engine::setup::Setup;
use crate::file::remove;
use crate::network_record::METRICS;
use crate::split::SplitSettings;
use crate::{Event, NetworkRecord, SearchError, TrainingError};
use automl_data::{Recipe, Split};
use automl_numeric::stream;
use automl_train::{TrainError, Training, export};
use rand::RngExt;
use std::sync::Mutex;
use std::time::Instant;

/// The learning rate of a final training that starts from the search's weights, relative to one
/// from scratch.
const WARM_RATE: f64 = 0.5;

impl Finish<'_> {
    /// Trains, tests and saves one network; `None` if it was stopped, diverged, or was not through
    /// in time while another was.
    pub(super) fn train(
        &self,
        finalist: &Finalist,
        epochs: u64,
        queue: &Mutex<Queue>,
    ) -> Result<Option<NetworkRecord>, SearchError> {
        let Finalist { trial, candidate, .. } = finalist;
        let folder = self.front_folder(*trial);
        let seed: u64 = stream(self.seed, *trial, "final weights").random();
        let recipe = self.setup.settings.training.recipe(&self.setup.plan.data, epochs);
        // An interrupted run may have trained it.
        if let Ok(known) = NetworkRecord::read(&folder)
            && (known.fingerprint, known.seed) == (Some(candidate.id), seed)
            && stands_for(&known, &recipe, self.deadline.is_some())
        {
            return Ok(Some(known));
        }
        let start = Instant::now();
        let mut training = self.begin(finalist, &recipe, seed)?;
        match self.train_to_end(finalist, &mut training, queue) {
            Ok(()) => {}
            Err(SearchError::Training(TrainingError::Train(error))) => {
                return match error {
                    TrainError::Stopped { .. } if self.setup.stop.is_set() => Ok(None),
                    TrainError::Stopped { .. } => self.left_out(*trial, "out of time"),
                    TrainError::Diverged { .. } => self.left_out(*trial, &error.to_string()),
                    error => Err(error.into()),
                };
            }
            Err(error) => return Err(error),
        }
        let evaluations = [Split::Validation, Split::Test].map(|split| training.evaluate(split));
        let record = NetworkRecord {
            trial: Some(*trial),
            epochs: training.epoch(),
            split: Some(SplitSettings::of(self.setup.settings)),
            seconds: start.elapsed().as_secs_f64(),
            recipe: Some(Recipe { epochs: training.epochs(), ..training.recipe().clone() }),
            ..NetworkRecord::new(candidate.cost, candidate.id, seed, evaluations)
        };
        // A record is taken for that of the weights beside it.
        remove(&folder.join(METRICS));
        export(&training.trained(), &candidate.architecture, &folder)?;
        record.write(&folder)?;
        self.setup.tell(&Event::Trained(self.network(*trial, &record)));
        Ok(Some(record))
    }

    fn left_out(&self, trial: u64, reason: &str) -> Result<Option<NetworkRecord>, SearchError> {
        self.setup.note(format!("trial {trial} is left out of the front: {reason}"));
        Ok(None)
    }

    /// Trains for as many epochs as fit into the time, with checkpoints on the way.
    fn train_to_end(
        &self,
        finalist: &Finalist,
        training: &mut Training,
        queue: &Mutex<Queue>,
    ) -> Result<(), SearchError> {
        let checkpoint = self.setup.folder.final_checkpoint(finalist.trial);
        let mut saved = Instant::now();
        while training.epoch() < training.epochs() {
            let is_over = || self.setup.stop.is_set() || lock(queue).is_over();
            let report = training.run_epoch(&is_over)?;
            // Where an epoch takes longer than expected, there are fewer of them.
            match lock(queue).fit(finalist, report.time.as_secs_f64()) {
                Some(0) => break,
                Some(more) if report.epoch + more < training.epochs() => {
                    training.set_epochs(report.epoch + more);
                }
                _ => {}
            }
            if saved.elapsed() >= CHECKPOINT_EVERY {
                training.save(&checkpoint)?;
                saved = Instant::now();
            }
        }
        Ok(())
    }

    /// The training of a network: an interrupted one, or a new one.
    fn begin(
        &self,
        finalist: &Finalist,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Training, SearchError> {
        let Setup { plan, folder, device, .. } = self.setup;
        let Finalist { trial, candidate, .. } = finalist;
        let architecture = &candidate.architecture;
        let data = &plan.data;
        let warm = warmed(recipe);
        if let Ok(mut known) = Training::resume(&folder.final_checkpoint(*trial), data, device)
            && (known.architecture(), known.seed()) == (Some(architecture), seed)
        {
            if self.deadline.is_none() && known.recipe() == recipe {
                return Ok(known);
            }
            let planned = Recipe { epochs: recipe.epochs, ..known.recipe().clone() };
            if self.deadline.is_some() && (planned == *recipe || planned == warm) {
                known.set_epochs(epochs_in_all(known.epoch(), recipe.epochs, plan.final_epochs));
                return Ok(known);
            }
        }
        // Where time is short, training starts from the weights of the search.
        if recipe.epochs < plan.final_epochs
            && let path = folder.checkpoint(*trial)
            && let Ok(training) = Training::from_weights(&path, data, &warm, seed, device)
            && training.architecture() == Some(architecture)
        {
            return Ok(training);
        }
        Ok(Training::new(architecture, data, recipe, seed, device)?)
    }
}

/// Whether the training of a record stands for one by `recipe`: it is the same or, under a time limit,
/// one as long, also from the search's weights.
fn stands_for(record: &NetworkRecord, recipe: &Recipe, timed: bool) -> bool {
    let Some(own) = &record.recipe else { return false };
    if timed {
        let planned = Recipe { epochs: recipe.epochs, ..own.clone() };
        (planned == *recipe || planned == warmed(recipe)) && record.epochs >= recipe.epochs
    } else {
        own == recipe && record.epochs == recipe.epochs
    }
}

/// The recipe of a training that starts from the search's weights.
fn warmed(recipe: &Recipe) -> Recipe {
    Recipe { learning_rate: WARM_RATE * recipe.learning_rate, ..recipe.clone() }
}

/// The epochs of a training that has `done` some, when `more` fit into the time.
fn epochs_in_all(done: u64, more: u64, wanted: u64) -> u64 {
    (done + more).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_data::{DataSplits, Dataset};

    fn recipe(epochs: u64) -> Recipe {
        Recipe::for_data(&DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap(), epochs)
    }

    #[test]
    fn a_network_is_trained_again_where_that_makes_a_difference() {
        let text = r#"{"trial": 1, "fingerprint": 2, "epochs": 20, "seed": 3, "params": 4,
            "macs": 5, "peak_activation_bytes": 6, "validation_accuracy": 0.5,
            "validation_loss": 1.0, "test_accuracy": 0.5, "test_loss": 1.0, "latency_us": null,
            "seconds": 1.0}"#;
        let older: NetworkRecord = serde_json::from_str(text).unwrap();
        assert!(!stands_for(&older, &recipe(20), false));
        let known = NetworkRecord { recipe: Some(recipe(20)), ..older };
        let stands = |epochs| {
            (stands_for(&known, &recipe(epochs), false), stands_for(&known, &recipe(epochs), true))
        };
        assert_eq!(stands(20), (true, true));
        assert_eq!(stands(21), (false, false));
        assert_eq!(stands(19), (false, true));
        // The time was over before its learning rate was zero.
        let cut = NetworkRecord { epochs: 19, ..known.clone() };
        assert!(!stands_for(&cut, &recipe(20), false) && !stands_for(&cut, &recipe(19), false));
        assert!(stands_for(&cut, &recipe(19), true));
        let other = Recipe { momentum: 0.8, ..recipe(20) };
        assert!(!stands_for(&known, &other, false) && !stands_for(&known, &other, true));
        let written = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<NetworkRecord>(&written).unwrap(), known);
    }

    #[test]
    fn epochs_that_were_trained_before_count() {
        assert_eq!(epochs_in_all(30, 20, 112), 50);
        assert_eq!(epochs_in_all(100, 20, 112), 112);
    }
}
