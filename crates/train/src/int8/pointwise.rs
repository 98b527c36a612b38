//! Pointwise functions with a derivative of their own: rounding with the straight-through estimator.

use automl_quantize::{Scale, weight_step};
use burn::tensor::{Tensor, TensorData};

/// A function of every number, given as its value and its slope.
pub(super) fn pointwise(x: Tensor<4>, of: impl Fn(f32) -> (f32, f32)) -> Tensor<4> {
    let (dims, device) = (x.dims(), x.device());
    let numbers = numbers(x.clone());
    let (values, slopes): (Vec<f32>, Vec<f32>) = numbers.iter().map(|x| of(*x)).unzip();
    let rest = values.iter().zip(&slopes).zip(&numbers).map(|((y, slope), x)| y - x * slope);
    let rest: Vec<f32> = rest.collect();
    let tensor =
        |numbers: Vec<f32>| Tensor::<4>::from_data(TensorData::new(numbers, dims), &device);
    x * tensor(slopes) + tensor(rest)
}

/// Numbers rounded to those that the int8 of a scale stand for, halves up as the integer arithmetic
/// rounds them. The derivative is 1 within the range of the scale and 0 outside of it.
///
/// # Source
/// Bengio et al. (2013), "Estimating or propagating gradients through stochastic neurons"; Jacob et
/// al. (2018), section 3.
pub(super) fn rounded(x: Tensor<4>, scale: Scale) -> Tensor<4> {
    let zero = f32::from(scale.zero);
    let (low, high) = (scale.value(-128), scale.value(127));
    pointwise(x, |x| {
        let q = ((x / scale.step + 0.5).floor() + zero).clamp(-128.0, 127.0);
        let slope = if (low..=high).contains(&x) { 1.0 } else { 0.0 };
        (scale.step * (q - zero), slope)
    })
}

/// Weights `[outputs, ...]` rounded to int8 with a step for each output, as quantization rounds them
/// for an input of a step. The derivative is 1.
pub(super) fn rounded_weights(weights: Tensor<4>, bias: Tensor<1>, x_step: f32) -> Tensor<4> {
    let (dims, device) = (weights.dims(), weights.device());
    let (mut values, bias) = (numbers(weights.clone()), numbers(bias));
    let filter = (values.len() / bias.len().max(1)).max(1);
    for (filter, bias) in values.chunks_mut(filter).zip(bias) {
        let step = weight_step(filter, bias, x_step);
        for w in filter {
            *w = (*w / step).round().clamp(-127.0, 127.0) * step - *w;
        }
    }
    weights + Tensor::<4>::from_data(TensorData::new(values, dims), &device)
}

/// The values of a tensor, last axis fastest.
pub(super) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;

    fn row(values: &[f32]) -> Tensor<4> {
        let data = TensorData::new(values.to_vec(), [1, 1, 1, values.len()]);
        Tensor::<4>::from_data(data, &cpu().autodiff()).require_grad()
    }

    fn gradient(x: &Tensor<4>, y: Tensor<4>) -> Vec<f32> {
        let gradients = (y.clone() * y).sum().backward();
        x.grad(&gradients).map(|g| g.into_data().iter::<f32>().collect()).unwrap_or_default()
    }

    /// The value is rounded and saturated; the gradient, of a sum of squares, is twice the rounded value
    /// as if rounding were the identity, and zero where the value saturates.
    #[test]
    fn gradients_go_straight_through() {
        let x = row(&[0.26, 1.24, -0.1, 200.0]);
        let scale = Scale { step: 0.5, zero: -128 };
        let y = rounded(x.clone(), scale);
        assert_eq!(numbers(y.clone()), [0.5, 1.0, 0.0, 127.5]);
        assert_eq!(gradient(&x, y), [1.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn weights_are_rounded_by_output_and_keep_their_gradient() {
        let data = TensorData::new(vec![1.27, 0.004, 0.127, 0.0004_f32], [2, 2, 1, 1]);
        let weights = Tensor::<4>::from_data(data, &cpu().autodiff()).require_grad();
        let bias = Tensor::<1>::zeros([2], &cpu().autodiff());
        let y = rounded_weights(weights.clone(), bias, 1.0);
        for (value, expected) in numbers(y.clone()).iter().zip([1.27, 0.0, 0.127, 0.0]) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
        let found = gradient(&weights, y);
        assert!((found[0] - 2.54).abs() < 1e-5 && found[1].abs() < 1e-6, "{found:?}");
    }
}
