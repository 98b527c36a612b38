//! The end of programs left behind by a killed tuner.

use super::Mark;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Keeps a list of process groups from standard input, and ends them once the input is closed, with the
/// processes that have left their group and bear the mark of the tuner in their environment.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
live=
while read -r change group; do
  rest=
  for known in $live; do [ "$known" = "$group" ] || rest="$rest $known"; done
  if [ "$change" = + ]; then live="$rest $group"; else live=$rest; fi
done
[ -n "$live" ] || exit 0
end() {
  for group in $live; do kill -s "$1" -- "-$group" 2>/dev/null; done
  grep -lsF -- "AUTOML_RUN=$2-" /proc/[0-9]*/environ 2>/dev/null |
    while IFS=/ read -r _ _ process _; do kill -s "$1" "$process" 2>/dev/null; done
}
end TERM "$2"
sleep "$1"
end KILL "$2"
"#;

/// A shell that ends the programs of this process, should this process be killed.
///
/// Its standard input is a pipe from this process, which the system closes whatever ends this
/// process. A signal at the parent's death (`PR_SET_PDEATHSIG`) would need unsafe code between fork
/// and exec, and would end the program but not what it started.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Mutex<Child>,
    input: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// Starts the shell; `None` where there is none.
    pub(crate) fn start(grace: Duration, tuner: &Mark) -> Option<Self> {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "sh", &grace.as_secs().max(1).to_string(), tuner.text()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        super::group::isolate(&mut command);
        let mut shell = command.spawn().ok()?;
        let input = shell.stdin.take();
        Some(Self { shell: Mutex::new(shell), input: Mutex::new(input) })
    }

    /// Adds a process group.
    pub(crate) fn watch(&self, group: u32) {
        self.tell('+', group);
    }

    /// Removes a process group that has ended.
    pub(crate) fn forget(&self, group: u32) {
        self.tell('-', group);
    }

    fn tell(&self, change: char, group: u32) {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = input.as_mut() {
            // A shell that was killed ends nothing; the tuner itself goes on.
            let _ = input.write_all(format!("{change} {group}\n").as_bytes());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        *self.input.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let _ = self.shell.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    /// What is left on the list is ended when the input closes, and what was removed is not.
    #[test]
    fn programs_on_the_list_end_with_the_input() {
        let sleep = || {
            let mut command = Command::new("sleep");
            command.arg("60");
            super::super::group::isolate(&mut command);
            command.spawn().unwrap()
        };
        let (mut left, mut removed) = (sleep(), sleep());
        let guard = Guard::start(Duration::from_secs(1), &Mark::of_tuner()).unwrap();
        guard.watch(left.id());
        guard.watch(removed.id());
        guard.forget(removed.id());
        let start = Instant::now();
        drop(guard);
        assert!(!left.wait().unwrap().success());
        assert!(start.elapsed() < Duration::from_secs(30));
        assert!(removed.try_wait().unwrap().is_none());
        removed.kill().unwrap();
        removed.wait().unwrap();
    }
}
