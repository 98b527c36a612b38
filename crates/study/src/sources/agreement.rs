//! The weight of each source by how well it has ranked new results.

use automl_numeric::normal;
use std::f64::consts::SQRT_2;

/// The standard deviation of a source's error on a new task, in standard deviations of its outputs.
const ERROR: f64 = 0.6;

/// The prior probability that no source says anything about the new task.
const NONE: f64 = 0.1;

/// The most results that are compared; of more, evenly spaced ones are.
const COMPARED: usize = 100;

/// Weights of sources by how well each has ranked the results of a new study; they are at least 0,
/// and their sum, the trust in all sources together, is below 1.
///
/// A source predicts losses `m_i`, of which the differences err with a standard deviation of
/// `sqrt(2) 0.6` (in units of its standardized outputs). So the result that it predicts to be the
/// smaller one is the smaller one with probability `P = Phi(|m_i - m_j| / (0.6 sqrt(2)))`, where a
/// source that says nothing has `1/2`. The weight is the posterior probability of the source,
///
/// ```text
/// w_s = p_s exp(L_s) / (p_0 + sum_t p_t exp(L_t)),   L_s = (2 / n) sum_{i<j} ln(2 P_ij)
/// ```
///
/// with `p_0 = 0.1` for no source and equal shares of the rest; each result is in `n - 1` pairs, which
/// the factor undoes. Pairs of nearly equal predictions count for nothing, so results that were all
/// chosen because they are predicted to be good do not speak against a source.
///
/// - `predictions`: standardized, `[sources][n]`.
/// - `losses`: `[n]`; equal ones and NaN are not compared.
/// - `comparable`: whether two results may be compared, such as those at one fidelity.
///
/// # Source
/// The weights of Feurer et al. (2018), "Practical Transfer Learning for Bayesian Optimization"
/// (RGPE), count misranked pairs as well; the probability of a pair is that of Thurstone (1927), "A Law
/// of Comparative Judgment", case V.
///
/// # Examples
/// ```
/// use automl_study::ranking_weights;
///
/// let losses = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let right = vec![-1.5, -0.8, -0.2, 0.2, 0.8, 1.5];
/// let reversed: Vec<f64> = right.iter().map(|m| -m).collect();
/// let weights = ranking_weights(&[right, reversed], &losses, |_, _| true);
/// assert!(weights[0] > 0.9 && weights[1] < 0.01);
/// ```
pub fn ranking_weights(
    predictions: &[Vec<f64>],
    losses: &[f64],
    comparable: impl Fn(usize, usize) -> bool,
) -> Vec<f64> {
    let log = |means: &Vec<f64>| {
        over_pairs(means, losses, &comparable, |probability| (2.0 * probability).max(1e-300).ln())
    };
    let logs: Vec<f64> = predictions.iter().map(log).collect();
    let top = logs.iter().copied().fold(0.0, f64::max);
    let share = (1.0 - NONE) / predictions.len().max(1) as f64;
    let shares: Vec<f64> = logs.iter().map(|log| share * (log - top).exp()).collect();
    let total = NONE * (-top).exp() + shares.iter().sum::<f64>();
    shares.into_iter().map(|share| share / total).collect()
}

/// The evidence that results give about sources, whatever these results are: the logarithm of the factor
/// by which a source that is right is expected to gain on one that says nothing, at least 0.
///
/// With the probabilities `P_ij` and the weights `w_s` of [`ranking_weights`] it is
///
/// ```text
/// sum_s w_s I_s / sum_s w_s,   I_s = (2 / n) sum_{i<j} (ln 2 - H(P_ij)),   H(P) = -P ln P - (1 - P) ln(1 - P)
/// ```
///
/// Where all predictions are nearly equal, as they are for trials that were all chosen because a source
/// praises them, it is nearly 0, and the weights are the prior ones even if the source misleads.
///
/// - `predictions`, `losses`, `comparable`: those of [`ranking_weights`].
/// - `weights`: its result. `[sources]`
///
/// # Source
/// `ln 2 - H(P)` is the information of a comparison about the hypothesis that is right, Lindley (1956),
/// "On a Measure of the Information Provided by an Experiment".
///
/// # Examples
/// ```
/// use automl_study::{ranking_evidence, ranking_weights};
///
/// let losses = [1.0, 2.0, 3.0, 4.0];
/// let evidence = |predictions: [f64; 4]| {
///     let predictions = [predictions.to_vec()];
///     let weights = ranking_weights(&predictions, &losses, |_, _| true);
///     ranking_evidence(&predictions, &losses, &weights, |_, _| true)
/// };
/// assert!(evidence([-1.5, -1.49, -1.52, -1.5]) < 0.01);
/// // One result at which the source predicts a larger loss is enough, and it need not be right.
/// assert!(evidence([-1.5, -1.49, -1.52, 0.2]) > 0.5 && evidence([0.2, -1.49, -1.52, -1.5]) > 0.5);
/// ```
pub fn ranking_evidence(
    predictions: &[Vec<f64>],
    losses: &[f64],
    weights: &[f64],
    comparable: impl Fn(usize, usize) -> bool,
) -> f64 {
    let information = |probability: f64| {
        let part = |p: f64| if p > 0.0 { p * (2.0 * p).ln() } else { 0.0 };
        part(probability) + part(1.0 - probability)
    };
    let total = weights.iter().sum::<f64>().max(1e-300);
    let one = |(means, weight): (&Vec<f64>, &f64)| {
        weight / total * over_pairs(means, losses, &comparable, information)
    };
    predictions.iter().zip(weights).map(one).sum()
}

/// `(2 / n) sum_{i<j} f(P_ij)` over the pairs that are compared, `P_ij` being the probability of a source
/// with these predictions that the two losses are in the order in which they are.
fn over_pairs(
    means: &[f64],
    losses: &[f64],
    comparable: impl Fn(usize, usize) -> bool,
    f: impl Fn(f64) -> f64,
) -> f64 {
    let n = losses.len();
    let stride = n.div_ceil(COMPARED).max(1);
    let mut sum = 0.0;
    for i in (0..n).step_by(stride) {
        for j in (0..i).step_by(stride).filter(|j| comparable(i, *j)) {
            let (loss, mean) = (losses[i] - losses[j], means[i] - means[j]);
            if loss != 0.0 && loss.is_finite() && mean.is_finite() {
                sum += f(normal::cdf(mean * loss.signum() / (ERROR * SQRT_2)));
            }
        }
    }
    2.0 * sum / n.div_ceil(stride).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Predictions and losses of `n` results that agree but for a shift of every third.
    fn results(n: usize) -> (Vec<f64>, Vec<f64>) {
        let mean = |i: usize| ((i * 7) % n) as f64 / n as f64 * 3.0 - 1.5;
        let means: Vec<f64> = (0..n).map(mean).collect();
        let losses = means.iter().enumerate().map(|(i, m)| m + 0.4 * f64::from(i % 3 == 0));
        (means.clone(), losses.collect())
    }

    #[test]
    fn a_source_that_misleads_is_found_out_within_a_few_results() {
        for n in [5, 8, 20] {
            let (means, losses) = results(n);
            let reversed: Vec<f64> = means.iter().map(|m| -m).collect();
            let both = ranking_weights(&[means.clone(), reversed.clone()], &losses, |_, _| true);
            assert!(both[0] > 0.8 && both[1] < 0.02, "{n}: {both:?}");
            let alone = ranking_weights(&[reversed], &losses, |_, _| true)[0];
            assert!(alone < 0.1, "{n}: {alone}");
            let right = ranking_weights(&[means], &losses, |_, _| true)[0];
            assert!(right > 0.95, "{n}: {right}");
        }
    }

    #[test]
    fn equal_predictions_and_incomparable_results_say_nothing() {
        let (means, losses) = results(6);
        let prior = [0.45, 0.45];
        let close: Vec<f64> = means.iter().map(|m| -1e-6 * m).collect();
        for weights in [
            ranking_weights(&[close.clone(), close], &losses, |_, _| true),
            ranking_weights(&[means.clone(), means.clone()], &losses, |_, _| false),
            ranking_weights(&[means.clone(), means], &[f64::NAN; 6], |_, _| true),
            ranking_weights(&[vec![], vec![]], &[], |_, _| true),
        ] {
            assert!(weights.iter().zip(prior).all(|(a, b)| (a - b).abs() < 1e-3), "{weights:?}");
        }
    }

    /// The evidence is what a source that is right gains on average, and does not depend on the order of
    /// the losses.
    #[test]
    fn evidence_is_the_expected_gain_of_a_source_that_is_right() {
        // Two results one apart: the order predicted has the probability Phi(1 / (0.6 sqrt(2))) = .8807.
        let evidence = |losses: [f64; 2], means: [f64; 2]| {
            let predictions = [means.to_vec(), vec![0.0, 0.0]];
            ranking_evidence(&predictions, &losses, &[0.9, 0.0], |_, _| true)
        };
        let p: f64 = 0.880_703_585_3;
        let expected = p * (2.0 * p).ln() + (1.0 - p) * (2.0 * (1.0 - p)).ln();
        assert!((evidence([0.0, 1.0], [-0.5, 0.5]) - expected).abs() < 1e-6);
        assert!((evidence([1.0, 0.0], [-0.5, 0.5]) - expected).abs() < 1e-6);
        assert!(evidence([0.0, 0.0], [-0.5, 0.5]) == 0.0);
        // Predictions far apart give ln 2 for each pair.
        assert!((evidence([0.0, 1.0], [-50.0, 50.0]) - 2.0_f64.ln()).abs() < 1e-9);
        let (means, losses) = results(9);
        let own = |weights: &[f64]| {
            let close: Vec<f64> = means.iter().map(|m| 1e-6 * m).collect();
            ranking_evidence(&[means.clone(), close], &losses, weights, |_, _| true)
        };
        assert!(own(&[0.9, 0.0]) > 1.0 && own(&[0.0, 0.9]) < 1e-6);
        assert!((own(&[0.4, 0.4]) - 0.5 * own(&[0.9, 0.0])).abs() < 1e-6);
    }
}
