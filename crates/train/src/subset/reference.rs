//! The small networks through which images are looked at.

use crate::{TrainError, Training};
use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Recipe};
use automl_models::Network;
use automl_numeric::stream;
use burn::tensor::{Device, Tensor};
use rand::RngExt;
use std::fmt;
use std::sync::Arc;

/// For how many epochs they are trained.
const EPOCHS: u64 = 5;

/// The largest images that they look at.
const SIDE: usize = 32;

/// Small networks of a few thousand parameters through which the training images of some data are
/// looked at. They differ in their seeds; each is trained when it is first needed, and once.
pub struct Reference<'a> {
    data: &'a Arc<DataSplits>,
    seed: u64,
    device: &'a Device,
    stop: &'a (dyn Fn() -> bool + Sync),
    /// The images as the networks see them, once there is one.
    seen: Option<Arc<DataSplits>>,
    trained: Vec<Training>,
}

impl<'a> Reference<'a> {
    /// Networks before any training. `stop` is polled before each step of a training.
    pub fn new(
        data: &'a Arc<DataSplits>,
        seed: u64,
        device: &'a Device,
        stop: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self { data, seed, device, stop, seen: None, trained: Vec::new() }
    }

    /// The data.
    pub fn data(&self) -> &'a Arc<DataSplits> {
        self.data
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// An output of network `number` for every training image, row by row.
    pub(super) fn output(
        &mut self,
        number: usize,
        output: impl Fn(&Network, Tensor<4>) -> Tensor<2> + Send,
    ) -> Result<Vec<f32>, TrainError> {
        let seen = Arc::clone(self.seen.get_or_insert_with(|| match self.data.side.shorter() {
            0..=SIDE => Arc::clone(self.data),
            _ => Arc::new(self.data.resized(self.data.side.scaled_to(SIDE))),
        }));
        while self.trained.len() <= number {
            self.trained.push(self.train(self.trained.len() as u64, &seen)?);
        }
        let training = &mut self.trained[number];
        Ok(crate::one_thread(move || training.outputs(&seen.train, output)))
    }

    fn train(&self, number: u64, seen: &Arc<DataSplits>) -> Result<Training, TrainError> {
        let seed = stream(self.seed, number, "reference network").random();
        let (recipe, architecture) = (Recipe::for_data(seen, EPOCHS), architecture(seen));
        let (device, stop) = (self.device, self.stop);
        // One thread, so that the weights do not depend on how many the machine has.
        crate::one_thread(|| {
            let mut training = Training::new(&architecture, seen, &recipe, seed, device)?;
            while training.epoch() < EPOCHS {
                training.run_epoch(stop)?;
            }
            Ok(training)
        })
    }
}

impl fmt::Debug for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (data, trained) = (&self.data.name, self.trained.len());
        f.debug_struct("Reference").field("data", data).field("trained", &trained).finish()
    }
}

fn architecture(data: &DataSplits) -> Architecture {
    let stem = if data.side.shorter() > 16 { 2 } else { 1 };
    Architecture::new(
        data.channels,
        data.side,
        [
            Layer::once(Block::conv(16, 3, stem, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::inverted_residual(3, 3.0, 32, 2)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(data.classes)),
        ],
    )
}
