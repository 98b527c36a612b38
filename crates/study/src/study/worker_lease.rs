//! What tells a study's worker from those of other processes, and shows them that it is alive.

use crate::{Heartbeat, SharedStorage, TrialId};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tracing::{trace, warn};

/// How often a heartbeat is written unless the builder says otherwise.
pub(super) const INTERVAL: Duration = Duration::from_secs(60);

/// After how many intervals of silence a worker is taken for dead.
const PATIENCE: u32 = 3;

/// Running trials, and when each lease was last renewed; `None` where no other worker takes a trial.
type Renewals = Arc<Mutex<BTreeMap<TrialId, Option<Instant>>>>;

/// Whether a worker may go on with its trials, for a training that asks now and then.
///
/// While heartbeats do not reach the storage, others come to take the worker for dead. After two thirds
/// of the lease its trainings stop, so that no two workers train one trial.
#[derive(Clone, Debug)]
pub struct LeaseWatch {
    trials: Renewals,
    patience: Duration,
}

impl LeaseWatch {
    /// Whether the lease of a trial of this worker was last renewed two thirds of its duration ago or
    /// longer. Never of other trials.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// space.float("x", 0.0..=1.0).add()?;
    /// let mut study = Study::builder(space.build()?).build()?;
    /// let watch = study.lease_watch();
    /// let job = study.ask()?;
    /// assert!(!watch.is_doubtful(job.number)); // without a storage there are no leases
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_doubtful(&self, number: impl Into<TrialId>) -> bool {
        let renewed = lock(&self.trials).get(&number.into()).copied().flatten();
        renewed.is_some_and(|renewed| renewed.elapsed() >= self.patience)
    }
}

/// The worker that this study object is among the processes of the study.
#[derive(Debug)]
pub(super) struct WorkerLease {
    /// Its name: host, process and a random number.
    pub(super) worker: String,
    /// Whether no other process works on the study, so that there is nothing to see or to show.
    pub(super) alone: bool,
    interval: Duration,
    /// The running trials that this worker started.
    trials: Renewals,
    thread: Option<HeartbeatThread>,
    /// The time of the last search for expired leases; [`Study::recover`](super::Study) makes the first.
    looked: Instant,
}

impl WorkerLease {
    pub(super) fn new(interval: Duration, alone: bool) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "host" } else { host.trim() };
        let random = RandomState::new().hash_one(Instant::now()) as u32;
        Self {
            worker: format!("{host}/{}/{random:08x}", std::process::id()),
            alone,
            interval,
            trials: Arc::default(),
            thread: None,
            looked: Instant::now(),
        }
    }

    /// How long a worker may be silent.
    pub(super) fn duration(&self) -> Duration {
        self.interval * PATIENCE
    }

    pub(super) fn watch(&self) -> LeaseWatch {
        LeaseWatch { trials: self.trials.clone(), patience: self.duration() * 2 / 3 }
    }

    /// Whether it is time to look for the dead again.
    pub(super) fn looks(&mut self) -> bool {
        let due = self.looked.elapsed() >= self.interval;
        if due {
            self.looked = Instant::now();
        }
        due
    }

    /// A trial has become this worker's; the heartbeat beats from the first one on.
    pub(super) fn begin(&mut self, number: TrialId, storage: Option<&mut dyn SharedStorage>) {
        let mut beats = self.thread.is_some();
        if !self.alone
            && self.thread.is_none()
            && let Some(heartbeat) = storage.and_then(|storage| storage.heartbeat())
        {
            beats = true;
            self.thread = HeartbeatThread::start(heartbeat, self.interval, self.trials.clone());
        }
        lock(&self.trials).insert(number, beats.then(Instant::now));
    }

    /// Whether a trial is this worker's.
    pub(super) fn holds(&self, number: TrialId) -> bool {
        lock(&self.trials).contains_key(&number)
    }

    /// A trial is no longer this worker's.
    pub(super) fn end(&mut self, number: TrialId) {
        lock(&self.trials).remove(&number);
    }

    /// Stops the heartbeat; the trials that this worker leaves behind.
    pub(super) fn release(&mut self) -> Vec<TrialId> {
        self.thread = None;
        lock(&self.trials).keys().copied().collect()
    }
}

/// The thread that writes heartbeats.
#[derive(Debug)]
struct HeartbeatThread {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HeartbeatThread {
    /// `None` where the system has no thread left; the next trial tries again.
    fn start(
        mut heartbeat: Box<dyn Heartbeat>,
        interval: Duration,
        trials: Renewals,
    ) -> Option<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let beat = move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let ours: Vec<TrialId> = lock(&trials).keys().copied().collect();
                if ours.is_empty() {
                    continue;
                }
                let now = Instant::now();
                // What fails now is tried again; if it fails for long, the trainings stop.
                match heartbeat.beat(&ours) {
                    Ok(()) => {
                        trace!(trials = ours.len(), "heartbeat");
                        let mut trials = lock(&trials);
                        for number in ours {
                            trials.entry(number).and_modify(|renewed| *renewed = Some(now));
                        }
                    }
                    Err(error) => {
                        let trials = ours.len();
                        warn!(trials, %error, "a heartbeat failed and is tried again");
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("heartbeat".into()).spawn(beat);
        let thread = thread
            .inspect_err(
                |error| warn!(%error, "no thread for heartbeats: the next trial tries again"),
            )
            .ok()?;
        Some(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for HeartbeatThread {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the thread of the heartbeats panicked");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
