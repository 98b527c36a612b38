//! The format as a text, for `automl train --print-grammar`.

use crate::activation::NAMES;
use crate::architecture::Architecture;
use crate::block::Block;
use std::fmt::Write;

/// Everything but the modules.
const FORMAT: &str = "\
A model file is YAML, in the format of kindle:

  input_channel: 3                 channels of the images: 1 or 3 for most data sets
  input_size: [32, 32]             height and width of the images in pixels; or one number
  depth_multiple: 1.0              repeats r > 1 of the backbone become max(round(r d), 1)
  width_multiple: 1.0              channels of the backbone are multiplied, and rounded to 8
  backbone:
    - [1, Conv, [16, 3, 2]]        [repeat, module, [arguments]]
    - [2, InvertedResidualv3, [3, 4, 24, 1, 0, 2]]
  head:                            appended to the backbone as it is, without the multiples
    - [1, GlobalAvgPool, []]
    - [1, Flatten, []]
    - [1, Linear, [10]]            the last module gives one number per class

The head is optional. A row may begin with -1, the input from the row before, and may end with
arguments by name: [-1, 1, Conv, [16, 3], {activation: LeakyReLU}]. Arguments with a default may be
left out from the right. An unknown key or name is an error.

Modules and their arguments in order:
";

impl Architecture {
    /// The format of model files as a text: keys, rows, and every module with its arguments.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::Architecture;
    ///
    /// let text = Architecture::grammar();
    /// assert!(text.contains("\n  Conv: channels, kernel, stride = 1, padding = null"));
    /// ```
    pub fn grammar() -> String {
        let mut text = FORMAT.to_owned();
        for kind in Block::kinds() {
            let names = kind.names.join(", ");
            let arguments = kind.arguments.iter().map(|argument| match argument.default {
                None => argument.name.to_owned(),
                Some(default) => format!("{} = {}", argument.name, literal(default)),
            });
            let arguments: Vec<String> = arguments.collect();
            let list = if arguments.is_empty() { "none".to_owned() } else { arguments.join(", ") };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {names}: {list}");
        }
        text
    }
}

/// A default as it stands in a file, from its Rust expression.
fn literal(default: &str) -> String {
    match default {
        "None" | "Activation::Identity" => "null".to_owned(),
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        other => match other.strip_prefix("Activation::") {
            Some(name) => {
                let named = NAMES.iter().find(|(activation, _)| format!("{activation:?}") == name);
                named.map_or(name, |(activation, _)| activation.name()).to_owned()
            }
            None => other.to_owned(),
        },
    }
}
