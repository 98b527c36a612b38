//! Why a search ends without a front.

use super::ContinueError;
use crate::{Settings, SettingsError};
use automl_arch::BlockSpaceError;
use automl_data::{DatasetError, SplitError};
use automl_registry::PartError;
use automl_storage::OpenError;
use automl_study::{
    AskError, BuildError, LadderError, RefreshError, StopFlag, StoreError, TellError,
};
use automl_train::{
    CheckpointError, DeviceError, ExportError, FidelityError, LatencyError, TrainError,
};
use std::path::PathBuf;
use thiserror::Error;

/// Why a search ended without a front. What was recorded before stays, and `--study` goes on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The settings make no sense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The study began with other settings.
    #[error(transparent)]
    Continue(#[from] ContinueError),
    /// An unknown sampler or scheduler.
    #[error(transparent)]
    Choose(#[from] PartError),
    /// The data cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The data cannot be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// There is no such device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The block space cannot be made.
    #[error(transparent)]
    Space(#[from] BlockSpaceError),
    /// No latency table could be made.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// The epochs make no ladder.
    #[error(transparent)]
    Ladder(#[from] LadderError),
    /// A fidelity does not fit the data.
    #[error(transparent)]
    Fidelity(#[from] FidelityError),
    /// The storage cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The storage cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The study cannot be opened.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// No trial could be handed out.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// What other processes did could not be read.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    /// A result could not be recorded.
    #[error(transparent)]
    Tell(#[from] TellError),
    /// A network cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A checkpoint cannot be written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A network cannot be saved.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A file or folder cannot be created.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Someone asked to stop before a trial was handed out.
    #[error("interrupted before the search began")]
    Stopped,
    /// No network keeps within the limits, or they are so tight that none was found.
    #[error("no network was found with {limits}: raise search.max-params, max-macs or max-latency")]
    Limits {
        /// The limits, in words.
        limits: String,
    },
    /// No candidate was trained far enough to be judged.
    #[error("no network was trained in the time given ({failed} candidates failed{})",
        reason.as_ref().map(|r| format!(", the last because of {r}")).unwrap_or_default())]
    NoNetwork {
        /// How many candidates failed.
        failed: usize,
        /// Why the last of them failed.
        reason: Option<String>,
    },
}

impl SearchError {
    /// Of work before a search that ended early: whether someone stopped it or the limit is too
    /// short for it.
    pub(crate) fn before_search(self, settings: &Settings, stop: &StopFlag) -> Self {
        let what = match &self {
            Self::Latency(LatencyError::Stopped { timed, needed }) => {
                format!("{timed} networks were timed, and a latency table needs {needed}")
            }
            Self::Fidelity(FidelityError::Train(TrainError::Stopped { .. })) => {
                "no images could be chosen for the cheaper settings".into()
            }
            _ => return self,
        };
        match settings.search.timeout {
            Some(limit) if !stop.is_set() => Self::Settings(SettingsError::Value {
                name: "search.timeout",
                value: String::from(limit),
                reason: format!("too short: in its part of the time {what}"),
            }),
            _ => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_too_short_are_told_from_stops() {
        let mut settings = Settings::default();
        settings.search.timeout = Some("90s".parse().unwrap());
        let error = |settings: &Settings, stop: &StopFlag| {
            let stopped = LatencyError::Stopped { timed: 5, needed: 32 };
            SearchError::from(stopped).before_search(settings, stop).to_string()
        };
        let stop = StopFlag::new();
        let short = error(&settings, &stop);
        assert!(
            short
                .starts_with("search.timeout = 90s: too short: in its part of the time 5 networks"),
            "{short}"
        );
        stop.set();
        assert!(error(&settings, &stop).starts_with("interrupted"));
        let other = SearchError::from(LatencyError::Time { microseconds: -1.0 });
        assert!(other.before_search(&settings, &stop).to_string().contains("-1 microseconds"));
    }
}
