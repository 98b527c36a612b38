//! Ranking of networks with the weights that they inherit.

use super::Supernet;
use super::path::Path;
use super::policy::Draw;
use super::size::corrected;
use super::weights::Child;
use crate::batch::images;
use crate::evaluation::evaluate;
use crate::{Evaluation, Memory, TrainError};
use automl_arch::{Architecture, Cost};
use automl_data::loader::Batch;
use automl_data::{DataSplits, Images};
use automl_models::Network;
use automl_numeric::stream;
use automl_space::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use std::collections::HashSet;

/// Batches that give the statistics of normalization before a path is judged.
const RECALIBRATION: usize = 3;

/// The shares of a candidate's parameters that come from the prior, in turn.
const MUTATIONS: [f64; 4] = [0.0, 0.25, 0.5, 0.75];

/// The most images that a path is judged by.
const JUDGED: usize = 2_000;

/// Network that was judged with inherited weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Configuration in the block space.
    pub config: Config,
    /// Architecture of the configuration.
    pub architecture: Architecture,
    /// Cost of the architecture.
    pub cost: Cost,
    /// Evaluation on the images that candidates are judged by.
    pub evaluation: Evaluation,
    /// Loss, corrected for the size of the network.
    pub corrected: f64,
}

impl Supernet {
    /// Draws this many different networks, from the distribution as it is now and with a quarter, a
    /// half and three quarters of their parameters from the space's prior, and judges them with the
    /// weights that they inherit. The one with the lowest corrected loss comes first.
    ///
    /// Asked to stop, it is content with those that it has judged by then.
    ///
    /// # Errors
    /// Those of [`run_epoch`](Self::run_epoch); [`TrainError::Stopped`] without any candidate.
    pub fn rank(
        &mut self,
        count: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Candidate>, TrainError> {
        let policies = MUTATIONS.map(|share| self.policy.mixed_with_prior(share));
        let mut rng = stream(self.seed, self.epoch, "candidates");
        let mut known = HashSet::new();
        let mut drawn = Vec::new();
        for attempt in 0..20 * count {
            if drawn.len() == count {
                break;
            }
            let policy = &policies[attempt % policies.len()];
            let Draw { config, .. } = policy.draw(&mut rng).ok_or(TrainError::NoPath)?;
            let path = Path::new(&self.blocks, &config, self.data.side)?;
            if known.insert(path.architecture.fingerprint()?) {
                drawn.push((config, path));
            }
        }
        let statistics = self.statistics();
        let judged = self.data.test.at_most(JUDGED, self.seed);
        let mut candidates = Vec::with_capacity(drawn.len());
        for some in drawn.chunks(rayon::current_num_threads()) {
            if stop() {
                break;
            }
            let children = some.iter().map(|(_, path)| self.weights.child(path, &self.device));
            let children: Vec<Child> = children.collect::<Result<_, _>>()?;
            let (data, device) = (&self.data, &self.device);
            let evaluations: Vec<Evaluation> = children
                .par_iter()
                .zip(some)
                .map(|(child, (_, path))| {
                    judge(&child.network, &statistics, data, &judged, path.memory, device)
                })
                .collect();
            for ((config, path), evaluation) in some.iter().zip(evaluations) {
                candidates.push(Candidate {
                    config: config.clone(),
                    architecture: path.architecture.clone(),
                    cost: path.cost,
                    corrected: corrected(evaluation.loss, path.cost, self.target),
                    evaluation,
                });
            }
        }
        if candidates.is_empty() {
            return Err(TrainError::Stopped { epoch: self.epoch });
        }
        candidates.sort_by(|a, b| a.corrected.total_cmp(&b.corrected));
        Ok(candidates)
    }

    /// Training batches for the statistics of normalization.
    fn statistics(&self) -> Vec<Tensor<4>> {
        let batches = self.batches(u32::MAX.into());
        let device = self.device.clone().autodiff();
        let on_device =
            |batch: Batch| images(&self.data, batch.pixels, batch.labels.len(), &device);
        batches.take(RECALIBRATION).map(on_device).collect()
    }
}

/// Evaluates a network on some images, normalized by the statistics of the given batches.
fn judge(
    network: &Network,
    statistics: &[Tensor<4>],
    data: &DataSplits,
    judged: &Images,
    memory: Memory,
    device: &Device,
) -> Evaluation {
    let mut network = network.copy();
    for (k, batch) in statistics.iter().enumerate() {
        // The running statistics become the mean of those of the batches.
        network.set_norm_momentum(1.0 / (k + 1) as f64);
        network.observe(batch.clone());
    }
    evaluate(&network.valid(), data, judged, memory, device)
}
