//! Signals that must not end the process: a hangup that is to be ignored, as `nohup` asks, and the limit
//! of a file's size.

use nix::sys::signal::{SigSet, Signal};

/// Where SIGHUP is ignored, keeps it without effect although a handler is about to be set: it is
/// blocked in this thread and in those that it starts.
pub(crate) fn stay_ignored() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if is_ignored(&status)
        && let Err(error) = SigSet::from(Signal::SIGHUP).thread_block()
    {
        // A hangup then ends the work cleanly, as elsewhere.
        tracing::warn!(%error, "SIGHUP is not blocked, although it was to be ignored");
    }
}

/// Blocks SIGXFSZ in this thread and in those that it starts: a write beyond the limit of a file's size
/// is an error then, not the end of the process.
pub(crate) fn block_file_limit() {
    // If it cannot be blocked, the limit ends the process, as without this.
    let _ = SigSet::from(Signal::SIGXFSZ).thread_block();
}

/// Whether a process with this `/proc/<pid>/status` ignores SIGHUP: bit `n - 1` of the mask `SigIgn`
/// stands for signal `n`.
fn is_ignored(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (Signal::SIGHUP as u32 - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read() {
        let status = |mask: &str| format!("Name:\tautoml\nSigBlk:\t01\nSigIgn:\t{mask}\n");
        assert!(is_ignored(&status("0000000000001001")));
        assert!(!is_ignored(&status("0000000000001006")));
        assert!(!is_ignored("Name:\tautoml\n") && !is_ignored(&status("none")));
    }

    #[test]
    fn a_file_limit_is_an_error() {
        let blocked = || SigSet::thread_get_mask().unwrap().contains(Signal::SIGXFSZ);
        let own = std::thread::spawn(move || {
            block_file_limit();
            std::thread::spawn(blocked).join().unwrap()
        });
        assert!(own.join().unwrap());
    }

    /// What a thread starts inherits its mask.
    #[test]
    fn blocked_signals_are_blocked_in_later_threads() {
        let blocked = || SigSet::thread_get_mask().unwrap().contains(Signal::SIGHUP);
        let own = std::thread::spawn(move || {
            SigSet::from(Signal::SIGHUP).thread_block().unwrap();
            std::thread::spawn(blocked).join().unwrap()
        });
        assert!(own.join().unwrap());
    }
}
