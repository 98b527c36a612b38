//! `cargo xtask check`: what has to hold before a change is done.

use crate::findings::{self, Level};
use crate::workspace::{Package, Workspace};
use crate::{arrows, modules, msrv, prose, shell, size};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Runs every check; `--fast` leaves out what needs the deep-learning framework.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let fast = match args {
        [] => false,
        [flag] if flag == "--fast" => true,
        _ => bail!("`cargo xtask check` takes only --fast"),
    };
    let all = |command: &[&str]| {
        let mut cargo = shell::cargo(command);
        cargo.args(["--workspace", "--release"]);
        if fast {
            cargo.args(["--exclude", "automl-models", "--exclude", "automl-train"]);
            cargo.args(["--exclude", "automl", "--exclude", "automl-cli"]);
            cargo.args(["--exclude", "automl-benches", "--exclude", "automl-compress"]);
        }
        cargo
    };
    let packages = Workspace::read()?.packages;
    arrows(&packages)?;
    findings::report("rust-version", Level::Deny, &msrv::findings(&packages)?)?;
    if !msrv::is_proved(&packages)? {
        eprintln!("rust-version: not proved, as this compiler is newer");
    }
    findings::report("prose", prose::LEVEL, &prose::findings()?)?;
    shell::step("format", shell::cargo(["fmt", "--all", "--check"]))?;
    let mut clippy = all(&["clippy", "--all-targets"]);
    clippy.args(["--", "-D", "warnings"]);
    shell::step("clippy", clippy)?;
    // The build without training compiles other code.
    let light = ["clippy", "--release", "--package", "automl-cli", "--no-default-features"];
    let mut light = shell::cargo(light);
    light.args(["--", "-D", "warnings"]);
    shell::step("clippy, light build", light)?;
    // PostgreSQL is a feature; its tests want a server, which AUTOML_POSTGRES_URL names.
    let postgres = |command: &[&str]| {
        let mut cargo = shell::cargo(command);
        cargo.args(["--release", "--package", "automl-storage", "--features", "postgres"]);
        cargo
    };
    let mut lints = postgres(&["clippy", "--all-targets"]);
    lints.args(["--", "-D", "warnings"]);
    shell::step("clippy, PostgreSQL", lints)?;
    let mut doc = all(&["doc", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    shell::step("rustdoc", doc)?;
    if shell::exists("cargo", &["nextest", "--version"]) {
        shell::step("tests", all(&["nextest", "run"]))?;
        shell::step("tests, PostgreSQL", postgres(&["nextest", "run"]))?;
    } else {
        shell::step("tests", all(&["test", "--all-targets"]))?;
        shell::step("tests, PostgreSQL", postgres(&["test", "--all-targets"]))?;
    }
    if std::env::var_os("AUTOML_POSTGRES_URL").is_none() {
        eprintln!("PostgreSQL: AUTOML_POSTGRES_URL names no server, so its tests were skipped");
    }
    shell::step("documentation tests", all(&["test", "--doc"]))?;
    eprintln!("all checks passed");
    Ok(ExitCode::SUCCESS)
}

/// The arrows between crates and inside them, and the size of crates.
pub(crate) fn arrows(packages: &[Package]) -> Result<()> {
    findings::report("arrows between crates", Level::Deny, &arrows::broken(packages))?;
    findings::report("import circles", modules::LEVEL, &modules::circles(packages)?)?;
    findings::report("large crates", size::LEVEL, &size::findings(packages)?)?;
    eprintln!("the arrows of {} crates hold", packages.len());
    Ok(())
}
