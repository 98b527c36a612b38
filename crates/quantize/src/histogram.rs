//! The distribution of a value, and the range that represents it best.

use crate::scale::Scale;

/// Bins of a histogram; eight for each int8.
const BINS: usize = 2048;

/// Share of the values that the narrower range leaves out on either side: the percentile 99.99.
const TAIL: f64 = 1e-4;

/// Counts of numbers in bins of one width.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    low: f32,
    high: f32,
    bins: Vec<u64>,
}

impl Histogram {
    /// An empty histogram of numbers in `low..=high`.
    pub(crate) fn new(low: f32, high: f32) -> Self {
        Self { low, high, bins: vec![0; BINS] }
    }

    /// Counts numbers.
    pub(crate) fn add(&mut self, numbers: &[f32]) {
        let scale = BINS as f32 / (self.high - self.low).max(f32::MIN_POSITIVE);
        for x in numbers {
            let bin = ((x - self.low) * scale) as usize;
            self.bins[bin.min(BINS - 1)] += 1;
        }
    }

    /// Adds the counts of another histogram of the same range.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(count, more)| *count += more);
    }

    /// The whole range, or that between the percentiles .01 and 99.99 where its squared error in
    /// int8 is smaller.
    pub(crate) fn best_range(&self) -> (f32, f32) {
        let (whole, narrow) = ((self.low, self.high), self.percentiles());
        if self.error(narrow) < self.error(whole) { narrow } else { whole }
    }

    fn percentiles(&self) -> (f32, f32) {
        let count: u64 = self.bins.iter().sum();
        let tail = (count as f64 * TAIL) as u64;
        let outside = |bins: &mut dyn Iterator<Item = &u64>| {
            let mut sum = 0;
            bins.take_while(|bin| {
                sum += **bin;
                sum <= tail
            })
            .count()
        };
        let below = outside(&mut self.bins.iter());
        let above = outside(&mut self.bins.iter().rev());
        let width = (self.high - self.low) / BINS as f32;
        (self.low + width * below as f32, self.high - width * above as f32)
    }

    /// The sum of squared differences from the nearest representable numbers.
    fn error(&self, (low, high): (f32, f32)) -> f64 {
        let scale = Scale::of_range(low, high);
        let width = (self.high - self.low) / BINS as f32;
        let bins = self.bins.iter().enumerate().filter(|(_, count)| **count > 0);
        let errors = bins.map(|(bin, count)| {
            let center = self.low + width * (bin as f32 + 0.5);
            let error = f64::from(scale.value(scale.quantize(center)) - center);
            *count as f64 * error * error
        });
        errors.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    /// Two million numbers in 0..1 and one far away: the range of the many is better. Where the ends
    /// are common, the whole range is.
    #[test]
    fn rare_outliers_are_left_out() {
        let mut rare = Histogram::new(0.0, 100.0);
        let common: Vec<f32> = (0..100_000).map(|i| i as f32 / 100_000.0).collect();
        (0..20).for_each(|_| rare.add(&common));
        rare.add(&[100.0]);
        let (low, high) = rare.best_range();
        assert!(low == 0.0 && (1.0..1.1).contains(&high), "{high}");
        let mut even = Histogram::new(-1.0, 1.0);
        even.add(&[-1.0, 0.5, 1.0]);
        assert_eq!(even.best_range(), (-1.0, 1.0));
    }
}
