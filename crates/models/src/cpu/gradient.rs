//! Gradients at feature maps.

use super::buffer::Buffer;
use super::maps::Maps;
use super::norm::Sums;
use super::parallel::{self, parallel_for};
use automl_numeric::vector::fast;
use std::ops::Range;
use std::sync::Arc;

/// Gradient of the loss by feature maps.
pub(super) struct Gradient {
    pub(super) values: Arc<Buffer>,
    /// Reductions over the gradient that batch normalization of the maps needs, where they were
    /// taken along with it.
    pub(super) sums: Option<Sums>,
}

impl Gradient {
    /// Gradient of values that nothing normalizes.
    pub(super) fn plain(values: Buffer) -> Self {
        Self { values: Arc::new(values), sums: None }
    }

    /// The same values for a second branch.
    pub(super) fn share(&self) -> Self {
        Self { values: Arc::clone(&self.values), sums: None }
    }
}

/// Gradient at the input of a layer while the layer's backward pass writes it.
pub(super) struct InputGradient<'a> {
    input: &'a Maps,
    /// Gradient at the same maps from another branch.
    more: Option<Arc<Buffer>>,
    values: Option<Buffer>,
    sums: Option<Sums>,
}

impl<'a> InputGradient<'a> {
    /// Space for the gradient at `input`, unless `input` is constant.
    pub(super) fn new(input: &'a Maps, more: Option<Arc<Buffer>>) -> Self {
        let values = (!input.constant).then(|| Buffer::new(input.shape.len()));
        Self { input, more, values, sums: None }
    }

    /// Calls `on` with chunks of images, for it to write their gradient if one is needed.
    ///
    /// The other branch's gradient is added, and the sums for normalization are taken, while a
    /// chunk is in the cache. `numbers` values per image decide the size of a chunk.
    pub(super) fn fill<S: Send>(
        &mut self,
        numbers: usize,
        states: &mut [S],
        on: impl Fn(&mut S, &Range<usize>, Option<&mut [f32]>) + Sync,
    ) {
        let shape = self.input.shape;
        let (affine, more, z) = (&self.input.affine, self.more.as_deref(), &self.input.values[..]);
        let mut sums = parallel::states(shape.batch, || Sums::new(shape.channels));
        let mut parts: Vec<_> = states.iter_mut().zip(&mut sums).collect();
        let out = self.values.as_deref_mut().map(|values| (values, shape.image()));
        parallel_for(shape.batch, numbers, &mut parts, out, |(state, sums), images, mut out| {
            on(state, images, out.as_deref_mut());
            let Some(out) = out else { return };
            if let Some(more) = more {
                add(out, &more[shape.of(images)]);
            }
            if let Some(affine) = affine {
                affine.reduce(out, &z[shape.of(images)], sums);
            }
        });
        self.sums = affine.as_ref().map(|_| Sums::total(sums));
    }

    /// The gradient, or `None` for a constant input.
    pub(super) fn finish(self) -> Option<Gradient> {
        let Self { values, sums, .. } = self;
        values.map(|values| Gradient { values: Arc::new(values), sums })
    }
}

/// Adds element by element.
pub(super) fn add(to: &mut [f32], from: &[f32]) {
    fast(|| to.iter_mut().zip(from).for_each(|(to, from)| *to += from));
}

/// Element-by-element sum.
pub(super) fn added(a: &[f32], b: &[f32]) -> Buffer {
    let mut out = Buffer::copy(a);
    add(&mut out, b);
    out
}
