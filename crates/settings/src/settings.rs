//! All settings of one search.

use crate::{DataSettings, FidelitySettings, SearchSettings, TrainingSettings};
use automl_storage::Address;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

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

    /// The same with files and folders as they are seen from everywhere.
    #[must_use]
    pub fn with_absolute_paths(mut self) -> Self {
        if let Some(dir) = &mut self.data.dir
            && let Ok(absolute) = std::path::absolute(&dir)
        {
            *dir = absolute;
        }
        if let Some(file) = self.storage_file()
            && let Ok(absolute) = std::path::absolute(file)
            && let Ok(text) = absolute.into_os_string().into_string()
        {
            self.storage = Some(text);
        }
        self
    }

    /// The epochs of a candidate that is never stopped, as the ladder says or else the training.
    pub fn search_epochs(&self) -> u64 {
        self.fidelity.ladder.top_epochs().unwrap_or_else(|| self.training.search_epochs())
    }
}

/// The settings as a TOML file that gives them again.
pub fn to_toml(settings: &Settings) -> String {
    toml::to_string(&settings.without_password()).unwrap_or_default()
}
