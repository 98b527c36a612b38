//! What the commands share that read the settings of a search.

use automl::data::{DatasetFormat, ResizeRule, Side};
use automl::extent::Extent;
use automl::search::{Settings, SettingsError};
use automl::settings::near;
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
    /// Where the data set's files lie: class folders, a list of files with labels, IDX, CIFAR, NPZ or
    /// Parquet files; alone, it means --dataset folder
    #[arg(long, value_name = "FOLDER", help_heading = "Data")]
    data_dir: Option<PathBuf>,
    /// Pixels of the network's input along a side, for images of varying size; HEIGHTxWIDTH where it is
    /// not square, as in 96x64; or auto: the median of their shorter sides, 16 to 96 [default: 32]
    #[arg(long, value_name = "N|HxW|auto", help_heading = "Data")]
    side: Option<Side>,
    /// How images get that height and width: squash (the whole, proportions change), crop (the middle)
    /// or pad (the whole, white margins) [default: squash]
    #[arg(long, value_name = "RULE", help_heading = "Data", value_parser = resize_rule)]
    resize: Option<ResizeRule>,
    /// Channels of the input: 1 (grey) or 3 [default: 1 where all images are grey]
    #[arg(long, value_name = "N", help_heading = "Data")]
    channels: Option<usize>,
    /// Refuse images that cannot be read; without, they are left out and named
    #[arg(long, help_heading = "Data")]
    strict: bool,
    /// Decode all images anew, and keep none of them in the cache folder
    #[arg(long, help_heading = "Data")]
    no_cache: bool,
    /// Go on although images were added, removed or changed: known ones keep their part of the split
    #[arg(long, help_heading = "Data")]
    accept_new_data: bool,
}

fn resize_rule(name: &str) -> Result<ResizeRule, String> {
    let known = ["squash", "crop", "pad"];
    let wrong = || format!("one of {}{}", known.join(", "), near(name, known));
    ResizeRule::named(name).ok_or_else(wrong)
}

/// A height and width of 1 to `MOST` pixels each.
pub(crate) fn extent<const MOST: usize>(text: &str) -> Result<Extent, String> {
    let extent: Extent = text.parse()?;
    if extent.shorter() == 0 || extent.longer() > MOST {
        return Err(format!("{text:?} is not within 1 to {MOST} pixels"));
    }
    Ok(extent)
}

/// The data sets by name.
fn dataset_help() -> String {
    let name = |format: &DatasetFormat| match format.files {
        None => format!("{} (embedded)", format.name),
        Some(_) if format.name == "folder" => "folder (images of your own)".to_owned(),
        Some(_) => format.name.to_owned(),
    };
    DatasetFormat::all().iter().map(name).collect::<Vec<_>>().join(", ")
}

impl DataArgs {
    pub(crate) fn assignments(&self) -> [Assignment; 8] {
        [
            ("data.dataset", text(&self.dataset)),
            ("data.dir", path(&self.data_dir)),
            ("data.side", text(&self.side.map(|side| side.to_string()))),
            ("data.resize", number(self.resize)),
            ("data.channels", number(self.channels)),
            ("data.strict", self.strict.then(|| "true".to_owned())),
            ("data.cache", self.no_cache.then(|| "false".to_owned())),
            ("data.accept-new-data", self.accept_new_data.then(|| "true".to_owned())),
        ]
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
