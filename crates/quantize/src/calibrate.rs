//! Ranges of values on images.

use crate::histogram::Histogram;
use crate::split_activations::Split;

/// For each value of a program, the range in which its numbers lie on calibration images.
///
/// Each range is that of all numbers or that between the percentiles .01 and 99.99, whichever has
/// the smaller squared error in int8. The class scores keep the whole range, so that the largest are
/// not cut to equal ones.
pub(crate) fn ranges(split: &Split, images: &[Vec<f32>]) -> Vec<(f32, f32)> {
    let values = split.program.values.len();
    let mut whole = vec![(0.0_f32, 0.0_f32); values];
    for image in images {
        for (range, numbers) in whole.iter_mut().zip(split.values(image)) {
            let wider = |(low, high): (f32, f32), x: &f32| (low.min(*x), high.max(*x));
            *range = numbers.iter().fold(*range, wider);
        }
    }
    let mut histograms: Vec<Histogram> =
        whole.iter().map(|&(low, high)| Histogram::new(low, high)).collect();
    for image in images {
        for (histogram, numbers) in histograms.iter_mut().zip(split.values(image)) {
            histogram.add(&numbers);
        }
    }
    let mut best: Vec<(f32, f32)> = histograms.iter().map(Histogram::best_range).collect();
    best[split.program.output] = whole[split.program.output];
    best
}
