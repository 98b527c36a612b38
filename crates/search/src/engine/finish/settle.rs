//! Repeated final trainings, until chance no longer decides which networks are on the front.

use super::queue::Queue;
use super::{Finalist, Finish, Trained};
use crate::SearchError;
use crate::engine::pool::{Pool, lock};
use crate::saved;
use automl_candidates::{Racer, unsettled};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The trainings of the networks and what is under way.
struct Race {
    trained: Vec<Trained>,
    /// Networks in training, and those that cannot be trained again.
    closed: HashSet<usize>,
    further: usize,
}

impl Finish<'_> {
    /// Trains networks once more, one [unsettled] comparison after the other, as far as the time allows.
    pub(super) fn settle(
        &self,
        trained: Vec<Trained>,
        pool: Pool,
        queue: &Mutex<Queue>,
    ) -> Result<Vec<Trained>, SearchError> {
        let race = Mutex::new(Race { trained, closed: HashSet::new(), further: 0 });
        let is_over = || self.setup.stop.is_set() || lock(queue).is_over();
        pool.run(|has_failed| {
            while !is_over() && !has_failed() {
                let Some((index, finalist, epochs, number)) = self.next(&race) else { break };
                let record = self.train_once(&finalist, epochs, queue, number)?;
                let mut race = lock(&race);
                // What was stopped or diverged is not begun again, and shorter trainings are no comparison.
                if let Some(record) = record.filter(|r| r.epochs >= epochs) {
                    race.trained[index].add(record);
                    race.closed.remove(&index);
                    race.further += 1;
                    let Trained { finalist, record, .. } = &race.trained[index];
                    saved::update(&self.front_folder(finalist.trial), record)?;
                }
            }
            Ok::<(), SearchError>(())
        })?;
        let race = race.into_inner().unwrap_or_else(PoisonError::into_inner);
        let further = race.further;
        self.setup.note(match unsettled(&self.racers(&race.trained)) {
            None => format!("the front is settled after {further} further trainings"),
            Some(_) => format!("the front is not settled after {further} further trainings"),
        });
        Ok(race.trained)
    }

    /// The next network to train once more, with its epochs and the number of the training.
    fn next(&self, race: &Mutex<Race>) -> Option<(usize, Finalist, u64, u64)> {
        let mut race = lock(race);
        let open: Vec<usize> =
            (0..race.trained.len()).filter(|index| !race.closed.contains(index)).collect();
        let racers = self.racers(&race.trained);
        let racers: Vec<Racer> = open.iter().map(|&index| racers[index].clone()).collect();
        let index = open[unsettled(&racers)?];
        race.closed.insert(index);
        let Trained { finalist, record, again } = &race.trained[index];
        Some((index, finalist.clone(), record.epochs, again.len() as u64 + 1))
    }

    /// Cost and losses of the networks.
    pub(super) fn racers(&self, trained: &[Trained]) -> Vec<Racer> {
        let racer = |trained: &Trained| Racer {
            cost: self.cost(&trained.record),
            losses: self.losses(trained),
        };
        trained.iter().map(racer).collect()
    }
}
