//! Weight sharing: a supernet proposes the first candidates of a search.

use super::plan::{ETA, Plan};
use super::rungs::Macs;
use super::setup::Setup;
use crate::{DataError, Event, SearchError, TrainingError};
use automl_data::Recipe;
use automl_extent::Extent;
use automl_numeric::pareto;
use automl_study::{Fidelity, Study};
use automl_train::{Candidate, Supernet, TrainError, on_threads};
use std::sync::Arc;
use std::time::Instant;

/// The cost of an epoch of a supernet in epochs of a typical candidate on images of the same side: it
/// trains on four fifths of the images and judges as many held-out ones most of the time, and its
/// networks become several times as large as is typical.
const EPOCH_COST: f64 = 3.0;

/// The least steps of a supernet, so that one of a few hundred images learns anything at all.
const LEAST_STEPS: usize = 250;

/// The least side of the images that a supernet learns from, where a data set's are larger.
const LEAST_SIDE: usize = 12;

/// The share of the training images that the distribution over networks learns from.
const HELD_OUT: f64 = 0.2;

/// The number of networks that are ranked with inherited weights.
const CANDIDATES: usize = 32;

/// The ratio of a search's batch to a supernet's, which needs many steps.
const SMALLER: usize = 4;

/// The least batch of a supernet, unless a search's is smaller: below, a step is mostly overhead.
const LEAST_BATCH: usize = 32;

/// The training of a supernet before the trials.
pub(super) struct Learning<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) deadline: Option<Instant>,
}

impl Learning<'_> {
    /// Trains a supernet and gives the study its best candidates as starting points. Learning costs
    /// about as much as the trials that follow; it is over early at half of the search's time.
    ///
    /// Nothing is kept between runs: a study that has trials has learnt, one without learns anew. Of
    /// several processes that learn at once, the first one's candidates count.
    pub(super) fn run(&self, study: &mut Study, threads: usize) -> Result<(), SearchError> {
        if !study.history().is_empty() {
            return Ok(());
        }
        let candidates = match on_threads(threads, || self.candidates(study)) {
            Ok(candidates) => candidates,
            Err(error) if error.is_stop() => return Ok(()),
            Err(error) if is_tolerable(&error) => {
                self.setup.note(format!("the search goes on without starting points: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        study.refresh()?;
        if !study.history().is_empty() {
            self.setup.note("another process has given the study its starting points".into());
            return Ok(());
        }
        let starts = self.starts(&candidates);
        for candidate in &starts {
            study.refresh()?;
            if !study.history().seen(&candidate.config) {
                study.enqueue(candidate.config.clone())?;
            }
        }
        self.setup.tell(&Event::Learned {
            candidates: candidates.len(),
            starts: starts.len(),
            accuracy: candidates.first().map(|candidate| candidate.evaluation.accuracy),
        });
        Ok(())
    }

    /// Height and width of the images that the supernet learns from: half of their own, where that is
    /// enough. A step then costs a quarter of the multiply-accumulates.
    fn side(&self) -> Extent {
        let full = self.setup.plan.search_data.side;
        let half = Some(full.shorter().div_ceil(2)).filter(|half| *half >= LEAST_SIDE);
        half.map_or(full, |half| full.scaled_to(half))
    }

    /// The epochs that cost as much as the trials, and at least as many as make up the least steps. Of
    /// successive halving, each rung sees the share 1 / eta of the one below.
    fn epochs(&self, steps_per_epoch: usize) -> u64 {
        let ladder = &self.setup.plan.rungs.ladder;
        let epoch = ladder.cost(ladder.max()) / self.setup.plan.recipe.epochs as f64;
        let steps =
            ladder.rungs(ETA).into_iter().scan((Fidelity::ZERO, 1.0), |(last, share), rung| {
                let cost = ladder.cost_between(*last, rung) * *share;
                (*last, *share) = (rung, *share / ETA);
                Some(cost)
            });
        let cost = steps.sum::<f64>() / epoch * self.setup.plan.trials as f64;
        let Plan { candidates, space, search_data, .. } = self.setup.plan;
        let macs = Macs::new(candidates, space);
        let smaller = macs.at(self.side()) / macs.at(search_data.side);
        let affordable = (cost / (EPOCH_COST * smaller)).round() as u64;
        affordable.max(LEAST_STEPS.div_ceil(steps_per_epoch.max(1)) as u64)
    }

    /// The ranked candidates; none where another process was faster.
    fn candidates(&self, study: &mut Study) -> Result<Vec<Candidate>, SearchError> {
        let Plan { candidates, space, recipe, .. } = self.setup.plan;
        // The check of the search refuses other spaces.
        let Some(blocks) = candidates.networks().blocks() else { return Ok(Vec::new()) };
        let seed = self.setup.settings.seed;
        let data = self.setup.plan.search_data.resized(self.side());
        let data = Arc::new(data.hold_out(HELD_OUT, seed)?);
        let batch = (recipe.batch / SMALLER).max(LEAST_BATCH).min(recipe.batch.max(2));
        let recipe = Recipe {
            epochs: self.epochs(data.train.len() / batch),
            batch,
            learning_rate: recipe.learning_rate * batch as f64 / recipe.batch as f64,
            ..recipe.clone()
        };
        let start = Instant::now();
        let mut supernet = Supernet::new(blocks, space, &data, &recipe, seed, self.setup.device)?;
        let left = self.deadline.map(|d| d.saturating_duration_since(start));
        let (half, most) =
            (left.map(|left| start + left / 2), left.map(|left| start + left / 4 * 3));
        let over = |until: Option<Instant>| move || self.setup.is_over(until);
        while supernet.epoch() < supernet.epochs() {
            let report = match supernet.run_epoch(&over(half)) {
                // What the weights have learnt within the epoch counts.
                Err(TrainError::Stopped { .. }) if !self.setup.stop.is_set() => break,
                report => report?,
            };
            self.setup.tell(&Event::Learning {
                epoch: report.epoch,
                epochs: supernet.epochs(),
                loss: report.loss,
                accuracy: report.accuracy,
            });
            study.refresh()?;
            if !study.history().is_empty() {
                return Ok(Vec::new());
            }
        }
        let candidates = supernet.rank(CANDIDATES, &over(most))?;
        if self.setup.stop.is_set() {
            return Err(TrainError::Stopped { epoch: supernet.epoch() }.into());
        }
        Ok(candidates)
    }

    fn price(&self, candidate: &Candidate) -> f64 {
        let Plan { candidates, caps, .. } = self.setup.plan;
        let objective = self.setup.settings.search.cost_objective;
        let price = candidates.of(&candidate.config).map(|network| caps.price(objective, &network));
        price.unwrap_or(f64::INFINITY)
    }

    /// The candidates to start with, two thirds of the trials: by non-domination rank of corrected
    /// loss and price, the ends and the most isolated of each rank first.
    fn starts(&self, candidates: &[Candidate]) -> Vec<Candidate> {
        let losses: Vec<[f64; 2]> =
            candidates.iter().map(|c| [c.corrected, self.price(c).ln()]).collect();
        let count = (2 * self.setup.plan.trials).div_ceil(3) as usize;
        let order = pareto::order(&losses).into_iter().take(count);
        order.map(|index| candidates[index].clone()).collect()
    }
}

/// Whether a search goes on after such a failure of its supernet.
fn is_tolerable(error: &SearchError) -> bool {
    matches!(
        error,
        SearchError::Training(TrainingError::Train(
            TrainError::Diverged { .. } | TrainError::NoPath
        )) | SearchError::Data(DataError::Split(_))
    )
}
