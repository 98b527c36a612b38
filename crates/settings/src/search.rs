//! The settings of the search.

use crate::{
    Board, CostObjective, ExportTarget, Microseconds, SpaceName, Span, Trainings, ZeroCostProxy,
    amount,
};
use automl_data::metrics::Metric;
use automl_registry::PartSpec;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// With weight sharing, one trial is run for this many of those asked for.
const TRIALS_PER_LEARNED: u64 = 20;

/// The fewest trials of a search with weight sharing.
const FEWEST_LEARNED: u64 = 3;

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
    /// [`SCORE_NAMES`](crate::SCORE_NAMES).
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

impl SearchSettings {
    /// The name of what candidates are compared by beside their cost: a formula or a metric.
    pub fn objective_name(&self) -> String {
        match &self.score {
            Some(score) => format!("score: {score}"),
            None => format!("validation {}", self.metric.title()),
        }
    }

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
