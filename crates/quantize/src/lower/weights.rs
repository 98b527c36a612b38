//! Weights and biases to int8, channel by channel.

use super::QuantizeError;
use crate::multiplier::Multiplier;
use crate::program::Products;
use crate::scale::Scale;

/// The largest quotient of a bias and one step of its sum: coarser weights keep biases in 32 bits.
const MOST_BIAS: f32 = (1 << 24) as f32;

/// The step of filters without any weight or bias.
const LEAST: f32 = 1.0 / (1 << 20) as f32;

/// Weights `[outputs, products]` in the order of memory, and biases.
pub(super) struct Filters<'a> {
    pub(super) weights: Vec<f32>,
    pub(super) bias: &'a [f32],
}

impl Filters<'_> {
    /// Weights and biases in int8 for an input of scale `x`, and the scale of outputs in `range`.
    ///
    /// A filter's step is max |w| / 127. The output's step is at least that of its sums, so no
    /// multiplier exceeds 1.
    pub(super) fn quantize(
        &self,
        name: &str,
        x: Scale,
        range: (f32, f32),
    ) -> Result<(Products, Scale), QuantizeError> {
        let count = self.weights.len() / self.bias.len().max(1);
        let filters = || self.weights.chunks_exact(count.max(1)).zip(self.bias);
        let weight_step: Vec<f32> =
            filters().map(|(weights, bias)| weight_step(weights, *bias, x.step)).collect();
        let coarsest = weight_step.iter().fold(0.0_f32, |most, step| most.max(*step));
        let y = Scale::with_step(range.0, range.1, x.step * coarsest);
        let mut products = Products {
            weights: Vec::with_capacity(self.weights.len()),
            weight_step: weight_step.clone(),
            bias: Vec::with_capacity(weight_step.len()),
            multiplier: Vec::with_capacity(weight_step.len()),
            shift: Vec::with_capacity(weight_step.len()),
        };
        for ((weights, bias), step) in filters().zip(weight_step) {
            let weights = weights.iter().map(|w| (w / step).round().clamp(-127.0, 127.0) as i8);
            let first = products.weights.len();
            products.weights.extend(weights);
            let sum_step = f64::from(x.step) * f64::from(step);
            let bias = (f64::from(*bias) / sum_step).round() as i64;
            let bias = folded_bias(bias, x.zero, &products.weights[first..]);
            let overflow = || QuantizeError::Overflow { step: name.to_owned(), products: count };
            products.bias.push(bias.ok_or_else(overflow)?);
            let multiplier = Multiplier::long(sum_step / f64::from(y.step));
            products.multiplier.push(multiplier.factor);
            products.shift.push(multiplier.shift);
        }
        Ok((products, y))
    }
}

/// The step of the int8 weights of one output channel: max |w| / 127, or more where the bias divided by
/// it and the step of the input would exceed 2^24.
///
/// # Examples
/// ```
/// use automl_quantize::weight_step;
///
/// assert_eq!(weight_step(&[0.5, -1.27], 3.0, 0.01), 0.01);
/// ```
pub fn weight_step(weights: &[f32], bias: f32, x_step: f32) -> f32 {
    let largest = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    let step = (largest / 127.0).max(bias.abs() / (x_step * MOST_BIAS));
    if step >= f32::MIN_POSITIVE { step } else { LEAST }
}

/// The bias less the zero point times the sum of the weights; `None` if the sum of products and it
/// may exceed 32 bits for any input.
fn folded_bias(bias: i64, zero: i8, weights: &[i8]) -> Option<i32> {
    let sum = |of: fn(i64) -> i64| weights.iter().map(|w| of(i64::from(*w))).sum::<i64>();
    let folded = bias - i64::from(zero) * sum(|w| w);
    let low = folded + sum(|w| (-128 * w).min(127 * w));
    let high = folded + sum(|w| (-128 * w).max(127 * w));
    let fits = [low, high, folded].iter().all(|value| i32::try_from(*value).is_ok());
    i32::try_from(folded).ok().filter(|_| fits)
}

/// `[outputs, inputs, positions]` to `[outputs, positions, inputs]`.
pub(super) fn channels_last(weights: &[f32], inputs: usize, positions: usize) -> Vec<f32> {
    let filters = weights.chunks_exact((inputs * positions).max(1));
    let last = |filter: &[f32]| {
        let at = |index: usize| filter[index % inputs * positions + index / inputs];
        (0..filter.len()).map(at).collect::<Vec<f32>>()
    };
    filters.flat_map(last).collect()
}

/// `[channels, taps]` to `[taps, channels]`.
pub(super) fn transposed(weights: &[i8], taps: usize) -> Vec<i8> {
    let channels = weights.len() / taps.max(1);
    (0..weights.len()).map(|index| weights[index % channels * taps + index / channels]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_permuted() {
        let weights: Vec<f32> = (0..12).map(|x| x as f32).collect();
        assert_eq!(channels_last(&weights, 2, 3)[..6], [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(transposed(&[1, 2, 3, 4, 5, 6], 3), [1, 4, 2, 5, 3, 6]);
    }

    /// The largest sum of 65,536 products of 8 bits fits; twice as many do not.
    #[test]
    fn sums_are_bounded() {
        assert!(folded_bias(0, 0, &vec![127; 65_536]).is_some());
        assert!(folded_bias(0, 0, &vec![127; 2 * 65_536 + 4096]).is_none());
        assert_eq!(folded_bias(10, 3, &[1, 2]), Some(1));
        assert_eq!(folded_bias(1 << 31, 0, &[]), None);
    }

    /// A filter without weights gives its bias; the multiplier never exceeds 1.
    #[test]
    fn dead_filters_keep_their_bias() {
        let filters = Filters { weights: vec![0.0, 0.0, 1e-9, 0.5], bias: &[3.0, -0.25] };
        let x = Scale::of_range(-1.0, 1.0);
        let (products, y) = filters.quantize("conv", x, (-1.0, 3.0)).unwrap();
        let output = |o: usize| {
            let m = Multiplier { factor: products.multiplier[o], shift: products.shift[o] };
            assert!(m.value() <= 1.0);
            let zero: i32 = products.weights[2 * o..2 * o + 2].iter().map(|w| i32::from(*w)).sum();
            let sum = products.bias[o] + i32::from(x.zero) * zero;
            f64::from(y.step) * m.value() * f64::from(sum)
        };
        assert!((output(0) - 3.0).abs() < 1e-3 && (output(1) + 0.25).abs() < 1e-2);
    }
}
