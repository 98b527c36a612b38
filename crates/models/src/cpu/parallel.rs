//! Batches in parts, for several threads.

use super::buffer::Buffer;
use super::maps::Maps;
use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
use std::ops::Range;

/// Parts of a batch.
const PARTS: usize = 4;

/// Values that are worked on at a time: they stay in the second-level cache.
const CHUNK: usize = 40_000;

/// Number of values below which one thread is faster than several.
const SMALL: usize = 50_000;

/// Images of each part, a function of the batch alone, so that sums over parts are the same
/// on any number of threads.
pub(super) fn parts(batch: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
    let count = PARTS.min(batch).max(1);
    (0..count).map(move |part| batch * part / count..batch * (part + 1) / count)
}

/// One state for each part.
pub(super) fn states<S>(batch: usize, state: impl Fn() -> S) -> Vec<S> {
    parts(batch).map(|_| state()).collect()
}

/// Largest number of images that are worked on at a time, for `numbers` values per image.
pub(super) fn images_at_once(batch: usize, numbers: usize) -> usize {
    (CHUNK / numbers.max(1)).clamp(1, batch.div_ceil(PARTS).max(1))
}

/// Works on all images, some at a time, each part with its state and perhaps on several threads.
/// `numbers` is what an image needs of the cache, `out` where to write, so many numbers per image.
pub(super) fn parallel_for<S: Send>(
    batch: usize,
    numbers: usize,
    states: &mut [S],
    out: Option<(&mut [f32], usize)>,
    on: impl Fn(&mut S, &Range<usize>, Option<&mut [f32]>) + Sync,
) {
    let count = images_at_once(batch, numbers);
    let (mut out, each) = match out {
        Some((out, each)) => (Some(out), each),
        None => (None, 0),
    };
    let mut tasks = Vec::with_capacity(states.len());
    for (images, state) in parts(batch).zip(states) {
        let own = out.take().map(|rest| rest.split_at_mut(images.len() * each));
        let (own, rest) = own.unzip();
        out = rest;
        tasks.push((images, state, own));
    }
    let run = |(images, state, out): &mut (Range<usize>, &mut S, Option<&mut [f32]>)| {
        let mut at = 0;
        for first in images.clone().step_by(count) {
            let some = first..images.end.min(first + count);
            let end = at + some.len() * each;
            on(state, &some, out.as_mut().map(|out| &mut out[at..end]));
            at = end;
        }
    };
    if batch * numbers > SMALL && rayon::current_num_threads() > 1 {
        tasks.par_iter_mut().for_each(run);
    } else {
        tasks.iter_mut().for_each(run);
    }
}

/// Reads maps, some images at a time.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    maps: &'a Maps,
    scratch: Buffer,
}

impl<'a> Reader<'a> {
    /// For so many images at a time.
    pub(super) fn new(maps: &'a Maps, images: usize) -> Self {
        let numbers = if maps.affine.is_some() { images * maps.shape.image() } else { 0 };
        Self { maps, scratch: Buffer::new(numbers) }
    }

    /// The numbers of some images.
    pub(super) fn images(&mut self, images: &Range<usize>) -> &[f32] {
        let values = &self.maps.values[self.maps.shape.of(images)];
        match &self.maps.affine {
            None => values,
            Some(affine) => {
                let scratch = &mut self.scratch[..values.len()];
                affine.apply(values, scratch);
                scratch
            }
        }
    }
}

/// One reader for each part.
pub(super) fn readers(maps: &Maps, numbers: usize) -> Vec<Reader<'_>> {
    let batch = maps.shape.batch;
    states(batch, || Reader::new(maps, images_at_once(batch, numbers)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every image once and in order, whatever the sizes and the number of threads.
    #[test]
    fn parts_are_a_partition() {
        for (batch, numbers) in [(1, 10), (3, 50_000), (5, 1), (128, 9_000), (130, 41_000)] {
            let mut out = vec![0.0; batch * 2];
            let mut seen = states(batch, Vec::new);
            parallel_for(batch, numbers, &mut seen, Some((&mut out, 2)), |seen, images, out| {
                seen.extend(images.clone());
                let out = out.unwrap_or_default();
                for (out, image) in out.chunks_exact_mut(2).zip(images.clone()) {
                    out.fill(image as f32);
                }
            });
            assert!(seen.concat().into_iter().eq(0..batch));
            assert!(out.iter().enumerate().all(|(i, &x)| x == (i / 2) as f32));
        }
    }
}
