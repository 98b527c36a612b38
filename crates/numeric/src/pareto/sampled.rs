//! Hypervolumes by sampling: which of some random points each point dominates.

use super::is_inside;
use crate::stream;
use rand::RngExt;

/// The number of sample points.
const SAMPLES: usize = 1 << 14;

/// The sample points that each point dominates, as bits.
#[derive(Debug)]
pub(super) struct Samples {
    /// `[n][SAMPLES / 64]`
    dominated: Vec<Vec<u64>>,
    /// The volume for which one sample point stands.
    unit: f64,
}

impl Samples {
    /// Uniform samples of the box between the least losses and the reference, of a fixed stream.
    ///
    /// `points`: `[n, m]`, `reference`: `[m]`.
    pub(super) fn new<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> Self {
        let inside = |p: &P| is_inside(p.as_ref(), reference);
        let mut ideal = reference.to_vec();
        for point in points.iter().filter(|p| inside(p)) {
            ideal.iter_mut().zip(point.as_ref()).for_each(|(low, x)| *low = low.min(*x));
        }
        let mut rng = stream(0, 0, "hypervolume");
        let mut draw = || -> Vec<f64> {
            let bounds = ideal.iter().zip(reference);
            bounds.map(|(low, high)| low + (high - low) * rng.random::<f64>()).collect()
        };
        let samples: Vec<Vec<f64>> = (0..SAMPLES).map(|_| draw()).collect();
        let bits = |p: &P| {
            let mut bits = vec![0_u64; SAMPLES / 64];
            if inside(p) {
                for (i, sample) in samples.iter().enumerate() {
                    let covers = p.as_ref().iter().zip(sample).all(|(x, s)| x <= s);
                    bits[i / 64] |= u64::from(covers) << (i % 64);
                }
            }
            bits
        };
        let volume: f64 = ideal.iter().zip(reference).map(|(low, high)| high - low).product();
        Self { dominated: points.iter().map(bits).collect(), unit: volume / SAMPLES as f64 }
    }

    /// The volume that each point dominates alone. `[n]`
    pub(super) fn exclusive(&self) -> Vec<f64> {
        let (mut once, mut twice) = (vec![0_u64; SAMPLES / 64], vec![0_u64; SAMPLES / 64]);
        for own in &self.dominated {
            for ((once, twice), own) in once.iter_mut().zip(&mut twice).zip(own) {
                *twice |= *once & own;
                *once |= own;
            }
        }
        let alone: Vec<u64> = once.iter().zip(&twice).map(|(once, twice)| once & !twice).collect();
        let count = |own: &Vec<u64>| -> u32 {
            own.iter().zip(&alone).map(|(own, alone)| (own & alone).count_ones()).sum()
        };
        self.dominated.iter().map(|own| self.unit * f64::from(count(own))).collect()
    }

    /// No sample points.
    pub(super) fn nothing() -> Vec<u64> {
        vec![0; SAMPLES / 64]
    }

    /// The volume that point `i` dominates beyond the sample points `covered`.
    pub(super) fn gain(&self, i: usize, covered: &[u64]) -> f64 {
        let new = self.dominated[i].iter().zip(covered).map(|(own, known)| own & !known);
        self.unit * f64::from(new.map(u64::count_ones).sum::<u32>())
    }

    /// Adds the sample points that point `i` dominates to `covered`.
    pub(super) fn cover(&self, i: usize, covered: &mut [u64]) {
        covered.iter_mut().zip(&self.dominated[i]).for_each(|(known, own)| *known |= own);
    }
}
