//! Bounded quasi-Newton minimisation.

/// When [`minimize`] stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// The most evaluations.
    pub evaluations: usize,
    /// The largest component of the projected gradient at a minimum.
    pub gradient: f64,
    /// The smallest decrease, relative to `1 + |f|`, that is worth another step.
    pub decrease: f64,
}

impl Default for Stop {
    fn default() -> Self {
        Self { evaluations: 100, gradient: 1e-5, decrease: 1e-9 }
    }
}

/// Pairs that the curvature is estimated from.
const MEMORY: usize = 8;

/// Minimises a smooth function in a box from `x`, which becomes the best point found; returns its
/// value. `function` gets a point and writes the gradient; a value that is not finite marks a point
/// that cannot be used. The value is never larger than at the (clamped) start.
///
/// Limited-memory BFGS on the variables that are not held at a bound, with a projected
/// backtracking line search.
///
/// # Source
/// Nocedal & Wright, "Numerical Optimization", 2nd ed., algorithm 7.4; the treatment of bounds is
/// that of Bertsekas (1982), "Projected Newton Methods", SIAM J. Control Optim. 20(2).
pub fn minimize(
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
    let mut value = function(x, &mut gradient);
    let mut evaluations = 1;
    if !value.is_finite() || n == 0 {
        return value;
    }
    let mut pairs: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::with_capacity(MEMORY + 1);
    let (mut next, mut next_gradient) = (x.to_vec(), vec![0.0; n]);
    let mut direction = vec![0.0; n];
    let mut free = vec![true; n];
    while evaluations < stop.evaluations {
        let mut largest = 0.0_f64;
        for i in 0..n {
            let (low, high) = bounds[i];
            free[i] = !(x[i] <= low && gradient[i] > 0.0 || x[i] >= high && gradient[i] < 0.0);
            if free[i] {
                largest = largest.max(gradient[i].abs());
            }
        }
        if largest.is_nan() || largest <= stop.gradient {
            break;
        }
        two_loops(&pairs, &gradient, &free, &mut direction);
        let mut slope: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
        if slope.is_nan() || slope >= 0.0 {
            pairs.clear();
            two_loops(&pairs, &gradient, &free, &mut direction);
            slope = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
        }
        // Without curvature the first step is a tenth of the box at most.
        let widest = direction
            .iter()
            .zip(bounds)
            .map(|(d, (low, high))| d.abs() / (high - low).max(1e-12))
            .fold(0.0_f64, f64::max);
        let mut step = if pairs.is_empty() { (0.1 / widest).min(1.0) } else { 1.0 };
        let mut accepted = false;
        while evaluations < stop.evaluations {
            let mut moved = false;
            let mut expected = 0.0;
            for i in 0..n {
                next[i] = (x[i] + step * direction[i]).clamp(bounds[i].0, bounds[i].1);
                moved |= next[i] != x[i];
                expected += gradient[i] * (next[i] - x[i]);
            }
            if !moved {
                break;
            }
            let trial = function(&next, &mut next_gradient);
            evaluations += 1;
            if trial.is_finite() && trial <= value + 1e-4 * expected.min(0.0) {
                accepted = true;
                let gain = value - trial;
                let s: Vec<f64> = next.iter().zip(&*x).map(|(a, b)| a - b).collect();
                let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
                let sy: f64 = s.iter().zip(&y).map(|(a, b)| a * b).sum();
                let yy: f64 = y.iter().map(|v| v * v).sum();
                if sy > 1e-12 * yy {
                    if pairs.len() == MEMORY {
                        pairs.remove(0);
                    }
                    pairs.push((s, y, sy));
                }
                x.copy_from_slice(&next);
                gradient.copy_from_slice(&next_gradient);
                value = trial;
                if gain <= stop.decrease * (1.0 + value.abs()) {
                    return value;
                }
                break;
            }
            // The minimum of the parabola through what is known, kept within [0.1, 0.5].
            let shrink = if trial.is_finite() {
                -0.5 * slope * step / (trial - value - slope * step)
            } else {
                0.1
            };
            step *= if shrink.is_finite() { shrink.clamp(0.1, 0.5) } else { 0.5 };
            if step < 1e-12 {
                break;
            }
        }
        if !accepted {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
        }
    }
    value
}

/// The quasi-Newton direction on the free variables; steepest descent without pairs.
fn two_loops(
    pairs: &[(Vec<f64>, Vec<f64>, f64)],
    gradient: &[f64],
    free: &[bool],
    direction: &mut [f64],
) {
    let masked = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).zip(free).filter(|(_, f)| **f).map(|((a, b), _)| a * b).sum()
    };
    for i in 0..gradient.len() {
        direction[i] = if free[i] { -gradient[i] } else { 0.0 };
    }
    let mut alphas = [0.0; MEMORY];
    let curvature: Vec<f64> = pairs.iter().map(|(s, y, _)| masked(s, y)).collect();
    for (k, (s, y, _)) in pairs.iter().enumerate().rev() {
        if curvature[k] > 0.0 {
            alphas[k] = masked(s, direction) / curvature[k];
            for i in 0..direction.len() {
                direction[i] -= alphas[k] * y[i];
            }
        }
    }
    if let Some((k, (_, y, _))) = pairs.iter().enumerate().rev().find(|(k, _)| curvature[*k] > 0.0)
    {
        let scale = curvature[k] / masked(y, y).max(f64::MIN_POSITIVE);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (k, (s, y, _)) in pairs.iter().enumerate() {
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
