//! Limits on the cost of candidates, which hold before any training.

use crate::candidate::{Candidate, Candidates};
use automl_arch::{Cost, Graph};
use automl_extent::Extent;
use automl_settings::{CostObjective, SearchSettings};
use automl_space::{Config, Constraint, Space};
use std::fmt;
use std::sync::Arc;

/// Prediction of the time of a network for one image, in microseconds.
pub trait LatencyModel: fmt::Debug + Send + Sync {
    /// The predicted latency of a network.
    fn latency(&self, network: &Graph) -> f64;
}

/// Limits on the cost of a network.
///
/// # Examples
/// ```
/// use automl_candidates::Caps;
/// use automl_settings::SearchSettings;
///
/// let search = SearchSettings { max_params: Some(20_000), ..SearchSettings::default() };
/// let caps = Caps::new(&search, 28, true);
/// assert_eq!(caps.describe(), "at most 20000 parameters and 2500000 multiply-accumulates");
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Default))]
pub struct Caps {
    params: u64,
    macs: u64,
    /// In bytes of the int8 program.
    flash: u64,
    ram: u64,
    /// In microseconds, as the model predicts them.
    latency: f64,
    model: Option<Arc<dyn LatencyModel>>,
}

impl Caps {
    /// The limits of the settings, for the block space by default such as keep networks small for
    /// images of `side`.
    pub fn new(search: &SearchSettings, side: impl Into<Extent>, is_block_space: bool) -> Self {
        let (params, macs) = match side.into().mean_side() {
            _ if !is_block_space => (u64::MAX, u64::MAX),
            0..=16 => (30_000, 1_000_000),
            17..=40 => (200_000, 2_500_000),
            _ => (1_500_000, 60_000_000),
        };
        let latency = search.max_latency.map_or(f64::INFINITY, |time| time.0);
        let (flash, ram) = search.device_limits();
        let given = search.max_macs.is_some() || search.max_latency.is_some() || flash.is_some();
        let params = search.max_params.unwrap_or(if given { u64::MAX } else { params });
        let (flash, ram) = (flash.unwrap_or(u64::MAX), ram.unwrap_or(u64::MAX));
        Self { params, macs: search.max_macs.unwrap_or(macs), flash, ram, latency, model: None }
    }

    /// The tighter of two limits each.
    pub fn tightest(self, other: &Self) -> Self {
        Self {
            params: self.params.min(other.params),
            macs: self.macs.min(other.macs),
            flash: self.flash.min(other.flash),
            ram: self.ram.min(other.ram),
            latency: self.latency.min(other.latency),
            model: self.model,
        }
    }

    /// The limits in words; empty without any.
    pub fn describe(&self) -> String {
        let count = |cap: u64, of: &str| (cap < u64::MAX).then(|| format!("{cap} {of}"));
        let latency = self.latency.is_finite().then(|| format!("{} us for an image", self.latency));
        let limits = [
            count(self.params, "parameters"),
            count(self.macs, "multiply-accumulates"),
            count(self.flash, "bytes of flash"),
            count(self.ram, "bytes of RAM"),
            latency,
        ];
        let limits: Vec<String> = limits.into_iter().flatten().collect();
        if limits.is_empty() { String::new() } else { format!("at most {}", limits.join(" and ")) }
    }

    /// The factor by which a network exceeds the limits, minus one; at most zero within them.
    pub fn excess(&self, graph: &Graph, cost: Cost) -> f64 {
        let over = |cost: u64, cap: u64| cost as f64 / cap as f64 - 1.0;
        let late = self.model.as_ref().map_or(0.0, |model| model.latency(graph) / self.latency);
        let counted = over(cost.parameters, self.params).max(over(cost.macs, self.macs));
        let device = over(cost.flash_bytes, self.flash).max(over(cost.ram_bytes, self.ram));
        counted.max(device).max(late - 1.0)
    }

    /// The cost of a candidate that is minimized beside the error; NaN for a latency without a
    /// table.
    pub fn price(&self, objective: CostObjective, candidate: &Candidate) -> f64 {
        match objective {
            CostObjective::Params => candidate.cost.parameters as f64,
            CostObjective::Macs => candidate.cost.macs as f64,
            CostObjective::Flash => candidate.cost.flash_bytes as f64,
            CostObjective::Ram => candidate.cost.ram_bytes as f64,
            CostObjective::Latency => self.latency(candidate).unwrap_or(f64::NAN),
        }
    }

    /// The predicted latency of a candidate in microseconds; `None` without a model.
    pub fn latency(&self, candidate: &Candidate) -> Option<f64> {
        Some(self.model.as_ref()?.latency(&candidate.graph))
    }

    /// Whether a candidate lies within the limits.
    pub fn allow(&self, candidate: &Candidate) -> bool {
        self.excess(&candidate.graph, candidate.cost) <= 0.0
    }

    /// The same limits, those on parameters, multiply-accumulates and flash divided by `parts`. RAM is
    /// taken by the images too, which stay as they are.
    pub fn divided(&self, parts: u64) -> Self {
        let (params, macs, flash) = (self.params / parts, self.macs / parts, self.flash / parts);
        Self { params, macs, flash, ..self.clone() }
    }

    /// Whether a network lies within the limits.
    pub fn allow_graph(&self, graph: &Graph) -> bool {
        self.excess(graph, graph.cost()) <= 0.0
    }

    /// From now on predicts latencies by a model.
    pub fn predict_latency(&mut self, model: Arc<dyn LatencyModel>) {
        self.model = Some(model);
    }

    /// A constraint of the space that candidates within the limits satisfy.
    pub fn constraint(&self, candidates: &Candidates) -> Constraint {
        let (caps, candidates) = (self.clone(), candidates.clone());
        let excess = move |_: &Space, config: &Config| match candidates.of(config) {
            Ok(candidate) => caps.excess(&candidate.graph, candidate.cost),
            Err(_) => f64::INFINITY,
        };
        Constraint::custom("cost", excess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told() {
        let (flash, ram) = (u64::MAX, u64::MAX);
        let caps = |params, macs, latency| {
            Caps { params, macs, flash, ram, latency, model: None }.describe()
        };
        let none = (u64::MAX, f64::INFINITY);
        let both = caps(20_000, 2_500_000, none.1);
        assert_eq!(both, "at most 20000 parameters and 2500000 multiply-accumulates");
        assert_eq!(caps(none.0, none.0, 800.0), "at most 800 us for an image");
        assert_eq!(caps(none.0, none.0, none.1), "");
        let search = SearchSettings {
            max_ram: Some(20_000),
            board: Some("microbit-v2".into()),
            ..SearchSettings::default()
        };
        let board = Caps::new(&search, 32, true).describe();
        let known = "2500000 multiply-accumulates and 262144 bytes of flash and 20000 bytes of RAM";
        assert_eq!(board, format!("at most {known}"));
    }
}
