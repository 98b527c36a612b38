//! Correction pairs and the two-loop recursion.

/// The most correction pairs.
const MAX_PAIRS: usize = 8;

/// A step `s` and the change `y` of the gradient along it.
type Pair = (Vec<f64>, Vec<f64>);

/// The latest correction pairs, from which the inverse Hessian is approximated.
#[derive(Clone, Debug, Default)]
pub(super) struct CorrectionPairs {
    pairs: Vec<Pair>,
}

impl CorrectionPairs {
    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.pairs.clear();
    }

    /// Adds a pair if the curvature along the step is positive; drops the oldest of too many.
    pub(super) fn push(&mut self, s: Vec<f64>, y: Vec<f64>) {
        let sy: f64 = s.iter().zip(&y).map(|(a, b)| a * b).sum();
        let yy: f64 = y.iter().map(|v| v * v).sum();
        if sy > 1e-12 * yy {
            if self.pairs.len() == MAX_PAIRS {
                self.pairs.remove(0);
            }
            self.pairs.push((s, y));
        }
    }

    /// Writes the quasi-Newton direction on the free variables; steepest descent without pairs.
    ///
    /// # Source
    /// Nocedal & Wright, "Numerical Optimization", 2nd ed., algorithm 7.4.
    pub(super) fn direction(&self, gradient: &[f64], free: &[bool], direction: &mut [f64]) {
        let pairs = &self.pairs;
        let masked = |a: &[f64], b: &[f64]| -> f64 {
            a.iter().zip(b).zip(free).filter(|(_, f)| **f).map(|((a, b), _)| a * b).sum()
        };
        for i in 0..gradient.len() {
            direction[i] = if free[i] { -gradient[i] } else { 0.0 };
        }
        let mut alphas = [0.0; MAX_PAIRS];
        let curvature: Vec<f64> = pairs.iter().map(|(s, y)| masked(s, y)).collect();
        for (k, (s, y)) in pairs.iter().enumerate().rev() {
            if curvature[k] > 0.0 {
                alphas[k] = masked(s, direction) / curvature[k];
                for i in 0..direction.len() {
                    direction[i] -= alphas[k] * y[i];
                }
            }
        }
        let last = pairs.iter().enumerate().rev().find(|(k, _)| curvature[*k] > 0.0);
        if let Some((k, (_, y))) = last {
            let scale = curvature[k] / masked(y, y).max(f64::MIN_POSITIVE);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for (k, (s, y)) in pairs.iter().enumerate() {
            if curvature[k] > 0.0 {
                let beta = masked(y, direction) / curvature[k];
                for i in 0..direction.len() {
                    direction[i] += (alphas[k] - beta) * s[i];
                }
            }
        }
        for i in 0..direction.len() {
            if !free[i] {
                direction[i] = 0.0;
            }
        }
    }
}
