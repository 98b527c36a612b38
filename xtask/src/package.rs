//! `cargo xtask package`: whether the libraries can be published.

use crate::findings;
use crate::shell;
use crate::workspace::{Package, Workspace};
use anyhow::Result;
use std::process::ExitCode;

/// The most keywords that a registry takes.
const MOST_KEYWORDS: usize = 5;

/// Packages every library without building it, and reports what is missing.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if !args.is_empty() {
        anyhow::bail!("`cargo xtask package` takes no options");
    }
    let workspace = Workspace::read()?;
    let libraries: Vec<&Package> = workspace
        .packages
        .iter()
        .filter(|p| p.is_library && p.record["publish"].is_null())
        .collect();
    let mut found = Vec::new();
    for library in &libraries {
        let name = &library.name;
        found.extend(missing(library).iter().map(|missing| format!("{name}: {missing}")));
        match packaged(&["--list"], &[library]) {
            Ok(list) => eprintln!("{name}: {} files", list.lines().count()),
            Err(reason) => found.push(format!("{name}: {reason}")),
        }
    }
    // All at once, since they need each other and no registry has them.
    if let Err(reason) = packaged(&["--no-verify"], &libraries) {
        found.push(reason);
    }
    findings::report("package", &found)?;
    Ok(ExitCode::SUCCESS)
}

/// What the manifest lacks.
fn missing(package: &Package) -> Vec<String> {
    let record = &package.record;
    let names = |key: &str| record[key].as_array().map_or(0, Vec::len);
    let mut missing = Vec::new();
    for key in ["description", "license", "repository", "readme"] {
        if record[key].as_str().is_none_or(str::is_empty) {
            missing.push(format!("no {key}"));
        }
    }
    if let Some(readme) = record["readme"].as_str()
        && !package.folder().join(readme).exists()
    {
        missing.push(format!("{readme} does not exist"));
    }
    match names("keywords") {
        0 => missing.push("no keywords".into()),
        count if count > MOST_KEYWORDS => {
            missing.push(format!("{count} keywords, more than {MOST_KEYWORDS}"));
        }
        _ => {}
    }
    if names("categories") == 0 {
        missing.push("no categories".into());
    }
    for dependency in package.dependencies.iter().filter(|dependency| !dependency.dev) {
        if dependency.local && dependency.version == "*" {
            missing.push(format!("no version for {}", dependency.name));
        }
    }
    missing
}

/// What `cargo package` prints for packages; why it makes none otherwise.
fn packaged(options: &[&str], packages: &[&Package]) -> Result<String, String> {
    let mut cargo = shell::cargo(["package", "--quiet", "--allow-dirty"]);
    cargo.args(options);
    for package in packages {
        cargo.args(["--package", &package.name]);
    }
    let output = cargo.output().map_err(|error| format!("cannot run cargo package: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    Err(lines.take(3).collect::<Vec<_>>().join(" "))
}
