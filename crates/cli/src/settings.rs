//! What the commands share that read the settings of a search.

use automl::data::DatasetFormat;
use automl::search::{Settings, SettingsError};
use clap::builder::RangedU64ValueParser;
use clap::{Args, value_parser};
use std::path::PathBuf;

/// One setting, by its path in the file, and its value in TOML; nothing where it is not given.
pub(crate) type Assignment = (&'static str, Option<String>);

/// The data.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[arg(long, value_name = "NAME", help_heading = "Data", help = dataset_help())]
    dataset: Option<String>,
    /// Where the data set's files lie (IDX or IDX.gz files, CIFAR-10 binary files, class folders)
    #[arg(long, value_name = "FOLDER", help_heading = "Data")]
    data_dir: Option<PathBuf>,
}

/// The data sets by name.
fn dataset_help() -> String {
    let name = |format: &DatasetFormat| match format.files {
        None => format!("{} (embedded)", format.name),
        Some(_) if format.is_resized => format!("{} (a folder of images per class)", format.name),
        Some(_) => format.name.to_owned(),
    };
    DatasetFormat::all().iter().map(name).collect::<Vec<_>>().join(", ")
}

impl DataArgs {
    pub(crate) fn assignments(&self) -> [Assignment; 2] {
        [("data.dataset", text(&self.dataset)), ("data.dir", path(&self.data_dir))]
    }
}

/// Every other setting.
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// A TOML file of settings, those of a search; the options above override it
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    /// Change one setting of the file, as in --set training.batch=64; may be repeated
    #[arg(long, value_name = "PATH=VALUE", help_heading = "Settings")]
    set: Vec<String>,
    /// Check the settings and print them, and do nothing else
    #[arg(long, help_heading = "Settings")]
    pub(crate) dry_run: bool,
}

impl SettingsArgs {
    /// The settings of the file, with those of `--set` and then the named options in their place.
    pub(crate) fn load(
        &self,
        options: impl IntoIterator<Item = Assignment>,
    ) -> Result<Settings, SettingsError> {
        let options = options.into_iter();
        let given = options.filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        let assignments: Vec<String> = self.set.iter().cloned().chain(given).collect();
        Settings::load(self.config.as_deref(), &assignments)
    }

    /// The names of the settings that are changed by `--set`.
    #[cfg(feature = "train")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.set.iter().filter_map(|text| Some(text.split_once('=')?.0.trim()))
    }
}

/// Seeds as TOML holds them.
pub(crate) fn seed() -> RangedU64ValueParser {
    value_parser!(u64).range(..=i64::MAX as u64)
}

/// A text in TOML.
pub(crate) fn text(value: &Option<String>) -> Option<String> {
    value.as_deref().map(quote)
}

/// A path in TOML.
pub(crate) fn path(value: &Option<PathBuf>) -> Option<String> {
    value.as_ref().map(|path| quote(&path.to_string_lossy()))
}

/// A number in TOML.
pub(crate) fn number<N: ToString>(value: Option<N>) -> Option<String> {
    value.map(|number| number.to_string())
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", control as u32));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
