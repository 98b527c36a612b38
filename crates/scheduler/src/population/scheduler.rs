//! The scheduler of a population.

use super::Population;
use super::decide::Due;
use crate::rungs::pause_at_end;
use automl_study::{Fidelity, History, Job, Run, Scheduler, State, TrialId, Verdict};
use std::collections::BTreeSet;

/// The scheduler of a [`Population`].
///
/// # Examples
/// A member pauses after each interval of training:
/// ```
/// use automl_scheduler::Population;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 10, true)?;
/// let scheduler = Population::new(&ladder, 4, 2)?.scheduler();
/// let mut study = Study::builder(space.build()?).scheduler(ladder, scheduler).build()?;
/// let Next::Run(job) = study.next_job()? else { panic!("the population is not full") };
/// assert_eq!(job.target, Some(2.into()));
/// assert_eq!(study.report(job.number, 2, vec![0.5])?, Verdict::Pause);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PopulationScheduler {
    pub(super) population: Population,
}

impl Scheduler for PopulationScheduler {
    fn next_job(&mut self, history: &History) -> Job {
        let population = &mut self.population;
        population.follow(history);
        let fidelities = &population.fidelities;
        let start = Job::Start(Run::to(fidelities[0]));
        match population.due(history) {
            Some(Due::Exploit { rung, parent, replaced }) => {
                Job::Start(Run::to(fidelities[rung + 1]).continuing(parent).replacing(replaced))
            }
            Some(Due::Resume { rung, trial }) => {
                Job::Resume { trial, target: fidelities[rung + 1] }
            }
            Some(Due::Root) => start,
            None if history.count(State::Running) > 0 => Job::Wait,
            None if population.is_full(history) => Job::Finished,
            None => start,
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        pause_at_end(
            history,
            trial,
            self.population.fidelities.last().copied().unwrap_or(Fidelity(1)),
        )
    }

    /// The paused trials that were replaced by a trial with a report: a replacement that loses its
    /// worker before its first report gives the place back.
    fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        self.population.follow(history);
        let is_paused = |number: &TrialId| {
            history.get(*number).is_some_and(|trial| trial.state == State::Paused)
        };
        let replaced = self.population.places.iter().filter_map(|(child, place)| {
            let child = history.get(*child)?;
            let stays = child.state.is_finished() || !child.reports.is_empty();
            place.replaces.filter(|number| stays && is_paused(number))
        });
        replaced.collect::<BTreeSet<TrialId>>().into_iter().collect()
    }
}
