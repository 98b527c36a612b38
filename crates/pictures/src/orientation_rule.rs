//! The rule for EXIF orientations.

use serde::{Deserialize, Serialize};

/// The rule for EXIF orientations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrientationRule {
    /// Images are turned upright as their EXIF orientation says, as viewers show them.
    #[default]
    Exif,
    /// Pixels stay as they are stored.
    Stored,
}
