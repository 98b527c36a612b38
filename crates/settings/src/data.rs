//! The settings of the data.

use automl_data::{ResizeRule, Side};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataSettings {
    /// The name of a [format](automl_data::DatasetFormat), such as `digits`. Default: `folder` where
    /// `dir` is given, else `digits`.
    pub dataset: String,
    /// The folder of the files; not needed for `digits`.
    pub dir: Option<PathBuf>,
    /// The share of the training images that validation takes.
    pub validation: f64,
    /// The height and width to which images of varying size are brought: one number for both, or
    /// `"HEIGHTxWIDTH"`.
    pub side: Side,
    /// The way in which they are brought to these.
    pub resize: ResizeRule,
    /// Channels of images of varying form, 1 or 3. Default: 1 where all of them are grey, else 3.
    pub channels: Option<usize>,
    /// Whether images that cannot be read are refused, not left out.
    pub strict: bool,
    /// Whether decoded images are kept in the user's cache folder.
    pub cache: bool,
    /// Whether a study goes on after images were added, removed or changed.
    pub accept_new_data: bool,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            dataset: "digits".into(),
            dir: None,
            validation: 0.2,
            side: Side::default(),
            resize: ResizeRule::default(),
            channels: None,
            strict: false,
            cache: true,
            accept_new_data: false,
        }
    }
}
