#![doc = include_str!("../README.md")]

mod amount;
mod balance;
mod board;
mod check;
mod choices;
mod export;
mod images;
mod ladder;
mod load;
mod microseconds;
mod near;
mod recipe;
mod regularization;
mod score;
mod span;
mod trainings;

pub use amount::{AmountError, Bytes, Count};
pub use balance::BalanceSetting;
pub use board::{Board, UnknownBoard};
pub use choices::{CostObjective, SpaceName, ZeroCostProxy};
pub use export::ExportTarget;
pub use images::{Earlier, NetworkInput, study_name};
pub use ladder::{FidelitySettings, LadderSettings, RungSettings, ladder_toml};
pub use microseconds::Microseconds;
pub use near::near;
pub use score::SCORE_NAMES;
pub use span::Span;
pub use trainings::Trainings;

use automl_data::metrics::Metric;
use automl_data::{Optimizer, ResizeRule, Side};
use automl_registry::PartSpec;
use automl_storage::Address;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A refused setting.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file, or an assignment on the command line, is not valid.
    #[error("{place}: {reason}")]
    Parse {
        /// The file or the assignment.
        place: String,
        /// The reason.
        reason: String,
    },
    /// A value is out of range, or conflicts with another setting.
    #[error("{name} = {value}: {reason}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// The reason.
        reason: String,
    },
}

/// The device for training.
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

/// The settings of training that go together; single ones may be set in their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipePreset {
    /// Short trainings: 27 epochs, batches by the size of the data set, small crops, label
    /// smoothing.
    #[default]
    #[serde(alias = "light")]
    Short,
    /// The recipe by which small networks are usually compared: 200 epochs, also in the final
    /// training, batches of 128, a learning rate of 0.1 along a cosine, RandAugment, no label
    /// smoothing.
    #[serde(alias = "lecture")]
    Long,
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
    /// The address of the record: a file of SQLite or the address of a PostgreSQL database. Default:
    /// `study.db` in the study's folder.
    pub storage: Option<String>,
    /// The seed of every random decision.
    pub seed: u64,
    /// The device for training.
    pub device: Device,
    /// The number of candidates that are trained at once. Default: one per core on the CPU, one on a GPU.
    pub workers: Option<usize>,
    /// The data.
    pub data: DataSettings,
    /// The search.
    pub search: SearchSettings,
    /// Training of candidates.
    pub training: TrainingSettings,
    /// Cheap comparisons between candidates.
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

/// Settings of the search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SearchSettings {
    /// The networks that are searched.
    pub space: SpaceName,
    /// The number of candidates.
    pub trials: u64,
    /// The time limit of the whole run, the final training included.
    pub timeout: Option<Span>,
    /// The sampler that proposes candidates.
    pub sampler: PartSpec,
    /// The scheduler that stops bad candidates early.
    pub scheduler: PartSpec,
    /// The zero-cost proxy that selects among proposals in the first trials.
    #[serde(alias = "filter")]
    pub zero_cost_proxy: ZeroCostProxy,
    /// Whether the summary reports how well zero-cost proxies ranked the networks; implied by
    /// `zero_cost_proxy`.
    pub scores: bool,
    /// The shorter sides of the images that are searched with the networks, in pixels; none for `data.side`
    /// alone. Images are read at the largest, in the proportions of `data.side`.
    pub sides: Vec<usize>,
    /// The metric on the validation images by which candidates are compared.
    pub metric: Metric,
    /// A formula to be maximized in place of the metric, such as `f1 - 0.1*macs/1e6`, of the numbers in
    /// [`SCORE_NAMES`].
    pub score: Option<String>,
    /// The cost that is minimized beside the error.
    #[serde(alias = "against")]
    pub cost_objective: CostObjective,
    /// The most parameters that a candidate may have, such as `20000` or `"20k"`.
    #[serde(deserialize_with = "amount::count")]
    pub max_params: Option<u64>,
    /// The most multiply-accumulates per image that a candidate may have, such as `"2.5M"`.
    #[serde(deserialize_with = "amount::count")]
    pub max_macs: Option<u64>,
    /// The most bytes of flash that the constants of a candidate's int8 program may take, such as
    /// `"128k"`.
    #[serde(deserialize_with = "amount::bytes")]
    pub max_flash: Option<u64>,
    /// The most bytes of RAM that the activations of a candidate's int8 program may take, such as
    /// `"64k"`.
    #[serde(deserialize_with = "amount::bytes")]
    pub max_ram: Option<u64>,
    /// The [board](Board) that gives both limits where they are not set: half of its flash
    /// and of its RAM.
    pub board: Option<String>,
    /// The longest that a candidate may take for one image, as predicted for the device at hand.
    pub max_latency: Option<Microseconds>,
    /// The number of networks that are trained to the end and saved.
    #[serde(alias = "front")]
    pub final_networks: usize,
    /// The most training images that candidates are trained on; the final training uses all.
    /// Default: 8,000.
    pub images: Option<usize>,
    /// The forms in which the networks of the front are exported. Forms in int8 are quantized by
    /// training images and tested.
    pub export: Vec<ExportTarget>,
    /// The most training images by which int8 programs are calibrated.
    pub calibration: usize,
    /// Whether a search that is continued trains the front of what is recorded and tries no further
    /// candidate.
    pub finish: bool,
    /// How many times each of the final networks is trained, from other weights each time.
    pub repeat: Trainings,
    /// Whether a network that was trained before may be replaced by one of a shorter training.
    pub overwrite: bool,
    /// Earlier studies to learn from: names in the folder of runs, folders, files of databases or
    /// addresses, with `#NAME` for one study of several. Their fronts are tried first.
    pub warm_start: Vec<String>,
    /// Whether networks that did well on other data sets are tried first, at most a quarter of the
    /// trials; not with `warm_start`.
    pub portfolio: bool,
    /// Whether a weight-sharing network learns first. In the space `blocks` it proposes candidates, which
    /// makes a twentieth of the trials, at least 3, do. In the space `elastic` every candidate is a part
    /// of it: candidates are judged without training, and the final training goes on with their weights.
    pub search_and_learn: bool,
    /// Whether the recipe is searched together with the networks: optimizer, learning rate, weight
    /// decay, batch, label smoothing, augmentation, average of the weights, and the side of the images
    /// where `sides` is empty. The first quarter of the trials keeps the recipe below.
    pub tune_recipe: bool,
    /// Whether a study of an earlier version learned its recipe before the trials; refused for a new
    /// one.
    pub learn_recipe: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            space: SpaceName::Blocks,
            trials: 90,
            timeout: None,
            sampler: PartSpec::named("auto"),
            scheduler: PartSpec::named("asha"),
            zero_cost_proxy: ZeroCostProxy::None,
            scores: false,
            sides: Vec::new(),
            metric: Metric::Accuracy,
            score: None,
            cost_objective: CostObjective::Params,
            max_params: None,
            max_macs: None,
            max_flash: None,
            max_ram: None,
            board: None,
            max_latency: None,
            final_networks: 18,
            images: None,
            export: Vec::new(),
            calibration: 512,
            finish: false,
            repeat: Trainings::default(),
            overwrite: false,
            warm_start: Vec::new(),
            portfolio: true,
            search_and_learn: false,
            tune_recipe: false,
            learn_recipe: false,
        }
    }
}

/// Settings of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainingSettings {
    /// The preset of everything that is not set below.
    pub recipe: RecipePreset,
    /// The epochs of a candidate that is never stopped. Default: by the recipe.
    pub epochs: Option<u64>,
    /// The epochs after which the first candidates are stopped. Default: a ninth of `epochs`.
    pub min_epochs: Option<u64>,
    /// The epochs of the final training of the front's networks. Default: half as many again as
    /// `epochs`, and at least 2,000 steps; with the long recipe as many.
    pub final_epochs: Option<u64>,
    /// Images in a batch. Default: by the recipe.
    pub batch: Option<usize>,
    /// The highest learning rate.
    pub learning_rate: Option<f64>,
    /// Optimizer: `sgd` or `adamw`.
    pub optimizer: Optimizer,
    /// Epochs over which the learning rate rises. Default: by the recipe.
    pub warmup: Option<f64>,
    /// The momentum of SGD, and the decay of AdamW's first moment.
    pub momentum: f64,
    /// The weight decay, on weights alone: L2 of SGD, decoupled of AdamW. Default: 5e-4; AdamW: .05.
    pub weight_decay: Option<f64>,
    /// The share of the target's mass that is spread over all classes. Default: by the recipe.
    pub label_smoothing: Option<f64>,
    /// Whether training images are mirrored at random. Default: where a mirrored image of the data
    /// set shows the same class.
    pub mirror: Option<bool>,
    /// The number of RandAugment's operations on each training image; 0 for none. Default:
    /// by the recipe.
    pub randaugment_ops: Option<usize>,
    /// The strength of these operations, 0 to 30. Default: by the recipe.
    pub randaugment_magnitude: Option<u8>,
    /// The side of the square that is cut out of each training image, as a share of its side; 0 for
    /// none. Default: none.
    pub cutout: Option<f64>,
    /// The probability of random erasing. Default: none.
    pub erase: Option<f64>,
    /// Strength of random affine maps, 0 to 1. Default: none.
    pub affine: Option<f64>,
    /// Strength of random brightness, contrast and saturation, 0 to 1. Default: none.
    pub color: Option<f64>,
    /// Parameter alpha of mixup, 0 to 4. Default: none.
    pub mixup: Option<f64>,
    /// Parameter alpha of CutMix, 0 to 4. Default: none.
    pub cutmix: Option<f64>,
    /// The probability of dropout before the last linear layer. Default: none.
    pub dropout: Option<f64>,
    /// The probability that the last residual block is skipped (stochastic depth). Default: none.
    pub stochastic_depth: Option<f64>,
    /// The largest norm of the gradient, to which larger ones are scaled down. Default: any.
    pub clip: Option<f64>,
    /// Decay of the exponential moving average of the weights, which is evaluated and saved.
    /// Default: none.
    pub ema: Option<f64>,
    /// The share of the training images that are augmented. Default: all.
    pub augmented: Option<f64>,
    /// The share of the epochs, from the first on, in which they are. Default: .8 in final trainings of the
    /// short recipe, but for photographs; else all.
    pub augmented_until: Option<f64>,
    /// A trained network, with which the final training starts as far as its weights fit: its folder or
    /// its `weights.safetensors`.
    pub init: Option<PathBuf>,
    /// The number of parts by which networks are cross-validated, at least 2: candidates and finals of a
    /// search, and the network of `automl train`. Default: none.
    pub folds: Option<usize>,
    /// Whether `automl train` trains on the task to tell by how much images are turned, which needs no
    /// labels, for use as `init` of another training.
    pub pretrain: bool,
    /// Remedy for classes of unequal size.
    pub balance: BalanceSetting,
    /// The cost of an error on a class, by its name or number; 1 for all others. Costs weigh the loss
    /// and the metric.
    pub class_costs: BTreeMap<String, f64>,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            recipe: RecipePreset::Short,
            epochs: None,
            min_epochs: None,
            final_epochs: None,
            batch: None,
            learning_rate: None,
            optimizer: Optimizer::Sgd,
            warmup: None,
            momentum: 0.9,
            weight_decay: None,
            label_smoothing: None,
            mirror: None,
            randaugment_ops: None,
            randaugment_magnitude: None,
            cutout: None,
            erase: None,
            affine: None,
            color: None,
            mixup: None,
            cutmix: None,
            dropout: None,
            stochastic_depth: None,
            clip: None,
            ema: None,
            augmented: None,
            augmented_until: None,
            init: None,
            folds: None,
            pretrain: false,
            balance: BalanceSetting::Auto,
            class_costs: BTreeMap::new(),
        }
    }
}

/// With weight sharing, one trial is run for this many of those asked for.
const TRIALS_PER_LEARNED: u64 = 20;

/// The fewest trials of a search with weight sharing.
const FEWEST_LEARNED: u64 = 3;

impl SearchSettings {
    /// The number of trials to run: `trials`, or with `search_and_learn` in the space `blocks` a
    /// twentieth of them, at least 3.
    ///
    /// # Examples
    /// ```
    /// use automl_settings::SearchSettings;
    ///
    /// let settings = SearchSettings { trials: 90, ..SearchSettings::default() };
    /// assert_eq!(settings.planned_trials(), 90);
    /// let learning = SearchSettings { search_and_learn: true, ..settings };
    /// assert_eq!(learning.planned_trials(), 5);
    /// ```
    pub fn planned_trials(&self) -> u64 {
        if self.search_and_learn && self.space != SpaceName::Elastic {
            self.trials.div_ceil(TRIALS_PER_LEARNED).max(FEWEST_LEARNED)
        } else {
            self.trials
        }
    }

    /// The most bytes of flash and RAM: those that are set, else those of the board.
    pub fn device_limits(&self) -> (Option<u64>, Option<u64>) {
        let board = self.board.as_deref().and_then(|name| Board::find(name).ok());
        let limits = board.map(Board::limits);
        (
            self.max_flash.or(limits.map(|(flash, _)| flash)),
            self.max_ram.or(limits.map(|(_, ram)| ram)),
        )
    }

    /// Whether networks are meant to run in int8: an export in int8, a limit of flash or RAM, or either
    /// as the cost. Then those that lose accuracy in int8 are fine-tuned for it.
    pub fn wants_int8(&self) -> bool {
        let (flash, ram) = self.device_limits();
        self.export.iter().any(|target| target.is_int8())
            || flash.is_some()
            || ram.is_some()
            || matches!(self.cost_objective, CostObjective::Flash | CostObjective::Ram)
    }

    /// The command that exports the network of a folder in the first form that was asked for; else as C
    /// where networks are meant for int8, and in ONNX where they are not.
    ///
    /// # Examples
    /// ```
    /// use automl_settings::SearchSettings;
    ///
    /// let settings = SearchSettings { max_ram: Some(65_536), ..SearchSettings::default() };
    /// let command = settings.export_command("front/trial-7".as_ref(), "trial-7");
    /// assert_eq!(command, "automl export front/trial-7 --to c --out trial-7.c");
    /// ```
    pub fn export_command(&self, folder: &Path, name: &str) -> String {
        let usual = if self.wants_int8() { ExportTarget::C } else { ExportTarget::Onnx };
        let target = *self.export.first().unwrap_or(&usual);
        let end = match target {
            ExportTarget::Onnx | ExportTarget::OnnxInt8 => ".onnx",
            ExportTarget::C => ".c",
            ExportTarget::Rust => "",
        };
        let command = format!("automl export {} --to {target} --out {name}{end}", folder.display());
        if target.is_int8() && self.calibration != Self::default().calibration {
            return format!("{command} --calibration {}", self.calibration);
        }
        command
    }

    /// Whether the search needs a latency table.
    pub fn wants_latency(&self) -> bool {
        self.cost_objective == CostObjective::Latency
            || self.max_latency.is_some()
            || self.score_formula().is_ok_and(|score| score.is_some_and(|s| s.reads("latency")))
    }
}

impl TrainingSettings {
    /// The epochs of a candidate that is never stopped.
    pub fn search_epochs(&self) -> u64 {
        self.epochs.unwrap_or(match self.recipe {
            RecipePreset::Short => 27,
            RecipePreset::Long => 200,
        })
    }
}

/// The settings as a TOML file that gives them again.
pub fn to_toml(settings: &Settings) -> String {
    toml::to_string(&settings.without_password()).unwrap_or_default()
}

impl Settings {
    /// The file of the record, where one was chosen.
    pub fn storage_file(&self) -> Option<&Path> {
        match Address::parse(self.storage.as_deref()?) {
            Ok(Address::File(path)) => Some(path),
            _ => None,
        }
    }

    /// The settings as they may be shown and kept: without the password of a database.
    pub fn without_password(&self) -> Self {
        let storage = self.storage.as_deref().map(automl_storage::without_password);
        Self { storage, ..self.clone() }
    }

    /// The epochs of a candidate that is never stopped, as the ladder says or else the training.
    pub fn search_epochs(&self) -> u64 {
        self.fidelity.ladder.top_epochs().unwrap_or_else(|| self.training.search_epochs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Duration;

    /// Options of parts in TOML, as a table or as text, and by assignment.
    #[test]
    fn parts_take_options() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "[search]\nscheduler = \"pbt{members=8}\"\n\n\
                    [search.sampler]\nname = \"pbt\"\nmembers = 8\n";
        std::fs::write(file.path(), text).unwrap();
        let settings = Settings::load(Some(file.path()), &[]).unwrap();
        assert_eq!(settings.search.sampler, settings.search.scheduler);
        assert_eq!(settings.search.sampler, PartSpec::named("pbt").with("members", 8));
        let set =
            ["search.scheduler=percentile", "search.scheduler.share=0.4", "search.sampler=gp"];
        let set: Vec<String> = set.map(str::to_owned).to_vec();
        let settings = Settings::load(Some(file.path()), &set).unwrap();
        assert_eq!(settings.search.scheduler, PartSpec::named("percentile").with("share", 0.4));
        let kept = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&kept).unwrap(), settings);
    }

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
            "search.max-params=20k",
            "search.metric=f1",
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.training.epochs, Some(7));
        assert_eq!(settings.search.timeout, Some(Span(Duration::from_secs(5400))));
        assert_eq!(settings.data.dir, Some(PathBuf::from("/data")));
        assert_eq!(settings.device, Device::Cpu);
        assert_eq!(settings.training.recipe, RecipePreset::Long);
        assert_eq!(settings.training.randaugment_magnitude, Some(0));
        assert_eq!(settings.search.max_latency, Some(Microseconds(2000.0)));
        assert_eq!(settings.search.max_params, Some(20_000));
        assert_eq!(settings.search.metric, Metric::MacroF1);
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
            ("search.sampler=tpe{startup=-1}", "startup = -1"),
            ("search.sampler=tpe{good=2}", "no option \"good\""),
            ("search.scheduler=asha{eta=1}", "eta = 1.0 is not above 1"),
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
            ("search.metric=auc", "balanced-accuracy"),
            ("search.score=f1 - 0.1 * mac", "there is no parameter \"mac\""),
            ("search.score=f1 -", "search.score"),
            ("search.max-params=20kk", "20k"),
            ("search.max-flash=12q", "128k"),
            ("search.board=nano", "arduino-nano-33-ble"),
            ("training.balance=maybe", "maybe"),
            ("training.class-costs.cat=-1", "cat = -1"),
        ] {
            let error = load(&[bad]).unwrap_err().to_string();
            assert!(error.contains(named), "{bad}: {error}");
        }
    }

    #[test]
    fn former_names_are_read() {
        let now = ["search.cost-objective=macs", "search.final-networks=3"];
        let now = [&now[..], &["search.zero-cost-proxy=naswot", "training.recipe=long"]].concat();
        let former = ["search.against=macs", "search.front=3", "search.filter=naswot"];
        let former = [&former[..], &["training.recipe=lecture"]].concat();
        let load = |names: &[&str], file: Option<&Path>| {
            let names: Vec<String> = names.iter().map(|s| (*s).to_owned()).collect();
            Settings::load(file, &names).unwrap()
        };
        let settings = load(&now, None);
        assert_eq!(load(&former, None), settings);
        // The last one counts, whatever its name.
        assert_eq!(load(&[&now[..], &["search.front=4"]].concat(), None).search.final_networks, 4);
        let text = "[search]\nagainst = \"latency\"\nfilter = \"naswot\"\nfront = 3\n\
             [training]\nrecipe = \"lecture\"\n";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        assert_eq!(load(&now[..1], Some(file.path())), settings);
        let kept: Settings = serde_json::from_str(
            r#"{"search": {"against": "macs", "filter": "naswot", "front": 3},
                "training": {"recipe": "lecture"}}"#,
        )
        .unwrap();
        assert_eq!(kept, settings);
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
