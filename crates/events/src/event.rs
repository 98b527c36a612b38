//! Events of a search, and its summary.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Progress of a search, for its observer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The search is about to start.
    Start(Start),
    /// The supernet of a search that learns trained for one epoch.
    Learning {
        /// The epochs that it has behind it.
        epoch: u64,
        /// The epochs planned.
        epochs: u64,
        /// The mean training loss of its networks.
        loss: f64,
        /// Their mean accuracy on held-out images, a fraction, once the distribution learns.
        accuracy: Option<f64>,
    },
    /// The supernet has proposed the first candidates.
    Learned {
        /// The number of ranked networks.
        candidates: usize,
        /// The number of those that are tried first.
        starts: usize,
        /// The best accuracy with inherited weights, a fraction.
        accuracy: Option<f64>,
    },
    /// A candidate began or went on training.
    Training {
        /// The trial.
        trial: u64,
        /// Its parameters.
        params: u64,
        /// The fidelity that it has behind it: epochs, or the place in a list of settings.
        from: u64,
        /// The fidelity that it is trained to.
        until: u64,
    },
    /// A candidate's job ended.
    Candidate {
        /// The trial.
        trial: u64,
        /// Its state: `complete`, `paused`, `pruned` or `failed`.
        state: &'static str,
        /// The reason of a failure.
        reason: Option<String>,
        /// The epochs that it has behind it at its fidelity.
        epochs: u64,
        /// Validation accuracy, a fraction.
        accuracy: Option<f64>,
        /// Mean cross-entropy on the validation images, in nats.
        loss: Option<f64>,
        /// Parameters.
        params: u64,
        /// Multiply-accumulates of one image.
        macs: u64,
    },
    /// Progress of the whole search.
    Progress(Progress),
    /// The search is over; the front's networks are trained to the end.
    Final {
        /// The number of networks.
        networks: usize,
        /// The epochs of each, or the fewest where a time limit gives cheaper ones more.
        epochs: u64,
    },
    /// Progress of the final training.
    FinalProgress(FinalProgress),
    /// One network of the front was trained to the end and saved.
    Trained(Network),
    /// A note for a person that is not an error.
    Note(String),
}

/// The parts of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The study's name.
    pub study: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The data, in words.
    pub data: String,
    /// The device, in words, and why it was chosen.
    pub device: String,
    /// The number of candidates that are trained at once.
    pub workers: usize,
    /// The memory that it may need, in bytes, as estimated from the images and the space.
    pub memory: u64,
    /// Trials that are already recorded.
    pub known: u64,
    /// Trials planned in all.
    pub trials: u64,
    /// The fidelities at which candidates are compared, in words.
    pub judged: String,
    /// The limits on a candidate's cost, in words; empty without limits.
    pub limits: String,
}

/// Progress of the final training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FinalProgress {
    /// The number of networks.
    pub networks: usize,
    /// The networks of which the training is over.
    pub done: usize,
    /// Time since its start.
    pub elapsed: Duration,
    /// An estimate of the time left.
    pub left: Duration,
}

/// Progress of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Candidates that have been judged at least once.
    pub tried: u64,
    /// Candidates in training.
    pub running: u64,
    /// Trials planned in all.
    pub trials: u64,
    /// The best validation accuracy, a fraction.
    pub best: Option<f64>,
    /// The number of networks on the front.
    pub front: usize,
    /// Time since the start.
    pub elapsed: Duration,
    /// An estimate of the time left.
    pub left: Option<Duration>,
}

impl Progress {
    /// The time for `left` candidates at the pace of those that were tried in some time.
    ///
    /// # Examples
    /// ```
    /// use automl_events::Progress;
    /// use std::time::Duration;
    ///
    /// let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    /// assert_eq!(Progress::time_left(minutes(2), 4, 30), minutes(15));
    /// assert_eq!(Progress::time_left(minutes(2), 0, 3), minutes(6));
    /// ```
    pub fn time_left(elapsed: Duration, tried: u64, left: u64) -> Duration {
        let seconds = elapsed.as_secs_f64() * left as f64 / tried.max(1) as f64;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// One network of the front.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The trial that found it.
    pub trial: u64,
    /// Parameters.
    pub params: u64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// Accuracy on the validation images after the final training, a fraction.
    pub validation_accuracy: f64,
    /// Cross-entropy on the validation images after the final training, in nats: what the front
    /// is taken by.
    pub validation_loss: f64,
    /// Accuracy on the test images after the final training, a fraction; read once.
    pub test_accuracy: f64,
    /// The mean over classes of the harmonic mean of precision and recall on the validation images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_macro_f1: Option<f64>,
    /// The same on the test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_macro_f1: Option<f64>,
    /// The bootstrap interval of 95 % of the test accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_interval: Option<[f64; 2]>,
    /// Mean and standard deviation of the test accuracy over repeated trainings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_spread: Option<(f64, f64)>,
    /// Mean and standard deviation of the validation accuracy over the folds of a cross-validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validated: Option<(f64, f64)>,
    /// Bytes of the constants of its int8 program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash_bytes: Option<u64>,
    /// Bytes of the activations of that program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram_bytes: Option<u64>,
    /// Accuracy of its int8 program on the test images, where it was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8_accuracy: Option<f64>,
    /// The measured median time for one image on the search's device, in microseconds.
    pub latency_us: Option<f64>,
    /// The engine by which the time was measured; absent where it was not, and in records of earlier
    /// versions, which measured the training path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_engine: Option<String>,
    /// The command that exports it for a device; absent in summaries of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy: Option<String>,
    /// Its files, relative to the study's folder.
    pub files: Vec<String>,
}

/// The summary of a search, `summary.json` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The study's name.
    pub study: String,
    /// The data set.
    pub dataset: String,
    /// The number of trials that were started.
    pub trials: u64,
    /// Seconds of this run, the final training included.
    pub seconds: f64,
    /// The device, in words.
    pub device: String,
    /// The front, smallest network first.
    pub front: Vec<Network>,
    /// The front as it stood where the search was interrupted; its networks are not trained to the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub so_far: Vec<Untrained>,
    /// Rank correlations of zero-cost proxies, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<ScoreTable>,
}

/// A candidate on the front of an interrupted search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Untrained {
    /// The trial.
    pub trial: u64,
    /// Parameters.
    pub params: u64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// The metric, or the score, on the validation images of the search.
    pub value: f64,
    /// The epochs that it has behind it.
    pub epochs: u64,
}

/// Rank correlations of zero-cost proxies with the validation accuracy of a search's networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreTable {
    /// The epochs after which the networks are compared.
    pub epochs: u64,
    /// The number of networks.
    pub trials: u64,
    /// The proxies; the first one is the number of parameters, the baseline.
    pub rows: Vec<ScoreRow>,
}

/// The rank correlations of one zero-cost proxy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// Its name.
    pub score: String,
    /// Spearman's rho of score and accuracy; zero where one of them is the same for all.
    pub spearman: f64,
    /// Kendall's tau of score and accuracy; zero where one of them is the same for all.
    pub kendall: f64,
}
