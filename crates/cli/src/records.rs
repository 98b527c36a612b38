//! Files of studies and trained networks, in the place of which no output is written.

use crate::Failure;
use automl::report::is_journal;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The names of files in the folders of studies and networks.
const NAMES: [&str; 12] = [
    "data.json",
    "errors.json",
    "metrics.json",
    "model.yaml",
    "network.json",
    "settings.json",
    "study.db",
    "study.db-shm",
    "study.db-wal",
    "summary.json",
    "weights.bpk",
    "weights.safetensors",
];

/// How files of SQLite begin.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Checks that a file to be written is not part of a record that is there.
pub(crate) fn spare(out: &Path) -> Result<(), Failure> {
    if is_recorded(out) {
        let out = out.display();
        return Err(format!("{out} holds a study or part of a network: name another file").into());
    }
    Ok(())
}

fn is_recorded(out: &Path) -> bool {
    // Opening a pipe would wait for its other end.
    if !out.is_file() {
        return false;
    }
    let name = out.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| NAMES.contains(&name)) || is_sqlite(out) || is_journal(out)
}

fn is_sqlite(file: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| file.take(16).read_to_end(&mut start));
    read.is_ok() && start == SQLITE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn records_are_spared_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        for (name, text) in [
            ("study.db", ""),
            ("any.html", "SQLite format 3\0..."),
            ("my.log", "{\"op_code\": 0, \"worker_id\": \"a\"}\n"),
            ("weights.safetensors", "..."),
        ] {
            let out = file(name, text);
            let error = spare(&out).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        for (name, text) in [("report.html", "<!DOCTYPE html>"), ("a.csv", "number\n"), ("b", "")] {
            assert!(spare(&file(name, text)).is_ok(), "{name}");
        }
        assert!(spare(&folder.path().join("new/study.db")).is_ok());
        assert!(spare(folder.path()).is_ok());
    }
}
