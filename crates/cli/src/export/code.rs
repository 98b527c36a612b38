//! Source code in int8.

use super::int8::quantized;
use super::target::{Job, Target};
use crate::Failure;
use automl::deploy::write_atomic;
use automl::quantize::GeneratedCode;
use std::path::Path;

pub(super) const C: Target = Target {
    name: "c",
    summary: "C99 in int8 for microcontrollers, FILE.c and FILE.h beside it",
    write: write_c,
};

pub(super) const RUST: Target = Target {
    name: "rust",
    summary: "a no_std crate in int8 for microcontrollers, in a new folder",
    write: write_rust,
};

fn write_c(job: &Job<'_>) -> Result<String, Failure> {
    if job.out.extension().is_none_or(|end| end != "c") {
        return Err(format!("--out {}: the name of a C file ends in .c", job.out.display()).into());
    }
    let name = identifier(job.out)?;
    let int8 = quantized(job)?;
    let code = int8.program.to_c(&name, &classes(job))?;
    for file in &code.files {
        let end = Path::new(&file.path).extension().unwrap_or_default();
        let path = job.out.with_file_name(&name).with_extension(end);
        write_atomic(&path, file.text.as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(told(job, "C99", &code, &int8.told))
}

/// Writes a folder beside its place first, so that no half crate is left.
fn write_rust(job: &Job<'_>) -> Result<String, Failure> {
    let out = job.out;
    if out.exists() {
        return Err(format!("--out {}: it exists already; name a new folder", out.display()).into());
    }
    let name = identifier(out)?;
    let int8 = quantized(job)?;
    let code = int8.program.to_rust(&name, &classes(job))?;
    let part = out.with_file_name(format!(".{name}.part"));
    let written = write_folder(&code, &part).and_then(|()| std::fs::rename(&part, out));
    if let Err(error) = written {
        let _ = std::fs::remove_dir_all(&part);
        return Err(format!("cannot write {}: {error}", out.display()).into());
    }
    Ok(told(job, "a no_std crate", &code, &int8.told))
}

fn write_folder(code: &GeneratedCode, folder: &Path) -> std::io::Result<()> {
    for file in &code.files {
        let path = folder.join(&file.path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, &file.text)?;
    }
    Ok(())
}

/// The name of the code: the file's, with `_` for what identifiers cannot have.
fn identifier(out: &Path) -> Result<String, Failure> {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok(name);
    }
    Err(format!("--out {}: the name must begin with a letter", out.display()).into())
}

fn classes(job: &Job<'_>) -> Vec<String> {
    let record = &job.network.record;
    (0..record.graph.classes).map(|class| record.class_name(class)).collect()
}

fn told(job: &Job<'_>, kind: &str, code: &GeneratedCode, accuracy: &str) -> String {
    let (out, flash, ram) = (job.out.display(), code.constant_bytes, code.arena_bytes);
    format!("{out}: {kind}, {flash} bytes of constants, {ram} bytes of RAM; {accuracy}")
}
