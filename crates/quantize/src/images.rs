//! Int8 programs and the images of a data set.

use crate::{Int8Program, Interpreter, QuantizeError};
use automl_data::{Images, Preprocessing};
use automl_deploy::Program;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

impl Int8Program {
    /// Quantizes a program by at most `count` of the training images, drawn by `seed`, with the mean and
    /// deviation of `input`. The same images, count and seed give the same program.
    ///
    /// # Errors
    /// Those of [`quantize`](Self::quantize).
    pub fn calibrate(
        program: &Program,
        input: &Preprocessing,
        training: &Images,
        count: usize,
        seed: u64,
    ) -> Result<Self, QuantizeError> {
        let normalization = input.mean.iter().copied().zip(input.sd.iter().copied());
        let some = training.at_most(count, seed);
        let images: Vec<Vec<u8>> = some.iter().map(<[u8]>::to_vec).collect();
        Self::quantize(program, &normalization.collect::<Vec<_>>(), &images)
    }

    /// The share of images that the program classifies as they are labeled, in [0, 1].
    pub fn accuracy(&self, images: &Images) -> f64 {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = images.len().div_ceil(threads).max(1);
        let hits = AtomicUsize::new(0);
        thread::scope(|scope| {
            for start in (0..images.len()).step_by(share) {
                let hits = &hits;
                scope.spawn(move || {
                    let mut interpreter = Interpreter::new(self);
                    let own = start..(start + share).min(images.len());
                    let is_hit = |index: &usize| {
                        let class = interpreter.classify_planes(images.image(*index));
                        class == usize::from(images.labels[*index])
                    };
                    hits.fetch_add(own.filter(is_hit).count(), Ordering::Relaxed);
                });
            }
        });
        hits.into_inner() as f64 / images.len().max(1) as f64
    }
}

impl Interpreter<'_> {
    /// The class with the highest score of an image in planes, `[channels, height, width]`, as data sets
    /// hold them; the first of equal ones.
    pub fn classify_planes(&mut self, planes: &[u8]) -> usize {
        let channels = self.input_channels();
        self.classify(&channels_last(planes, channels))
    }
}

/// `[channels, height, width]` to `[height, width, channels]`.
fn channels_last(planes: &[u8], channels: usize) -> Vec<u8> {
    let positions = planes.len() / channels.max(1);
    (0..positions).flat_map(|at| (0..channels).map(move |c| planes[c * positions + at])).collect()
}

#[cfg(test)]
mod tests {
    use super::channels_last;

    #[test]
    fn planes_become_pixels() {
        assert_eq!(channels_last(&[1, 2, 3, 10, 20, 30], 2), [1, 10, 2, 20, 3, 30]);
        assert_eq!(channels_last(&[1, 2, 3], 1), [1, 2, 3]);
    }
}
