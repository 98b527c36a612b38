//! L-BFGS: quasi-Newton minimization within a box.

mod pairs;

use pairs::CorrectionPairs;

/// Stopping criteria of [`minimize`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stop {
    /// The most evaluations of the function.
    pub(crate) evaluations: usize,
    /// The largest component of the projected gradient at a minimum.
    pub(crate) gradient: f64,
    /// The decrease, relative to `1 + |f|`, below which the minimization ends.
    pub(crate) decrease: f64,
}

/// Minimizes a smooth function within a box from `x`, which becomes the best point found; returns
/// its value, which is never larger than that of the (clamped) start. `function` takes a point and
/// writes the gradient; a value that is not finite marks an infeasible point.
///
/// Limited-memory BFGS on the variables that are not held at a bound, with a projected backtracking
/// line search.
///
/// # Source
/// Nocedal & Wright, "Numerical Optimization", 2nd ed., algorithm 7.4; Bertsekas (1982), "Projected
/// Newton Methods for Optimization Problems with Simple Constraints", SIAM J. Control Optim. 20(2),
/// for the bounds.
pub(crate) fn minimize(
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    x: &mut [f64],
    bounds: &[(f64, f64)],
    stop: Stop,
) -> f64 {
    let n = x.len();
    for (x, (low, high)) in x.iter_mut().zip(bounds) {
        *x = x.clamp(*low, *high);
    }
    let mut gradient = vec![0.0; n];
    let value = function(x, &mut gradient);
    if !value.is_finite() || n == 0 {
        return value;
    }
    let (next, next_gradient) = (x.to_vec(), vec![0.0; n]);
    let pairs = CorrectionPairs::default();
    let (direction, free) = (vec![0.0; n], vec![true; n]);
    let mut state = State {
        x,
        value,
        gradient,
        evaluations: 1,
        pairs,
        direction,
        free,
        next,
        next_gradient,
        bounds,
    };
    while state.evaluations < stop.evaluations {
        let largest = state.projected_gradient();
        if largest.is_nan() || largest <= stop.gradient {
            break;
        }
        let slope = state.find_direction();
        if let Some(gain) = state.line_search(&mut function, slope, stop.evaluations) {
            if gain <= stop.decrease * (1.0 + state.value.abs()) {
                break;
            }
        } else {
            if state.pairs.is_empty() {
                break;
            }
            state.pairs.clear();
        }
    }
    state.value
}

/// The best point so far, and buffers.
#[derive(Debug)]
struct State<'a> {
    x: &'a mut [f64],
    value: f64,
    gradient: Vec<f64>,
    evaluations: usize,
    pairs: CorrectionPairs,
    direction: Vec<f64>,
    /// Variables that are not held at a bound.
    free: Vec<bool>,
    next: Vec<f64>,
    next_gradient: Vec<f64>,
    bounds: &'a [(f64, f64)],
}

impl State<'_> {
    /// The largest component of the gradient among the free variables, which it finds.
    fn projected_gradient(&mut self) -> f64 {
        let mut largest = 0.0_f64;
        for (i, (low, high)) in self.bounds.iter().enumerate() {
            let (x, gradient) = (self.x[i], self.gradient[i]);
            self.free[i] = !(x <= *low && gradient > 0.0 || x >= *high && gradient < 0.0);
            if self.free[i] {
                largest = largest.max(gradient.abs());
            }
        }
        largest
    }

    /// Finds a direction of descent, steepest if the quasi-Newton one ascends; returns its slope.
    fn find_direction(&mut self) -> f64 {
        let Self { pairs, gradient, free, direction, .. } = self;
        pairs.direction(gradient, free, direction);
        let mut slope: f64 = direction.iter().zip(&*gradient).map(|(d, g)| d * g).sum();
        if slope.is_nan() || slope >= 0.0 {
            pairs.clear();
            pairs.direction(gradient, free, direction);
            slope = direction.iter().zip(&*gradient).map(|(d, g)| d * g).sum();
        }
        slope
    }

    /// Moves along the direction, backtracking until the decrease suffices (Armijo's rule); returns
    /// the decrease, or `None` where no step was accepted.
    fn line_search(
        &mut self,
        function: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
        slope: f64,
        evaluations: usize,
    ) -> Option<f64> {
        // Without curvature the first step is a tenth of the box at most.
        let widest = self
            .direction
            .iter()
            .zip(self.bounds)
            .map(|(d, (low, high))| d.abs() / (high - low).max(1e-12))
            .fold(0.0_f64, f64::max);
        let mut step = if self.pairs.is_empty() { (0.1 / widest).min(1.0) } else { 1.0 };
        while self.evaluations < evaluations {
            let expected = self.set_next(step)?;
            let trial = function(&self.next, &mut self.next_gradient);
            self.evaluations += 1;
            if trial.is_finite() && trial <= self.value + 1e-4 * expected.min(0.0) {
                let gain = self.value - trial;
                self.accept(trial);
                return Some(gain);
            }
            // The minimum of the interpolating parabola, kept within [0.1, 0.5] of the step.
            let shrink = if trial.is_finite() {
                -0.5 * slope * step / (trial - self.value - slope * step)
            } else {
                0.1
            };
            step *= if shrink.is_finite() { shrink.clamp(0.1, 0.5) } else { 0.5 };
            if step < 1e-12 {
                break;
            }
        }
        None
    }

    /// Sets the next point, projected onto the box, and returns the change that the gradient
    /// predicts; `None` if the point does not move.
    fn set_next(&mut self, step: f64) -> Option<f64> {
        let (mut moved, mut expected) = (false, 0.0);
        for (i, (low, high)) in self.bounds.iter().enumerate() {
            self.next[i] = (self.x[i] + step * self.direction[i]).clamp(*low, *high);
            moved |= self.next[i] != self.x[i];
            expected += self.gradient[i] * (self.next[i] - self.x[i]);
        }
        moved.then_some(expected)
    }

    /// Moves to the next point and remembers the correction pair.
    fn accept(&mut self, value: f64) {
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let s = difference(&self.next, self.x);
        let y = difference(&self.next_gradient, &self.gradient);
        self.pairs.push(s, y);
        self.x.copy_from_slice(&self.next);
        self.gradient.copy_from_slice(&self.next_gradient);
        self.value = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosenbrock_in_and_on_the_box() {
        let f = |x: &[f64], g: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        };
        let stop = Stop { evaluations: 400, gradient: 1e-9, decrease: 0.0 };
        let mut x = [-1.2, 1.0];
        assert!(minimize(f, &mut x, &[(-2.0, 2.0); 2], stop) < 1e-12);
        // With x0 <= 0.5 the minimum lies on the bound, at (0.5, 0.25).
        let mut x = [-1.2, 1.0];
        let value = minimize(f, &mut x, &[(-2.0, 0.5), (-2.0, 2.0)], stop);
        assert!((value - 0.25).abs() < 1e-9 && x[0] == 0.5, "{x:?} {value}");
    }
}
