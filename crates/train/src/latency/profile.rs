//! A table of the device at hand, with the evidence for it.

use super::{LatencyError, LatencyReport, LatencySample, LatencyTable, Timing, measure};
use automl_arch::Architecture;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// One network in this many judges the table instead of making it.
const JUDGES: usize = 4;

/// Rounds over all networks. Other load of a machine only ever adds to a time, so the
/// least median counts.
const ROUNDS: usize = 3;

/// The fewest networks of which a profile is made where their timing is stopped early.
const ENOUGH: usize = 32;

/// A latency table and how well it predicts networks that it was not fitted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyProfile {
    /// The table, fitted to three of four networks.
    pub table: LatencyTable,
    /// Predictions for every fourth network.
    pub report: LatencyReport,
}

impl LatencyProfile {
    /// Times networks on a device, one after the other, three times over. `stop` is asked before
    /// each; it ends the timing, and those that were timed by then make the profile.
    ///
    /// # Errors
    /// A network that cannot be built, too few of them for a table, or a stop before 32 of them (or
    /// all, if they are fewer) were timed.
    pub fn measure(
        networks: &[Architecture],
        timing: &Timing,
        device: &Device,
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, LatencyError> {
        let mut times: Vec<f64> = Vec::with_capacity(networks.len());
        for place in (0..ROUNDS).flat_map(|_| 0..networks.len()) {
            if stop() {
                let (timed, needed) = (times.len(), ENOUGH.min(networks.len()));
                if timed < needed {
                    return Err(LatencyError::Stopped { timed, needed });
                }
                break;
            }
            let time = measure(&networks[place], timing, device)?;
            match times.get_mut(place) {
                Some(least) => *least = least.min(time),
                None => times.push(time),
            }
        }
        let (mut seen, mut unseen) = (Vec::new(), Vec::new());
        for (index, (network, time)) in networks.iter().zip(times).enumerate() {
            let sample = LatencySample::new(&network.graph()?, time);
            if index % JUDGES == JUDGES - 1 { unseen.push(sample) } else { seen.push(sample) }
        }
        let table = LatencyTable::fit(&seen)?;
        let report = LatencyReport::new(&table, &unseen);
        Ok(Self { table, report })
    }
}
