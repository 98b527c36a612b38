//! What a worker gets to do.

use crate::{Fidelity, TrialId};
use automl_space::Config;

/// A trial that was handed out to be trained.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an assignment that is dropped leaves its trial running for ever"]
pub struct Assignment {
    /// The trial's number.
    pub number: TrialId,
    /// What to train.
    pub config: Config,
    /// The fidelity that was reported last; zero for a new trial.
    pub fidelity: Fidelity,
    /// The fidelity to train to; absent where the study has no ladder.
    pub target: Option<Fidelity>,
    /// For a new trial that continues another one, that trial: training starts from its newest
    /// checkpoint, weights and optimizer state, at the fidelity that it reported last. A worker
    /// without that checkpoint starts from scratch.
    pub warm_start: Option<TrialId>,
}

/// What a free worker should do.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Train this.
    Run(Assignment),
    /// Wait until some running trial reports.
    Wait,
    /// Nothing is left to do.
    Finished,
}
