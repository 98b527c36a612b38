//! Predictions as a table or as JSON lines.

use super::Answer;
use super::files::Input;
use crate::Failure;
use crate::output::say;
use automl::deploy::NetworkFile;
use serde_json::{Value, json};
use std::io::Write;

/// The form of the output.
pub(super) struct Table<'a> {
    record: &'a NetworkFile,
    /// Classes of each image.
    top: usize,
    json: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(record: &'a NetworkFile, top: usize, json: bool) -> Self {
        Self { record, top, json }
    }

    /// Shows some images, with columns as wide as the longest of them.
    pub(super) fn show(&self, inputs: &[Input], answers: &[Answer]) -> Result<(), Failure> {
        let width = inputs.iter().map(|input| input.name.chars().count()).max().unwrap_or(0);
        for (input, answer) in inputs.iter().zip(answers) {
            match answer {
                Err(error) => self.failure(&input.name, &error.to_string())?,
                Ok(prediction) => {
                    let top = prediction.top(self.top);
                    if self.json {
                        say(self.line(&input.name, &top))?;
                    } else {
                        let class = |(class, p): &(usize, f32)| {
                            format!("{} {:.1}%", self.record.class_name(*class), 100.0 * p)
                        };
                        let classes: Vec<_> = top.iter().map(class).collect();
                        say(format_args!("{:width$}  {}", input.name, classes.join("  ")))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Names an image that cannot be read.
    pub(super) fn failure(&self, name: &str, error: &str) -> Result<(), Failure> {
        let _ = writeln!(std::io::stderr(), "error: {name} {error}");
        if self.json {
            say(json!({ "file": name, "error": error }))?;
        }
        Ok(())
    }

    fn line(&self, name: &str, top: &[(usize, f32)]) -> Value {
        let class = |(class, p): &(usize, f32)| {
            let probability = (f64::from(*p) * 1e6).round() / 1e6;
            json!({ "class": self.record.class_name(*class), "probability": probability })
        };
        let top: Vec<_> = top.iter().map(class).collect();
        json!({
            "file": name,
            "class": top[0]["class"],
            "probability": top[0]["probability"],
            "top": top,
        })
    }
}
