//! Hyperparameters that are learned in the same run as the weights, by their own gradient.
//!
//! How the loss on held-out images changes with a hyperparameter of the training loss, written
//! `g(w, h)` for the gradient of the training loss by the weights:
//!
//! - *one step* back: the next weights are `w - r g(w, h)`, so the derivative is
//!   `-r v . dg/dh` with `v` the held-out loss's gradient (Luketina et al. 2016, "Scalable
//!   Gradient-Based Tuning of Continuous Regularization Hyperparameters");
//! - *implicit*, at weights that are trained: `-v . H^-1 dg/dh` with the Hessian `H` of the training
//!   loss, its inverse a Neumann series (Lorraine et al. 2020, "Optimizing Millions of
//!   Hyperparameters by Implicit Differentiation", algorithms 1 to 3).
//!
//! Both need first-order gradients only: second derivatives are central differences of gradients,
//! as in Liu et al. (2019), "DARTS", section 2.3.

mod problem;
mod recipe;
mod tuning;

pub use recipe::RecipeHyperparameters;
pub use tuning::{HypergradientMethod, RecipeTuning, RecipeTuningOptions};

/// Bilevel problem: a training loss with hyperparameters and a held-out loss, by flat weights.
pub trait Bilevel {
    /// Reason for which a gradient cannot be computed.
    type Error;

    /// Gradient of the training loss by the weights.
    ///
    /// # Errors
    /// Those of the problem.
    fn training_gradient(
        &mut self,
        weights: &[f64],
        hyper: &[f64],
    ) -> Result<Vec<f64>, Self::Error>;

    /// Gradient of the held-out loss by the weights.
    ///
    /// # Errors
    /// Those of the problem.
    fn held_out_gradient(&mut self, weights: &[f64]) -> Result<Vec<f64>, Self::Error>;

    /// Values of a hyperparameter between which [`mixed_derivative`](Self::mixed_derivative) takes a
    /// difference. Where the loss is linear in the hyperparameter, any two values give the
    /// derivative, and distant ones the least noise.
    fn difference_points(&self, hyper: &[f64], index: usize) -> (f64, f64) {
        let step = 1e-3 * hyper[index].abs().max(1e-3);
        (hyper[index] - step, hyper[index] + step)
    }

    /// Mixed second derivative of the training loss: its gradient by the weights, differentiated by
    /// one hyperparameter. Costs two gradients.
    ///
    /// # Errors
    /// Those of [`training_gradient`](Self::training_gradient).
    fn mixed_derivative(
        &mut self,
        weights: &[f64],
        hyper: &[f64],
        index: usize,
    ) -> Result<Vec<f64>, Self::Error> {
        difference(self, weights, hyper, index)
    }
}

/// The difference of the training loss's gradient between a hyperparameter's ends.
fn difference<P: Bilevel + ?Sized>(
    problem: &mut P,
    weights: &[f64],
    hyper: &[f64],
    index: usize,
) -> Result<Vec<f64>, P::Error> {
    let (low, high) = problem.difference_points(hyper, index);
    let mut moved = hyper.to_vec();
    moved[index] = high;
    let above = problem.training_gradient(weights, &moved)?;
    moved[index] = low;
    let below = problem.training_gradient(weights, &moved)?;
    Ok(above.iter().zip(&below).map(|(a, b)| (a - b) / (high - low)).collect())
}

/// Product of the Hessian of the training loss with a vector `p`: two gradients, at weights that lie
/// `.01 / |p|` times `p` to both sides.
///
/// # Errors
/// Those of the problem.
pub fn hessian_product<P: Bilevel>(
    problem: &mut P,
    weights: &[f64],
    hyper: &[f64],
    vector: &[f64],
) -> Result<Vec<f64>, P::Error> {
    let length = dot(vector, vector).sqrt();
    if length == 0.0 {
        return Ok(vec![0.0; vector.len()]);
    }
    let step = 0.01 / length;
    let moved =
        |step: f64| -> Vec<f64> { weights.iter().zip(vector).map(|(w, v)| w + step * v).collect() };
    let above = problem.training_gradient(&moved(step), hyper)?;
    let below = problem.training_gradient(&moved(-step), hyper)?;
    Ok(above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * step)).collect())
}

/// Product of the inverse Hessian with a vector: `rate * sum (1 - rate H)^j v` for `j` from 0 to `terms`.
///
/// The series converges where `rate` lies below 2 / the largest eigenvalue, as a learning rate has to; with
/// no terms it is `rate * v`, the form of one step. Two gradients a term.
///
/// # Errors
/// Those of the problem.
pub fn inverse_hessian_product<P: Bilevel>(
    problem: &mut P,
    weights: &[f64],
    hyper: &[f64],
    vector: &[f64],
    rate: f64,
    terms: usize,
) -> Result<Vec<f64>, P::Error> {
    let mut term = vector.to_vec();
    let mut sum = vector.to_vec();
    for _ in 0..terms {
        let product = hessian_product(problem, weights, hyper, &term)?;
        term.iter_mut().zip(product).for_each(|(t, h)| *t -= rate * h);
        sum.iter_mut().zip(&term).for_each(|(s, t)| *s += t);
    }
    sum.iter_mut().for_each(|s| *s *= rate);
    Ok(sum)
}

/// Hypergradient, the derivatives of the held-out loss by all hyperparameters: one step of `rate` back with no
/// terms, implicit with many.
///
/// # Errors
/// Those of the problem.
pub fn hypergradient<P: Bilevel>(
    problem: &mut P,
    weights: &[f64],
    hyper: &[f64],
    rate: f64,
    terms: usize,
) -> Result<Vec<f64>, P::Error> {
    let gradient = problem.held_out_gradient(weights)?;
    let product = inverse_hessian_product(problem, weights, hyper, &gradient, rate, terms)?;
    (0..hyper.len())
        .map(|index| Ok(-dot(&product, &problem.mixed_derivative(weights, hyper, index)?)))
        .collect()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    /// Training: (w - a)' D (w - a) / 2 + h |w|^2 / 2; held out: |w - c|^2 / 2. Its optimum is
    /// w = D a / (D + h), number by number.
    #[derive(Debug)]
    struct Ridge {
        curvature: Vec<f64>,
        target: Vec<f64>,
        wanted: Vec<f64>,
    }

    impl Ridge {
        fn optimum(&self, hyper: f64) -> Vec<f64> {
            let both = self.curvature.iter().zip(&self.target);
            both.map(|(d, a)| d * a / (d + hyper)).collect()
        }

        fn held_out_loss(&self, weights: &[f64]) -> f64 {
            weights.iter().zip(&self.wanted).map(|(w, c)| (w - c).powi(2) / 2.0).sum()
        }
    }

    impl Bilevel for Ridge {
        type Error = Infallible;

        fn training_gradient(
            &mut self,
            weights: &[f64],
            hyper: &[f64],
        ) -> Result<Vec<f64>, Infallible> {
            let each = weights.iter().zip(&self.curvature).zip(&self.target);
            Ok(each.map(|((w, d), a)| d * (w - a) + hyper[0] * w).collect())
        }

        fn held_out_gradient(&mut self, weights: &[f64]) -> Result<Vec<f64>, Infallible> {
            Ok(weights.iter().zip(&self.wanted).map(|(w, c)| w - c).collect())
        }
    }

    fn ridge() -> impl Strategy<Value = (Ridge, f64)> {
        let numbers = prop::collection::vec((0.2..2.0f64, -2.0..2.0f64, -2.0..2.0f64), 1..6);
        (numbers, 0.05..1.0f64).prop_map(|(numbers, hyper)| {
            let curvature = numbers.iter().map(|n| n.0).collect();
            let target = numbers.iter().map(|n| n.1).collect();
            let wanted = numbers.iter().map(|n| n.2).collect();
            (Ridge { curvature, target, wanted }, hyper)
        })
    }

    proptest! {
        #[test]
        fn implicit_is_the_derivative_of_the_optimum((mut ridge, hyper) in ridge()) {
            let loss = |h: f64| ridge.held_out_loss(&ridge.optimum(h));
            let expected = (loss(hyper + 1e-5) - loss(hyper - 1e-5)) / 2e-5;
            let weights = ridge.optimum(hyper);
            let found = hypergradient(&mut ridge, &weights, &[hyper], 0.5, 200).unwrap()[0];
            prop_assert!((found - expected).abs() < 1e-5, "{} {}", found, expected);
        }

        /// Of the weights before the step, but with the gradient of the weights after it.
        #[test]
        fn one_step_is_the_derivative_of_the_next_weights(
            (mut ridge, hyper) in ridge(),
            start in -2.0..2.0f64,
            rate in 0.01..0.5f64,
        ) {
            let weights = vec![start; ridge.target.len()];
            let mut next = |h: f64| -> Vec<f64> {
                let gradient = ridge.training_gradient(&weights, &[h]).unwrap();
                weights.iter().zip(gradient).map(|(w, g)| w - rate * g).collect()
            };
            let (above, below, after) = (next(hyper + 1e-5), next(hyper - 1e-5), next(hyper));
            let expected = (ridge.held_out_loss(&above) - ridge.held_out_loss(&below)) / 2e-5;
            let gradient = ridge.held_out_gradient(&after).unwrap();
            let product =
                inverse_hessian_product(&mut ridge, &weights, &[hyper], &gradient, rate, 0).unwrap();
            let mixed = ridge.mixed_derivative(&weights, &[hyper], 0).unwrap();
            let found = -dot(&product, &mixed);
            prop_assert!((found - expected).abs() < 1e-5, "{} {}", found, expected);
        }

        #[test]
        fn products_are_those_of_the_hessian((mut ridge, hyper) in ridge()) {
            let count = ridge.target.len();
            let vector: Vec<f64> = (0..count).map(|i| 1.0 - i as f64).collect();
            let found = hessian_product(&mut ridge, &vec![0.3; count], &[hyper], &vector).unwrap();
            for ((found, v), d) in found.iter().zip(&vector).zip(&ridge.curvature) {
                prop_assert!((found - (d + hyper) * v).abs() < 1e-8);
            }
        }
    }
}
