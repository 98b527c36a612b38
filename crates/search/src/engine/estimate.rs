//! Memory that a search needs, estimated before it starts.

use super::plan::Plan;
use super::pool::Pool;
use crate::Settings;
use automl_numeric::stream;
use automl_train::{Memory, SelectedDevice, available_memory};

/// Networks of the prior over which the largest is taken.
const DRAWS: u64 = 32;

/// Batches of images that a worker holds: those that are ready, and that in work.
const BATCHES: u64 = 4;

/// Bytes of everything else: the program, the record, the samplers.
const REST: u64 = 100 << 20;

/// Bytes of a 32-bit float.
const FLOAT: u64 = 4;

/// An estimate of memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Images and everything else that workers share.
    shared: u64,
    /// Each worker.
    worker: u64,
}

impl Estimate {
    /// The estimate for a plan: the largest of some networks of the prior in each worker.
    pub(super) fn of(plan: &Plan) -> Self {
        let data = &plan.data;
        // The images of the search are among them.
        let images = data.train.len() + data.validation.len() + data.test.len();
        let all = (images * data.train.size()) as u64;
        let batch = plan.recipe.batch;
        let training = |draw| {
            let config = plan.space.sample_prior(&mut stream(0, draw, "memory"));
            Some(Memory::of(&plan.candidates.of(&config).ok()?.graph).training(batch))
        };
        let largest = (0..DRAWS).filter_map(training).max().unwrap_or(0);
        let ready = BATCHES * FLOAT * (batch * data.train.size()) as u64;
        Self { shared: all + REST, worker: largest + ready }
    }

    /// The bytes for so many workers.
    pub(super) fn total(self, workers: usize) -> u64 {
        self.shared + workers as u64 * self.worker
    }

    /// The workers of a search: those of the settings, or as many as cores and memory allow; and a note
    /// where memory decides or does not suffice.
    pub(super) fn pool(
        self,
        settings: &Settings,
        device: &SelectedDevice,
    ) -> (Pool, Option<String>) {
        let pool = Pool::new(settings.workers, device);
        self.bounded(pool, settings.workers.is_some(), available_memory())
    }

    fn bounded(self, pool: Pool, is_given: bool, free: Option<u64>) -> (Pool, Option<String>) {
        // The images are in memory already.
        let needs = pool.workers as u64 * self.worker;
        let Some(free) = free.filter(|free| needs > *free) else { return (pool, None) };
        let fits = usize::try_from(free / self.worker.max(1)).unwrap_or(1).clamp(1, pool.workers);
        let (needs, has) = (gigabytes(needs), gigabytes(free));
        let wanted = pool.workers;
        if is_given || fits == wanted {
            let note = format!(
                "{wanted} workers may need about {needs} of memory, and {has} are free: give fewer \
                 --workers, smaller images or a smaller training.batch"
            );
            return (pool, Some(note));
        }
        let note = format!(
            "{fits} of {wanted} workers: all of them may need about {needs} of memory, and {has} are \
             free"
        );
        (pool.with(fits), Some(note))
    }
}

/// Bytes for a person.
fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_train::{DeviceChoice, choose};

    #[test]
    fn workers_are_bounded_by_memory() {
        let device = choose(DeviceChoice::Cpu).unwrap();
        let settings = Settings { workers: Some(8), ..Settings::default() };
        let pool = Pool::new(settings.workers, &device);
        let estimate = Estimate { shared: 1 << 30, worker: 1 << 30 };
        assert_eq!(estimate.total(8), 9 << 30);
        let bounded = |is_given, free: Option<u64>| {
            let (pool, note) = estimate.bounded(pool, is_given, free.map(|free| free << 30));
            (pool.workers, note.is_some())
        };
        assert_eq!(bounded(false, Some(8)), (8, false));
        assert_eq!(bounded(false, None), (8, false));
        assert_eq!(bounded(false, Some(3)), (3, true));
        assert_eq!(bounded(false, Some(0)), (1, true));
        // A given number holds, with a warning.
        assert_eq!(bounded(true, Some(3)), (8, true));
    }
}
