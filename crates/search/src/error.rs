//! Failures of the jobs in this crate, by kind.

use crate::{FileError, ResumeError, Settings, SettingsError};
use automl_arch::BlockSpaceError;
use automl_data::{Changes, DataIdentity, DatasetError, ManifestError, SplitError};
use automl_deploy::NetworkError;
use automl_registry::PartError;
use automl_storage::OpenError;
use automl_study::part::OptionError;
use automl_study::{
    AskError, BuildError, LadderError, RefreshError, StopFlag, StoreError, TellError,
};
use automl_train::{
    CheckpointError, DeviceError, ExportError, FidelityError, LatencyError, TrainError,
    WeightsError,
};
use automl_transfer::TransferError;
use thiserror::Error;

/// Failure of a search. Recorded trials stay, and the study can be resumed.
///
/// # Examples
/// ```
/// use automl_search::{ConfigurationError, Search, SearchError, Settings};
///
/// let mut settings = Settings::default();
/// settings.search.trials = 0;
/// let error = Search::builder(settings).run().unwrap_err();
/// assert!(matches!(error, SearchError::Configuration(ConfigurationError::Settings(_))));
/// assert_eq!(error.to_string(), "search.trials = 0: must be at least 1");
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// A setting is invalid, or differs from that of the study.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The data or the space over them cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The device does not exist.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The study's record cannot be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A network cannot be trained, timed or saved.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A file or folder cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// An invalid setting.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// A value is invalid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The study began with other settings.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// No such sampler or scheduler, or it does not fit the study.
    #[error(transparent)]
    Part(#[from] PartError),
    /// An option of a sampler or scheduler is invalid.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The epochs form no ladder.
    #[error(transparent)]
    Ladder(#[from] LadderError),
}

/// Data, or a space over them, that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The data set cannot be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Images were added, removed or changed since an earlier job.
    #[error(
        "the data changed: {0}; --accept-new-data goes on, and known images keep their part of the \
         split"
    )]
    Changed(Box<Changes>),
    /// The classes changed since an earlier job.
    #[error("the data changed: {0}; a network of the former classes does not fit: begin anew")]
    Classes(Box<Changes>),
    /// The study began with other data elsewhere.
    #[error(
        "the study began with {} images in {} classes of other content than these {} in {}; \
         --accept-new-data goes on where the classes are the same",
        known.images, known.classes.len(), own.images, own.classes.len()
    )]
    OtherData {
        /// The data with which the study began.
        known: Box<DataIdentity>,
        /// The data at hand.
        own: Box<DataIdentity>,
    },
    /// The record of the files cannot be read or written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// No block space fits the images.
    #[error(transparent)]
    Space(#[from] BlockSpaceError),
    /// A fidelity does not fit the data.
    #[error(transparent)]
    Fidelity(#[from] FidelityError),
}

/// Failure of the study or its storage.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The storage cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The study cannot be opened.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An earlier study cannot be learned from.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// No trial could be handed out.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// Trials of other processes could not be read.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    /// A result could not be recorded.
    #[error(transparent)]
    Tell(#[from] TellError),
}

/// Failure to train, time or save a network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A checkpoint cannot be written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The network cannot be saved.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The record of a trained network cannot be written.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The weights of a trained network cannot be read.
    #[error(transparent)]
    Saved(#[from] automl_deploy::WeightsError),
    /// The weights of another network cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// No latency table could be fitted.
    #[error(transparent)]
    Latency(#[from] LatencyError),
}

/// Conversions of a library's errors by way of their kind, for `?`.
macro_rules! kinds {
    ($($kind:ident of $($error:ty),+;)+) => {$($(
        impl From<$error> for SearchError {
            fn from(error: $error) -> Self {
                $kind::from(error).into()
            }
        }
    )+)+};
}

kinds! {
    ConfigurationError of SettingsError, ResumeError, PartError, OptionError, LadderError;
    DataError of DatasetError, SplitError, ManifestError, BlockSpaceError, FidelityError;
    RecordError of StoreError, OpenError, BuildError, AskError, RefreshError, TellError,
        TransferError;
    TrainingError of TrainError, CheckpointError, ExportError, WeightsError, LatencyError,
        NetworkError, automl_deploy::WeightsError;
}

impl SearchError {
    /// Whether a training ended because it was told to.
    pub fn is_stop(&self) -> bool {
        matches!(self.training(), Some(TrainError::Stopped { .. }))
    }

    /// The failure of a training, also of one with checkpoints.
    pub(crate) fn training(&self) -> Option<&TrainError> {
        match self {
            Self::Training(
                TrainingError::Train(error)
                | TrainingError::Checkpoint(CheckpointError::Train(error)),
            ) => Some(error),
            _ => None,
        }
    }

    /// For preparatory work that was told to end: what it lacks.
    fn unfinished(&self) -> Option<String> {
        match self {
            Self::Training(TrainingError::Latency(LatencyError::Stopped { timed, needed })) => {
                Some(format!("{timed} networks were timed, and a latency table needs {needed}"))
            }
            Self::Data(DataError::Fidelity(FidelityError::Train(TrainError::Stopped {
                ..
            }))) => Some("no images could be chosen for the cheaper settings".into()),
            _ => None,
        }
    }
}

/// The result of preparatory work; `None` where the stop flag ended it. Work that the time limit
/// ended is an error that names the limit.
pub fn unless_stopped<T>(
    result: Result<T, impl Into<SearchError>>,
    settings: &Settings,
    stop: &StopFlag,
) -> Result<Option<T>, SearchError> {
    let error = match result {
        Ok(done) => return Ok(Some(done)),
        Err(error) => error.into(),
    };
    let Some(lacks) = error.unfinished() else { return Err(error) };
    let Some(limit) = settings.search.timeout.filter(|_| !stop.is_set()) else { return Ok(None) };
    let reason = format!("too short: in its part of the time {lacks}");
    Err(SettingsError::Value { name: "search.timeout", value: String::from(limit), reason }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_too_short_are_told_from_stops() {
        let mut settings = Settings::default();
        settings.search.timeout = Some("90s".parse().unwrap());
        let stop = StopFlag::new();
        let ended = |error| unless_stopped::<()>(Err::<(), LatencyError>(error), &settings, &stop);
        let short = || LatencyError::Stopped { timed: 5, needed: 32 };
        let error = ended(short()).unwrap_err().to_string();
        let told = "search.timeout = 90s: too short: in its part of the time 5 networks";
        assert!(error.starts_with(told), "{error}");
        stop.set();
        assert!(ended(short()).unwrap().is_none());
        let other = ended(LatencyError::Time { microseconds: -1.0 }).unwrap_err();
        assert!(other.to_string().contains("-1 microseconds"));
    }
}
