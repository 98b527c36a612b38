//! Job files that a stand-in for the system runs.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::process::Command;

/// Two processes on one study, by the sample in `examples`.
#[test]
fn the_sample_runs_two_processes_on_one_study() {
    let folder = tempfile::tempdir().unwrap();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/launch.sh");
    let output = Command::new("bash")
        .arg(sample)
        .arg(folder.path())
        .env("AUTOML", env!("CARGO_BIN_EXE_automl"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = std::fs::read_to_string(folder.path().join("launch.log")).unwrap_or_default();
    assert_eq!(text.trim(), "shared: 12 trials, 12 complete", "{log}");
}

#[cfg(feature = "postgres")]
fn script(folder: &std::path::Path, name: &str, text: &str) {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// An `sbatch` that runs every task of the array, an `srun` and an `automl` that write down their words.
#[test]
#[cfg(feature = "postgres")]
fn slurm_runs_the_command_once_for_each_task() {
    let folder = tempfile::tempdir().unwrap();
    script(
        folder.path(),
        "sbatch",
        "#!/bin/bash\nset -eu\ncat > job.sh\nbash -n job.sh\n\
         last=$(sed -n 's/^#SBATCH --array=0-//p' job.sh)\n\
         for task in $(seq 0 \"$last\"); do SLURM_ARRAY_TASK_ID=$task bash job.sh; done\n",
    );
    script(folder.path(), "srun", "#!/bin/bash\nexec \"$@\"\n");
    script(folder.path(), "automl", "#!/bin/bash\nprintf '%s|' \"$@\" >> words\necho >> words\n");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_automl"))
        .args(["launch", "slurm", "--tasks", "3", "--submit", "--", "tune", "--study", "a b"])
        .args(["--storage", "postgresql://me@db/studies", "--param", "x=float(0,1)", "--"])
        .args(["sh", "-c", "echo '{x}'"])
        .env("PATH", path)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = std::fs::read_to_string(folder.path().join("words")).unwrap();
    let expected = "tune|--study|a b|--storage|postgresql://me@db/studies|--param|x=float(0,1)|--|sh|-c|\
                    echo '{x}'|";
    assert_eq!(words.lines().collect::<Vec<_>>(), [expected; 3]);
}
