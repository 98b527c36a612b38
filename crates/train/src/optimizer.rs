//! Optimizers and the state that they keep for every weight.

use crate::adamw::{AdamW, AdamWStep};
use crate::sgd::{Sgd, SgdStep};
use automl_data::{Optimizer, Recipe};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Gradients, Tensor};
use std::collections::HashMap;

/// The state of the optimizer of a recipe.
#[derive(Clone, Debug)]
pub(crate) enum OptimizerState {
    Sgd(Sgd),
    AdamW(AdamW),
}

impl OptimizerState {
    /// The state before the first step.
    pub(crate) fn new(optimizer: Optimizer) -> Self {
        match optimizer {
            Optimizer::Sgd => Self::Sgd(Sgd::default()),
            Optimizer::AdamW => Self::AdamW(AdamW::default()),
        }
    }

    /// The tensors of the state by their name in checkpoints.
    pub(crate) fn tensors(&self) -> Vec<(&'static str, &HashMap<ParamId, Tensor<1>>)> {
        match self {
            Self::Sgd(sgd) => vec![("velocity", &sgd.velocity)],
            Self::AdamW(adamw) => vec![("moment", &adamw.mean), ("square", &adamw.square)],
        }
    }

    /// The same to be filled.
    pub(crate) fn tensors_mut(&mut self) -> Vec<(&'static str, &mut HashMap<ParamId, Tensor<1>>)> {
        match self {
            Self::Sgd(sgd) => vec![("velocity", &mut sgd.velocity)],
            Self::AdamW(adamw) => {
                vec![("moment", &mut adamw.mean), ("square", &mut adamw.square)]
            }
        }
    }

    /// One step of a recipe. `rates` has the share of the learning rate for parameters that have
    /// another one; at 0 a parameter rests. A clone of a module shares the weights; the old ones go
    /// when the new are put in their place.
    pub(crate) fn step<M: Module>(
        &mut self,
        module: M,
        gradients: &Gradients,
        recipe: &Recipe,
        learning_rate: f64,
        rates: &HashMap<ParamId, f64>,
    ) -> M {
        let scale = clipped(&module, gradients, recipe.regularization.clip);
        let Recipe { momentum, weight_decay, .. } = *recipe;
        match self {
            Self::Sgd(sgd) => {
                let step = SgdStep { learning_rate, momentum, weight_decay };
                sgd.step(module, gradients, step, scale.as_ref(), rates)
            }
            Self::AdamW(adamw) => {
                let second = Optimizer::SECOND;
                let step = AdamWStep { learning_rate, betas: [momentum, second], weight_decay };
                adamw.step(module, gradients, step, scale.as_ref(), rates)
            }
        }
    }
}

/// The factor `min(1, most / norm)` of the gradients for their Euclidean norm over all parameters;
/// nothing where any norm is allowed.
fn clipped<M: Module>(module: &M, gradients: &Gradients, most: f64) -> Option<Tensor<1>> {
    if most <= 0.0 {
        return None;
    }
    let mut squares = Squares { gradients, sum: None };
    module.visit(&mut squares);
    // The small number keeps a gradient of zero.
    squares.sum.map(|sum| ((sum.sqrt() + 1e-12).recip() * most).clamp_max(1.0))
}

/// The sum of the squares of all gradients.
struct Squares<'a> {
    gradients: &'a Gradients,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = param.val().grad(self.gradients) else { return };
        let square = (gradient.clone() * gradient).sum();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + square,
            None => square,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use automl_data::{DataSplits, Dataset, Regularization};

    #[derive(Module, Debug)]
    struct Two {
        first: Param<Tensor<2>>,
        second: Param<Tensor<1>>,
    }

    /// Steps of clipped gradients are those of gradients of the largest norm.
    #[test]
    fn longer_gradients_are_cut_to_the_norm() {
        let device = cpu().autodiff();
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let step = |factor: f64, clip: f64| {
            let two = Two {
                first: Param::from_data([[1.0_f32, 2.0]], &device),
                second: Param::from_data([2.0_f32], &device),
            };
            // The gradient is the weights times the factor: of norm 3 times it.
            let square = |x: Tensor<1>| x.powf_scalar(2.0).sum() * (factor / 2.0);
            let loss = square(two.first.val().flatten(0, 1)) + square(two.second.val());
            let gradients = loss.backward();
            let regularization = Regularization { clip, ..Regularization::default() };
            let recipe = Recipe { regularization, weight_decay: 0.0, ..Recipe::for_data(&data, 1) };
            let mut state = OptimizerState::new(Optimizer::Sgd);
            let after = state.step(two, &gradients, &recipe, 0.1, &HashMap::new());
            let first: Vec<f32> = after.first.val().into_data().iter::<f32>().collect();
            let second: Vec<f32> = after.second.val().into_data().iter::<f32>().collect();
            [first, second].concat()
        };
        let close = |a: Vec<f32>, b: Vec<f32>| {
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
        };
        close(step(1.0, 0.0), step(1.0, 3.1));
        close(step(4.0, 3.0), step(1.0, 0.0));
        close(step(100.0, 1.5), step(0.5, 0.0));
        assert!((step(1.0, 1.0)[1] - step(1.0, 0.0)[1]).abs() > 0.01);
    }
}
