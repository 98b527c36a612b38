//! The skeleton of NAS-Bench-Macro (Su et al. 2021, "Prioritized architecture sampling with
//! Monte-Carlo tree search"): eight layers with three choices each, 6,561 codes.
//!
//! Input 3x32x32; a 3x3 stem of 32 channels; stages of 2, 3 and 3 layers, of which the first
//! halves the side and doubles the channels; a 1x1 head of 1,280 channels and a linear layer.

use crate::{Activation, Architecture, Block, Layer};
use automl_extent::Extent;
use automl_space::{Config, Key, Space, SpaceError};

/// Number of chosen layers.
pub const LAYERS: usize = 8;

const STAGES: [(usize, usize); 3] = [(2, 64), (3, 128), (3, 256)];

/// The choices of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Code 0: the identity; where the shape changes, a 1x1 convolution of that stride.
    Identity,
    /// Code 1: inverted residual, kernel 3, expansion 3.
    Mb3,
    /// Code 2: inverted residual, kernel 5, expansion 6.
    Mb6,
}

impl Choice {
    /// Every choice, in the order of the codes.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Mb3, Self::Mb6];
}

/// A code other than eight digits of 0, 1 and 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has eight digits, each 0, 1 or 2; got {code:?}")]
pub struct CodeError {
    /// The given code.
    pub code: String,
}

/// Reads a code such as `"01200121"`.
///
/// # Errors
/// [`CodeError`] unless there are exactly eight digits, each 0, 1 or 2.
///
/// # Examples
/// ```
/// use automl_arch::nas_bench_macro::{architecture, parse};
///
/// let network = architecture(&parse("00000000")?, 3, 32, 10);
/// assert_eq!(network.cost()?.parameters, 387_882);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse(code: &str) -> Result<[Choice; LAYERS], CodeError> {
    let choices: Option<Vec<Choice>> = code
        .chars()
        .map(|digit| match digit {
            '0' => Some(Choice::Identity),
            '1' => Some(Choice::Mb3),
            '2' => Some(Choice::Mb6),
            _ => None,
        })
        .collect();
    choices
        .and_then(|choices| choices.try_into().ok())
        .ok_or_else(|| CodeError { code: code.to_owned() })
}

/// The benchmark's network for eight choices, for images of the given height, width and channels.
///
/// The benchmark itself has `input_channels` 3, `input_side` 32 and 10 classes.
pub fn architecture(
    choices: &[Choice; LAYERS],
    input_channels: usize,
    input_side: impl Into<Extent>,
    classes: usize,
) -> Architecture {
    let mut backbone = vec![Layer::once(Block::conv(32, 3, 1, Activation::Relu))];
    let mut choices = choices.iter();
    for (layers, channels) in STAGES {
        for (index, choice) in choices.by_ref().take(layers).enumerate() {
            let stride = if index == 0 { 2 } else { 1 };
            backbone.push(Layer::once(match (choice, stride) {
                (Choice::Identity, 1) => Block::Pass,
                (Choice::Identity, _) => Block::conv(channels, 1, stride, Activation::Identity),
                (Choice::Mb3, _) => Block::inverted_residual(3, 3.0, channels, stride),
                (Choice::Mb6, _) => Block::inverted_residual(5, 6.0, channels, stride),
            }));
        }
    }
    backbone.extend([
        Layer::once(Block::conv(1280, 1, 1, Activation::Relu)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(classes)),
    ]);
    Architecture::new(input_channels, input_side, backbone)
}

/// The benchmark's codes as a search space: the choices `layer1` to `layer8`, each `identity`,
/// `mb3` or `mb6`.
#[derive(Clone, Debug)]
pub struct MacroSpace {
    input_channels: usize,
    input_side: Extent,
    classes: usize,
    space: Space,
    layers: Vec<Key<usize>>,
}

impl MacroSpace {
    /// The space for images of the given channels, height and width.
    ///
    /// # Errors
    /// [`SpaceError`] of the builder; none is expected.
    pub fn new(
        input_channels: usize,
        input_side: impl Into<Extent>,
        classes: usize,
    ) -> Result<Self, SpaceError> {
        let mut space = Space::builder();
        let layers = (1..=LAYERS)
            .map(|layer| space.choice(&format!("layer{layer}"), ["identity", "mb3", "mb6"]).add())
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input_channels,
            input_side: input_side.into(),
            classes,
            space: space.build()?,
            layers,
        })
    }

    /// The parameters that samplers choose.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The network that a configuration stands for; a missing choice is the identity.
    pub fn architecture(&self, config: &Config) -> Architecture {
        let mut choices = [Choice::Identity; LAYERS];
        for (choice, key) in choices.iter_mut().zip(&self.layers) {
            let chosen = config.get(*key).and_then(|index| Choice::ALL.get(index));
            *choice = chosen.copied().unwrap_or(Choice::Identity);
        }
        architecture(&choices, self.input_channels, self.input_side, self.classes)
    }
}
