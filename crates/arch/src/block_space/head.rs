//! Parameters of the whole chain: the multiples, and the layers behind the blocks.

use super::skeleton::Skeleton;
use crate::activation::Activation;
use crate::architecture::Layer;
use crate::block::{Block, around, weights};
use automl_space::{Config, Key, SpaceBuilder, SpaceError};

const MULTIPLES: [f64; 4] = [0.25, 0.5, 0.75, 1.0];

/// Handles of the parameters.
#[derive(Clone, Debug)]
pub(crate) struct HeadKeys {
    last_dim: Key<i64>,
    /// Depth and width multiple.
    multiples: Option<(Key<usize>, Key<usize>)>,
}

impl HeadKeys {
    pub(crate) fn add(space: &mut SpaceBuilder, skeleton: &Skeleton) -> Result<Self, SpaceError> {
        let (low, high, step) = skeleton.last_dim();
        let prior = around(low as f64, high as f64, 0.25);
        let last_dim = space.int("last_dim", low..=high).step(step).prior(prior).add()?;
        let multiples = if skeleton.multiples {
            let depth = space
                .ordinal("depth_multiple", MULTIPLES)
                .prior(weights([0.2, 0.25, 0.25, 0.3]))
                .add()?;
            let width = space
                .ordinal("width_multiple", MULTIPLES)
                .prior(weights([0.15, 0.25, 0.25, 0.35]))
                .add()?;
            Some((depth, width))
        } else {
            None
        };
        Ok(Self { last_dim, multiples })
    }

    pub(crate) fn depth(&self, config: &Config) -> f64 {
        multiple(config, self.multiples.map(|(depth, _)| depth))
    }

    pub(crate) fn width(&self, config: &Config) -> f64 {
        multiple(config, self.multiples.map(|(_, width)| width))
    }

    /// The 1x1 convolution and the classifier.
    pub(crate) fn layers(&self, config: &Config, classes: usize) -> [Layer; 4] {
        let last = config.get(self.last_dim).unwrap_or(128) as usize;
        [
            Layer::once(Block::conv(last, 1, 1, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(classes)),
        ]
    }
}

fn multiple(config: &Config, key: Option<Key<usize>>) -> f64 {
    key.and_then(|key| config.get(key)).and_then(|i| MULTIPLES.get(i)).copied().unwrap_or(1.0)
}
