//! The configuration format of the community's model generators.
//!
//! `input_channel`, `input_size`, `depth_multiple`, `width_multiple` and a `backbone` of
//! `[repeat, module, arguments]` rows; kindle's leading `from` index (-1) is accepted. Blocks have
//! these arguments, of which the last may be left out where a default is given:
//!
//! ```text
//! Conv, FixedConv     out, kernel, stride = 1, padding = null, groups = 1, activation = ReLU
//! DWConv              out, kernel, stride = 1, padding = null, activation = ReLU
//! (ECA)Bottleneck     out, shortcut = true, groups = 1, expansion = 0.5, activation = ReLU
//! (ECA)InvertedResidualv2   c, t, s
//! (ECA)InvertedResidualv3   kernel, t, c, SE, HS, s
//! MBConv              t, c, s, kernel, SE = 1
//! Fire                squeeze, expand1, expand3
//! GhostBottleneck     kernel, t, c, SE, s
//! MaxPool, AvgPool    kernel, stride = kernel, padding = 0
//! Linear              out, activation = null
//! GlobalAvgPool, Flatten, Pass
//! ```

use crate::{Activation, Architecture, ArchitectureError, Block, Layer};
use serde::Deserialize;
use std::fmt::Write;

/// Why a configuration cannot be read. Blocks are counted from 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// Not YAML, or not of this form.
    #[error("not a model configuration: {message}")]
    Syntax {
        /// What the parser says, with the line.
        message: String,
    },
    /// The size of the images is in neither the file nor the call.
    #[error("the configuration has no input_size: add a line such as input_size: [32, 32]")]
    NoInputSize,
    /// The images are not square.
    #[error("input_size must be one side or two equal ones, not {sides:?}")]
    InputSize {
        /// What is given.
        sides: Vec<usize>,
    },
    /// A row is not `[repeat, module, arguments]`.
    #[error("block {block} must read [repeat, module, [arguments]]")]
    Row {
        /// The row.
        block: usize,
    },
    /// A row takes another input than the row before it.
    #[error("block {block} comes from {from}; only chains (-1) can be read")]
    From {
        /// The row.
        block: usize,
        /// Its `from` index.
        from: String,
    },
    /// A module that is none of the grammar's.
    #[error("block {block}: no module is called {name:?}")]
    Module {
        /// The row.
        block: usize,
        /// The name.
        name: String,
    },
    /// An argument that is missing, superfluous or of the wrong kind.
    #[error("block {block} ({name}): argument {position} must be {expected}, not {found}")]
    Argument {
        /// The row.
        block: usize,
        /// The module.
        name: String,
        /// Its place, from 1.
        position: usize,
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Read, but it cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
}

#[derive(Deserialize)]
struct Document {
    input_channel: usize,
    input_size: Option<Item>,
    #[serde(default = "one")]
    depth_multiple: f64,
    #[serde(default = "one")]
    width_multiple: f64,
    backbone: Vec<Vec<Item>>,
}

fn one() -> f64 {
    1.0
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Item {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Item>),
}

impl Architecture {
    /// Reads a configuration and checks that it can be built.
    ///
    /// # Errors
    /// [`YamlError`] with the block and argument at fault.
    pub fn from_yaml(text: &str) -> Result<Self, YamlError> {
        read(text, None)
    }

    /// As [`from_yaml`](Self::from_yaml), for images of the given side whatever the file says;
    /// many public configurations do not say it.
    ///
    /// # Errors
    /// As [`from_yaml`](Self::from_yaml).
    pub fn from_yaml_for(text: &str, input_side: usize) -> Result<Self, YamlError> {
        read(text, Some(input_side))
    }

    /// The configuration of this architecture; reading it gives the same architecture back.
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_yaml(&mut text);
        text
    }

    fn write_yaml(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "input_channel: {}", self.input_channels)?;
        writeln!(out, "input_size: [{0}, {0}]", self.input_side)?;
        writeln!(out, "depth_multiple: {:?}", self.depth_multiple)?;
        writeln!(out, "width_multiple: {:?}", self.width_multiple)?;
        writeln!(out, "backbone:")?;
        for Layer { repeat, block } in &self.backbone {
            writeln!(out, "  - [{repeat}, {}, [{}]]", block.name(), arguments(block).join(", "))?;
        }
        Ok(())
    }
}

fn read(text: &str, side: Option<usize>) -> Result<Architecture, YamlError> {
    let document: Document = serde_saphyr::from_str(text)
        .map_err(|error| YamlError::Syntax { message: error.to_string() })?;
    let input_side = match side {
        Some(side) => side,
        None => square(document.input_size)?,
    };
    let backbone = document
        .backbone
        .into_iter()
        .enumerate()
        .map(|(block, row)| layer(block, row))
        .collect::<Result<_, _>>()?;
    let architecture = Architecture {
        input_channels: document.input_channel,
        input_side,
        depth_multiple: document.depth_multiple,
        width_multiple: document.width_multiple,
        backbone,
    };
    architecture.graph()?;
    Ok(architecture)
}

fn square(size: Option<Item>) -> Result<usize, YamlError> {
    let items = match size {
        None | Some(Item::Null) => return Err(YamlError::NoInputSize),
        Some(Item::List(items)) => items,
        Some(item) => vec![item],
    };
    let sides: Vec<usize> = items.iter().map(|item| item.size().unwrap_or(0)).collect();
    match sides[..] {
        [side] => Ok(side),
        [height, width] if height == width => Ok(height),
        _ => Err(YamlError::InputSize { sides }),
    }
}

fn layer(block: usize, mut row: Vec<Item>) -> Result<Layer, YamlError> {
    if row.len() == 4 {
        let from = row.remove(0);
        if !matches!(from, Item::Int(-1)) {
            return Err(YamlError::From { block, from: from.describe() });
        }
    }
    let Ok([repeat, Item::Text(name), Item::List(items)]) = <[Item; 3]>::try_from(row) else {
        return Err(YamlError::Row { block });
    };
    let Some(repeat) = repeat.size() else {
        return Err(YamlError::Row { block });
    };
    let mut arguments = Arguments { block, name: &name, items, next: 0 };
    let read = arguments.read()?;
    arguments.end()?;
    Ok(Layer { repeat, block: read })
}

impl Item {
    fn size(&self) -> Option<usize> {
        match self {
            Self::Int(value) => usize::try_from(*value).ok(),
            Self::Float(value) if value.fract() == 0.0 && (0.0..1e9).contains(value) => {
                Some(*value as usize)
            }
            _ => None,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => format!("{value:?}"),
            Self::List(_) => "a list".to_owned(),
        }
    }
}

/// The arguments of one row, taken from the left.
struct Arguments<'a> {
    block: usize,
    name: &'a str,
    items: Vec<Item>,
    next: usize,
}

impl Arguments<'_> {
    fn read(&mut self) -> Result<Block, YamlError> {
        let name = self.name.to_owned();
        let eca = name.starts_with("ECA");
        Ok(match name.strip_prefix("ECA").unwrap_or(&name) {
            "Conv" | "FixedConv" if !eca => {
                let channels = self.size(None)?;
                let (kernel, stride) = (self.size(None)?, self.size(Some(1))?);
                let (padding, groups) = (self.padding()?, self.size(Some(1))?);
                let activation = self.activation(Activation::Relu)?;
                if name == "Conv" {
                    Block::Conv { channels, kernel, stride, padding, groups, activation }
                } else {
                    Block::FixedConv { channels, kernel, stride, padding, groups, activation }
                }
            }
            "DWConv" if !eca => Block::DWConv {
                channels: self.size(None)?,
                kernel: self.size(None)?,
                stride: self.size(Some(1))?,
                padding: self.padding()?,
                activation: self.activation(Activation::Relu)?,
            },
            "Bottleneck" => Block::Bottleneck {
                channels: self.size(None)?,
                shortcut: self.flag(Some(true))?,
                groups: self.size(Some(1))?,
                expansion: self.number(Some(0.5))?,
                activation: self.activation(Activation::Relu)?,
                eca,
            },
            "InvertedResidualv2" | "InvertedResidualV2" => Block::InvertedResidualV2 {
                channels: self.size(None)?,
                expansion: self.number(None)?,
                stride: self.size(None)?,
                eca,
            },
            "InvertedResidualv3" | "InvertedResidualV3" => Block::InvertedResidualV3 {
                kernel: self.size(None)?,
                expansion: self.number(None)?,
                channels: self.size(None)?,
                squeeze_excite: self.flag(None)?,
                hard_swish: self.flag(None)?,
                stride: self.size(None)?,
                eca,
            },
            "MBConv" if !eca => Block::MBConv {
                expansion: self.number(None)?,
                channels: self.size(None)?,
                stride: self.size(None)?,
                kernel: self.size(None)?,
                squeeze_excite: self.flag(Some(true))?,
            },
            "Fire" if !eca => Block::Fire {
                squeeze: self.size(None)?,
                expand1: self.size(None)?,
                expand3: self.size(None)?,
            },
            "GhostBottleneck" if !eca => Block::GhostBottleneck {
                kernel: self.size(None)?,
                expansion: self.number(None)?,
                channels: self.size(None)?,
                squeeze_excite: self.flag(None)?,
                stride: self.size(None)?,
            },
            "MaxPool" | "AvgPool" if !eca => {
                let kernel = self.size(None)?;
                let (stride, padding) = (self.size(Some(kernel))?, self.size(Some(0))?);
                if name == "MaxPool" {
                    Block::MaxPool { kernel, stride, padding }
                } else {
                    Block::AvgPool { kernel, stride, padding }
                }
            }
            "GlobalAvgPool" if !eca => {
                if self.size(Some(1))? != 1 {
                    self.next = 0;
                    return Err(self.error("1"));
                }
                Block::GlobalAvgPool
            }
            "Flatten" if !eca => Block::Flatten,
            "Pass" if !eca => Block::Pass,
            "Linear" if !eca => Block::Linear {
                features: self.size(None)?,
                activation: self.activation(Activation::Identity)?,
            },
            _ => return Err(YamlError::Module { block: self.block, name }),
        })
    }

    /// Takes the next argument; `default` where there is none.
    fn take<T>(
        &mut self,
        default: Option<T>,
        expected: &'static str,
        convert: impl FnOnce(&Item) -> Option<T>,
    ) -> Result<T, YamlError> {
        let value = match self.items.get(self.next) {
            None => default,
            Some(item) => convert(item),
        };
        let value = value.ok_or_else(|| self.error(expected))?;
        self.next += 1;
        Ok(value)
    }

    fn size(&mut self, default: Option<usize>) -> Result<usize, YamlError> {
        self.take(default, "a whole number", Item::size)
    }

    fn number(&mut self, default: Option<f64>) -> Result<f64, YamlError> {
        self.take(default, "a number", |item| match item {
            Item::Int(value) => Some(*value as f64),
            Item::Float(value) => Some(*value),
            _ => None,
        })
    }

    fn flag(&mut self, default: Option<bool>) -> Result<bool, YamlError> {
        self.take(default, "0 or 1", |item| match item {
            Item::Bool(value) => Some(*value),
            Item::Int(0) => Some(false),
            Item::Int(1) => Some(true),
            _ => None,
        })
    }

    /// In the generators a padding of 0 is the automatic one, as null is.
    fn padding(&mut self) -> Result<Option<usize>, YamlError> {
        self.take(Some(None), "null or a whole number", |item| match item {
            Item::Null => Some(None),
            item => item.size().map(|padding| (padding > 0).then_some(padding)),
        })
    }

    fn activation(&mut self, default: Activation) -> Result<Activation, YamlError> {
        self.take(Some(default), "null or an activation of torch.nn", |item| match item {
            Item::Null => Some(Activation::Identity),
            Item::Text(name) => activation(name),
            _ => None,
        })
    }

    fn end(&self) -> Result<(), YamlError> {
        if self.next < self.items.len() {
            return Err(self.error("absent"));
        }
        Ok(())
    }

    fn error(&self, expected: &'static str) -> YamlError {
        let found = self.items.get(self.next).map_or("missing".to_owned(), Item::describe);
        let (name, position) = (self.name.to_owned(), self.next + 1);
        YamlError::Argument { block: self.block, name, position, expected, found }
    }
}

fn activation(name: &str) -> Option<Activation> {
    Some(match name {
        "None" | "Identity" => Activation::Identity,
        "ReLU" => Activation::Relu,
        "ReLU6" => Activation::Relu6,
        "Hardswish" | "HardSwish" => Activation::HardSwish,
        "Hardsigmoid" | "HardSigmoid" => Activation::HardSigmoid,
        "SiLU" | "Swish" => Activation::Silu,
        "Sigmoid" => Activation::Sigmoid,
        "LeakyReLU" => Activation::LeakyRelu,
        "GELU" => Activation::Gelu,
        "Tanh" => Activation::Tanh,
        _ => return None,
    })
}

fn activation_name(activation: Activation) -> String {
    let name = match activation {
        Activation::Identity => "null",
        Activation::Relu => "ReLU",
        Activation::Relu6 => "ReLU6",
        Activation::HardSwish => "Hardswish",
        Activation::HardSigmoid => "Hardsigmoid",
        Activation::Silu => "SiLU",
        Activation::Sigmoid => "Sigmoid",
        Activation::LeakyRelu => "LeakyReLU",
        Activation::Gelu => "GELU",
        Activation::Tanh => "Tanh",
    };
    name.to_owned()
}

/// The arguments of a block as they are written.
fn arguments(block: &Block) -> Vec<String> {
    let size = |value: usize| value.to_string();
    let number = |value: f64| value.to_string();
    let flag = |value: bool| u8::from(value).to_string();
    let pad = |padding: Option<usize>| match padding {
        None | Some(0) => "null".to_owned(),
        Some(padding) => padding.to_string(),
    };
    match *block {
        Block::Conv { channels, kernel, stride, padding, groups, activation }
        | Block::FixedConv { channels, kernel, stride, padding, groups, activation } => vec![
            size(channels),
            size(kernel),
            size(stride),
            pad(padding),
            size(groups),
            activation_name(activation),
        ],
        Block::DWConv { channels, kernel, stride, padding, activation } => vec![
            size(channels),
            size(kernel),
            size(stride),
            pad(padding),
            activation_name(activation),
        ],
        Block::Bottleneck { channels, shortcut, groups, expansion, activation, .. } => vec![
            size(channels),
            shortcut.to_string(),
            size(groups),
            number(expansion),
            activation_name(activation),
        ],
        Block::InvertedResidualV2 { channels, expansion, stride, .. } => {
            vec![size(channels), number(expansion), size(stride)]
        }
        Block::InvertedResidualV3 {
            kernel,
            expansion,
            channels,
            squeeze_excite,
            hard_swish,
            stride,
            ..
        } => vec![
            size(kernel),
            number(expansion),
            size(channels),
            flag(squeeze_excite),
            flag(hard_swish),
            size(stride),
        ],
        Block::MBConv { expansion, channels, stride, kernel, squeeze_excite } => {
            let mut all = vec![number(expansion), size(channels), size(stride), size(kernel)];
            if !squeeze_excite {
                all.push(flag(false));
            }
            all
        }
        Block::Fire { squeeze, expand1, expand3 } => {
            vec![size(squeeze), size(expand1), size(expand3)]
        }
        Block::GhostBottleneck { kernel, expansion, channels, squeeze_excite, stride } => vec![
            size(kernel),
            number(expansion),
            size(channels),
            flag(squeeze_excite),
            size(stride),
        ],
        Block::MaxPool { kernel, stride, padding } | Block::AvgPool { kernel, stride, padding } => {
            vec![size(kernel), size(stride), size(padding)]
        }
        Block::Linear { features, activation } => vec![size(features), activation_name(activation)],
        Block::GlobalAvgPool | Block::Flatten | Block::Pass => Vec::new(),
    }
}
