//! The list of targets.

use super::target::Target;
use super::{code, onnx, onnx_int8};
use automl::settings::near;

/// All targets. A new one is a file with its `TARGET` and a line here.
const TARGETS: &[&Target] = &[&onnx::TARGET, &onnx_int8::TARGET, &code::C, &code::RUST];

impl Target {
    /// The target of a name.
    pub(super) fn named(name: &str) -> Result<&'static Self, String> {
        let found = TARGETS.iter().copied().find(|target| target.name == name);
        found.ok_or_else(|| {
            let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            format!("one of {}{}", known.join(", "), near(name, known.iter().copied()))
        })
    }

    /// The names with their documentation.
    pub(super) fn help() -> String {
        let one = |target: &&Self| format!("{} ({})", target.name, target.summary);
        format!("What to write: {}", TARGETS.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}
