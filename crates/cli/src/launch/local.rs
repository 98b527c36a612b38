//! A shell script that runs the tasks on this machine.

use super::target::Target;

/// Ends all tasks together: a signal to the script is passed on.
pub(super) fn script(target: &Target) -> String {
    let Target { tasks, study, .. } = target;
    let line = target.line();
    format!(
        "#!/bin/sh\n\
         # {tasks} processes on the study {study}.\n\
         tasks=\n\
         trap 'kill -s TERM $tasks' INT TERM\n\
         for task in $(seq {tasks}); do\n\
         \x20 {line} &\n\
         \x20 tasks=\"$tasks $!\"\n\
         done\n\
         status=0\n\
         for task in $tasks; do wait \"$task\" || status=$?; done\n\
         exit $status\n"
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::target::example;
    use super::*;
    use std::process::Command;

    /// The shell finds no mistake, and the words arrive as they are.
    #[test]
    fn the_script_runs_every_task() {
        let text = script(&example()).replace("  automl tune", "  printf '%s|' tune");
        let output = Command::new("sh").args(["-c", &text]).output().unwrap();
        let words = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        assert_eq!(
            words.matches("tune|--study|big|--|sh|-c|echo {x}; it's|").count(),
            3,
            "{words}"
        );
    }
}
