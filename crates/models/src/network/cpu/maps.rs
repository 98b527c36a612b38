//! Batches of feature maps, channels fastest.

use super::buffer::Buffer;
use super::norm::Affine;
use std::ops::Range;
use std::rc::Rc;

/// How many numbers are worked on at a time: they stay in the second cache.
const CHUNK: usize = 40_000;

/// The lengths of a batch's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Shape {
    /// Numbers per image.
    pub(super) fn image(&self) -> usize {
        self.height * self.width * self.channels
    }

    pub(super) fn len(&self) -> usize {
        self.batch * self.image()
    }

    pub(super) fn positions(&self) -> usize {
        self.height * self.width
    }

    /// The numbers of some images.
    pub(super) fn of(&self, images: &Range<usize>) -> Range<usize> {
        images.start * self.image()..images.end * self.image()
    }
}

/// Which images to work on at a time, if each is this many numbers. A function of the sizes
/// alone, so that sums are the same in every run.
pub(super) fn chunks(batch: usize, numbers: usize) -> impl Iterator<Item = Range<usize>> {
    let count = (CHUNK / numbers.max(1)).clamp(1, batch.max(1));
    (0..batch).step_by(count).map(move |first| first..batch.min(first + count))
}

/// Feature maps: numbers as they are, or what normalisation and activation make of them, which is
/// worked out when they are read.
#[derive(Debug)]
pub(super) struct Maps {
    pub(super) shape: Shape,
    pub(super) values: Rc<Buffer>,
    pub(super) affine: Option<Affine>,
    /// Whether no gradient is asked for: the images.
    pub(super) constant: bool,
}

impl Maps {
    pub(super) fn plain(shape: Shape, values: Buffer) -> Self {
        Self { shape, values: Rc::new(values), affine: None, constant: false }
    }

    /// Some images; `scratch` holds them unless they are there as they are.
    pub(super) fn images<'a>(
        &'a self,
        images: &Range<usize>,
        scratch: &'a mut Buffer,
    ) -> &'a [f32] {
        let values = &self.values[self.shape.of(images)];
        match &self.affine {
            None => values,
            Some(affine) => {
                scratch.ensure(values.len());
                affine.apply(values, scratch);
                scratch
            }
        }
    }

    /// All numbers.
    pub(super) fn all(&self) -> Rc<Buffer> {
        match &self.affine {
            None => Rc::clone(&self.values),
            Some(affine) => {
                let mut out = Buffer::new(self.values.len());
                affine.apply(&self.values, &mut out);
                Rc::new(out)
            }
        }
    }
}
