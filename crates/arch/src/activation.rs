//! Pointwise nonlinearities.

use serde::{Deserialize, Serialize};

/// A pointwise nonlinearity; the names are those of `torch.nn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Activation {
    /// x
    #[default]
    Identity,
    /// max(0, x)
    #[serde(rename = "ReLU")]
    Relu,
    /// min(max(0, x), 6)
    #[serde(rename = "ReLU6")]
    Relu6,
    /// x min(max(0, x + 3), 6) / 6 (Howard et al. 2019, MobileNetV3)
    #[serde(rename = "Hardswish")]
    HardSwish,
    /// min(max(0, x + 3), 6) / 6
    #[serde(rename = "Hardsigmoid")]
    HardSigmoid,
    /// x / (1 + exp(-x)) (Elfwing et al. 2018, arXiv 1702.03118)
    #[serde(rename = "SiLU")]
    Silu,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// max(x, 0.01 x)
    #[serde(rename = "LeakyReLU")]
    LeakyRelu,
    /// x Φ(x), with the standard normal distribution function Φ (Hendrycks & Gimpel 2016)
    #[serde(rename = "GELU")]
    Gelu,
    /// tanh(x)
    Tanh,
}

/// Names in configuration files: the written one, then other spellings that are read.
pub(crate) const NAMES: [(Activation, &[&str]); 10] = [
    (Activation::Identity, &["null", "None", "Identity"]),
    (Activation::Relu, &["ReLU"]),
    (Activation::Relu6, &["ReLU6"]),
    (Activation::HardSwish, &["Hardswish", "HardSwish"]),
    (Activation::HardSigmoid, &["Hardsigmoid", "HardSigmoid"]),
    (Activation::Silu, &["SiLU", "Swish"]),
    (Activation::Sigmoid, &["Sigmoid"]),
    (Activation::LeakyRelu, &["LeakyReLU"]),
    (Activation::Gelu, &["GELU"]),
    (Activation::Tanh, &["Tanh"]),
];

impl Activation {
    /// The name in configuration files, `null` for the identity.
    pub(crate) fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(activation, _)| *activation == self)
            .map_or("null", |(_, names)| names[0])
    }

    /// The nonlinearity of this name in a configuration file.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let named = |(_, names): &&(Self, &[&str])| name != "null" && names.contains(&name);
        NAMES.iter().find(named).map(|(activation, _)| *activation)
    }
}
