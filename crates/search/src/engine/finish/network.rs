//! The final training of one network.

use super::queue::Queue;
use super::{Finalist, Finish, Trained};
use crate::engine::executor::CHECKPOINT_EVERY;
use crate::engine::pool::lock;
use crate::engine::setup::Setup;
use crate::file::remove;
use crate::init::start_from;
use crate::network_record::{METRICS, Repeat};
use crate::split::SplitSettings;
use crate::{Event, NetworkRecord, SearchError, Trainings, saved};
use automl_data::{DataSplits, Recipe, Split};
use automl_deploy::ErrorSamples;
use automl_numeric::stream;
use automl_train::{Saver, TrainError, Training, export};
use rand::RngExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The learning rate of a final training that starts from the search's weights, its own or shared ones,
/// relative to one from scratch.
const WARM_RATE: f64 = 0.5;

impl Finish<'_> {
    /// Trains, tests and saves one network, and again from other weights where asked for; `None` if it
    /// was stopped, diverged, or was not through in time while another was.
    pub(super) fn train(
        &self,
        finalist: Finalist,
        epochs: u64,
        queue: &Mutex<Queue>,
    ) -> Result<Option<Trained>, SearchError> {
        let Some(mut record) = self.train_once(&finalist, epochs, queue, 0)? else {
            return Ok(None);
        };
        let times = match self.setup.settings.search.repeat {
            Trainings::Times(times) => times,
            Trainings::UntilSettled => 1,
        };
        let known = std::mem::take(&mut record.repeats);
        let mut trained = Trained { finalist, record, again: Vec::new() };
        for number in 1..times {
            match self.train_once(&trained.finalist, epochs, queue, number)? {
                Some(again) => trained.add(again),
                None => break,
            }
        }
        let Trained { finalist, record, .. } = &mut trained;
        let is_known = record.folds.iter().all(|fold| fold.epochs == record.epochs);
        let folds = match is_known && self.setup.settings.training.folds == Some(record.folds.len())
        {
            true => record.folds.clone(),
            false => self.cross_validate(finalist, epochs, queue)?,
        };
        if record.repeats != known || record.folds != folds {
            record.folds = folds;
            saved::update(&self.front_folder(finalist.trial), record)?;
        }
        Ok(Some(trained))
    }

    /// Trains a network once for each fold of the settings; none where the time ends before all are
    /// through, or one of them diverges.
    fn cross_validate(
        &self,
        finalist: &Finalist,
        epochs: u64,
        queue: &Mutex<Queue>,
    ) -> Result<Vec<Repeat>, SearchError> {
        let Some(count) = self.setup.settings.training.folds else { return Ok(Vec::new()) };
        let Finalist { trial, candidate, .. } = finalist;
        let data = self.setup.plan.data_at(candidate.graph.input_side);
        let seed = stream(self.seed, *trial, "fold weights").random();
        let mut found = Vec::with_capacity(count);
        for (fold, data) in data.folds(count, self.setup.settings.seed)?.into_iter().enumerate() {
            let data = Arc::new(data);
            let recipe = self.setup.settings.training.final_recipe(&data, epochs);
            let recipe = self.setup.plan.candidates.tuned(&candidate.config, &recipe);
            let path = self.setup.folder.fold_checkpoint(*trial, fold);
            let known = self.resumed(&path, &data).filter(|known| {
                let own = (Some(&candidate.architecture), seed, &recipe);
                (known.architecture(), known.seed(), known.recipe()) == own
            });
            let mut training = match known {
                Some(known) => known,
                None => {
                    let network = &candidate.architecture;
                    Training::new(network, &data, &recipe, seed, self.setup.device)?
                }
            };
            if let Err(error) = self.train_to_end(finalist, &mut training, &path, queue) {
                return match error.training() {
                    Some(TrainError::Stopped { .. } | TrainError::Diverged { .. }) => {
                        let note = format!("trial {trial} is not cross-validated: {error}");
                        self.setup.note(note);
                        Ok(Vec::new())
                    }
                    _ => Err(error),
                };
            }
            found.push(Repeat::evaluate(&training));
        }
        (0..count).for_each(|fold| remove(&self.setup.folder.fold_checkpoint(*trial, fold)));
        Ok(found)
    }

    /// The folder and the seed of one of several trainings of a network.
    fn repeat(&self, trial: u64, number: u64) -> (PathBuf, u64) {
        let folder = self.front_folder(trial);
        match number {
            0 => (folder, stream(self.seed, trial, "final weights").random()),
            _ => {
                let purpose = format!("final weights {number}");
                let seed = stream(self.seed, trial, &purpose).random();
                (folder.join(format!("repeat-{number}")), seed)
            }
        }
    }

    pub(super) fn train_once(
        &self,
        finalist: &Finalist,
        epochs: u64,
        queue: &Mutex<Queue>,
        number: u64,
    ) -> Result<Option<NetworkRecord>, SearchError> {
        let Finalist { trial, candidate, .. } = finalist;
        let (folder, seed) = self.repeat(*trial, number);
        let data = self.setup.plan.data_at(candidate.graph.input_side);
        let recipe = self.setup.settings.training.final_recipe(&data, epochs);
        let recipe = self.setup.plan.candidates.tuned(&candidate.config, &recipe);
        let recipe = if self.setup.supernet.is_some() { warmed(&recipe) } else { recipe };
        // An interrupted run may have trained it.
        let known = match saved::known(&folder) {
            Err(error) if !self.setup.settings.search.overwrite => {
                let reason = format!("{error}; remove {} to train it again", folder.display());
                return self.left_out(*trial, &reason);
            }
            known => known.ok().flatten(),
        };
        let known = known.filter(|r| (r.fingerprint, r.seed) == (Some(candidate.id), seed));
        if let Some(known) = &known {
            if stands_for(known, &recipe, self.deadline.is_some()) {
                return Ok(Some(known.clone()));
            }
            if known.epochs > recipe.epochs && !self.setup.settings.search.overwrite {
                return Ok(Some(self.kept(known.clone(), recipe.epochs)));
            }
        }
        let start = Instant::now();
        let mut training = self.begin(finalist, &recipe, seed)?;
        if let Some(note) = training.in_parts() {
            self.setup.note(format!("trial {trial}: {note}"));
        }
        let checkpoint = self.setup.folder.final_checkpoint(*trial);
        if let Err(error) = self.train_to_end(finalist, &mut training, &checkpoint, queue) {
            return match error.training() {
                Some(TrainError::Stopped { .. }) if self.setup.stop.is_set() => Ok(None),
                Some(TrainError::Stopped { .. }) => self.left_out(*trial, "out of time"),
                Some(TrainError::Diverged { .. }) => self.left_out(*trial, &error.to_string()),
                _ => Err(error),
            };
        }
        if let Some(known) = &known
            && known.epochs > training.epoch()
            && !self.setup.settings.search.overwrite
        {
            return Ok(Some(self.kept(known.clone(), training.epoch())));
        }
        let evaluations = [Split::Validation, Split::Test].map(|split| training.evaluate(split));
        let record = NetworkRecord {
            trial: Some(*trial),
            split: Some(SplitSettings::of(self.setup.settings)),
            seconds: start.elapsed().as_secs_f64(),
            ..NetworkRecord::new(
                candidate.cost,
                candidate.id,
                seed,
                &evaluations,
                &data.class_names,
            )
        };
        let record = record.of_training(&training);
        // A record is taken for that of the weights beside it.
        remove(&folder.join(METRICS));
        export(&training.trained(), &candidate.architecture, &folder)?;
        // As the images are in the data, with the names of their files, whatever side the network takes.
        let [validation, test] = &evaluations;
        let errors = ErrorSamples::new(validation, test, &self.setup.plan.data);
        saved::describe(&folder, candidate.graph.clone(), &data, &record, &errors)?;
        if number == 0 {
            self.setup.tell(&Event::Trained(self.network(*trial, &record)));
        }
        Ok(Some(record))
    }

    /// Keeps a network that was trained for longer than it would be now.
    fn kept(&self, known: NetworkRecord, epochs: u64) -> NetworkRecord {
        self.setup.note(format!(
            "trial {} keeps its {} epochs of an earlier run, where this one gives {epochs}; \
             --overwrite replaces them",
            known.trial.unwrap_or_default(),
            known.epochs
        ));
        known
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
        checkpoint: &Path,
        queue: &Mutex<Queue>,
    ) -> Result<(), SearchError> {
        let mut saver = Saver::new(checkpoint, CHECKPOINT_EVERY);
        while training.epoch() < training.epochs() {
            let is_over = || self.setup.stop.is_set() || lock(queue).is_over();
            let report = saver.run_epoch(training, &is_over)?;
            let left = training.epochs() - training.epoch();
            let progress = lock(queue).progress(finalist, left);
            self.setup.tell(&Event::FinalProgress(progress));
            // Where an epoch takes longer than expected, there are fewer of them.
            match lock(queue).fit(finalist, report.epoch, report.time.as_secs_f64()) {
                Some(0) => break,
                Some(more) if report.epoch + more < training.epochs() => {
                    training.set_epochs(report.epoch + more);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// An interrupted training, if there is one.
    fn resumed(&self, path: &Path, data: &Arc<DataSplits>) -> Option<Training> {
        let anew = |error| self.setup.note(format!("a final training begins anew: {error}"));
        Training::resume_if_whole(path, data, self.setup.device, anew)
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
        let data = &plan.data_at(candidate.graph.input_side);
        let warm = warmed(recipe);
        if let Some(mut known) = self.resumed(&folder.final_checkpoint(*trial), data)
            && (known.architecture(), known.seed()) == (Some(architecture), seed)
        {
            if self.deadline.is_none() && known.recipe() == recipe {
                return Ok(known);
            }
            let planned = Recipe { epochs: recipe.epochs, ..known.recipe().clone() };
            if self.deadline.is_some() && (planned == *recipe || planned == warm) {
                let most = self.most_epochs();
                known.set_epochs(epochs_in_all(known.epoch(), recipe.epochs, most));
                return Ok(known);
            }
        }
        if let Some(supernet) = self.setup.supernet {
            return Ok(supernet.inherit(plan, candidate, recipe, seed, device)?);
        }
        // Where time is short, training starts from the weights of the search, unless those know
        // the validation images as images of other folds.
        if recipe.epochs < plan.final_epochs.most
            && self.setup.settings.training.folds.is_none()
            && let path = folder.checkpoint(*trial)
            && let Ok(training) = Training::from_weights(&path, data, &warm, seed, device)
            && training.architecture() == Some(architecture)
        {
            return Ok(training);
        }
        let mut training = Training::new(architecture, data, recipe, seed, device)?;
        if let Some(init) = &self.setup.settings.training.init {
            let count = start_from(&mut training, init)?;
            let note = format!("trial {trial} starts with {count} tensors of {}", init.display());
            self.setup.note(note);
        }
        Ok(training)
    }
}

/// Whether the training of a record stands for one by `recipe`: it is the same or, under a time limit,
/// one as long, also from the search's weights.
fn stands_for(record: &NetworkRecord, recipe: &Recipe, timed: bool) -> bool {
    let Some(own) = &record.recipe else { return false };
    if !timed {
        return own == recipe && record.epochs == recipe.epochs;
    }
    let planned = Recipe { epochs: recipe.epochs, ..own.clone() };
    (planned == *recipe || planned == warmed(recipe)) && record.epochs >= recipe.epochs
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
        let mut later = recipe(20);
        later.augmentation.until = 0.8;
        assert!(!stands_for(&known, &later, false) && !stands_for(&known, &later, true));
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
