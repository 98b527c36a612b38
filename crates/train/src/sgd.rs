//! Stochastic gradient descent with Nesterov momentum.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Gradients, Tensor};
use std::collections::HashMap;

/// The velocity of every parameter, flattened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sgd {
    pub(crate) velocity: HashMap<ParamId, Tensor<1>>,
}

/// Hyperparameters of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SgdStep {
    pub(crate) learning_rate: f64,
    pub(crate) momentum: f64,
    pub(crate) weight_decay: f64,
}

impl Sgd {
    /// One step: with `g` the gradient plus decay times weight,
    /// `v <- momentum v + g`, `w <- w - rate (g + momentum v)`.
    ///
    /// Weight decay acts on tensors of two axes and more: not on biases and normalization.
    /// Gradients are multiplied by `scale`. `rates` has the share of the learning rate for parameters that have another one; at 0 a
    /// parameter rests.
    pub(crate) fn step<M: Module>(
        &mut self,
        module: M,
        gradients: &Gradients,
        step: SgdStep,
        scale: Option<&Tensor<1>>,
        rates: &HashMap<ParamId, f64>,
    ) -> M {
        module.map(&mut Update { sgd: self, gradients, step, scale, rates })
    }
}

struct Update<'a> {
    sgd: &'a mut Sgd,
    gradients: &'a Gradients,
    step: SgdStep,
    scale: Option<&'a Tensor<1>>,
    rates: &'a HashMap<ParamId, f64>,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = param.val().grad(self.gradients) else { return param };
        let SgdStep { learning_rate, momentum, weight_decay } = self.step;
        let id = param.id;
        let rate = self.rates.get(&id).copied().unwrap_or(1.0);
        if rate == 0.0 {
            return param;
        }
        let learning_rate = rate * learning_rate;
        let velocity = &mut self.sgd.velocity;
        let scale = self.scale;
        param.map(|tensor| {
            let weight = tensor.inner();
            let shape = weight.shape();
            let count = shape.num_elements();
            let mut gradient = gradient.reshape([count]);
            if let Some(scale) = scale {
                gradient = gradient * scale.clone();
            }
            let weight = weight.reshape([count]);
            if D > 1 && weight_decay > 0.0 {
                gradient = gradient + weight.clone() * weight_decay;
            }
            let speed = match velocity.remove(&id) {
                Some(old) => old * momentum + gradient.clone(),
                None => gradient.clone(),
            };
            let weight = weight - (gradient + speed.clone() * momentum) * learning_rate;
            velocity.insert(id, speed);
            Tensor::from_inner(weight.reshape(shape)).require_grad()
        })
    }
}
