//! Job files that a stand-in for the system runs.
#![cfg(all(unix, feature = "postgres"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// An `sbatch` that runs every task of the array, an `srun` and an `automl` that write down their words.
#[test]
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
    let words = fs::read_to_string(folder.path().join("words")).unwrap();
    let expected = "tune|--study|a b|--storage|postgresql://me@db/studies|--param|x=float(0,1)|--|sh|-c|\
                    echo '{x}'|";
    assert_eq!(words.lines().collect::<Vec<_>>(), [expected; 3]);
}
