//! The largest tensor of each slot, of which every path uses a part.

use super::path::{Path, Slot};
use crate::TrainError;
use crate::sgd::SgdStep;
use automl_models::{NamedTensor, Network, row_starts};
use automl_numeric::stream;
use burn::tensor::Device;
use rand::RngExt;
use std::collections::HashMap;

/// A network with weights from the shared ones, and where they came from.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) network: Network,
    /// The slot of each learned tensor, by its name.
    slots: HashMap<String, Slot>,
}

/// The shared weights and their velocities.
///
/// A path uses the first channels of both channel axes and the center of a kernel, so what a small
/// network learns is part of a large one. Tensors grow when a path needs more than there was.
#[derive(Clone, Debug)]
pub(crate) struct SharedWeights {
    seed: u64,
    /// Number of times that a tensor grew.
    grown: u64,
    tensors: HashMap<Slot, Shared>,
}

#[derive(Clone, Debug)]
struct Shared {
    shape: Vec<usize>,
    values: Vec<f32>,
    velocity: Vec<f32>,
}

impl SharedWeights {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, grown: 0, tensors: HashMap::new() }
    }

    /// The network of a path with the weights as they are now, in training mode.
    pub(crate) fn child(&mut self, path: &Path, device: &Device) -> Result<Child, TrainError> {
        let device = device.clone().autodiff();
        let network = Network::new(&path.adapted, self.seed, &device)?;
        let mut tensors = network.tensors();
        let slots = path.slots(&tensors);
        for tensor in &mut tensors {
            if let Some(slot) = slots.get(&tensor.name) {
                self.grow(slot, tensor);
                self.read(slot, tensor);
            }
        }
        Ok(Child { network: network.with_tensors(tensors)?, slots })
    }

    /// One step of stochastic gradient descent, as [`Sgd`](crate::sgd::Sgd) makes it, on the parts
    /// that a child uses.
    pub(crate) fn step(&mut self, child: &Child, gradients: &[NamedTensor], sgd_step: SgdStep) {
        let SgdStep { learning_rate, momentum, weight_decay } = sgd_step;
        let [rate, momentum] = [learning_rate as f32, momentum as f32];
        for gradient in gradients {
            let shared = child.slots.get(&gradient.name).and_then(|s| self.tensors.get_mut(s));
            let Some(shared) = shared else { continue };
            let decay = if gradient.shape.len() > 1 { weight_decay as f32 } else { 0.0 };
            let (row, starts) = rows(&shared.shape, &gradient.shape);
            for (start, gradient) in starts.into_iter().zip(gradient.values.chunks_exact(row)) {
                let weights = &mut shared.values[start..start + row];
                let speeds = &mut shared.velocity[start..start + row];
                for ((weight, speed), g) in weights.iter_mut().zip(speeds).zip(gradient) {
                    let g = g + decay * *weight;
                    *speed = momentum * *speed + g;
                    *weight -= rate * (g + momentum * *speed);
                }
            }
        }
    }

    fn read(&self, slot: &Slot, tensor: &mut NamedTensor) {
        let Some(shared) = self.tensors.get(slot) else { return };
        let (row, starts) = rows(&shared.shape, &tensor.shape);
        for (start, values) in starts.into_iter().zip(tensor.values.chunks_exact_mut(row)) {
            values.copy_from_slice(&shared.values[start..start + row]);
        }
    }

    /// Makes room for a fresh tensor. New numbers are drawn from the fresh tensor's own, so they
    /// are distributed as its layer wants them, and constants stay constants.
    fn grow(&mut self, slot: &Slot, fresh: &NamedTensor) {
        let old = self.tensors.get(slot);
        let shape: Vec<usize> = match old {
            Some(old) => old.shape.iter().zip(&fresh.shape).map(|(a, b)| *a.max(b)).collect(),
            None => fresh.shape.clone(),
        };
        if old.is_some_and(|old| old.shape == shape) {
            return;
        }
        let count = shape.iter().product();
        let mut rng = stream(self.seed, self.grown, "shared weights");
        let mut values: Vec<f32> =
            (0..count).map(|_| fresh.values[rng.random_range(0..fresh.values.len())]).collect();
        let mut velocity = vec![0.0; count];
        if let Some(old) = old {
            let (row, starts) = rows(&shape, &old.shape);
            for (index, start) in starts.into_iter().enumerate() {
                let from = index * row..(index + 1) * row;
                values[start..start + row].copy_from_slice(&old.values[from.clone()]);
                velocity[start..start + row].copy_from_slice(&old.velocity[from]);
            }
        }
        self.grown += 1;
        self.tensors.insert(slot.clone(), Shared { shape, values, velocity });
    }
}

/// Starts and length of the rows of a part in the whole, as [`row_starts`] gives them.
fn rows(whole: &[usize], part: &[usize]) -> (usize, Vec<usize>) {
    row_starts(whole, part).unwrap_or((1, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tensor(shape: &[usize], value: f32) -> NamedTensor {
        let values = vec![value; shape.iter().product()];
        NamedTensor { name: "x".into(), shape: shape.to_vec(), values }
    }

    proptest! {
        /// Growing keeps what was learned, wherever it lies, and constants stay constants.
        #[test]
        fn growth_keeps_the_old_values(
            small in (1usize..4, 1usize..4, 0usize..2).prop_map(|(o, i, k)| [o, i, 2 * k + 1, 2 * k + 1]),
            large in (1usize..6, 1usize..6, 0usize..3).prop_map(|(o, i, k)| [o, i, 2 * k + 1, 2 * k + 1]),
        ) {
            let mut weights = SharedWeights::new(0);
            let slot = Slot::from("slot");
            weights.grow(&slot, &tensor(&small, 1.0));
            weights.grow(&slot, &tensor(&large, 2.0));
            let mut read = tensor(&small, 0.0);
            weights.read(&slot, &mut read);
            prop_assert!(read.values.iter().all(|value| *value == 1.0));
            let shared = &weights.tensors[&slot];
            let count: usize = shared.shape.iter().product();
            let ones = shared.values.iter().filter(|value| **value == 1.0).count();
            prop_assert_eq!(ones, small.iter().product::<usize>());
            prop_assert!(shared.values.iter().all(|value| *value == 1.0 || *value == 2.0));
            prop_assert_eq!(count, shared.velocity.len());
        }
    }
}
