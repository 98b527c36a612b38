//! Some of the channels, forward and backward.

use super::buffer::Buffer;
use super::gradient::{Gradient, add};
use super::maps::{Maps, Shape};
use crate::channels::Channels;
use std::sync::Arc;

/// Tape entry of a choice of channels.
#[derive(Debug)]
pub(super) struct Taken {
    input: Shape,
    constant: bool,
    first: usize,
    output: Arc<Maps>,
}

impl Channels {
    pub(super) fn take(&self, input: &Maps) -> Taken {
        let shape = Shape { channels: self.count, ..input.shape };
        let mut values = Buffer::new(shape.len());
        let all = input.all();
        let pixels = values.chunks_exact_mut(self.count);
        for (to, from) in pixels.zip(all.chunks_exact(input.shape.channels)) {
            to.copy_from_slice(&from[self.first..self.first + self.count]);
        }
        let output = Maps { constant: input.constant, ..Maps::plain(shape, values) };
        let (constant, first) = (input.constant, self.first);
        Taken { input: input.shape, constant, first, output: Arc::new(output) }
    }
}

impl Taken {
    pub(super) fn output(&self) -> Arc<Maps> {
        Arc::clone(&self.output)
    }

    /// Gradient at the input: zero at the other channels.
    pub(super) fn backward(
        self,
        gradient: Gradient,
        more: Option<Arc<Buffer>>,
    ) -> Option<Gradient> {
        if self.constant {
            return None;
        }
        let mut values = Buffer::zeros(self.input.len());
        let count = self.output.shape.channels;
        let pixels = values.chunks_exact_mut(self.input.channels);
        for (to, from) in pixels.zip(gradient.values.chunks_exact(count)) {
            to[self.first..self.first + count].copy_from_slice(from);
        }
        if let Some(more) = more {
            add(&mut values, &more);
        }
        Some(Gradient::plain(values))
    }
}
