//! The end of a search: the most promising networks are trained to the end, tested once and saved.

mod deploy;
mod int8;
mod network;
mod queue;
mod settle;

use super::plan::ETA;
use super::pool::{Pool, lock};
use super::setup::Setup;
use crate::network_record::Repeat;
use crate::{CostObjective, Event, Network, NetworkRecord, SearchError, Trainings, saved};
use automl_candidates::{
    Candidate, CurveExtrapolation, FinalEpochs, Prospect, Standing, TrialMetrics, expected_places,
    final_order, front_order,
};
use automl_gp::region_losses;
use automl_numeric::pareto;
use automl_study::{History, State, Trial};
use automl_train::{Timing, TrainError, latency_engine, measure};
use queue::Queue;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A network that is worth the final training.
#[derive(Clone, Debug)]
struct Finalist {
    trial: u64,
    candidate: Arc<Candidate>,
    /// Seconds of one epoch on all of the data.
    seconds: f64,
    /// Validation accuracy at the search's highest rung, perhaps extrapolated.
    accuracy: f64,
}

/// A network after its final training.
#[derive(Clone, Debug)]
struct Trained {
    finalist: Finalist,
    record: NetworkRecord,
    /// The records of its further trainings, in the order of `record.repeats`.
    again: Vec<NetworkRecord>,
}

impl Trained {
    fn add(&mut self, again: NetworkRecord) {
        self.record.repeats.push(Repeat::of(&again));
        self.again.push(again);
    }
}

/// The final training of a search.
pub(super) struct Finish<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) seed: u64,
    pub(super) deadline: Option<Instant>,
}

impl Finish<'_> {
    /// Trains the most promising networks on all training images and returns the front, smallest first:
    /// those that no other beats in both validation loss and cost. `None` where no trial has a report.
    ///
    /// Where accuracy is the metric, the loss decides: on a few hundred images, the accuracy has steps
    /// as large as the differences between networks, and one lucky small network would dominate all
    /// others. Any other metric decides itself.
    pub(super) fn run(
        &self,
        history: &History,
        pool: Pool,
    ) -> Result<Option<Vec<Network>>, SearchError> {
        let mut finalists = self.finalists(history);
        if finalists.is_empty() {
            return Ok(None);
        }
        let epochs = self.fit_epochs(&mut finalists, pool.workers);
        self.setup.tell(&Event::Final { networks: finalists.len(), epochs });
        let most = self.most_epochs();
        let queue = Mutex::new(Queue::new(finalists, pool.workers, most, self.deadline));
        let results = Mutex::new(Vec::new());
        pool.run(|has_failed| {
            while !self.setup.stop.is_set() && !has_failed() {
                let Some((finalist, epochs)) = lock(&queue).pop() else { break };
                let trial = finalist.trial;
                let trained = self.train(finalist, epochs, &queue)?;
                lock(&queue).done(trial, trained.is_some());
                lock(&results).extend(trained);
            }
            Ok::<(), SearchError>(())
        })?;
        let trained = std::mem::take(&mut *lock(&results));
        let mut trained = self.time(trained)?;
        if self.setup.settings.search.repeat == Trainings::UntilSettled {
            trained = self.settle(trained, pool, &queue)?;
        }
        let mut front = self.front(trained);
        self.deploy(&mut front)?;
        Ok(Some(front))
    }

    /// Measures latencies one after the other, now that nothing else runs.
    fn time(&self, trained: Vec<Trained>) -> Result<Vec<Trained>, SearchError> {
        let timed = |mut trained: Trained| {
            let Trained { finalist, record, .. } = &mut trained;
            let network = &finalist.candidate.architecture;
            let time = measure(network, &Timing::default(), self.setup.device);
            record.latency_us = Some(time.map_err(TrainError::from)?);
            record.latency_engine = Some(latency_engine(self.setup.device).to_owned());
            saved::update(&self.front_folder(finalist.trial), record)?;
            Ok(trained)
        };
        trained.into_iter().map(timed).collect()
    }

    fn front_folder(&self, trial: u64) -> PathBuf {
        self.setup.folder.path.join("front").join(format!("trial-{trial}"))
    }

    /// The best candidates by region, size, extrapolated loss and cost in [final_order], parts of a trained network in
    /// [front_order]; every network once.
    fn finalists(&self, history: &History) -> Vec<Finalist> {
        let plan = self.setup.plan;
        let rungs = plan.rungs.ladder.rungs(ETA).into_iter().map(u64::from).collect();
        let expected = CurveExtrapolation::new(history, rungs);
        let tried = history.trials().iter().filter(|trial| trial.state != State::Failed);
        let judged: Vec<_> = tried
            .filter_map(|trial| {
                let cost = history.losses(trial.last_values()?)[1];
                Some((trial, [expected.loss(history, trial)?, cost]))
            })
            .collect();
        // Costs differ by factors.
        let losses: Vec<_> = judged.iter().map(|(_, losses)| [losses[0], losses[1].ln()]).collect();
        let mut ids = HashSet::new();
        let mut finalists = Vec::new();
        let regions = region_losses(&plan.space, history, Some(&plan.rungs.ladder), 0);
        let standing = |(trial, own): &(&Trial, [f64; 2])| Standing {
            loss: regions.get(&trial.number).copied().unwrap_or(own[0]),
            size: plan.candidates.of(&trial.config).map_or(f64::NAN, |one| one.cost.size()),
            share: plan.trained_share(trial.fidelity().0),
        };
        // Parts of one network have no luck of their own in training.
        let order = match plan.learned() {
            Some(_) => front_order(&losses),
            None => final_order(&losses, &expected_places(judged.iter().map(standing))),
        };
        for index in order {
            let trial = judged[index].0;
            let Ok(candidate) = plan.candidates.of(&trial.config) else { continue };
            // A study that goes on under tighter limits has trials beyond them.
            if plan.caps.allow(&candidate) && ids.insert(candidate.id) {
                let epoch = TrialMetrics::of(trial).and_then(TrialMetrics::epoch_seconds);
                finalists.push(Finalist {
                    trial: trial.number.0,
                    candidate,
                    seconds: epoch.unwrap_or(1.0) * plan.final_images(),
                    accuracy: -losses[index][0],
                });
            }
            if finalists.len() >= self.setup.settings.search.final_networks.max(1) {
                break;
            }
        }
        finalists
    }

    /// The most epochs of a network.
    fn most_epochs(&self) -> u64 {
        let FinalEpochs { wanted, most } = self.setup.plan.final_epochs;
        if self.deadline.is_some() { most } else { wanted }
    }

    /// The epochs of the slowest finalist that fit into the remaining time, and into which the finalists do.
    fn fit_epochs(&self, finalists: &mut Vec<Finalist>, workers: usize) -> u64 {
        let Some(deadline) = self.deadline else { return self.most_epochs() };
        let left = deadline.saturating_duration_since(Instant::now()).as_secs_f64() * 0.9;
        let of = |one: &Finalist| Prospect { seconds: one.seconds, accuracy: one.accuracy };
        self.setup.plan.final_epochs.fit(finalists, of, workers, left)
    }

    fn network(&self, trial: u64, record: &NetworkRecord) -> Network {
        let intervals = record.test.as_ref().and_then(|report| report.intervals);
        let folder = self.front_folder(trial);
        let deploy = self.setup.settings.search.export_command(&folder, &format!("trial-{trial}"));
        let files =
            ["model.yaml", "weights.safetensors", "weights.bpk", "metrics.json", "network.json"];
        Network {
            trial,
            params: record.params,
            macs: record.macs,
            validation_accuracy: record.validation_accuracy,
            validation_loss: record.validation_loss,
            test_accuracy: record.test_accuracy,
            validation_macro_f1: record.validation.as_ref().map(|report| report.macro_f1),
            test_macro_f1: record.test.as_ref().map(|report| report.macro_f1),
            test_interval: intervals.map(|intervals| intervals.accuracy),
            test_spread: record.spread(),
            cross_validated: record.cross_validated(),
            flash_bytes: record.flash_bytes,
            ram_bytes: record.ram_bytes,
            int8_accuracy: record.int8.map(|int8| int8.test_accuracy),
            latency_us: record.latency_us,
            latency_engine: record.latency_engine.clone(),
            deploy: Some(deploy),
            files: files.map(|file| format!("front/trial-{trial}/{file}")).to_vec(),
        }
    }

    /// The loss of each training of a network.
    fn losses(&self, Trained { record, again, .. }: &Trained) -> Vec<f64> {
        let objective = &self.setup.plan.objective;
        let again = again.iter().map(|again| {
            let latency_us = record.latency_us;
            objective.loss(&NetworkRecord { latency_us, ..again.clone() })
        });
        std::iter::once(objective.loss(record)).chain(again).collect()
    }

    fn cost(&self, record: &NetworkRecord) -> f64 {
        match self.setup.settings.search.cost_objective {
            CostObjective::Params => record.params as f64,
            CostObjective::Macs => record.macs as f64,
            CostObjective::Flash => record.flash_bytes.map_or(f64::INFINITY, |bytes| bytes as f64),
            CostObjective::Ram => record.ram_bytes.map_or(f64::INFINITY, |bytes| bytes as f64),
            CostObjective::Latency => record.latency_us.unwrap_or(f64::INFINITY),
        }
    }

    /// The networks that no other one beats in both cost and loss, the mean over the trainings of each.
    fn front(&self, mut trained: Vec<Trained>) -> Vec<Network> {
        trained.sort_by_key(|t| (t.record.params, t.record.macs, t.finalist.trial));
        let racers = self.racers(&trained);
        let losses: Vec<_> = racers.iter().map(|racer| [racer.mean(), racer.cost]).collect();
        let ranks = pareto::ranks(&losses);
        let front = trained.iter().zip(ranks).filter(|(_, rank)| *rank == 0);
        front.map(|(t, _)| self.network(t.finalist.trial, &t.record)).collect()
    }
}
