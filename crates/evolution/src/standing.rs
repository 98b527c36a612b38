//! What a trial is worth once it was judged, and the first proposals of a study.

use automl_numeric::order;
use automl_space::Config;
use automl_study::{History, State, Trial, View, sobol_point};
use rand::Rng;
use std::cmp::Ordering;

/// A trial that was judged with what selection looks at.
#[derive(Clone, Debug)]
pub(crate) struct Standing<'a> {
    pub(crate) trial: &'a Trial,
    /// The sum of the violated black-box constraints; infinite for a trial without a value.
    pub(crate) violation: f64,
    /// The fidelity that the losses belong to; the largest number for a complete trial.
    pub(crate) step: u64,
    /// The first loss; infinite for a trial without a value.
    pub(crate) loss: f64,
    /// All losses where there are several.
    several: Vec<f64>,
}

/// The finished and paused trials in the order of their numbers. A pruned or paused trial stands
/// with its last value; a failed one, and one whose value is NaN, is worse than every other.
pub(crate) fn judged(history: &History) -> Vec<Standing<'_>> {
    let is_paused = |trial: &Trial| trial.state == State::Paused && trial.last_values().is_some();
    let is_judged = |trial: &&Trial| trial.state.is_finished() || is_paused(trial);
    history.trials().iter().filter(is_judged).map(|trial| standing(history, trial)).collect()
}

fn standing<'a>(history: &History, trial: &'a Trial) -> Standing<'a> {
    let count = history.directions().len();
    let values = if trial.state == State::Failed { None } else { trial.last_values() };
    let values = values.filter(|v| v.len() == count && v.iter().all(|value| !value.is_nan()));
    match values {
        Some(values) => Standing {
            trial,
            // The sum of nothing is -0.0, which must not rank before 0.0.
            violation: trial.violation() + 0.0,
            step: if trial.state == State::Complete { u64::MAX } else { trial.step() },
            loss: history.loss(values),
            several: if count > 1 { history.losses(values) } else { Vec::new() },
        },
        None => Standing {
            trial,
            violation: f64::INFINITY,
            step: 0,
            loss: f64::INFINITY,
            several: if count > 1 { vec![f64::INFINITY; count] } else { Vec::new() },
        },
    }
}

/// What tells a judged trial from another: its number and what selection looks at, as bits.
pub(crate) type Trace = (u64, u64, u64);

/// What decides between two trials where there is one objective.
pub(crate) type Merit = (f64, u64, f64);

/// Feasible before infeasible, then by the violation, then the higher fidelity, then by the loss.
///
/// Schedulers let the better trials go on, so those of a higher fidelity stand before the others.
pub(crate) fn by_merit(a: &Merit, b: &Merit) -> Ordering {
    a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)).then(order::compare(a.2, b.2))
}

impl Standing<'_> {
    /// One loss for each objective.
    pub(crate) fn losses(&self) -> &[f64] {
        if self.several.is_empty() { std::slice::from_ref(&self.loss) } else { &self.several }
    }

    /// Violation, fidelity and first loss.
    pub(crate) fn merit(&self) -> Merit {
        (self.violation, self.step, self.loss)
    }

    /// See [`by_merit`].
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        by_merit(&self.merit(), &other.merit())
    }

    /// The trial's trace, by which caches know it again.
    pub(crate) fn trace(&self) -> Trace {
        let losses = self.losses().iter();
        let mix = |hash: u64, loss: &f64| hash.rotate_left(17) ^ loss.to_bits();
        (self.trial.number, self.violation.to_bits(), losses.fold(self.step, mix))
    }
}

/// A quasi-random proposal, or a draw from the users' priors where there are some.
pub(crate) fn startup(view: &View<'_>, rng: &mut dyn Rng) -> Config {
    let config = if view.space.params().iter().any(|param| param.prior().is_some()) {
        view.space.sample_prior(rng)
    } else {
        view.space.decode(&sobol_point(view.number, view.space.len(), view.seed))
    };
    let config = if view.space.allows(&config) { config } else { view.space.sample(rng) };
    view.deduplicated(config, rng)
}
