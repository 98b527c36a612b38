//! Everything that a search can be told, with its defaults. The TOML file mirrors this structure.

mod check;
mod ladder;
mod microseconds;
mod span;

pub use ladder::{FidelitySettings, LadderSettings, RungSettings, SUBSETS, ladder_toml};
pub use microseconds::Microseconds;
pub use span::Span;

#[cfg(feature = "train")]
use automl_storage::Address;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
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
    /// The time for one image on the device at hand: predicted in the search, measured in the end.
    Latency,
}

/// The cheap score by which the best of a few proposals is chosen in a search's first trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// None: every proposal is trained.
    #[default]
    None,
    /// Parameters.
    Params,
    /// Patterns of the nonlinearities (Mellor et al. 2021).
    Naswot,
    /// The flow through the weights (Tanaka et al. 2020).
    Synflow,
    /// The norm of the gradient at initialisation.
    GradientNorm,
}

/// The networks that are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceName {
    /// Seven searched blocks, scaled to the images and the caps.
    #[default]
    Blocks,
    /// The skeleton of NAS-Bench-Macro, 6,561 codes; without caps unless they are given.
    NasBenchMacro,
}

/// The settings of training that go together; single ones may be set in their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipePreset {
    /// Short trainings: 27 epochs, batches by the size of the data set, small crops, label
    /// smoothing.
    #[default]
    Light,
    /// The long recipe that small networks are compared by: 200 epochs, also in the end, batches of
    /// 128, a learning rate of .1 along a cosine, RandAugment, no label smoothing.
    Lecture,
}

/// All settings of one search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The study's name: its folder below `runs`. Continued if it exists. Default: the
    /// data set and the first free number, such as `digits-1`.
    pub study: Option<String>,
    /// The folder of all runs.
    pub runs: PathBuf,
    /// Where the record is kept: a file of SQLite or the address of a PostgreSQL database. Default:
    /// `study.db` in the study's folder.
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
    /// How candidates are made cheap to compare.
    pub fidelity: FidelitySettings,
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
            fidelity: FidelitySettings::default(),
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
    /// The networks that are searched.
    pub space: SpaceName,
    /// How many candidates are tried.
    pub trials: u64,
    /// How long the whole run may take, the final training included.
    pub timeout: Option<Span>,
    /// Who proposes candidates.
    pub sampler: String,
    /// Who stops bad candidates early.
    pub scheduler: String,
    /// The cheap score that chooses among proposals in the first trials.
    pub filter: Filter,
    /// Whether the summary says how well cheap scores ranked the networks; also if there is a
    /// filter.
    pub scores: bool,
    /// What the accuracy is weighed against.
    pub against: Against,
    /// The most parameters that a candidate may have.
    pub max_params: Option<u64>,
    /// The most multiply-accumulates per image that a candidate may have.
    pub max_macs: Option<u64>,
    /// The longest that a candidate may take for one image, as predicted for the device at hand.
    pub max_latency: Option<Microseconds>,
    /// How many networks of the front are trained to the end and saved.
    pub front: usize,
    /// The most training images that candidates are trained on; the final training uses all.
    /// Default: 8,000.
    pub images: Option<usize>,
    /// Whether a weight-sharing network learns first and proposes candidates, which makes a
    /// twentieth of the trials, at least 3, do.
    pub search_and_learn: bool,
    /// Whether a training before the search learns learning rate, weight decay, label smoothing and
    /// the augmented share by hypergradients. They are used where they do better.
    pub learn_recipe: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            space: SpaceName::Blocks,
            trials: 90,
            timeout: None,
            sampler: "auto".into(),
            scheduler: "asha".into(),
            filter: Filter::None,
            scores: false,
            against: Against::Params,
            max_params: None,
            max_macs: None,
            max_latency: None,
            front: 18,
            images: None,
            search_and_learn: false,
            learn_recipe: false,
        }
    }
}

/// How candidates are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainingSettings {
    /// What is not set below.
    pub recipe: RecipePreset,
    /// The epochs of a candidate that is never stopped. Default: by the recipe.
    pub epochs: Option<u64>,
    /// The epochs after which the first candidates are stopped. Default: a ninth of `epochs`.
    pub min_epochs: Option<u64>,
    /// The epochs of the final training of the front's networks. Default: half as many again as
    /// `epochs`, and at least 2,000 steps; with the lecture's recipe as many.
    pub final_epochs: Option<u64>,
    /// Images in a batch. Default: by the recipe.
    pub batch: Option<usize>,
    /// The highest learning rate.
    pub learning_rate: Option<f64>,
    /// The momentum of SGD.
    pub momentum: f64,
    /// The weight decay (L2), on weights alone.
    pub weight_decay: f64,
    /// The share of the target's mass that is spread over all classes. Default: by the recipe.
    pub label_smoothing: Option<f64>,
    /// Whether training images are mirrored at random. Default: where a mirrored image of the data
    /// set shows the same class.
    pub mirror: Option<bool>,
    /// How many operations of RandAugment each training image goes through; 0 for none. Default:
    /// by the recipe.
    pub randaugment_ops: Option<usize>,
    /// How strong these operations are, 0 to 30. Default: by the recipe.
    pub randaugment_magnitude: Option<u8>,
    /// The side of the square that is cut out of each training image, as a share of its side; 0 for
    /// none. Default: none.
    pub cutout: Option<f64>,
    /// The share of the training images that are augmented. Default: all.
    pub augmented: Option<f64>,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            recipe: RecipePreset::Light,
            epochs: None,
            min_epochs: None,
            final_epochs: None,
            batch: None,
            learning_rate: None,
            momentum: 0.9,
            weight_decay: 5e-4,
            label_smoothing: None,
            mirror: None,
            randaugment_ops: None,
            randaugment_magnitude: None,
            cutout: None,
            augmented: None,
        }
    }
}

impl SearchSettings {
    /// Whether latency matters to the search.
    pub fn wants_latency(&self) -> bool {
        self.against == Against::Latency || self.max_latency.is_some()
    }
}

impl TrainingSettings {
    /// The epochs of a candidate that is never stopped.
    pub(crate) fn search_epochs(&self) -> u64 {
        self.epochs.unwrap_or(match self.recipe {
            RecipePreset::Light => 27,
            RecipePreset::Lecture => 200,
        })
    }
}

/// The settings as a TOML file that gives them again.
pub fn to_toml(settings: &Settings) -> String {
    toml::to_string(&settings.without_password()).unwrap_or_default()
}

impl Settings {
    /// The file of the record, where one was chosen.
    #[cfg(feature = "train")]
    pub(crate) fn storage_file(&self) -> Option<&Path> {
        match Address::parse(self.storage.as_deref()?) {
            Ok(Address::File(path)) => Some(path),
            _ => None,
        }
    }

    /// The settings as they may be shown and kept: without the password of a database.
    pub(crate) fn without_password(&self) -> Self {
        let storage = self.storage.as_deref().map(automl_storage::without_password);
        Self { storage, ..self.clone() }
    }

    /// The epochs of a candidate that is never stopped, as the ladder says or else the training.
    #[cfg(feature = "train")]
    pub(crate) fn search_epochs(&self) -> u64 {
        self.fidelity.ladder.top_epochs().unwrap_or_else(|| self.training.search_epochs())
    }

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
        let mut settings: Self =
            toml::Value::Table(table).try_into().map_err(|e: toml::de::Error| {
                SettingsError::Parse {
                    place: "the settings".into(),
                    reason: e.to_string().trim_end().replace('\n', " "),
                }
            })?;
        settings.fidelity.resolve()?;
        settings.check()?;
        Ok(settings)
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
    use std::time::Duration;

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
            "training.recipe=lecture",
            "training.randaugment-magnitude=0",
            "search.max-latency=2ms",
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.training.epochs, Some(7));
        assert_eq!(settings.search.timeout, Some(Span(Duration::from_secs(5400))));
        assert_eq!(settings.data.dir, Some(PathBuf::from("/data")));
        assert_eq!(settings.device, Device::Cpu);
        assert_eq!(settings.training.recipe, RecipePreset::Lecture);
        assert_eq!(settings.training.randaugment_magnitude, Some(0));
        assert_eq!(settings.search.max_latency, Some(Microseconds(2000.0)));
        let written = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&written).unwrap(), settings);
        for (bad, named) in [
            ("training.epoch=7", "epoch"),
            ("training.epochs=seven", "epochs"),
            ("data.dataset=imagenet", "imagenet"),
            ("data.dataset=cifar10", "--data-dir"),
            ("search.trials=0", "search.trials"),
            ("search.images=1", "search.images"),
            ("search.sampler=tpee", "nsga2"),
            ("search.sampler=cmaes", "one objective"),
            ("search.scheduler=ash", "asha-stopping"),
            ("search.timeout=0", "\"0\" is no time"),
            ("training.min-epochs=28", "training.min-epochs = 28: lies above the 27 epochs"),
            ("search.timeout=soon", "soon"),
            ("search.max-latency=2m", "800us"),
            ("study=../x", "study"),
            ("training.recipe=heavy", "heavy"),
            ("training.randaugment-ops=-1", "randaugment-ops"),
            ("training.randaugment-ops=15", "training.randaugment-ops"),
            ("training.randaugment-magnitude=31", "between 0 and 30"),
            ("training.randaugment-magnitude=5", "without training.randaugment-ops"),
            ("training.cutout=1.5", "training.cutout"),
            ("training.label-smoothing=1", "training.label-smoothing"),
            ("epochs", "path=value"),
        ] {
            let error = load(&[bad]).unwrap_err().to_string();
            assert!(error.contains(named), "{bad}: {error}");
        }
    }

    /// `docs/reference/search.toml` shows the defaults, and every setting that it shows exists.
    #[test]
    fn the_documented_settings_are_the_defaults() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/search.toml");
        assert_eq!(Settings::load(Some(&path), &[]).unwrap(), Settings::default());
        let text = std::fs::read_to_string(&path).unwrap();
        let shown: Vec<&str> = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
            .collect();
        let settings: Settings = toml::from_str(&shown.join("\n")).unwrap();
        settings.check().unwrap();
        assert_eq!(settings.training.randaugment_magnitude, Some(2));
    }
}
