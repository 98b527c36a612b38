//! The targets.

mod data;
mod networks;
mod studies;

use crate::target::Target;

/// All targets, by what they read.
pub fn targets() -> &'static [Target] {
    &[
        studies::PROTOCOL,
        studies::SPACE,
        studies::CONFIGSPACE,
        studies::EXPRESSION,
        studies::SETTINGS,
        studies::ASSIGNMENTS,
        studies::JOURNAL,
        networks::YAML,
        networks::JSON,
        networks::WEIGHTS,
        networks::ONNX,
        data::IDX,
        data::CIFAR,
        data::IMAGES,
    ]
}
