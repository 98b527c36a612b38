//! From observations to the acquisition function that the next proposal maximizes.

use super::SurrogateCaches;
use crate::acquisition_function::{AcquisitionFunction, Objective};
use crate::features::Features;
use crate::observed_trials::{Observation, ObservedTrials};
use crate::regression::{Kernel, PriorMean, Priors};
use crate::surrogate::{SurrogateOptions, matrix};
use crate::{Acquisition, GpOptions};
use automl_study::View;
use nalgebra::DMatrix;
use rand::Rng;
use std::sync::Arc;

/// Objectives from which on each has a surrogate of its own behind the scalarizations.
const MANY: usize = 4;

/// The most running trials that are added to a surrogate.
const MAX_PENDING: usize = 64;

/// Everything that an acquisition function is built from.
#[derive(Debug)]
pub(super) struct AcquisitionBuilder<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) options: &'a GpOptions,
    pub(super) observed: &'a ObservedTrials<'a>,
    pub(super) features: &'a Features,
    pub(super) kernel: &'a Kernel,
    pub(super) priors: &'a Priors,
    /// The features of each observation.
    pub(super) rows: Vec<Vec<f64>>,
    /// Whether each observation satisfies its constraints.
    pub(super) feasible: Vec<bool>,
    /// The prior mean of each objective; empty if there is none.
    pub(super) trends: Vec<Arc<dyn PriorMean>>,
}

/// An acquisition function, and the order of the observations.
#[derive(Debug)]
pub(super) struct FittedAcquisition {
    pub(super) acquisition: AcquisitionFunction,
    /// The merit of each observation (smaller is better); infeasible ones come after all others.
    pub(super) merits: Vec<f64>,
    /// The merit that the surrogate predicts, without noise.
    pub(super) predicted_merits: Vec<f64>,
    /// The length scales of the surrogate of largest weight, one for each parameter.
    pub(super) lengths: Vec<f64>,
}

impl FittedAcquisition {
    /// An acquisition function of the objective alone.
    pub(super) fn unconstrained(
        objective: Objective,
        merits: Vec<f64>,
        predicted_merits: Vec<f64>,
        lengths: Vec<f64>,
    ) -> Self {
        let acquisition = AcquisitionFunction { objective, constraints: Vec::new(), cost: None };
        Self { acquisition, merits, predicted_merits, lengths }
    }

    /// Moves infeasible observations behind all others, by their violation.
    fn demote_infeasible(&mut self, observations: &[Observation<'_>], feasible: &[bool]) {
        let all = self.merits.iter().chain(&self.predicted_merits).copied();
        let worst = all.fold(f64::NEG_INFINITY, f64::max);
        for (i, observation) in observations.iter().enumerate() {
            if !feasible[i] {
                let violation: f64 = observation.constraints.iter().map(|c| c.max(0.0)).sum();
                self.merits[i] = worst + 1.0 + violation.min(1e200);
                self.predicted_merits[i] = self.merits[i];
            }
        }
    }
}

impl<'a> AcquisitionBuilder<'a> {
    pub(super) fn new(
        view: &'a View<'a>,
        options: &'a GpOptions,
        observed: &'a ObservedTrials<'a>,
        features: &'a Features,
        (kernel, priors): (&'a Kernel, &'a Priors),
        trends: Vec<Arc<dyn PriorMean>>,
    ) -> Self {
        let row = |o: &Observation<'_>| features.row(view.space, o.config, o.fidelity);
        let rows = observed.rows.iter().map(row).collect();
        let feasible = |o: &Observation<'_>| o.constraints.iter().all(|c| *c <= 0.0);
        let feasible = observed.rows.iter().map(feasible).collect();
        Self { view, options, observed, features, kernel, priors, rows, feasible, trends }
    }

    /// The acquisition function; `None` where no surrogate can be fitted.
    pub(super) fn build(
        &self,
        caches: &mut SurrogateCaches,
        rng: &mut dyn Rng,
    ) -> Option<FittedAcquisition> {
        let constraints = self.constraints(caches);
        let objectives = self.view.history.directions().len();
        let mut fitted = match objectives {
            _ if self.options.acquisition == Acquisition::Thompson => {
                self.single_objective(caches, rng)?
            }
            2 => self.two_objectives(caches)?,
            MANY.. => self.many_objectives(caches, rng)?,
            _ => self.single_objective(caches, rng)?,
        };
        fitted.demote_infeasible(&self.observed.rows, &self.feasible);
        fitted.acquisition.constraints = constraints;
        if self.options.per_second {
            fitted.acquisition.cost = self.cost(caches);
        }
        Some(fitted)
    }

    /// Options of one surrogate.
    pub(super) fn surrogate_options(&self, warping: bool) -> SurrogateOptions<'static> {
        let max_rows = self.options.max_rows.max(16);
        SurrogateOptions { warping, components: 1, columns: &[], max_rows, trend: None }
    }

    /// The features of all observed configurations at the highest fidelity. `[rows, columns]`
    pub(super) fn rows_at_highest_fidelity(&self) -> DMatrix<f64> {
        if !self.observed.differ_in_fidelity() {
            return matrix(&self.rows);
        }
        let row = |o: &Observation<'_>| self.features.row(self.view.space, o.config, 1.0);
        matrix(&self.observed.rows.iter().map(row).collect::<Vec<_>>())
    }

    /// The features of the latest running trials.
    pub(super) fn pending(&self) -> Vec<Vec<f64>> {
        let pending = &self.observed.pending;
        let last = &pending[pending.len().saturating_sub(MAX_PENDING)..];
        last.iter().map(|c| self.features.row(self.view.space, c, 1.0)).collect()
    }
}
