//! The first objective of a search: a metric on the validation images, or a formula.

use crate::{NetworkRecord, Settings, SettingsError};
use automl_arch::Cost;
use automl_candidates::Candidate;
use automl_data::DataSplits;
use automl_data::metrics::{Evaluation, Metric};
use automl_space::Measure;
use automl_study::Direction;

/// What candidates are compared by beside their cost.
#[derive(Clone, Debug)]
pub struct Objective {
    metric: Metric,
    /// The cost of an error on each class; empty where all are alike.
    costs: Vec<f64>,
    formula: Option<Measure>,
}

/// The directions of a search's objectives: a metric or a formula, and a cost.
pub(super) fn directions(settings: &Settings) -> [Direction; 2] {
    let is_maximized = settings.search.score.is_some() || settings.search.metric.is_maximized();
    let first = if is_maximized { Direction::Maximize } else { Direction::Minimize };
    [first, Direction::Minimize]
}

impl Objective {
    /// The objective of the settings for some data.
    pub(super) fn new(settings: &Settings, data: &DataSplits) -> Result<Self, SettingsError> {
        Ok(Self {
            metric: settings.search.metric,
            costs: settings.training.costs(&data.class_names, data.classes)?,
            formula: settings.search.score_formula()?,
        })
    }

    /// The value of a candidate that takes `latency` microseconds, as far as it is known.
    pub(super) fn value(
        &self,
        evaluation: &Evaluation,
        candidate: &Candidate,
        latency: Option<f64>,
    ) -> f64 {
        let Cost { parameters, macs, flash_bytes, ram_bytes, .. } = candidate.cost;
        let costs = [parameters, macs, flash_bytes, ram_bytes].map(|cost| cost as f64);
        self.at(evaluation, costs, latency)
    }

    fn at(&self, evaluation: &Evaluation, costs: [f64; 4], latency: Option<f64>) -> f64 {
        let [params, macs, flash, ram] = costs;
        let Some(formula) = &self.formula else {
            return self.metric.value(evaluation, &self.costs);
        };
        let of = |metric: Metric| metric.value(evaluation, &self.costs);
        // In the order of `SCORE_NAMES`.
        formula.value(&[
            of(Metric::Accuracy),
            of(Metric::MacroF1),
            of(Metric::BalancedAccuracy),
            of(Metric::Loss),
            of(Metric::Top5),
            params,
            macs,
            flash,
            ram,
            latency.unwrap_or(f64::NAN),
        ])
    }

    /// The loss by which trained networks are compared: the cross-entropy for plain accuracy, which has
    /// steps as large as the differences between networks, and for any other objective that one.
    pub(super) fn loss(&self, record: &NetworkRecord) -> f64 {
        let is_plain = self.metric == Metric::Accuracy && self.costs.is_empty();
        let Some(report) =
            record.validation.as_ref().filter(|_| self.formula.is_some() || !is_plain)
        else {
            return record.validation_loss;
        };
        let bytes = |bytes: Option<u64>| bytes.map_or(f64::NAN, |bytes| bytes as f64);
        let device = [bytes(record.flash_bytes), bytes(record.ram_bytes)];
        let cost = [record.params as f64, record.macs as f64, device[0], device[1]];
        let value = self.at(&report.into(), cost, record.latency_us);
        let is_maximized = self.formula.is_some() || self.metric.is_maximized();
        if is_maximized { -value } else { value }
    }
}
