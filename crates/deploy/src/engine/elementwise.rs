//! Operations without windows.

use super::activate::activate;
use super::layout::pitch;
use crate::nonlinearity::Nonlinearity;
use crate::operation::ChannelConvolution;
use automl_numeric::vector::fast;

/// Means over all pixels.
pub(super) fn mean(x: &[f32], positions: usize, pitch: usize, out: &mut [f32]) {
    fast(|| {
        let out = &mut out[..pitch];
        out.fill(0.0);
        for pixel in x[..positions * pitch].chunks_exact(pitch) {
            out.iter_mut().zip(pixel).for_each(|(out, x)| *out += x);
        }
        out.iter_mut().for_each(|out| *out /= positions as f32);
    });
}

/// A nonlinearity of all numbers.
pub(super) fn activation(activation: Nonlinearity, x: &[f32], out: &mut [f32]) {
    let count = x.len().min(out.len());
    out[..count].copy_from_slice(&x[..count]);
    activate(activation, &mut out[..count]);
}

/// A convolution along the channels of one pixel.
pub(super) fn along_channels(convolution: &ChannelConvolution, x: &[f32], out: &mut [f32]) {
    let half = convolution.weight.len() / 2;
    for (c, out) in out[..x.len()].iter_mut().enumerate() {
        let taps = convolution.weight.iter().enumerate();
        let at = |k: usize| (c + k).checked_sub(half).and_then(|c| x.get(c));
        *out = taps.filter_map(|(k, w)| Some(w * at(k)?)).sum();
    }
    activate(convolution.activation, &mut out[..x.len()]);
}

/// `count` of the channels of every pixel, from `first` on.
pub(super) fn channels(x: &[f32], of: usize, (first, count): (usize, usize), out: &mut [f32]) {
    let pixels = x.chunks_exact(pitch(of)).zip(out.chunks_exact_mut(pitch(count)));
    for (x, out) in pixels {
        out[..count].copy_from_slice(&x[first..first + count]);
        out[count..].fill(0.0);
    }
}

/// Every run of so many numbers times the factors: pixels times those of their channels, or maps times
/// maps.
pub(super) fn scale(x: &[f32], factors: &[f32], out: &mut [f32]) {
    fast(|| {
        let pixels = x.chunks_exact(factors.len()).zip(out.chunks_exact_mut(factors.len()));
        for (x, out) in pixels {
            for ((out, x), factor) in out.iter_mut().zip(x).zip(factors) {
                *out = x * factor;
            }
        }
    });
}

/// Sums, then a nonlinearity.
pub(super) fn add(activation: Nonlinearity, x: &[f32], y: &[f32], out: &mut [f32]) {
    let count = x.len().min(y.len()).min(out.len());
    fast(|| {
        for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
            *out = x + y;
        }
    });
    activate(activation, &mut out[..count]);
}

/// The channels of two maps, one after the other.
pub(super) fn concat((x, a): (&[f32], usize), (y, b): (&[f32], usize), out: &mut [f32]) {
    let pixels = x.chunks_exact(pitch(a)).zip(y.chunks_exact(pitch(b)));
    for ((x, y), out) in pixels.zip(out.chunks_exact_mut(pitch(a + b))) {
        out[..a].copy_from_slice(&x[..a]);
        out[a..a + b].copy_from_slice(&y[..b]);
    }
}
