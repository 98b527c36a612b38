//! Worker threads.

use crate::{SelectedDevice, on_threads, one_thread};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The worker threads of a job.
///
/// # Examples
/// ```
/// use automl_train::{DeviceChoice, Pool, choose};
///
/// let pool = Pool::new(Some(2), &choose(DeviceChoice::Cpu)?);
/// assert_eq!(pool.together(|| 7), 7);
/// assert_eq!(pool.run(|_| Err("the first")), Err("the first"));
/// # Ok::<(), automl_train::DeviceError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// The number of worker threads.
    pub workers: usize,
    is_gpu: bool,
}

impl Pool {
    /// Creates a pool of so many workers; by default one per core on the CPU, one on a GPU.
    pub fn new(workers: Option<usize>, device: &SelectedDevice) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let is_gpu = device.is_gpu;
        let workers = workers.unwrap_or_else(|| if is_gpu { 1 } else { cores() });
        Self { workers, is_gpu }
    }

    /// The same pool with another number of workers.
    pub fn with(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Runs `work` on each worker until all return, on the CPU with one thread each. `work` is to
    /// return once the flag that it is given says that another worker failed.
    ///
    /// # Errors
    /// The first error.
    pub fn run<E: Send>(
        &self,
        work: impl Fn(&(dyn Fn() -> bool + Sync)) -> Result<(), E> + Sync,
    ) -> Result<(), E> {
        let failure = Mutex::new(None);
        let has_failed = || lock(&failure).is_some();
        std::thread::scope(|scope| {
            for _ in 0..self.workers {
                scope.spawn(|| {
                    let work = || work(&has_failed);
                    if let Err(error) = if self.is_gpu { work() } else { one_thread(work) } {
                        lock(&failure).get_or_insert(error);
                    }
                });
            }
        });
        failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Runs one piece of work that spreads over the threads of all workers.
    pub fn together<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if self.is_gpu { work() } else { on_threads(self.workers, work) }
    }
}

/// Locks a mutex, also after a panic of another worker: data behind it changes in whole steps only.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn the_first_error_ends_all_workers() {
        let pool = Pool { workers: 3, is_gpu: false };
        let next = AtomicUsize::new(0);
        let work = |has_failed: &(dyn Fn() -> bool + Sync)| {
            while !has_failed() {
                if next.fetch_add(1, Ordering::Relaxed) == 100 {
                    return Err("the hundredth");
                }
            }
            Ok(())
        };
        assert_eq!(pool.run(work), Err("the hundredth"));
        assert_eq!(pool.run(|_| Ok::<(), ()>(())), Ok(()));
        assert_eq!(pool.together(|| 7), 7);
    }
}
