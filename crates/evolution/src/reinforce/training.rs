//! The controller as a function of the trials, with checkpoints.

use super::PolicyGradientConfig;
use super::controller::{Controller, Update};
use super::reward::{Results, weightings};
use crate::individual::{Individual, TrialFingerprint};
use automl_space::{Config, Space};
use automl_study::{Source, Sources, TrialId, ranking_weights};

/// The latest checkpoints that are kept.
const LATEST: usize = 8;

/// Every so many checkpoints one is kept for good.
const SPARSE: usize = 16;

/// Updates on each source before the first trial.
const PRETRAINING: usize = 12;

/// The most trials of a source to learn from.
const SOURCE_TRIALS: usize = 200;

/// The controller after the trials of each batch of numbers.
///
/// A batch is learned once all of its numbers are given out. A result that comes later changes its batch
/// and those behind it, which are learned anew from the last checkpoint before it.
#[derive(Clone, Debug)]
pub(super) struct Training {
    space: Space,
    objectives: usize,
    /// Without the sources, and with them.
    start: [Controller; 2],
    is_pretrained: bool,
    /// The results of each learned batch.
    learned: Vec<Vec<TrialFingerprint>>,
    /// Numbers of batches with the controller after them, ascending.
    checkpoints: Vec<(usize, Controller)>,
    /// The configurations of the last learned batch, which belong to another study if they change.
    last: Vec<Config>,
}

impl Training {
    pub(super) fn new(
        space: &Space,
        objectives: usize,
        sources: &Sources,
        config: &PolicyGradientConfig,
    ) -> Self {
        let fresh = Controller::new(space, objectives);
        let mut pretrained = fresh.clone();
        for round in 0..PRETRAINING {
            for source in sources.studies() {
                learn_source(&mut pretrained, space, objectives, source, (round, config));
            }
        }
        Self {
            space: space.clone(),
            objectives,
            start: [fresh, pretrained],
            is_pretrained: !sources.studies().is_empty(),
            learned: Vec::new(),
            checkpoints: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Whether the training is that of a study over this space.
    pub(super) fn is_of(&self, space: &Space, objectives: usize) -> bool {
        self.space == *space && self.objectives == objectives
    }

    /// Whether it began with what the sources tell.
    pub(super) fn is_pretrained(&self) -> bool {
        self.is_pretrained
    }

    /// The controller for the trial of this number after these results, which are in order of their
    /// numbers.
    pub(super) fn controller(
        &mut self,
        all: &[Individual<'_>],
        number: TrialId,
        config: &PolicyGradientConfig,
    ) -> &Controller {
        let size = config.batch.max(1) as u64;
        let batches = (number.0 / size) as usize;
        let end =
            |batch: usize| all.partition_point(|i| i.trial.number.0 < (batch as u64 + 1) * size);
        let part = |batch: usize| &all[if batch == 0 { 0 } else { end(batch - 1) }..end(batch)];
        let prints = |batch: usize| -> Vec<TrialFingerprint> {
            part(batch).iter().map(Individual::fingerprint).collect()
        };
        let same = (0..self.learned.len().min(batches))
            .take_while(|batch| self.learned[*batch] == prints(*batch))
            .count();
        let configs = |batch: usize| -> Vec<Config> {
            part(batch).iter().map(|i| i.trial.config.clone()).collect()
        };
        let is_other = same > 0 && same == self.learned.len() && self.last != configs(same - 1);
        let same = if is_other { 0 } else { same };
        self.learned.truncate(same);
        self.checkpoints.retain(|(batch, _)| *batch < same);
        // Batches behind the last checkpoint are learned again.
        let known = self.checkpoints.last().map_or(0, |(batch, _)| batch + 1);
        self.learned.truncate(known);
        let start = usize::from(self.is_trusted(part(0)));
        let mut controller = match self.checkpoints.last() {
            Some((_, controller)) => controller.clone(),
            None => self.start[start].clone(),
        };
        for batch in known..batches {
            let seen = &all[..end(batch)];
            let window = &seen[seen.len().saturating_sub(config.window.max(1))..];
            if !part(batch).is_empty() {
                learn(&mut controller, &self.space, self.objectives, window, config);
            }
            self.learned.push(prints(batch));
            self.last = configs(batch);
            self.checkpoints.push((batch, controller.clone()));
        }
        let latest = self.learned.len().saturating_sub(LATEST);
        self.checkpoints.retain(|(batch, _)| *batch >= latest || batch % SPARSE == SPARSE - 1);
        match self.checkpoints.last() {
            Some((_, controller)) => controller,
            None => &self.start[start],
        }
    }

    /// Whether the pre-trained controller has ranked the first batch in the right order.
    fn is_trusted(&self, first: &[Individual<'_>]) -> bool {
        if !self.is_pretrained {
            return false;
        }
        let weights = weightings(self.objectives);
        let middle = &weights[weights.len() / 2];
        let scores: Vec<f64> = first
            .iter()
            .map(|i| -self.start[1].log_density(&self.space, &i.trial.config, middle))
            .collect();
        let n = scores.len().max(1) as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let sd = (scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
        let scores = scores.iter().map(|s| (s - mean) / sd).collect();
        let losses: Vec<f64> =
            Results::of(first).advantages(middle).iter().map(|advantage| -advantage).collect();
        ranking_weights(&[scores], &losses, |_, _| true)[0] > 0.5
    }
}

/// One update on the latest trials.
fn learn(
    controller: &mut Controller,
    space: &Space,
    objectives: usize,
    window: &[Individual<'_>],
    config: &PolicyGradientConfig,
) {
    let results = Results::of(window);
    let mut episodes = Vec::new();
    for weights in weightings(objectives) {
        let advantages = results.advantages(&weights);
        episodes.extend(window.iter().zip(advantages).map(|(individual, advantage)| {
            controller.episode(space, &individual.trial.config, &weights, advantage)
        }));
    }
    controller.update(space, &episodes, config.update());
}

/// One update on a source, of which the trials take turns if they are many.
fn learn_source(
    controller: &mut Controller,
    space: &Space,
    objectives: usize,
    source: &Source,
    (round, config): (usize, &PolicyGradientConfig),
) {
    let fits = source.trials.iter().all(|trial| trial.losses.len() == objectives);
    if !fits || source.trials.is_empty() {
        return;
    }
    let results = Results::of_source(source);
    let stride = source.trials.len().div_ceil(SOURCE_TRIALS);
    let mut episodes = Vec::new();
    for weights in weightings(objectives) {
        let advantages = results.advantages(&weights);
        let own = source.trials.iter().zip(advantages).skip(round % stride).step_by(stride);
        episodes.extend(own.map(|(trial, advantage)| {
            controller.episode(space, &trial.config, &weights, advantage)
        }));
    }
    controller.update(space, &episodes, config.update());
}

impl PolicyGradientConfig {
    /// The constants of one update.
    fn update(&self) -> Update {
        Update {
            learning_rate: self.learning_rate,
            clip: self.clip,
            entropy: self.entropy,
            epochs: self.epochs,
        }
    }
}
