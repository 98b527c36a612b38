//! The small network through which images are looked at.

use crate::{Data, Recipe, TrainError, Training};
use automl_models::{Activation, Architecture, Block, Layer, Network};
use automl_space::stream;
use burn::tensor::{Device, Tensor};
use rand::RngExt;
use std::sync::Arc;

/// For how many epochs it is trained.
const EPOCHS: u64 = 5;

/// The largest images that it looks at.
const SIDE: usize = 32;

/// A fixed network of a few thousand parameters, and the data that it is trained on.
#[derive(Debug)]
pub(super) struct Reference {
    data: Arc<Data>,
    architecture: Architecture,
}

impl Reference {
    pub(super) fn new(data: &Arc<Data>) -> Self {
        let data = match data.side {
            0..=SIDE => Arc::clone(data),
            _ => Arc::new(data.resized(SIDE)),
        };
        let stem = if data.side > 16 { 2 } else { 1 };
        let architecture = Architecture::new(
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
        );
        Self { data, architecture }
    }

    /// Trains network `number` and returns an output of it for every training image, row by row.
    pub(super) fn trained(
        &self,
        seed: u64,
        number: u64,
        device: &Device,
        output: impl Fn(&Network, Tensor<4>) -> Tensor<2> + Send,
    ) -> Result<Vec<f32>, TrainError> {
        let seed = stream(seed, number, "reference network").random();
        let recipe = Recipe::for_data(&self.data, EPOCHS);
        // One thread, so that the weights do not depend on how many the machine has.
        crate::one_thread(|| {
            let mut training =
                Training::new(&self.architecture, &self.data, &recipe, seed, device)?;
            while training.epoch() < EPOCHS {
                training.run_epoch(&|| false)?;
            }
            Ok(training.outputs(&self.data.train, output))
        })
    }
}
