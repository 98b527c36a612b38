//! Adam with decoupled weight decay.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Gradients, Tensor};
use std::collections::HashMap;

/// Added to the root of the second moment.
const EPSILON: f64 = 1e-8;

/// Both moments of every parameter, flattened, and the number of steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct AdamW {
    pub(crate) mean: HashMap<ParamId, Tensor<1>>,
    pub(crate) square: HashMap<ParamId, Tensor<1>>,
    pub(crate) steps: u64,
}

/// Hyperparameters of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamWStep {
    pub(crate) learning_rate: f64,
    pub(crate) betas: [f64; 2],
    pub(crate) weight_decay: f64,
}

impl AdamW {
    /// Step t: with `g` the gradient times `scale`, `m <- b1 m + (1 - b1) g`,
    /// `v <- b2 v + (1 - b2) g^2`, `w <- w - rate decay w - rate m' / (sqrt(v') + 1e-8)` for
    /// `m' = m / (1 - b1^t)` and `v' = v / (1 - b2^t)`.
    ///
    /// Weight decay acts on tensors of two axes and more: not on biases and normalization.
    /// `rates` has the share of the learning rate for parameters that have another one; at 0 a
    /// parameter rests.
    ///
    /// # Source
    /// Loshchilov & Hutter (2019), "Decoupled Weight Decay Regularization", algorithm 2.
    pub(crate) fn step<M: Module>(
        &mut self,
        module: M,
        gradients: &Gradients,
        step: AdamWStep,
        scale: Option<&Tensor<1>>,
        rates: &HashMap<ParamId, f64>,
    ) -> M {
        self.steps += 1;
        module.map(&mut Update { adamw: self, gradients, step, scale, rates })
    }
}

struct Update<'a> {
    adamw: &'a mut AdamW,
    gradients: &'a Gradients,
    step: AdamWStep,
    scale: Option<&'a Tensor<1>>,
    rates: &'a HashMap<ParamId, f64>,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = param.val().grad(self.gradients) else { return param };
        let id = param.id;
        let share = self.rates.get(&id).copied().unwrap_or(1.0);
        if share == 0.0 {
            return param;
        }
        let AdamWStep { learning_rate, betas: [first, second], weight_decay } = self.step;
        let rate = share * learning_rate;
        let AdamW { mean, square, steps } = &mut *self.adamw;
        let corrected = |beta: f64| 1.0 - beta.powf(*steps as f64);
        let scale = self.scale;
        param.map(|tensor| {
            let weight = tensor.inner();
            let shape = weight.shape();
            let count = shape.num_elements();
            let mut gradient = gradient.reshape([count]);
            if let Some(scale) = scale {
                gradient = gradient * scale.clone();
            }
            let mut weight = weight.reshape([count]);
            if D > 1 && weight_decay > 0.0 {
                weight = weight * (1.0 - rate * weight_decay);
            }
            let follow = |old: Option<Tensor<1>>, new: Tensor<1>, beta: f64| match old {
                Some(old) => old * beta + new * (1.0 - beta),
                None => new * (1.0 - beta),
            };
            let m = follow(mean.remove(&id), gradient.clone(), first);
            let v = follow(square.remove(&id), gradient.clone() * gradient, second);
            let root = (v.clone() / corrected(second)).sqrt() + EPSILON;
            let weight = weight - m.clone() / root * (rate / corrected(first));
            mean.insert(id, m);
            square.insert(id, v);
            Tensor::from_inner(weight.reshape(shape)).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;

    #[derive(Module, Debug)]
    struct Pair {
        weight: Param<Tensor<2>>,
        bias: Param<Tensor<1>>,
    }

    /// Ten steps on `w^4 / 4 + b^2`, against the formula in scalars.
    #[test]
    fn steps_are_those_of_the_formula() {
        let device = cpu().autodiff();
        let mut pair = Pair {
            weight: Param::from_data([[1.5_f32]], &device),
            bias: Param::from_data([-0.7_f32], &device),
        };
        let step = AdamWStep { learning_rate: 0.05, betas: [0.9, 0.999], weight_decay: 0.3 };
        let mut adamw = AdamW::default();
        let (mut w, mut b) = (1.5_f64, -0.7_f64);
        let mut moments = [[0.0_f64; 2]; 2];
        for t in 1..=10 {
            let loss = pair.weight.val().powf_scalar(4.0).sum() / 4.0
                + pair.bias.val().powf_scalar(2.0).sum();
            let gradients = loss.backward();
            pair = adamw.step(pair, &gradients, step, None, &HashMap::new());
            let gradient = [w.powi(3), 2.0 * b];
            // Biases do not decay.
            w -= 0.05 * 0.3 * w;
            for (index, number) in [&mut w, &mut b].into_iter().enumerate() {
                let [m, v] = &mut moments[index];
                *m = 0.9 * *m + 0.1 * gradient[index];
                *v = 0.999 * *v + 0.001 * gradient[index].powi(2);
                let (m, v) = (*m / (1.0 - 0.9_f64.powi(t)), *v / (1.0 - 0.999_f64.powi(t)));
                *number -= 0.05 * m / (v.sqrt() + 1e-8);
            }
            let found = [
                pair.weight.val().into_data().iter::<f64>().next().unwrap(),
                pair.bias.val().into_data().iter::<f64>().next().unwrap(),
            ];
            assert!(
                (found[0] - w).abs() < 1e-5 && (found[1] - b).abs() < 1e-5,
                "{found:?} {w} {b}"
            );
        }
    }
}
