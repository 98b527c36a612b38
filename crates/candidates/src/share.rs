//! How the time of the final training is shared.

/// The epochs of a network of which each takes `own` seconds, where `left` seconds remain on each of `workers` for
/// it and `others`, which `wanted` epochs are enough for. The seconds of an epoch of each of the others are in
/// ascending order.
///
/// The error of a training of E epochs is above its limit by about 1/sqrt(E), so the sum of the errors is least
/// where the seconds of each network are in proportion to the cube root of the seconds of its epoch: one of which
/// an epoch takes eight times as long has twice the time and a quarter of the epochs. What a network does not need
/// is shared by those that do. The network at hand runs on one worker, the others on all of them.
///
/// # Examples
/// ```
/// use automl_candidates::epochs_within;
///
/// // 300 seconds for both, 200 and 100 of them.
/// assert_eq!(epochs_within(8.0, &[1.0], 1, 1_000, 300.0).round(), 25.0);
/// assert_eq!(epochs_within(1.0, &[8.0], 1, 1_000, 300.0).round(), 100.0);
/// // The small one needs 40 of its seconds.
/// assert_eq!(epochs_within(8.0, &[1.0], 1, 40, 300.0).round(), 33.0);
/// ```
pub fn epochs_within(own: f64, others: &[f64], workers: usize, wanted: u64, left: f64) -> f64 {
    let workers = workers.max(1) as f64;
    let own = own.max(1e-6);
    let mut roots = own.cbrt() + others.iter().map(|seconds| seconds.cbrt()).sum::<f64>() / workers;
    let mut left = left;
    for seconds in others {
        let enough = wanted as f64 * seconds;
        if enough >= left / roots * seconds.cbrt() {
            break;
        }
        left -= enough / workers;
        roots -= seconds.cbrt() / workers;
    }
    left / roots * own.cbrt() / own
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// On one worker all networks together have the time, or as many epochs as are enough; and none has
        /// more epochs than one that is cheaper, nor less time unless it has enough.
        #[test]
        fn the_time_is_shared(
            mut seconds in prop::collection::vec(0.01..100.0f64, 1..8),
            wanted in 1..500_u64,
            left in 1.0..10_000.0f64,
        ) {
            seconds.sort_by(f64::total_cmp);
            let epochs: Vec<f64> = (0..seconds.len())
                .map(|index| {
                    let mut others = seconds.clone();
                    let own = others.remove(index);
                    epochs_within(own, &others, 1, wanted, left).min(wanted as f64)
                })
                .collect();
            let taken: f64 = seconds.iter().zip(&epochs).map(|(seconds, epochs)| seconds * epochs).sum();
            let needed: f64 = seconds.iter().map(|seconds| seconds * wanted as f64).sum();
            prop_assert!((taken - left.min(needed)).abs() <= 1e-6 * left, "{taken} of {left}");
            for (own, epochs) in seconds.windows(2).zip(epochs.windows(2)) {
                prop_assert!(epochs[0] >= epochs[1] * (1.0 - 1e-9));
                let is_enough = epochs[0] >= wanted as f64 * (1.0 - 1e-9);
                prop_assert!(is_enough || own[0] * epochs[0] <= own[1] * epochs[1] * (1.0 + 1e-9));
            }
        }
    }
}
