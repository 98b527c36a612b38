//! Batches of feature maps, channels fastest.

use super::buffer::Buffer;
use super::norm::Affine;
use std::ops::Range;
use std::sync::Arc;

/// Lengths of a batch's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Shape {
    /// Values per image.
    pub(super) fn image(&self) -> usize {
        self.height * self.width * self.channels
    }

    pub(super) fn len(&self) -> usize {
        self.batch * self.image()
    }

    pub(super) fn positions(&self) -> usize {
        self.height * self.width
    }

    /// Range of the values of some images.
    pub(super) fn of(&self, images: &Range<usize>) -> Range<usize> {
        images.start * self.image()..images.end * self.image()
    }
}

/// Feature maps: values, and where `affine` is set the normalization and activation that are applied
/// when the values are read.
#[derive(Debug)]
pub(super) struct Maps {
    pub(super) shape: Shape,
    pub(super) values: Arc<Buffer>,
    pub(super) affine: Option<Affine>,
    /// `true` where no gradient is needed: for the images.
    pub(super) constant: bool,
}

impl Maps {
    pub(super) fn plain(shape: Shape, values: Buffer) -> Self {
        Self { shape, values: Arc::new(values), affine: None, constant: false }
    }

    /// All values, normalized and activated.
    pub(super) fn all(&self) -> Arc<Buffer> {
        match &self.affine {
            None => Arc::clone(&self.values),
            Some(affine) => {
                let mut out = Buffer::new(self.values.len());
                affine.apply(&self.values, &mut out);
                Arc::new(out)
            }
        }
    }
}
