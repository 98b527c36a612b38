//! The end of a search: the front's networks are trained to the end, tested once and saved.

mod queue;

use super::SearchError;
use super::executor::{CHECKPOINT_EVERY, EPOCH_SECONDS, lock};
use super::extrapolation::CurveExtrapolation;
use super::plan::ETA;
use super::setup::Setup;
use crate::{CostObjective, Event, Network};
use automl_arch::{Architecture, Cost};
use automl_data::{Recipe, Split};
use automl_numeric::pareto;
use automl_numeric::stream;
use automl_study::{History, State, attribute};
use automl_train::{Timing, TrainError, Training, export, measure, one_thread};
use queue::Queue;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

/// The learning rate of a final training that starts from the search's weights, relative to one
/// from scratch.
const WARM_RATE: f64 = 0.5;

/// A network that is worth the final training.
#[derive(Clone, Debug)]
struct Candidate {
    trial: u64,
    architecture: Architecture,
    cost: Cost,
    /// Seconds of one epoch on all of the data.
    seconds: f64,
    /// Validation accuracy that it has in the search, or would have.
    accuracy: f64,
}

/// `metrics.json`: what is known of a saved network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Metrics {
    trial: u64,
    fingerprint: u64,
    epochs: u64,
    seed: u64,
    params: u64,
    macs: u64,
    peak_activation_bytes: u64,
    validation_accuracy: f64,
    validation_loss: f64,
    test_accuracy: f64,
    test_loss: f64,
    /// Measured once all are trained.
    latency_us: Option<f64>,
    seconds: f64,
    /// How it was trained, for as many epochs or fewer where the time was over; not known of older
    /// ones.
    #[serde(default)]
    recipe: Option<Recipe>,
}

impl Metrics {
    /// Whether a training by `recipe` need not be run any more: it is this one, or where the time
    /// decides about the epochs a shorter one, also from the search's weights.
    fn stands_for(&self, recipe: &Recipe, timed: bool) -> bool {
        let Some(own) = &self.recipe else { return false };
        if timed {
            let planned = Recipe { epochs: recipe.epochs, ..own.clone() };
            (planned == *recipe || planned == warmed(recipe)) && self.epochs >= recipe.epochs
        } else {
            own == recipe && self.epochs == recipe.epochs
        }
    }
}

/// What the final training needs.
pub(super) struct Finish<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) seed: u64,
    pub(super) deadline: Option<Instant>,
}

impl Finish<'_> {
    /// Trains the most promising networks on all training images and returns the front: those
    /// that no other beats in both validation loss and cost, smallest first.
    ///
    /// The loss decides, not the accuracy: on a few hundred images the accuracy moves in steps
    /// that are as large as the differences between networks, and a single lucky small network
    /// would stand before all larger ones.
    pub(super) fn run(
        &self,
        history: &History,
        workers: usize,
        one_thread_each: bool,
    ) -> Result<Vec<Network>, SearchError> {
        let mut candidates = self.candidates(history);
        if candidates.is_empty() {
            let last = history.in_state(State::Failed).last();
            let reason = last.and_then(|trial| trial.attributes.get(attribute::REASON)?.as_str());
            return Err(SearchError::NoNetwork {
                failed: history.count(State::Failed),
                reason: reason.map(str::to_owned),
            });
        }
        let epochs = self.fit_epochs(&mut candidates, workers);
        self.setup.tell(&Event::Final { networks: candidates.len(), epochs });
        let queue = Queue::new(candidates, workers, self.setup.plan.final_epochs, self.deadline);
        let queue = Mutex::new(queue);
        let results = Mutex::new(Vec::new());
        let failure = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let work = || {
                        while !self.setup.stop.is_set() && lock(&failure).is_none() {
                            let Some((candidate, epochs)) = lock(&queue).pop() else { break };
                            match self.train(&candidate, epochs, &queue) {
                                Ok(Some(metrics)) => {
                                    lock(&queue).done();
                                    lock(&results).push((candidate, metrics));
                                }
                                Ok(None) => {}
                                Err(error) => {
                                    lock(&failure).get_or_insert(error);
                                }
                            }
                        }
                    };
                    if one_thread_each { one_thread(work) } else { work() }
                });
            }
        });
        if let Some(error) = lock(&failure).take() {
            return Err(error);
        }
        let trained = std::mem::take(&mut *lock(&results));
        Ok(self.front(self.time(trained)?))
    }

    /// Measures the networks one after the other, now that nothing else runs.
    fn time(&self, trained: Vec<(Candidate, Metrics)>) -> Result<Vec<Metrics>, SearchError> {
        let timed = |(candidate, mut metrics): (Candidate, Metrics)| {
            let time = measure(&candidate.architecture, &Timing::default(), self.setup.device);
            metrics.latency_us = Some(time.map_err(TrainError::from)?);
            let text = serde_json::to_string_pretty(&metrics).unwrap_or_default();
            super::write_file(&self.front_folder(metrics.trial).join("metrics.json"), &text)?;
            Ok(metrics)
        };
        trained.into_iter().map(timed).collect()
    }

    fn front_folder(&self, trial: u64) -> PathBuf {
        self.setup.folder.path.join("front").join(format!("trial-{trial}"))
    }

    /// The best candidates of the search by non-domination rank of the expected loss and the cost, the
    /// ends and the most isolated of each rank first, every network once.
    fn candidates(&self, history: &History) -> Vec<Candidate> {
        let rungs = self.setup.plan.rungs.ladder.rungs(ETA).into_iter().map(u64::from).collect();
        let expected = CurveExtrapolation::new(history, rungs);
        let judged: Vec<_> = history
            .trials()
            .iter()
            .filter(|trial| trial.state != State::Failed)
            .filter_map(|trial| {
                let cost = history.losses(trial.last_values()?)[1];
                Some((trial, [expected.loss(history, trial)?, cost]))
            })
            .collect();
        // Costs differ by factors.
        let losses: Vec<_> = judged.iter().map(|(_, losses)| [losses[0], losses[1].ln()]).collect();
        let mut prints = HashSet::new();
        let mut candidates = Vec::new();
        for index in pareto::order(&losses) {
            let trial = judged[index].0;
            let architecture = self.setup.plan.networks.architecture(&trial.config);
            let (Ok(cost), Ok(print)) = (architecture.cost(), architecture.fingerprint()) else {
                continue;
            };
            if prints.insert(print) {
                let share = self.setup.plan.data.train.len() as f64
                    / self.setup.plan.search_data.train.len() as f64;
                let epoch = trial.attributes.get(EPOCH_SECONDS).and_then(|s| s.as_f64());
                let seconds = epoch.unwrap_or(1.0) * share;
                candidates.push(Candidate {
                    trial: trial.number.0,
                    architecture,
                    cost,
                    seconds,
                    accuracy: -losses[index][0],
                });
            }
            if candidates.len() >= self.setup.settings.search.final_networks.max(1) {
                break;
            }
        }
        candidates
    }

    /// The epochs that fit into the time that is left. Where that is not half of those wanted, the
    /// last candidates are given up, down to five, but never the two most accurate.
    fn fit_epochs(&self, candidates: &mut Vec<Candidate>, workers: usize) -> u64 {
        let wanted = self.setup.plan.final_epochs;
        let Some(deadline) = self.deadline else { return wanted };
        let left = deadline.saturating_duration_since(Instant::now()).as_secs_f64() * 0.9;
        loop {
            let all: f64 = candidates.iter().map(|c| c.seconds).sum();
            let slowest = candidates.iter().map(|c| c.seconds).fold(0.0, f64::max);
            let epoch = (all / workers as f64).max(slowest).max(1e-6);
            let fits = (left / epoch).floor() as u64;
            if fits >= wanted.div_ceil(2)
                || candidates.len() <= self.setup.settings.search.final_networks.min(5)
            {
                return fits.clamp(1, wanted);
            }
            let mut accuracies: Vec<f64> = candidates.iter().map(|c| c.accuracy).collect();
            accuracies.sort_by(|a, b| b.total_cmp(a));
            let kept = accuracies.get(1).copied().unwrap_or(f64::NEG_INFINITY);
            let Some(last) = candidates.iter().rposition(|c| c.accuracy < kept) else {
                return fits.clamp(1, wanted);
            };
            candidates.remove(last);
        }
    }

    /// Trains, tests and saves one network; `None` if it was stopped, diverged, or was not through
    /// in time while another was.
    fn train(
        &self,
        candidate: &Candidate,
        epochs: u64,
        queue: &Mutex<Queue>,
    ) -> Result<Option<Metrics>, SearchError> {
        let Candidate { trial, architecture, cost, .. } = candidate;
        let folder = self.front_folder(*trial);
        let seed: u64 = stream(self.seed, *trial, "final weights").random();
        let fingerprint = architecture.fingerprint().unwrap_or_default();
        let path = folder.join("metrics.json");
        let recipe = self.setup.settings.training.recipe(&self.setup.plan.data, epochs);
        // A run that was interrupted here has some of them behind it.
        if let Ok(text) = fs::read_to_string(&path)
            && let Ok(known) = serde_json::from_str::<Metrics>(&text)
            && (known.fingerprint, known.seed) == (fingerprint, seed)
            && known.stands_for(&recipe, self.deadline.is_some())
        {
            return Ok(Some(known));
        }
        let start = Instant::now();
        let mut training = self.begin(candidate, &recipe, seed)?;
        let checkpoint = self.setup.folder.final_checkpoint(*trial);
        let mut saved = Instant::now();
        while training.epoch() < training.epochs() {
            match training.run_epoch(&|| self.setup.stop.is_set() || lock(queue).is_over()) {
                Ok(report) => {
                    // Where an epoch takes longer than thought, there are fewer of them.
                    match lock(queue).fit(candidate, report.time.as_secs_f64()) {
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
                Err(TrainError::Stopped { .. }) => {
                    if !self.setup.stop.is_set() {
                        let note = format!("trial {trial} is left out of the front: out of time");
                        self.setup.note(note);
                    }
                    return Ok(None);
                }
                Err(error @ TrainError::Diverged { .. }) => {
                    self.setup.note(format!("trial {trial} is left out of the front: {error}"));
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let validation = training.evaluate(Split::Validation);
        let test = training.evaluate(Split::Test);
        let metrics = Metrics {
            trial: *trial,
            fingerprint,
            epochs: training.epoch(),
            seed,
            params: cost.parameters,
            macs: cost.macs,
            peak_activation_bytes: cost.peak_activation_bytes,
            validation_accuracy: validation.accuracy,
            validation_loss: validation.loss,
            test_accuracy: test.accuracy,
            test_loss: test.loss,
            latency_us: None,
            seconds: start.elapsed().as_secs_f64(),
            recipe: Some(Recipe { epochs: training.epochs(), ..training.recipe().clone() }),
        };
        // Whoever finds them takes the weights beside them for theirs.
        let _ = fs::remove_file(&path);
        export(&training.trained(), architecture, &folder)?;
        let text = serde_json::to_string_pretty(&metrics).unwrap_or_default();
        super::write_file(&path, &text)?;
        self.setup.tell(&Event::Trained(self.network(&metrics)));
        Ok(Some(metrics))
    }

    /// The training of a network: one that was interrupted, or a new one.
    fn begin(
        &self,
        candidate: &Candidate,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Training, SearchError> {
        let Setup { plan, folder, device, .. } = self.setup;
        let Candidate { trial, architecture, .. } = candidate;
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
        // Where time is short, what the search has learnt is the start.
        if recipe.epochs < plan.final_epochs
            && let path = folder.checkpoint(*trial)
            && let Ok(training) = Training::from_weights(&path, data, &warm, seed, device)
            && training.architecture() == Some(architecture)
        {
            return Ok(training);
        }
        Ok(Training::new(architecture, data, recipe, seed, device)?)
    }

    fn network(&self, metrics: &Metrics) -> Network {
        let files = ["model.yaml", "weights.safetensors", "weights.bpk", "metrics.json"];
        Network {
            trial: metrics.trial,
            params: metrics.params,
            macs: metrics.macs,
            validation_accuracy: metrics.validation_accuracy,
            validation_loss: metrics.validation_loss,
            test_accuracy: metrics.test_accuracy,
            latency_us: metrics.latency_us,
            files: files.map(|file| format!("front/trial-{}/{file}", metrics.trial)).to_vec(),
        }
    }

    fn front(&self, mut metrics: Vec<Metrics>) -> Vec<Network> {
        metrics.sort_by_key(|m| (m.params, m.macs, m.trial));
        let cost = |m: &Metrics| match self.setup.settings.search.cost_objective {
            CostObjective::Params => m.params as f64,
            CostObjective::Macs => m.macs as f64,
            CostObjective::Latency => m.latency_us.unwrap_or(f64::INFINITY),
        };
        let losses: Vec<_> = metrics.iter().map(|m| [m.validation_loss, cost(m)]).collect();
        let ranks = pareto::ranks(&losses);
        let front = metrics.iter().zip(ranks).filter(|(_, rank)| *rank == 0);
        front.map(|(metrics, _)| self.network(metrics)).collect()
    }
}

/// The recipe of a training that starts from the search's weights.
fn warmed(recipe: &Recipe) -> Recipe {
    Recipe { learning_rate: WARM_RATE * recipe.learning_rate, ..recipe.clone() }
}

/// The epochs of a training that has `done` some, when `more` fit into the time: those too count.
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
        let older: Metrics = serde_json::from_str(text).unwrap();
        assert!(!older.stands_for(&recipe(20), false));
        let known = Metrics { recipe: Some(recipe(20)), ..older };
        let stands = |epochs| {
            (known.stands_for(&recipe(epochs), false), known.stands_for(&recipe(epochs), true))
        };
        assert_eq!(stands(20), (true, true));
        assert_eq!(stands(21), (false, false));
        assert_eq!(stands(19), (false, true));
        // The time was over before its learning rate was zero.
        let cut = Metrics { epochs: 19, ..known.clone() };
        assert!(!cut.stands_for(&recipe(20), false) && !cut.stands_for(&recipe(19), false));
        assert!(cut.stands_for(&recipe(19), true));
        let other = Recipe { momentum: 0.8, ..recipe(20) };
        assert!(!known.stands_for(&other, false) && !known.stands_for(&other, true));
        let written = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<Metrics>(&written).unwrap(), known);
    }

    #[test]
    fn epochs_that_were_trained_before_count() {
        assert_eq!(epochs_in_all(30, 20, 112), 50);
        assert_eq!(epochs_in_all(100, 20, 112), 112);
    }
}
