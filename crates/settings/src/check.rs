//! Ranges of settings.

use super::{
    DataSettings, RecipePreset, SearchSettings, Settings, SettingsError, SpaceName,
    TrainingSettings, Trainings,
};
use crate::Board;
use crate::LadderSettings;
use crate::near::near;
use automl_data::{DatasetFormat, Side};
use automl_registry::{PartError, check_pair};
use automl_storage::{Address, without_password};

/// A search has two objectives: accuracy and cost.
const OBJECTIVES: usize = 2;

impl Settings {
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
        if let Some(url) = &self.storage
            && Address::parse(url).is_err()
        {
            let reason = "must be a file, sqlite:///FILE, journal:///FILE or \
                          postgresql://USER:PASSWORD@HOST/DATABASE";
            return wrong("storage", format!("{:?}", without_password(url)), reason);
        }
        if self.search.finish && self.study.is_none() {
            return wrong(
                "search.finish",
                "true".into(),
                "needs the study to finish: --study NAME",
            );
        }
        self.search.check_parts()?;
        self.check_sides()?;
        self.search.score_formula()?;
        if let Some(board) = &self.search.board
            && let Err(error) = Board::find(board)
        {
            return wrong("search.board", format!("{board:?}"), &error.to_string());
        }
        self.training.check_costs()?;
        self.check_learning()?;
        if self.search.tune_recipe && self.search.search_and_learn {
            let reason = "a weight-sharing network learns no recipe; leave out search-and-learn";
            return wrong("search.tune-recipe", "true".into(), reason);
        }
        if self.search.learn_recipe {
            let reason = "recipes are learned by hypergradients no more; use search.tune-recipe";
            return wrong("search.learn-recipe", "true".into(), reason);
        }
        self.data.check()?;
        self.check_counts()?;
        let shares = [
            ("training.momentum", self.training.momentum),
            ("training.label-smoothing", self.training.label_smoothing.unwrap_or(0.0)),
            ("training.weight-decay", self.training.weight_decay.unwrap_or(0.0)),
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
        self.training.check_augmentation()?;
        self.training.check_regularization()?;
        // Normalisation needs two images, cross-validation two parts.
        let pairs = [
            ("search.images", self.search.images.map(|n| n as u64)),
            ("training.batch", self.training.batch.map(|n| n as u64)),
            ("training.folds", self.training.folds.map(|n| n as u64)),
        ];
        for (name, value) in pairs {
            if let Some(value) = value.filter(|value| *value < 2) {
                return wrong(name, value.to_string(), "must be at least 2");
            }
        }
        self.check_folds()?;
        self.fidelity.check()?;
        self.training.check_epochs(&self.fidelity.ladder)
    }

    /// Checks that the settings leave a weight-sharing network as it is.
    fn check_learning(&self) -> Result<(), SettingsError> {
        if !self.search.search_and_learn {
            return Ok(());
        }
        let wrong = |reason: &str| {
            let (name, value) = ("search.search-and-learn", "true".into());
            Err(SettingsError::Value { name, value, reason: reason.into() })
        };
        match self.search.space {
            SpaceName::Blocks => Ok(()),
            SpaceName::Elastic if self.training.folds.is_some() => wrong(
                "one training for all candidates has no training.folds; leave one of them out",
            ),
            SpaceName::Elastic if self.training.init.is_some() => {
                wrong("networks start from the weights that they share, not from training.init")
            }
            SpaceName::Elastic if self.fidelity.ladder != LadderSettings::Epochs => {
                wrong("candidates are judged once, so fidelity.ladder says nothing; leave it out")
            }
            SpaceName::Elastic => Ok(()),
            SpaceName::RecentBlocks | SpaceName::GatedBlocks | SpaceName::NasBenchMacro => wrong(
                "a weight-sharing network exists for the spaces \"blocks\" and \"elastic\" only",
            ),
        }
    }

    /// Checks that candidates can be cross-validated.
    fn check_folds(&self) -> Result<(), SettingsError> {
        let Some(folds) = self.training.folds else { return Ok(()) };
        let reason = if self.fidelity.ladder != LadderSettings::Epochs {
            "candidates are cross-validated on the ladder of epochs only"
        } else if !self.search.sides.is_empty() || self.search.tune_recipe {
            "sides cannot be searched by cross-validation"
        } else {
            return Ok(());
        };
        let (name, value) = ("training.folds", folds.to_string());
        Err(SettingsError::Value { name, value, reason: reason.into() })
    }

    /// Checks the sides that are searched.
    fn check_sides(&self) -> Result<(), SettingsError> {
        let sides = &self.search.sides;
        let wrong = |reason: &str| {
            let (name, value) = ("search.sides", format!("{sides:?}"));
            Err(SettingsError::Value { name, value, reason: reason.into() })
        };
        if sides.is_empty() {
            return Ok(());
        }
        if sides.iter().any(|side| !(8..=512).contains(side)) {
            return wrong("sides must lie between 8 and 512 pixels");
        }
        let has_sides = !matches!(self.search.space, SpaceName::Elastic | SpaceName::NasBenchMacro);
        if !has_sides || self.search.search_and_learn {
            return wrong("only spaces of blocks have sides, and only without search-and-learn");
        }
        if !matches!(self.fidelity.ladder, LadderSettings::Epochs) {
            return wrong("a list of settings in fidelity.ladder has sides of its own");
        }
        Ok(())
    }

    /// Checks numbers that must be at least 1.
    fn check_counts(&self) -> Result<(), SettingsError> {
        let repeat = match self.search.repeat {
            Trainings::Times(times) => Some(times),
            Trainings::UntilSettled => None,
        };
        let counts = [
            ("search.trials", Some(self.search.trials)),
            ("search.max-params", self.search.max_params),
            ("search.max-macs", self.search.max_macs),
            ("search.max-flash", self.search.max_flash),
            ("search.max-ram", self.search.max_ram),
            ("search.repeat", repeat),
            ("search.calibration", Some(self.search.calibration as u64)),
            ("search.final-networks", Some(self.search.final_networks as u64)),
            ("workers", self.workers.map(|n| n as u64)),
            ("training.epochs", self.training.epochs),
            ("training.min-epochs", self.training.min_epochs),
            ("training.final-epochs", self.training.final_epochs),
        ];
        for (name, value) in counts {
            if value == Some(0) {
                let reason = "must be at least 1".into();
                return Err(SettingsError::Value { name, value: "0".into(), reason });
            }
        }
        if self.workers.is_some_and(|workers| workers > MOST_WORKERS) {
            let value = self.workers.unwrap_or_default().to_string();
            let reason = format!("must be at most {MOST_WORKERS}");
            return Err(SettingsError::Value { name: "workers", value, reason });
        }
        Ok(())
    }
}

/// The most workers of one process: each has a thread and a network.
const MOST_WORKERS: usize = 4096;

impl DataSettings {
    fn check(&self) -> Result<(), SettingsError> {
        let wrong = |name: &'static str, value: String, reason: &str| {
            Err(SettingsError::Value { name, value, reason: reason.into() })
        };
        if !(self.validation > 0.0 && self.validation < 0.9) {
            return wrong("data.validation", self.validation.to_string(), "must lie in (0, 0.9)");
        }
        if let Side::Pixels(side) = self.side
            && (side.shorter() < 8 || side.longer() > 512)
        {
            return wrong("data.side", side.to_string(), "must lie between 8 and 512 pixels");
        }
        if let Some(channels) = self.channels
            && channels != 1
            && channels != 3
        {
            return wrong("data.channels", channels.to_string(), "must be 1 (grey) or 3 (color)");
        }
        let Ok(format) = DatasetFormat::find(&self.dataset) else {
            let known: Vec<_> = DatasetFormat::all().iter().map(|format| format.name).collect();
            let near = near(&self.dataset, known.iter().copied());
            let known = format!("unknown data set{near}: one of {}", known.join(", "));
            return wrong("data.dataset", format!("{:?}", self.dataset), &known);
        };
        if format.files.is_some() && self.dir.is_none() {
            return wrong(
                "data.dataset",
                format!("{:?}", self.dataset),
                "needs the folder of its files: --data-dir FOLDER",
            );
        }
        Ok(())
    }
}

impl SearchSettings {
    /// Checks names and options of the sampler and the scheduler.
    fn check_parts(&self) -> Result<(), SettingsError> {
        check_pair(&self.sampler, &self.scheduler, OBJECTIVES).map_err(|error| {
            let is_scheduler = matches!(
                error,
                PartError::Unknown { kind: "scheduler", .. }
                    | PartError::Part { kind: "scheduler", .. }
            );
            let (name, part) = match is_scheduler {
                true => ("search.scheduler", &self.scheduler),
                false => ("search.sampler", &self.sampler),
            };
            SettingsError::Value { name, value: part.to_string(), reason: error.to_string() }
        })
    }
}

impl TrainingSettings {
    /// Checks epochs, which a list of settings gives itself.
    fn check_epochs(&self, ladder: &LadderSettings) -> Result<(), SettingsError> {
        let wrong = |name: &'static str, value: u64, reason: String| {
            Err(SettingsError::Value { name, value: value.to_string(), reason })
        };
        if ladder.top_epochs().is_some() {
            let epochs =
                [("training.epochs", self.epochs), ("training.min-epochs", self.min_epochs)];
            for (name, epochs) in epochs {
                if let Some(epochs) = epochs {
                    let reason = "the settings of fidelity.ladder say for how long; leave it out";
                    return wrong(name, epochs, reason.into());
                }
            }
        }
        let most = self.search_epochs();
        match self.min_epochs.filter(|min| *min > most) {
            Some(min) => {
                let reason = format!("lies above the {most} epochs of a candidate");
                wrong("training.min-epochs", min, reason)
            }
            None => Ok(()),
        }
    }

    /// Checks augmentation.
    fn check_augmentation(&self) -> Result<(), SettingsError> {
        let wrong = |name: &'static str, value: String, reason: &str| {
            Err(SettingsError::Value { name, value, reason: reason.into() })
        };
        if let Some(magnitude) = self.randaugment_magnitude {
            let (name, value) = ("training.randaugment-magnitude", magnitude.to_string());
            if magnitude > 30 {
                return wrong(name, value, "must lie between 0 and 30");
            }
            if self.recipe == RecipePreset::Short && self.randaugment_ops.is_none() {
                return wrong(name, value, "means nothing without training.randaugment-ops");
            }
        }
        if let Some(operations) = self.randaugment_ops.filter(|operations| *operations > 14) {
            let name = "training.randaugment-ops";
            return wrong(name, operations.to_string(), "must lie between 0 and 14");
        }
        Ok(())
    }
}
