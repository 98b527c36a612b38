//! The trials that the plots of the front show.

use crate::StudyData;
use crate::payload::thinned;
use automl_study::Trial;
use std::collections::BTreeSet;

/// The most marks of all plots.
const MARKS: usize = 10_000;

/// The most marks of all plots that are links; those of a larger front are dots, too.
const LINKS: usize = 200;

/// The trials of a plot.
pub(super) struct Shown<'a> {
    /// All trials with values, or some at equal distances where they are too many, without `dotted`.
    pub(super) cloud: Vec<&'a Trial>,
    /// Those of the front, with a link each.
    pub(super) linked: Vec<&'a Trial>,
    /// The others of the front.
    pub(super) dotted: Vec<&'a Trial>,
}

impl<'a> Shown<'a> {
    /// The trials of each of so many plots.
    pub(super) fn of(data: &'a StudyData, plots: usize) -> Self {
        let has_values = |at: &usize| data.values(&data.trials()[*at]).is_some();
        let most = MARKS / plots;
        let front: Vec<usize> = data.front().iter().copied().filter(has_values).collect();
        let linked: BTreeSet<usize> = thinned(&front, LINKS / plots).into_iter().collect();
        let dotted: Vec<usize> = front.into_iter().filter(|at| !linked.contains(at)).collect();
        let dotted = thinned(&dotted, most.saturating_sub(linked.len()));
        let best: BTreeSet<usize> = linked.iter().chain(&dotted).copied().collect();
        let others = (0..data.trials().len()).filter(has_values).filter(|at| !best.contains(at));
        let others = thinned(&others.collect::<Vec<_>>(), most.saturating_sub(best.len()));
        let cloud: BTreeSet<usize> = others.into_iter().chain(linked.iter().copied()).collect();
        let trial = |at: usize| &data.trials()[at];
        Self {
            cloud: cloud.into_iter().map(trial).collect(),
            linked: linked.into_iter().map(trial).collect(),
            dotted: dotted.into_iter().map(trial).collect(),
        }
    }

    /// The number of trials.
    pub(super) fn count(&self) -> usize {
        self.cloud.len() + self.dotted.len()
    }
}
