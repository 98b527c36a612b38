//! Limits on the cost of candidates, which hold before any training.

use super::candidate::{Candidate, Candidates};
use crate::{CostObjective, SearchSettings};
use automl_arch::{Cost, Graph};
use automl_space::{Config, Constraint, Space};
use automl_train::LatencyTable;
use std::sync::Arc;

/// Limits on the cost of a network.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Default))]
pub struct Caps {
    params: u64,
    macs: u64,
    /// In microseconds, as the table predicts them.
    latency: f64,
    table: Option<Arc<LatencyTable>>,
}

impl Caps {
    /// The limits of the settings, for the block space by default such as keep networks small for
    /// images of `side` pixels.
    pub fn new(search: &SearchSettings, side: usize, is_block_space: bool) -> Self {
        let (params, macs) = match side {
            _ if !is_block_space => (u64::MAX, u64::MAX),
            0..=16 => (30_000, 1_000_000),
            17..=40 => (200_000, 2_500_000),
            _ => (1_500_000, 60_000_000),
        };
        let latency = search.max_latency.map_or(f64::INFINITY, |time| time.0);
        let given = search.max_macs.is_some() || search.max_latency.is_some();
        let params = search.max_params.unwrap_or(if given { u64::MAX } else { params });
        Self { params, macs: search.max_macs.unwrap_or(macs), latency, table: None }
    }

    /// The limits in words; empty without any.
    pub fn describe(&self) -> String {
        let count = |cap: u64, of: &str| (cap < u64::MAX).then(|| format!("{cap} {of}"));
        let latency = self.latency.is_finite().then(|| format!("{} us for an image", self.latency));
        let limits =
            [count(self.params, "parameters"), count(self.macs, "multiply-accumulates"), latency];
        let limits: Vec<String> = limits.into_iter().flatten().collect();
        if limits.is_empty() { String::new() } else { format!("at most {}", limits.join(" and ")) }
    }

    /// The factor by which a network exceeds the limits, minus one; at most zero within them.
    fn excess(&self, graph: &Graph, cost: Cost) -> f64 {
        let over = |cost: u64, cap: u64| cost as f64 / cap as f64 - 1.0;
        let late = self.table.as_ref().map_or(0.0, |table| table.latency(graph) / self.latency);
        over(cost.parameters, self.params).max(over(cost.macs, self.macs)).max(late - 1.0)
    }

    /// The cost of a candidate that is minimized beside the error; NaN for a latency without a
    /// table.
    pub fn price(&self, objective: CostObjective, candidate: &Candidate) -> f64 {
        match objective {
            CostObjective::Params => candidate.cost.parameters as f64,
            CostObjective::Macs => candidate.cost.macs as f64,
            CostObjective::Latency => {
                self.table.as_ref().map_or(f64::NAN, |table| table.latency(&candidate.graph))
            }
        }
    }

    /// Whether a candidate lies within the limits.
    pub fn allow(&self, candidate: &Candidate) -> bool {
        self.excess(&candidate.graph, candidate.cost) <= 0.0
    }

    /// The same limits, those on parameters and multiply-accumulates divided by `parts`.
    pub fn divided(&self, parts: u64) -> Self {
        Self { params: self.params / parts, macs: self.macs / parts, ..self.clone() }
    }

    /// Whether a network lies within the limits.
    pub fn allow_graph(&self, graph: &Graph) -> bool {
        self.excess(graph, graph.cost()) <= 0.0
    }

    /// From now on predicts latencies by a table.
    pub fn predict_latency(&mut self, table: LatencyTable) {
        self.table = Some(Arc::new(table));
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
        let caps = |params, macs, latency| Caps { params, macs, latency, table: None }.describe();
        let none = (u64::MAX, f64::INFINITY);
        let both = caps(20_000, 2_500_000, none.1);
        assert_eq!(both, "at most 20000 parameters and 2500000 multiply-accumulates");
        assert_eq!(caps(none.0, none.0, 800.0), "at most 800 us for an image");
        assert_eq!(caps(none.0, none.0, none.1), "");
    }
}
