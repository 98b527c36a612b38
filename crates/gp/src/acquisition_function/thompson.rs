//! Thompson sampling: joint draws of the objective and the constraints.

use super::AcquisitionFunction;
use nalgebra::DMatrix;
use rand::{Rng, RngExt};

/// The score of a candidate that violates drawn constraints, before the violation is subtracted: far below every drawn objective, the scale of which is 1.
const INFEASIBLE: f64 = -1e6;

/// Independent standard normal numbers `[rows, columns]` (Box & Muller 1958).
pub(crate) fn standard_normals(rows: usize, columns: usize, rng: &mut dyn Rng) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| {
        let (u, v) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    })
}

impl AcquisitionFunction {
    /// One joint draw at all rows, larger is better: the negated drawn objective where the drawn
    /// constraints are satisfied, elsewhere [`INFEASIBLE`] less the violation. `None` where the
    /// covariance of the rows is not positive definite.
    ///
    /// # Source
    /// Thompson (1933), "On the Likelihood that One Unknown Probability Exceeds Another"; Eriksson
    /// & Poloczek (2021), "Scalable Constrained Bayesian Optimization", section 3, for constraints.
    pub(crate) fn draw(&self, rows: &DMatrix<f64>, rng: &mut dyn Rng) -> Option<Vec<f64>> {
        let n = rows.nrows();
        let mut scores = vec![0.0; n];
        if let Some((surrogates, _)) = self.objective.surrogates() {
            // A surrogate by its weight, then a function from it.
            let sum: f64 = surrogates.iter().map(|surrogate| surrogate.weight).sum();
            let mut at = rng.random::<f64>() * sum;
            let chosen = surrogates.iter().find(|surrogate| {
                at -= surrogate.weight;
                at <= 0.0
            });
            let surrogate = chosen.or(surrogates.last())?;
            let drawn = surrogate.posterior.draw(rows, &standard_normals(n, 1, rng)).ok()?;
            scores.iter_mut().zip(drawn.iter()).for_each(|(s, d)| *s = -d);
        }
        let mut violations = vec![0.0; n];
        for (posterior, limit) in &self.constraints {
            let drawn = posterior.draw(rows, &standard_normals(n, 1, rng)).ok()?;
            violations.iter_mut().zip(drawn.iter()).for_each(|(v, d)| *v += (d - limit).max(0.0));
        }
        for (score, violation) in scores.iter_mut().zip(&violations) {
            if *violation > 0.0 {
                *score = INFEASIBLE - violation;
            }
        }
        Some(scores)
    }
}
