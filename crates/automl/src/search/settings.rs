//! Everything that a search can be told, with its defaults. The TOML file mirrors this structure.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// Why settings were refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file, or an assignment on the command line, is not valid.
    #[error("{place}: {reason}")]
    Parse {
        /// The file or the assignment.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A value makes no sense.
    #[error("{name} = {value}: {reason}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong.
        reason: String,
    },
}

/// Where to train.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// A real GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU; an error where there is none.
    Gpu,
}

/// What the accuracy is weighed against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// The number of parameters.
    #[default]
    Params,
    /// Multiply-accumulates of one image.
    Macs,
}

/// A span of time, written `90`, `90s`, `30m`, `2h` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TimeText", into = "String")]
pub struct Span(pub Duration);

/// A time in a file: a number of seconds or a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum TimeText {
    Seconds(u64),
    Text(String),
}

impl TryFrom<TimeText> for Span {
    type Error = String;
    fn try_from(text: TimeText) -> Result<Self, String> {
        match text {
            TimeText::Seconds(seconds) => Ok(Self(Duration::from_secs(seconds))),
            TimeText::Text(text) => text.parse(),
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        format!("{}s", span.0.as_secs())
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no time: write 90s, 30m, 2h or 1h30m");
        let mut seconds = 0.0;
        let mut digits = String::new();
        for letter in text.trim().chars() {
            let unit = match letter {
                '0'..='9' | '.' => {
                    digits.push(letter);
                    continue;
                }
                's' => 1.0,
                'm' => 60.0,
                'h' => 3600.0,
                'd' => 86_400.0,
                _ => return Err(bad()),
            };
            seconds += digits.parse::<f64>().map_err(|_| bad())? * unit;
            digits.clear();
        }
        if !digits.is_empty() {
            if seconds > 0.0 {
                return Err(bad());
            }
            seconds = digits.parse::<f64>().map_err(|_| bad())?;
        }
        let span = Duration::try_from_secs_f64(seconds).map_err(|_| bad())?;
        if span.is_zero() { Err(bad()) } else { Ok(Self(span)) }
    }
}

/// All settings of one search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The study's name: its folder below `runs`. Continued if it exists. Default: made of the
    /// data set and the seed, with a number where that is taken.
    pub study: Option<String>,
    /// The folder of all runs.
    pub runs: PathBuf,
    /// Where the record is kept. Default: `study.db` in the study's folder.
    pub storage: Option<String>,
    /// The seed of every random decision.
    pub seed: u64,
    /// Where to train.
    pub device: Device,
    /// How many candidates are trained at once. Default: one per core on the CPU, one on a GPU.
    pub workers: Option<usize>,
    /// The data.
    pub data: DataSettings,
    /// What is searched, and for how long.
    pub search: SearchSettings,
    /// How candidates are trained.
    pub training: TrainingSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            study: None,
            runs: "runs".into(),
            storage: None,
            seed: 0,
            device: Device::Auto,
            workers: None,
            data: DataSettings::default(),
            search: SearchSettings::default(),
            training: TrainingSettings::default(),
        }
    }
}

/// The data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataSettings {
    /// `digits` (embedded), `mnist`, `fashion-mnist`, `cifar10`, or `folder` (one folder of
    /// images for each class).
    pub dataset: String,
    /// Where the files lie; not needed for `digits`.
    pub dir: Option<PathBuf>,
    /// The share of the training images that validation takes.
    pub validation: f64,
    /// The side to which the images of a `folder` are resized, in pixels.
    pub side: usize,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { dataset: "digits".into(), dir: None, validation: 0.2, side: 32 }
    }
}

/// What is searched, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SearchSettings {
    /// How many candidates are tried.
    pub trials: u64,
    /// How long the whole run may take, the final training included.
    pub timeout: Option<Span>,
    /// Who proposes candidates.
    pub sampler: String,
    /// Who stops bad candidates early.
    pub scheduler: String,
    /// What the accuracy is weighed against.
    pub against: Against,
    /// The most parameters that a candidate may have.
    pub max_params: Option<u64>,
    /// The most multiply-accumulates per image that a candidate may have.
    pub max_macs: Option<u64>,
    /// How many networks of the front are trained to the end and saved.
    pub front: usize,
    /// The most training images that candidates are trained on; the final training uses all.
    /// Default: 8,000.
    pub images: Option<usize>,
    /// Whether a weight-sharing network learns first and proposes candidates, which makes a tenth
    /// of the trials do.
    pub search_and_learn: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            trials: 90,
            timeout: None,
            sampler: "auto".into(),
            scheduler: "asha".into(),
            against: Against::Params,
            max_params: None,
            max_macs: None,
            front: 14,
            images: None,
            search_and_learn: false,
        }
    }
}

/// How candidates are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainingSettings {
    /// The epochs of a candidate that is never stopped. Default: chosen for the data set.
    pub epochs: Option<u64>,
    /// The epochs after which the first candidates are stopped. Default: a ninth of `epochs`.
    pub min_epochs: Option<u64>,
    /// The epochs of the final training of the front's networks. Default: half as many again as
    /// `epochs`.
    pub final_epochs: Option<u64>,
    /// Images in a batch. Default: chosen for the data set.
    pub batch: Option<usize>,
    /// The highest learning rate.
    pub learning_rate: Option<f64>,
    /// The momentum of SGD.
    pub momentum: f64,
    /// The weight decay (L2), on weights alone.
    pub weight_decay: f64,
    /// The share of the target's mass that is spread over all classes.
    pub label_smoothing: f64,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            epochs: None,
            min_epochs: None,
            final_epochs: None,
            batch: None,
            learning_rate: None,
            momentum: 0.9,
            weight_decay: 5e-4,
            label_smoothing: 0.1,
        }
    }
}

impl Settings {
    /// The defaults, changed by a TOML file if there is one, then by assignments `path=value` such
    /// as `training.epochs=20` or `data.dataset=cifar10` in order.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown setting, a value of the wrong kind or out of range.
    pub fn load(file: Option<&Path>, assignments: &[String]) -> Result<Self, SettingsError> {
        let mut table = toml::Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
            let place = path.display().to_string();
            let bad = |e: toml::de::Error| SettingsError::Parse {
                place: place.clone(),
                reason: e.to_string().trim_end().to_owned(),
            };
            table = text.parse().map_err(bad)?;
            // Reads it once alone, so that an error names the file.
            toml::from_str::<Self>(&text).map_err(bad)?;
        }
        for assignment in assignments {
            assign(&mut table, assignment)?;
        }
        let settings: Self =
            toml::Value::Table(table).try_into().map_err(|e: toml::de::Error| {
                SettingsError::Parse {
                    place: "the settings".into(),
                    reason: e.to_string().trim_end().to_owned(),
                }
            })?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks ranges; names the first setting that is wrong.
    ///
    /// # Errors
    /// [`SettingsError::Value`].
    pub fn check(&self) -> Result<(), SettingsError> {
        let wrong = |name: &'static str, value: String, reason: &str| {
            Err(SettingsError::Value { name, value, reason: reason.into() })
        };
        if let Some(study) = &self.study {
            let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            if study.is_empty() || study.starts_with('.') || !study.chars().all(plain) {
                return wrong(
                    "study",
                    format!("{study:?}"),
                    "a name holds letters, digits, '-', '_' and '.', and does not begin with '.'",
                );
            }
        }
        let data = &self.data;
        if !(data.validation > 0.0 && data.validation < 0.9) {
            return wrong("data.validation", data.validation.to_string(), "must lie in (0, 0.9)");
        }
        if !(8..=512).contains(&data.side) {
            return wrong("data.side", data.side.to_string(), "must lie between 8 and 512 pixels");
        }
        if !DATASETS.contains(&data.dataset.as_str()) {
            let known = format!("unknown data set: one of {}", DATASETS.join(", "));
            return wrong("data.dataset", format!("{:?}", data.dataset), &known);
        }
        if data.dataset != "digits" && data.dir.is_none() {
            return wrong(
                "data.dataset",
                format!("{:?}", data.dataset),
                "needs the folder of its files: --data-dir FOLDER",
            );
        }
        let counts = [
            ("search.trials", Some(self.search.trials)),
            ("search.max-params", self.search.max_params),
            ("search.max-macs", self.search.max_macs),
            ("search.front", Some(self.search.front as u64)),
            ("workers", self.workers.map(|n| n as u64)),
            ("training.epochs", self.training.epochs),
            ("training.min-epochs", self.training.min_epochs),
            ("training.final-epochs", self.training.final_epochs),
            ("training.batch", self.training.batch.map(|n| n as u64)),
        ];
        for (name, value) in counts {
            if value == Some(0) {
                return wrong(name, "0".into(), "must be at least 1");
            }
        }
        let shares = [
            ("training.momentum", self.training.momentum),
            ("training.label-smoothing", self.training.label_smoothing),
        ];
        for (name, value) in shares {
            if !(0.0..1.0).contains(&value) {
                return wrong(name, value.to_string(), "must lie in [0, 1)");
            }
        }
        if let Some(rate) = self.training.learning_rate
            && !(rate > 0.0 && rate <= 10.0)
        {
            return wrong("training.learning-rate", rate.to_string(), "must lie in (0, 10]");
        }
        if !(0.0..1.0).contains(&self.training.weight_decay) {
            let value = self.training.weight_decay.to_string();
            return wrong("training.weight-decay", value, "must lie in [0, 1)");
        }
        if let (Some(min), Some(max)) = (self.training.min_epochs, self.training.epochs)
            && min > max
        {
            return wrong("training.min-epochs", min.to_string(), "lies above training.epochs");
        }
        Ok(())
    }
}

/// The data sets that a search can read.
pub const DATASETS: &[&str] = &["digits", "mnist", "fashion-mnist", "cifar10", "folder"];

/// Applies one `path=value`; a value that is no TOML counts as a string.
fn assign(table: &mut toml::Table, assignment: &str) -> Result<(), SettingsError> {
    let bad = |reason: &str| SettingsError::Parse {
        place: assignment.to_owned(),
        reason: reason.to_owned(),
    };
    let (path, text) = assignment.split_once('=').ok_or_else(|| bad("write path=value"))?;
    let value = format!("value = {text}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()));
    let mut keys: Vec<&str> = path.trim().split('.').collect();
    let last = keys.pop().filter(|key| !key.is_empty()).ok_or_else(|| bad("the path is empty"))?;
    let mut place = table;
    for key in keys {
        let entry = place.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        place = entry.as_table_mut().ok_or_else(|| bad("the path leads through a value"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_change_single_settings() {
        let load = |text: &[&str]| {
            let text: Vec<String> = text.iter().map(|s| (*s).to_owned()).collect();
            Settings::load(None, &text)
        };
        let settings = load(&[
            "training.epochs=7",
            "search.timeout=1h30m",
            "data.dataset=cifar10",
            "data.dir=/data",
            "device=cpu",
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.training.epochs, Some(7));
        assert_eq!(settings.search.timeout, Some(Span(Duration::from_secs(5400))));
        assert_eq!(settings.data.dir, Some(PathBuf::from("/data")));
        assert_eq!(settings.device, Device::Cpu);
        let written = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&written).unwrap(), settings);
        for (bad, named) in [
            ("training.epoch=7", "epoch"),
            ("training.epochs=seven", "epochs"),
            ("data.dataset=imagenet", "imagenet"),
            ("data.dataset=cifar10", "--data-dir"),
            ("search.trials=0", "search.trials"),
            ("search.timeout=soon", "soon"),
            ("study=../x", "study"),
            ("epochs", "path=value"),
        ] {
            let error = load(&[bad]).unwrap_err().to_string();
            assert!(error.contains(named), "{bad}: {error}");
        }
    }
}
