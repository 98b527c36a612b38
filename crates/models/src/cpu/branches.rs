//! Sum, product and concatenation of two branches.

use super::buffer::Buffer;
use super::gradient::Gradient;
use super::maps::{Maps, Shape};
use super::parallel::{parallel_for, readers};
use automl_numeric::vector::fast;

/// Sum of two branches.
pub(super) fn sum(a: &Maps, b: &Maps) -> Maps {
    let shape = a.shape;
    let numbers = shape.image();
    let mut values = Buffer::new(shape.len());
    let out = Some((&mut values[..], numbers));
    let mut parts: Vec<_> = readers(a, numbers).into_iter().zip(readers(b, numbers)).collect();
    parallel_for(shape.batch, numbers, &mut parts, out, |(a, b), images, out| {
        let (a, b) = (a.images(images), b.images(images));
        let out = out.unwrap_or_default();
        fast(|| {
            out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a + b);
        });
    });
    Maps::plain(shape, values)
}

/// Products, number by number.
pub(super) fn product(a: &[f32], b: &[f32]) -> Buffer {
    let mut values = Buffer::new(a.len());
    fast(|| {
        values.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a * b);
    });
    values
}

/// Channels of two branches side by side.
pub(super) fn concat(a: &Maps, b: &Maps) -> Maps {
    let shape = Shape { channels: a.shape.channels + b.shape.channels, ..a.shape };
    let mut values = Buffer::new(shape.len());
    let (first, second) = (a.all(), b.all());
    let parts = first.chunks_exact(a.shape.channels).zip(second.chunks_exact(b.shape.channels));
    for (out, (first, second)) in values.chunks_exact_mut(shape.channels).zip(parts) {
        let (left, right) = out.split_at_mut(first.len());
        left.copy_from_slice(first);
        right.copy_from_slice(second);
    }
    Maps::plain(shape, values)
}

/// Gradients at two branches from the gradient at their concatenation.
pub(super) fn split(values: &[f32], [first, second]: [usize; 2]) -> [Gradient; 2] {
    let pixels = values.len() / (first + second);
    let (mut a, mut b) = (Buffer::new(pixels * first), Buffer::new(pixels * second));
    let parts = a.chunks_exact_mut(first).zip(b.chunks_exact_mut(second));
    for ((a, b), values) in parts.zip(values.chunks_exact(first + second)) {
        let (left, right) = values.split_at(first);
        a.copy_from_slice(left);
        b.copy_from_slice(right);
    }
    [a, b].map(Gradient::plain)
}
