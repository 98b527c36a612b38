//! The exponential moving average of the weights.

use automl_models::Network;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use std::collections::HashMap;

/// The average of every parameter, flattened.
///
/// After step n, `average <- d average + (1 - d) weights` with `d = min(decay, (1 + n) / (10 + n))`, so
/// that the first weights do not stay in it.
///
/// # Source
/// Polyak & Juditsky (1992), "Acceleration of Stochastic Approximation by Averaging"; the rising decay
/// is TensorFlow's `ExponentialMovingAverage`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Average {
    pub(crate) weights: HashMap<ParamId, Tensor<1>>,
    pub(crate) steps: u64,
}

impl Average {
    /// Takes the weights after a step into the average.
    pub(crate) fn follow(&mut self, network: &Network, decay: f64) {
        self.steps += 1;
        let steps = self.steps as f64;
        let decay = decay.min((1.0 + steps) / (10.0 + steps));
        network.visit(&mut Follow { weights: &mut self.weights, decay });
    }

    /// A copy of the network, in training mode, with the average in place of its weights.
    pub(crate) fn apply(&self, network: &Network) -> Network {
        network.copy().map(&mut Replace { weights: &self.weights })
    }
}

struct Follow<'a> {
    weights: &'a mut HashMap<ParamId, Tensor<1>>,
    decay: f64,
}

impl ModuleVisitor for Follow<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        // Running statistics have no gradient: they are calibrated to the average in the end.
        if !tensor.is_require_grad() {
            return;
        }
        let weights = tensor.inner();
        let count = weights.shape().num_elements();
        let weights = weights.reshape([count]);
        let average = match self.weights.remove(&param.id) {
            Some(average) => average * self.decay + weights * (1.0 - self.decay),
            None => weights,
        };
        self.weights.insert(param.id, average);
    }
}

struct Replace<'a> {
    weights: &'a HashMap<ParamId, Tensor<1>>,
}

impl ModuleMapper for Replace<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(average) = self.weights.get(&param.id).cloned() else { return param };
        param.map(|tensor| {
            let average = average.reshape(tensor.shape());
            Tensor::from_inner(average).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use automl_arch::{Architecture, Block, Layer};
    use automl_models::NamedTensor;

    fn network(value: f32) -> Vec<NamedTensor> {
        let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(2))];
        let device = cpu().autodiff();
        let network = Network::new(&Architecture::new(1, 8, layers), 0, &device).unwrap();
        let mut tensors = network.tensors();
        tensors.iter_mut().for_each(|tensor| tensor.values.fill(value));
        tensors
    }

    #[test]
    fn the_average_follows_the_formula() {
        let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(2))];
        let device = cpu().autodiff();
        let first = Network::new(&Architecture::new(1, 8, layers), 0, &device).unwrap();
        let mut average = Average::default();
        let mut expected = 0.0;
        let mut last = first;
        for step in 1..=40 {
            let value = (step as f32 * 0.7).sin();
            last = last.with_tensors(network(value)).unwrap();
            average.follow(&last, 0.8);
            let decay = f64::min(0.8, (1.0 + f64::from(step)) / (10.0 + f64::from(step)));
            let value = f64::from(value);
            expected = if step == 1 { value } else { decay * expected + (1.0 - decay) * value };
        }
        let averaged = average.apply(&last);
        for value in averaged.tensors().iter().flat_map(|tensor| &tensor.values) {
            assert!((f64::from(*value) - expected).abs() < 1e-5, "{value} {expected}");
        }
        // The network itself stays.
        assert!((last.tensors()[0].values[0] - (28.0_f32).sin()).abs() < 1e-6);
    }
}
