//! How good predictions of latency are.

use super::{LatencySample, LatencyTable};
use automl_numeric::correlation::kendall;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Predicted against measured times of networks that the table was not fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyReport {
    /// Number of networks.
    pub networks: usize,
    /// The mean of |predicted - measured| / measured, a fraction.
    pub mean_error: f64,
    /// Share of the networks with a prediction within 10 % of the measured time.
    pub within_10: f64,
    /// Kendall's tau of predicted and measured times; zero where one of them is the same for all.
    pub kendall: f64,
}

impl LatencyReport {
    /// Compares a table with timed networks.
    pub fn new(table: &LatencyTable, samples: &[LatencySample]) -> Self {
        let predicted: Vec<f64> =
            samples.iter().map(|sample| table.predict(&sample.operations)).collect();
        let measured: Vec<f64> = samples.iter().map(|sample| sample.microseconds).collect();
        let errors: Vec<f64> =
            predicted.iter().zip(&measured).map(|(p, m)| (p - m).abs() / m).collect();
        let count = samples.len().max(1) as f64;
        Self {
            networks: samples.len(),
            mean_error: errors.iter().sum::<f64>() / count,
            within_10: errors.iter().filter(|error| **error <= 0.1).count() as f64 / count,
            kendall: kendall(&predicted, &measured).unwrap_or(0.0),
        }
    }
}

impl fmt::Display for LatencyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mean error {:.1} %, within 10 % for {:.0} % of {} networks that it has not seen, \
             Kendall's tau {:.3}",
            100.0 * self.mean_error,
            100.0 * self.within_10,
            self.networks,
            self.kendall
        )
    }
}
