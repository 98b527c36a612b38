//! Pointwise nonlinearities of steps.

use automl_arch::{Activation, Gate};

/// A pointwise nonlinearity: an activation of the graph, or the gate of a squeeze-and-excitation.
///
/// # Examples
/// ```
/// use automl_deploy::Nonlinearity;
///
/// assert_eq!(Nonlinearity::Relu6.apply(7.0), 6.0);
/// assert_eq!(Nonlinearity::HardSigmoid.apply(0.0), 0.5);
/// assert_eq!(Nonlinearity::Clamp.apply(1.5), 1.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Nonlinearity {
    /// x
    #[default]
    Identity,
    /// max(0, x)
    Relu,
    /// min(max(0, x), 6)
    Relu6,
    /// min(max(0, x), 1)
    Clamp,
    /// x min(max(0, x + 3), 6) / 6
    HardSwish,
    /// min(max(0, x + 3), 6) / 6
    HardSigmoid,
    /// x / (1 + exp(-x))
    Silu,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// max(x, 0.01 x)
    LeakyRelu,
    /// x Φ(x), with the standard normal distribution function Φ
    Gelu,
    /// tanh(x)
    Tanh,
}

impl Nonlinearity {
    /// All nonlinearities.
    pub const ALL: [Self; 11] = [
        Self::Identity,
        Self::Relu,
        Self::Relu6,
        Self::Clamp,
        Self::HardSwish,
        Self::HardSigmoid,
        Self::Silu,
        Self::Sigmoid,
        Self::LeakyRelu,
        Self::Gelu,
        Self::Tanh,
    ];

    /// Returns the value at `x`.
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::Clamp => x.clamp(0.0, 1.0),
            Self::HardSwish => x * hard_sigmoid(x),
            Self::HardSigmoid => hard_sigmoid(x),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::LeakyRelu => x.max(0.01 * x),
            Self::Gelu => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
            Self::Tanh => x.tanh(),
        }
    }
}

#[inline(always)]
fn hard_sigmoid(x: f32) -> f32 {
    (x / 6.0 + 0.5).clamp(0.0, 1.0)
}

impl From<Activation> for Nonlinearity {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Identity => Self::Identity,
            Activation::Relu => Self::Relu,
            Activation::Relu6 => Self::Relu6,
            Activation::HardSwish => Self::HardSwish,
            Activation::HardSigmoid => Self::HardSigmoid,
            Activation::Silu => Self::Silu,
            Activation::Sigmoid => Self::Sigmoid,
            Activation::LeakyRelu => Self::LeakyRelu,
            Activation::Gelu => Self::Gelu,
            Activation::Tanh => Self::Tanh,
        }
    }
}

impl From<Gate> for Nonlinearity {
    fn from(gate: Gate) -> Self {
        match gate {
            Gate::HardSigmoid => Self::HardSigmoid,
            Gate::Sigmoid => Self::Sigmoid,
            Gate::Clamp => Self::Clamp,
        }
    }
}
