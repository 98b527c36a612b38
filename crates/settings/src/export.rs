//! Forms in which networks leave the project.

use crate::near::near;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A form in which a network of the front is exported.
///
/// # Examples
/// ```
/// use automl_settings::ExportTarget;
///
/// assert_eq!("onnx-int8".parse(), Ok(ExportTarget::OnnxInt8));
/// assert!(ExportTarget::C.is_int8() && "tflite".parse::<ExportTarget>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportTarget {
    /// ONNX in 32-bit floats.
    Onnx,
    /// ONNX with int8 weights and activations.
    OnnxInt8,
    /// C99 source of the int8 program.
    C,
    /// A `no_std` crate of the int8 program.
    Rust,
}

impl ExportTarget {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Onnx, Self::OnnxInt8, Self::C, Self::Rust];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::OnnxInt8 => "onnx-int8",
            Self::C => "c",
            Self::Rust => "rust",
        }
    }

    /// Whether it needs an int8 program.
    pub fn is_int8(self) -> bool {
        self != Self::Onnx
    }
}

impl FromStr for ExportTarget {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|target| target.name() == name);
        let known = Self::ALL.map(Self::name);
        found
            .ok_or_else(|| format!("{name:?}{} is none of {}", near(name, known), known.join(", ")))
    }
}

impl fmt::Display for ExportTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
