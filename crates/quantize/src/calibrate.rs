//! Ranges of values on images.

use crate::histogram::Histogram;
use crate::split_activations::Split;
use std::num::NonZero;
use std::thread;

/// For each value of a program, the range in which its numbers lie on calibration images.
///
/// Each range is that of all numbers or that between the percentiles .01 and 99.99, whichever has
/// the smaller squared error in int8. The class scores keep the whole range, so that the largest are
/// not cut to equal ones.
pub(crate) fn ranges(split: &Split, images: &[Vec<f32>]) -> Vec<(f32, f32)> {
    let whole = on_threads(images, |images| whole(split, images))
        .into_iter()
        .reduce(|all, part| all.into_iter().zip(part).map(|(a, b)| wider(a, b)).collect());
    let whole = whole.unwrap_or_else(|| vec![(0.0, 0.0); split.program.values.len()]);
    let histograms = on_threads(images, |images| histograms(split, &whole, images));
    let histograms = histograms.into_iter().reduce(|mut all, part| {
        all.iter_mut().zip(&part).for_each(|(all, part)| all.merge(part));
        all
    });
    let histograms = histograms.unwrap_or_default();
    let mut best: Vec<(f32, f32)> = histograms.iter().map(Histogram::best_range).collect();
    best[split.program.output] = whole[split.program.output];
    best
}

/// The results of equal shares of the images, each on a thread. Ranges and counts of the parts combine
/// to those of all images, whatever the number of threads.
fn on_threads<T: Send>(
    images: &[Vec<f32>],
    of: impl Fn(&[Vec<f32>]) -> Vec<T> + Sync,
) -> Vec<Vec<T>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = images.len().div_ceil(threads).max(1);
    let of = &of;
    thread::scope(|scope| {
        let parts: Vec<_> =
            images.chunks(share).map(|part| scope.spawn(move || of(part))).collect();
        parts.into_iter().filter_map(|part| part.join().ok()).collect()
    })
}

/// The range of all numbers of each value.
fn whole(split: &Split, images: &[Vec<f32>]) -> Vec<(f32, f32)> {
    let mut whole = vec![(0.0_f32, 0.0_f32); split.program.values.len()];
    for image in images {
        for (range, numbers) in whole.iter_mut().zip(split.values(image)) {
            *range = numbers.iter().fold(*range, |range, x| wider(range, (*x, *x)));
        }
    }
    whole
}

fn wider((low, high): (f32, f32), (other_low, other_high): (f32, f32)) -> (f32, f32) {
    (low.min(other_low), high.max(other_high))
}

fn histograms(split: &Split, whole: &[(f32, f32)], images: &[Vec<f32>]) -> Vec<Histogram> {
    let mut histograms: Vec<Histogram> =
        whole.iter().map(|&(low, high)| Histogram::new(low, high)).collect();
    for image in images {
        for (histogram, numbers) in histograms.iter_mut().zip(split.values(image)) {
            histogram.add(&numbers);
        }
    }
    histograms
}
