//! What a search tells its observer while it runs, and what it hands back.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Something worth telling a person.
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
        /// How many networks were ranked.
        candidates: usize,
        /// How many of them are tried first.
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
        /// How: `complete`, `paused`, `pruned` or `failed`.
        state: &'static str,
        /// Why it failed.
        reason: Option<String>,
        /// The epochs that it has behind it at its fidelity.
        epochs: u64,
        /// Validation accuracy, a fraction.
        accuracy: Option<f64>,
        /// Parameters.
        params: u64,
        /// Multiply-accumulates of one image.
        macs: u64,
    },
    /// How the whole search stands.
    Progress(Progress),
    /// The search is over; the front's networks are trained to the end.
    Final {
        /// How many networks.
        networks: usize,
        /// For how many epochs.
        epochs: u64,
    },
    /// One network of the front was trained to the end and saved.
    Trained(Network),
    /// Something that is not an error but that a person should know.
    Note(String),
}

/// What a search works with.
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
    /// How many candidates are trained at once.
    pub workers: usize,
    /// Trials that are already recorded.
    pub known: u64,
    /// Trials planned in all.
    pub trials: u64,
    /// The fidelities at which candidates are compared, in words.
    pub judged: String,
    /// What a candidate may cost, in words; empty where there is no limit.
    pub limits: String,
}

/// How a search stands.
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
    /// The measured median time for one image on the search's device, in microseconds.
    pub latency_us: Option<f64>,
    /// Its files, relative to the study's folder.
    pub files: Vec<String>,
}

/// What a search hands back, and writes to `summary.json`.
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
    /// How well cheap scores ranked the networks, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<ScoreTable>,
}

/// How well cheap scores rank the networks of a search by their validation accuracy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreTable {
    /// The epochs after which the networks are compared.
    pub epochs: u64,
    /// How many networks.
    pub trials: u64,
    /// The scores, parameters first: what the others have to beat.
    pub rows: Vec<ScoreRow>,
}

/// One cheap score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// Its name.
    pub score: String,
    /// Spearman's rho of score and accuracy; zero where one of them is the same for all.
    pub spearman: f64,
    /// Kendall's tau of score and accuracy; zero where one of them is the same for all.
    pub kendall: f64,
}
