//! What short trainings and the size of candidates say about the final training.

/// What is known of a candidate before its final training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The loss after a shorter training.
    pub loss: f64,
    /// Parameters, multiply-accumulates, or a mean of them.
    pub size: f64,
    /// That training's share of the final one, in [0, 1].
    pub share: f64,
}

/// The expected places of candidates after the final training, in [0, 1], less is better: for loss `l`, size `c`, and
/// share `b`,
///
/// `(1 - s) place(l) + s place(-c)`, `s = (1 - sqrt(b)) / 2`,
///
/// where place is the share of candidates with less, and half of those with as much. NaN stays NaN.
///
/// A short training ranks networks by how fast they learn, and small ones learn fast; in the end the error of a
/// network falls with its size (Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models"; White et al.
/// 2022, "A Deeper Look at Zero-Cost Proxies for Lightweight NAS", where multiply-accumulates and parameters are hard
/// to beat). With next to no training both count alike; what was trained to the end is judged by its loss alone.
///
/// # Examples
/// ```
/// use automl_candidates::{Standing, expected_places};
///
/// // After a hundredth of the final training the larger of two similar ones is ahead, after all of it the better one.
/// let places = |share| {
///     let one = |(loss, size)| Standing { loss, size, share };
///     expected_places([(0.30, 1e3), (0.31, 1e5), (0.50, 1e4)].map(one))
/// };
/// let early = places(0.01);
/// assert!(early[1] < early[0] && early[0] < early[2]);
/// let late = places(1.0);
/// assert!(late[0] < late[1] && late[1] < late[2]);
/// ```
pub fn expected_places(candidates: impl IntoIterator<Item = Standing>) -> Vec<f64> {
    let candidates: Vec<Standing> = candidates.into_iter().collect();
    let by = |of: fn(&Standing) -> f64| places(&candidates.iter().map(of).collect::<Vec<_>>());
    let (by_loss, by_size) = (by(|one| one.loss), by(|one| -one.size));
    let both = candidates.iter().zip(by_loss.iter().zip(&by_size));
    both.map(|(one, (loss, size))| {
        let own = (1.0 - one.share.clamp(0.0, 1.0).sqrt()) / 2.0;
        (1.0 - own) * loss + own * size
    })
    .collect()
}

/// The share of values that are smaller, and half of those that are equal, among those that are not NaN.
fn places(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let place = |&value: &f64| {
        let before = sorted.partition_point(|other| *other < value);
        let until = sorted.partition_point(|other| *other <= value);
        if value.is_nan() { value } else { (before + until) as f64 / (2 * sorted.len()) as f64 }
    };
    values.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_ones_share_a_place() {
        let nan = f64::NAN;
        assert_eq!(places(&[3.0, 1.0, 3.0, 5.0]), [0.5, 0.125, 0.5, 0.875]);
        let with = places(&[2.0, nan, 1.0]);
        assert!(with[1].is_nan());
        assert_eq!([with[0], with[2]], [0.75, 0.25]);
        assert!(places(&[]).is_empty());
    }

    proptest! {
        /// A candidate that is better, larger and trained as long is never behind, and of fully trained ones the
        /// loss alone decides.
        #[test]
        fn better_and_larger_is_ahead(
            candidates in prop::collection::vec((0..20_u32, 1..20_u32), 2..30),
            share in 0.0..=1.0f64,
        ) {
            let after = |share| {
                let one = |&(loss, size): &(u32, u32)| {
                    Standing { loss: f64::from(loss), size: f64::from(size), share }
                };
                expected_places(candidates.iter().map(one))
            };
            let (expected, full) = (after(share), after(1.0));
            for (a, (loss, size)) in candidates.iter().enumerate() {
                for (b, (other, smaller)) in candidates.iter().enumerate() {
                    if loss <= other && size >= smaller {
                        prop_assert!(expected[a] <= expected[b] + 1e-12);
                    }
                    prop_assert_eq!(loss < other, full[a] < full[b]);
                }
            }
        }
    }
}
