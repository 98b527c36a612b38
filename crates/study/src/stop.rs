//! A flag that asks running work to finish cleanly.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use thiserror::Error;

/// Why the interrupt handler could not be set.
#[derive(Debug, Error)]
#[error("cannot listen for Ctrl-C: {source}")]
pub struct StopError {
    #[from]
    source: ctrlc::Error,
}

/// Makes a write beyond the limit of a file's size (`ulimit -f`) an error instead of the end of the
/// process, in this thread and those that it starts. Only on Linux; to be called before other threads
/// start.
pub fn survive_file_limit() {
    #[cfg(target_os = "linux")]
    crate::hangup::block_file_limit();
}

/// A shared flag; clones see the same state.
///
/// # Examples
/// ```
/// use automl_study::StopFlag;
///
/// let flag = StopFlag::new();
/// let seen_by_a_worker = flag.clone();
/// flag.set();
/// assert!(seen_by_a_worker.is_set());
/// ```
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag of its own, not yet set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The process's flag, which Ctrl-C (and SIGTERM, and SIGHUP) sets. The handler is installed by
    /// the first call. A second Ctrl-C ends the process at once with status 130.
    ///
    /// On Linux a SIGHUP that was ignored when the process began, as under `nohup`, stays without
    /// effect if this is called before other threads start.
    ///
    /// # Errors
    /// [`StopError`] if another handler is in the way.
    pub fn on_ctrl_c() -> Result<Self, StopError> {
        static FLAG: OnceLock<StopFlag> = OnceLock::new();
        if let Some(flag) = FLAG.get() {
            return Ok(flag.clone());
        }
        #[cfg(target_os = "linux")]
        crate::hangup::stay_ignored();
        let flag = Self::new();
        let handler = flag.clone();
        ctrlc::set_handler(move || {
            if handler.is_set() {
                std::process::exit(130);
            }
            handler.set();
        })?;
        Ok(FLAG.get_or_init(|| flag).clone())
    }

    /// Asks for a clean end.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a clean end was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
