//! Memory of the choice among candidates.

use crate::parzen::Logs;
use automl_space::{Config, Space};

/// Memory reused by successive proposals, so that candidates do not allocate.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(crate) config: Config,
    /// Coordinates of the candidates. `[count, d]`
    pub(crate) points: Vec<f64>,
    pub(crate) logs: Logs,
    /// `ln l(x)` of the candidates, then their scores. `[count]`
    pub(crate) scores: Vec<f64>,
    /// `ln g(x)` of the candidates. `[count]`
    pub(crate) bad: Vec<f64>,
}

impl Workspace {
    /// Empty memory for configurations of a space.
    pub(crate) fn new(space: &Space) -> Self {
        Self {
            config: Config::empty(space.len()),
            points: Vec::new(),
            logs: Logs::new(),
            scores: Vec::new(),
            bad: Vec::new(),
        }
    }
}
