//! Processes that left the group of their program (`setsid`), found by a variable of their environment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time between two looks at processes that were asked to end.
#[cfg(target_os = "linux")]
const LOOK: Duration = Duration::from_millis(20);

/// A text that every process of a run inherits in its environment, and no other process has.
///
/// A process group is left by one system call, an environment only by a program that clears it. On other
/// systems than Linux the environment of a process cannot be read, and nothing is found.
#[derive(Clone, Debug)]
pub(crate) struct Mark(String);

impl Mark {
    /// The variable.
    pub(crate) const VARIABLE: &'static str = "AUTOML_RUN";

    /// The mark of a tuner, which no other process on this machine has.
    pub(crate) fn of_tuner() -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(format!("{}-{}", std::process::id(), time.as_nanos()))
    }

    /// The mark of the next run of a tuner; it begins with that of the tuner.
    pub(crate) fn next(&self) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        Self(format!("{}-{}-", self.0, RUNS.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(target_os = "linux")]
impl Mark {
    /// Asks all processes of the run to end; whether there was one.
    pub(super) fn terminate(&self) -> bool {
        self.signal(nix::sys::signal::Signal::SIGTERM)
    }

    /// Ends all processes of the run.
    pub(super) fn kill(&self) {
        self.signal(nix::sys::signal::Signal::SIGKILL);
    }

    /// Waits until the processes of the run have ended, at most for a time.
    pub(super) fn wait(&self, time: Duration) {
        let start = std::time::Instant::now();
        while start.elapsed() < time && self.processes().next().is_some() {
            std::thread::sleep(LOOK);
        }
    }

    fn signal(&self, signal: nix::sys::signal::Signal) -> bool {
        let mut found = false;
        for process in self.processes() {
            found = true;
            let _ = nix::sys::signal::kill(process, signal);
        }
        found
    }

    /// The processes with this mark. A process that has ended, but was not waited for, has no environment.
    fn processes(&self) -> impl Iterator<Item = nix::unistd::Pid> {
        let variable = format!("{}={}", Self::VARIABLE, self.0);
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(move |entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            let mut variables = environment.split(|byte| *byte == 0);
            let is_marked = variables.any(|known| known == variable.as_bytes());
            is_marked.then(|| nix::unistd::Pid::from_raw(pid))
        })
    }
}

#[cfg(not(target_os = "linux"))]
impl Mark {
    pub(super) fn terminate(&self) -> bool {
        false
    }

    pub(super) fn kill(&self) {}

    pub(super) fn wait(&self, _: Duration) {}
}
