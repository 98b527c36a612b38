//! A job array for sbatch.

use super::target::{Target, quoted};
use std::fmt::Write;

/// One array task is one process on the study. Slurm sends SIGTERM a minute before the limit and at
/// preemption, after which the task is queued again and goes on.
pub(super) fn script(target: &Target) -> String {
    let Target { study, tasks, cpus, memory, gpus, minutes, .. } = target;
    let mut text = String::from("#!/bin/bash\n");
    let mut option = |option: String| {
        let _ = writeln!(text, "#SBATCH --{option}");
    };
    option(format!("job-name={}", quoted(study)));
    option(format!("array=0-{}", tasks - 1));
    option("ntasks=1".into());
    option(format!("cpus-per-task={cpus}"));
    option(format!("mem={memory}M"));
    if *gpus > 0 {
        option(format!("gpus-per-task={gpus}"));
    }
    if let Some(minutes) = minutes {
        option(format!("time={minutes}"));
    }
    option("signal=TERM@60".into());
    option("requeue".into());
    option("open-mode=append".into());
    // Slurm reads a percent sign and a backslash in a file's name, and a slash is a folder.
    option(format!(
        "output={}",
        quoted(&format!("{}-%a.log", study.replace(['%', '\\', '/'], "_")))
    ));
    let line = target.line();
    let _ = write!(
        text,
        "\nset -eu\n# The password is taken from PGPASSWORD, which sbatch passes on.\nexec srun {line}\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::super::target::example;
    use super::*;

    #[test]
    fn the_array_has_one_task_a_process() {
        let text = script(&example());
        for line in [
            "#SBATCH --array=0-2",
            "#SBATCH --cpus-per-task=2",
            "#SBATCH --gpus-per-task=1",
            "#SBATCH --mem=4096M",
            "#SBATCH --output=big-%a.log",
            "#SBATCH --time=90",
            "exec srun automl tune --study big -- sh -c 'echo {x}; it'\\''s'",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let text = script(&Target { study: "a b/50%".into(), ..example() });
        assert!(text.contains("--job-name='a b/50%'\n"), "{text}");
        assert!(text.contains("--output='a b_50_-%a.log'\n"), "{text}");
    }
}
