//! Advantages of trials: rewards less a baseline.

use crate::individual::Individual;
use automl_numeric::{normal, order};
use automl_study::{Source, SourceTrial};
use std::cmp::Ordering;

/// What a trial is ranked by, before its losses: violation, then fidelity.
type Level = (f64, std::cmp::Reverse<u64>);

/// The results of some trials.
#[derive(Clone, Debug, Default)]
pub(super) struct Results {
    levels: Vec<Level>,
    /// `[trials][objectives]`
    losses: Vec<Vec<f64>>,
}

impl Results {
    pub(super) fn of(individuals: &[Individual<'_>]) -> Self {
        let level = |i: &Individual<'_>| (i.key.violation, std::cmp::Reverse(i.key.fidelity.0));
        Self {
            levels: individuals.iter().map(level).collect(),
            losses: individuals.iter().map(|i| i.losses().to_vec()).collect(),
        }
    }

    pub(super) fn of_source(source: &Source) -> Self {
        let level = |t: &SourceTrial| (t.violation, std::cmp::Reverse(u64::from(t.complete)));
        Self {
            levels: source.trials.iter().map(level).collect(),
            losses: source.trials.iter().map(|trial| trial.losses.clone()).collect(),
        }
    }

    /// The advantage of each trial for objectives of these weights.
    ///
    /// The reward of a trial is a function of its rank `k` among the `n`, `max(0, ln((n + 1) / 2) - ln k)`:
    /// what counts are the best networks and not the mean one. The baseline is the mean reward, which
    /// moves with the trials; the difference is divided by the standard deviation. Ranks are by weighted
    /// sums of normal scores of the losses, the form `quality * cost^w` of MnasNet in logarithms.
    ///
    /// # Source
    /// Zoph & Le (2017), "Neural Architecture Search with Reinforcement Learning", equation 3, for the
    /// baseline; Tan et al. (2019), "MnasNet", equation 2, for the cost in the reward; Petersen et al.
    /// (2021), "Deep Symbolic Regression", section 3.3, for rewards of the best.
    pub(super) fn advantages(&self, weights: &[f64]) -> Vec<f64> {
        let n = self.losses.len();
        let scalars = self.scalars(weights);
        let compare = |a: usize, b: usize| {
            let ((va, fa), (vb, fb)) = (self.levels[a], self.levels[b]);
            order::compare(va, vb).then(fa.cmp(&fb)).then(order::compare(scalars[a], scalars[b]))
        };
        let ranks = ranks(n, compare);
        let half = (n as f64 + 1.0) / 2.0;
        let rewards: Vec<f64> = ranks.iter().map(|rank| (half / rank).ln().max(0.0)).collect();
        let mean = rewards.iter().sum::<f64>() / n.max(1) as f64;
        let square = rewards.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / n.max(1) as f64;
        let sd = square.sqrt().max(1e-9);
        rewards.iter().map(|reward| (reward - mean) / sd).collect()
    }

    /// One number for each trial, smaller is better.
    fn scalars(&self, weights: &[f64]) -> Vec<f64> {
        let n = self.losses.len();
        if weights.len() < 2 {
            return self.losses.iter().map(|losses| losses[0]).collect();
        }
        let mut sums = vec![0.0; n];
        for (m, weight) in weights.iter().enumerate() {
            let compare = |a: usize, b: usize| order::compare(self.losses[a][m], self.losses[b][m]);
            for (sum, rank) in sums.iter_mut().zip(ranks(n, compare)) {
                *sum += weight * normal::quantile((rank - 0.5) / n as f64);
            }
        }
        sums
    }
}

/// Ranks from 1 for the least; equal ones share their mean rank.
fn ranks(n: usize, compare: impl Fn(usize, usize) -> Ordering) -> Vec<f64> {
    let mut sorted: Vec<usize> = (0..n).collect();
    sorted.sort_by(|&a, &b| compare(a, b));
    let mut ranks = vec![0.0; n];
    let mut below = 0;
    for equal in sorted.chunk_by(|&a, &b| compare(a, b).is_eq()) {
        let rank = below as f64 + 0.5 * (equal.len() as f64 + 1.0);
        equal.iter().for_each(|&i| ranks[i] = rank);
        below += equal.len();
    }
    ranks
}

/// Weights of the objectives that the controller learns: all on one, and some in between; one empty
/// list for one objective.
pub(super) fn weightings(objectives: usize) -> Vec<Vec<f64>> {
    match objectives {
        0 | 1 => vec![Vec::new()],
        2 => [0.0, 0.25, 0.5, 0.75, 1.0].iter().map(|w| vec![1.0 - w, *w]).collect(),
        m => {
            let unit = |k: usize| (0..m).map(|i| f64::from(u8::from(i == k))).collect();
            (0..m).map(unit).chain([vec![1.0 / m as f64; m]]).collect()
        }
    }
}
