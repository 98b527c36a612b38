//! Size of networks and the correction of losses for it.

use super::policy::Policy;
use crate::TrainError;
use automl_arch::{BlockSpace, Cost};
use automl_numeric::stream;

/// Correction of the loss per natural logarithm of size below the target.
const SMALLNESS: f64 = 0.2;

/// Networks of the prior of which the target is a quantile.
const SIZES: u64 = 100;

/// Loss corrected for the size of the network: `loss + b max(0, target - log_size)`.
pub(super) fn corrected(loss: f64, cost: Cost, target: f64) -> f64 {
    loss + SMALLNESS * (target - log_size(cost)).max(0.0)
}

/// The logarithm of a network's size.
fn log_size(cost: Cost) -> f64 {
    let log = |count: u64| (count.max(1) as f64).ln();
    (log(cost.parameters) + log(cost.macs)) / 2.0
}

/// The size that a tenth of the prior's networks exceed.
pub(super) fn target(blocks: &BlockSpace, prior: &Policy) -> Result<f64, TrainError> {
    let mut sizes = Vec::new();
    for draw in 0..SIZES {
        let drawn = prior.draw(&mut stream(0, draw, "sizes")).ok_or(TrainError::NoPath)?;
        sizes.push(log_size(blocks.architecture(&drawn.config).cost()?));
    }
    sizes.sort_by(f64::total_cmp);
    Ok(sizes[sizes.len() * 9 / 10])
}
