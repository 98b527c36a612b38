//! Options of ONNX models.

/// Number of images that a model takes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Always so many.
    Fixed(usize),
    /// Any number.
    Dynamic,
}

/// Range of the pixels that a model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputRange {
    /// Pixels in `[0, 1]`.
    #[default]
    Unit,
    /// Pixels in `[0, 255]`.
    Bytes,
    /// Pixels that are normalized outside of the model.
    Normalized,
}

/// The form of a model.
///
/// # Examples
/// ```
/// use automl_deploy::onnx::{Batch, OnnxOptions};
///
/// assert_eq!(OnnxOptions::default().batch, Batch::Fixed(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnnxOptions {
    /// Number of images.
    pub batch: Batch,
    /// Range of the pixels.
    pub range: InputRange,
}

impl Default for OnnxOptions {
    fn default() -> Self {
        Self { batch: Batch::Fixed(1), range: InputRange::Unit }
    }
}

impl InputRange {
    /// The name in options and metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "0..1",
            Self::Bytes => "0..255",
            Self::Normalized => "normalized",
        }
    }

    /// The largest pixel.
    pub(super) fn most(self) -> f32 {
        match self {
            Self::Bytes => 255.0,
            Self::Unit | Self::Normalized => 1.0,
        }
    }
}
