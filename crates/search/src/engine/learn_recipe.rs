//! Learning of the recipe by hypergradients before a search.

use super::artifact;
use super::plan::Plan;
use super::setup::Setup;
use crate::{DataError, SearchError, TrainingError, TrainingSettings};
use automl_arch::Architecture;
use automl_data::{DataSplits, Recipe, Split};
use automl_numeric::stream;
use automl_study::SharedStorage;
use automl_train::hypergradient::{RecipeHyperparameters, RecipeTuning, RecipeTuningOptions};
use automl_train::{Evaluation, TrainError, Training, on_threads};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// The share of the training images that the recipe learns from.
const HELD_OUT: f64 = 0.2;

/// Updates of the recipe in a training, at least where it has as many steps.
const CHANGES: u64 = 60;

/// Draws of the prior, of which the median network in multiply-accumulates is trained.
const DRAWS: u64 = 15;

/// The study's attribute that holds the outcome.
const ATTRIBUTE: &str = "automl:recipe";

/// `recipe.json`, and the study's attribute: the outcome, which holds for the whole study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Learnt(Learnt),
    /// The reason for which the given recipe stays.
    NotLearnt {
        not_learnt: String,
    },
}

/// A learned recipe with its comparison to the given one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Learnt {
    learning_rate: f64,
    weight_decay: f64,
    label_smoothing: f64,
    augmented: f64,
    /// The batch at which this learning rate is right; not known of older ones.
    #[serde(default)]
    batch: Option<usize>,
    /// The same network on the validation images, trained from scratch with the given recipe and with
    /// the learned one.
    given: Outcome,
    learnt: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Outcome {
    accuracy: f64,
    loss: f64,
}

impl Learnt {
    /// Compares by accuracy, since label smoothing raises the loss of networks that are as good.
    fn is_better(&self) -> bool {
        let key = |outcome: Outcome| (outcome.accuracy, -outcome.loss);
        key(self.learnt) > key(self.given)
    }

    fn apply(&self, training: &mut TrainingSettings) {
        training.learning_rate = Some(self.learning_rate);
        training.weight_decay = Some(self.weight_decay);
        training.label_smoothing = Some(self.label_smoothing);
        training.augmented = Some(self.augmented);
        training.batch = training.batch.or(self.batch);
    }

    fn describe(&self) -> String {
        let verdict = if self.is_better() { "kept" } else { "not kept" };
        format!(
            "learnt recipe: learning rate {:.3}, weight decay {:.1e}, label smoothing {:.3}, \
             {:.0}% augmented; validation {:.2}% (loss {:.4}) against {:.2}% ({:.4}) as given: {verdict}",
            self.learning_rate,
            self.weight_decay,
            self.label_smoothing,
            self.augmented * 100.0,
            self.learnt.accuracy * 100.0,
            self.learnt.loss,
            self.given.accuracy * 100.0,
            self.given.loss
        )
    }
}

/// The learning of a recipe.
pub(super) struct RecipeLearning<'a> {
    pub(super) setup: Setup<'a>,
    /// The end of the learning; a recipe that is not learned by then stays as given.
    pub(super) deadline: Option<Instant>,
}

impl RecipeLearning<'_> {
    /// The training settings of the search: with what was learnt where that does better, as given
    /// where it does not. A study learns once and keeps the outcome in its record, with a copy in
    /// `recipe.json`, also where the time was over or the training diverged, but not after an
    /// interruption.
    ///
    /// One training learns learning rate, weight decay, label smoothing and the augmented share
    /// along with a typical network's weights. Since hypergradients look a short way ahead, two
    /// more trainings from scratch decide on the study's validation images.
    pub(super) fn run(
        &self,
        record: &mut dyn SharedStorage,
        threads: usize,
    ) -> Result<TrainingSettings, SearchError> {
        let mut training = self.setup.settings.training.clone();
        let path = self.setup.folder.path.join("recipe.json");
        let kept = match artifact::known(record, ATTRIBUTE, &path)? {
            Some(known) => known,
            None => {
                let outcome = outcome(self.learn_on(threads))?;
                if self.setup.stop.is_set() {
                    return Ok(training);
                }
                artifact::keep(record, ATTRIBUTE, &path, outcome)?
            }
        };
        match kept {
            Kept::Learnt(learnt) => {
                self.setup.note(learnt.describe());
                if learnt.is_better() {
                    learnt.apply(&mut training);
                }
            }
            Kept::NotLearnt { not_learnt } => {
                self.setup.note(format!("the recipe stays as it was given: {not_learnt}"));
            }
        }
        Ok(training)
    }

    fn learn_on(&self, threads: usize) -> Result<Learnt, SearchError> {
        self.setup.note("learning the recipe: three trainings of a typical network".into());
        on_threads(threads, || self.learn())
    }

    fn learn(&self) -> Result<Learnt, SearchError> {
        let (data, recipe) = (&self.setup.plan.search_data, &self.setup.plan.recipe);
        let seed = stream(self.setup.settings.seed, 0, "recipe weights").random();
        let network = self.typical();
        let tuned = self.tune(&network, Arc::new(data.hold_out(HELD_OUT, seed)?), seed)?;
        let RecipeHyperparameters { learning_rate, weight_decay, label_smoothing, augmented } =
            tuned;
        let mut better = recipe.clone();
        tuned.apply(&mut better);
        Ok(Learnt {
            learning_rate,
            weight_decay,
            label_smoothing,
            augmented,
            batch: Some(recipe.batch),
            given: self.outcome(&network, recipe, seed)?,
            learnt: self.outcome(&network, &better, seed)?,
        })
    }

    fn tune(
        &self,
        network: &Architecture,
        data: Arc<DataSplits>,
        seed: u64,
    ) -> Result<RecipeHyperparameters, TrainError> {
        let recipe = &self.setup.plan.recipe;
        let steps = recipe.epochs * data.train.len().div_ceil(recipe.batch) as u64;
        let options = RecipeTuningOptions::default();
        let options =
            RecipeTuningOptions { every: (steps / CHANGES).clamp(1, options.every), ..options };
        let mut tuning =
            RecipeTuning::new(network, &data, recipe, options, seed, self.setup.device)?;
        for _ in 0..recipe.epochs {
            tuning.run_epoch(&|| self.is_over())?;
        }
        Ok(tuning.tuned())
    }

    /// The outcome of a training from scratch.
    fn outcome(
        &self,
        network: &Architecture,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Outcome, TrainError> {
        let data = &self.setup.plan.search_data;
        let mut training = Training::new(network, data, recipe, seed, self.setup.device)?;
        while training.epoch() < training.epochs() {
            training.run_epoch(&|| self.is_over())?;
        }
        let Evaluation { accuracy, loss, .. } = training.evaluate(Split::Validation);
        Ok(Outcome { accuracy, loss })
    }

    /// The network of median cost among some of the prior that the caps allow.
    fn typical(&self) -> Architecture {
        let Plan { candidates, space, caps, .. } = self.setup.plan;
        let draw =
            |number| space.sample_prior(&mut stream(self.setup.settings.seed, number, "typical"));
        let allowed = |number| candidates.of(&draw(number)).ok().filter(|drawn| caps.allow(drawn));
        let mut drawn: Vec<_> = (0..DRAWS).filter_map(allowed).collect();
        drawn.sort_by_key(|candidate| candidate.cost.macs);
        match drawn.get(drawn.len() / 2) {
            Some(candidate) => candidate.architecture.clone(),
            None => candidates.architecture(&draw(0)),
        }
    }

    fn is_over(&self) -> bool {
        self.setup.is_over(self.deadline)
    }
}

/// Trainings that ended early are an outcome too.
fn outcome(learnt: Result<Learnt, SearchError>) -> Result<Kept, SearchError> {
    match learnt {
        Ok(learnt) => Ok(Kept::Learnt(learnt)),
        Err(error) if error.is_stop() => {
            Ok(Kept::NotLearnt { not_learnt: "the time for it was over".into() })
        }
        Err(
            error @ (SearchError::Training(TrainingError::Train(TrainError::Diverged { .. }))
            | SearchError::Data(DataError::Split(_))),
        ) => Ok(Kept::NotLearnt { not_learnt: error.to_string() }),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::folder::StudyFolder;
    use crate::{Event, Settings};
    use automl_data::Dataset;
    use automl_study::StopFlag;
    use automl_train::cpu;
    use std::sync::Mutex;

    /// More images would be trained in larger batches, for which the learning rate is too small.
    #[test]
    fn a_learnt_rate_goes_with_its_batch() {
        let outcome = Outcome { accuracy: 0.9, loss: 0.4 };
        let learnt = Learnt {
            learning_rate: 0.05,
            weight_decay: 1e-4,
            label_smoothing: 0.01,
            augmented: 0.8,
            batch: Some(32),
            given: outcome,
            learnt: outcome,
        };
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let mut training = Settings::default().training;
        learnt.apply(&mut training);
        let recipe = training.recipe(&data, 27);
        assert_eq!((recipe.batch, recipe.learning_rate), (32, 0.05));
    }

    /// A recipe that was not learnt in time is not learnt later, when more time is given.
    #[test]
    fn a_study_tries_to_learn_once() {
        let runs = tempfile::tempdir().unwrap();
        let settings = Settings::default();
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let plan = Plan::new(&settings, data, None, &cpu(), &|| false).unwrap();
        let folder =
            StudyFolder::open(runs.path(), Some("late"), "digits", &StopFlag::new(), &|| ())
                .unwrap()
                .unwrap();
        let path = folder.path.join("recipe.json");
        let notes = Mutex::new(Vec::new());
        let record = automl_storage::MemoryStorage::new();
        let observer = |event: &Event| {
            if let Event::Note(note) = event {
                notes.lock().unwrap().push(note.clone());
            }
        };
        let run = |folder: &StudyFolder, stop: &StopFlag, deadline| {
            let (settings, plan) = (&settings, &plan);
            let setup = Setup { settings, plan, folder, device: &cpu(), stop, observer: &observer };
            let training = RecipeLearning { setup, deadline }.run(&mut record.clone(), 1).unwrap();
            assert_eq!(training, settings.training);
            std::mem::take(&mut *notes.lock().unwrap())
        };
        let stopped = StopFlag::new();
        stopped.set();
        assert_eq!(run(&folder, &stopped, None).len(), 1);
        assert!(!path.exists());

        let late = run(&folder, &StopFlag::new(), Some(Instant::now()));
        assert_eq!(late[1], "the recipe stays as it was given: the time for it was over");
        assert!(path.exists());
        assert_eq!(run(&folder, &StopFlag::new(), None), late[1..]);

        // Neither does a process in another folder.
        let other =
            StudyFolder::open(runs.path(), Some("other"), "digits", &StopFlag::new(), &|| ())
                .unwrap()
                .unwrap();
        assert_eq!(run(&other, &StopFlag::new(), None), late[1..]);
        assert!(other.path.join("recipe.json").exists());
    }
}
