//! Compilers and files.

use automl_quantize::GeneratedCode;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether a program can be run; else a message.
pub(crate) fn is_there(program: &str) -> bool {
    let mut run = Command::new(program);
    run.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let there = run.status().is_ok_and(|status| status.success());
    if !there {
        let _ = writeln!(std::io::stderr(), "skipped: there is no {program}");
    }
    there
}

pub(crate) fn write(code: &GeneratedCode, folder: &Path) {
    for file in &code.files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.text).unwrap();
    }
}

pub(crate) fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}");
}
