//! Operations without weights of their own to int8.

use super::Lowered;
use crate::multiplier::Multiplier;
use crate::program::{Int8Operation, Window};
use crate::scale::Scale;
use automl_arch::Pooling;
use automl_deploy::Nonlinearity;

/// Bits of the factors of sums: two products of 9 bits and them fit in 31.
const ADD_BITS: i32 = 21;

/// Bits of the factor of a product of two values: 17 bits and it fit in 31.
const SCALE_BITS: i32 = 14;

/// q = zero + (pixel / 255 - mean) / (deviation step), with halves rounded up.
pub(super) fn pixels(scale: Scale, normalization: &[(f32, f32)]) -> Int8Operation {
    let exact = normalization.iter().map(|(mean, deviation)| {
        let factor = 1.0 / (f64::from(*deviation) * f64::from(scale.step));
        (factor / 255.0, f64::from(scale.zero) - f64::from(*mean) * factor + 0.5)
    });
    let exact: Vec<(f64, f64)> = exact.collect();
    let largest = exact.iter().map(|(a, b)| (255.0 * a).max(b.abs())).fold(1.0, f64::max);
    // Products and offsets stay below 2^30 each.
    let shift = (29 - largest.log2().floor() as i32).clamp(1, 24);
    let integer = |x: f64| (x * 2.0_f64.powi(shift)).round() as i32;
    Int8Operation::Pixels {
        factor: exact.iter().map(|(factor, _)| integer(*factor)).collect(),
        offset: exact.iter().map(|(_, offset)| integer(*offset)).collect(),
        shift: shift as u8,
    }
}

/// Maxima keep the scale of their input; means have one of their own.
pub(super) fn pool(kind: Pooling, window: Window, x: Scale, (low, high): (f32, f32)) -> Lowered {
    if kind == Pooling::Max {
        return (Int8Operation::MaxPool(window), x);
    }
    let step = f64::from(x.step) / window.kernel.pixels() as f64;
    let y = Scale::with_step(low, high, step as f32);
    let Multiplier { factor, shift } = Multiplier::long(step / f64::from(y.step));
    (Int8Operation::Average { window, multiplier: factor, shift }, y)
}

pub(super) fn table(nonlinearity: Nonlinearity, x: Scale, (low, high): (f32, f32)) -> Lowered {
    let y = Scale::of_range(low, high);
    let of = |q: i8| y.quantize(nonlinearity.apply(x.value(q)));
    (Int8Operation::Table { nonlinearity, table: (-128..=127).map(of).collect() }, y)
}

pub(super) fn along_channels(weights: &[f32], x: Scale, (low, high): (f32, f32)) -> Lowered {
    let largest = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    let weight_step = (largest / 127.0).max(f32::MIN_POSITIVE);
    let step = f64::from(x.step) * f64::from(weight_step);
    let y = Scale::with_step(low, high, step as f32);
    let Multiplier { factor, shift } = Multiplier::long(step / f64::from(y.step));
    let weights = weights.iter().map(|w| (w / weight_step).round().clamp(-127.0, 127.0) as i8);
    let weights = weights.collect();
    (Int8Operation::AlongChannels { weights, weight_step, multiplier: factor, shift }, y)
}

pub(super) fn scale(a: Scale, b: Scale, (low, high): (f32, f32)) -> Lowered {
    let y = Scale::of_range(low, high);
    let value = f64::from(a.step) * f64::from(b.step) / f64::from(y.step);
    let ([factor], shift) = Multiplier::short([value], SCALE_BITS);
    (Int8Operation::Scale { factor, shift }, y)
}

pub(super) fn add(a: Scale, b: Scale, (low, high): (f32, f32)) -> Lowered {
    let y = Scale::of_range(low, high);
    let values = [a, b].map(|scale| f64::from(scale.step) / f64::from(y.step));
    let (factors, shift) = Multiplier::short(values, ADD_BITS);
    (Int8Operation::Add { factors, shift }, y)
}

pub(super) fn concat(a: Scale, b: Scale, (low, high): (f32, f32)) -> Lowered {
    let y = Scale::of_range(low, high);
    let part = |scale: Scale| {
        let ([factor], shift) =
            Multiplier::short([f64::from(scale.step) / f64::from(y.step)], ADD_BITS);
        (factor, shift)
    };
    (Int8Operation::Concat { parts: [part(a), part(b)] }, y)
}
