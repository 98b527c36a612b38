//! `cargo xtask check`: what has to hold before a change is done.

mod light;
mod tools;

use crate::findings;
use crate::workspace::{Package, Workspace};
use crate::{arrows, modules, msrv, prose, shell, size};
use anyhow::{Result, bail};
use light::Light;
use std::process::{Command, ExitCode};
use tools::Tools;

/// Runs every check; `--fast` leaves out what needs the deep-learning framework.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let fast = match args {
        [] => false,
        [flag] if flag == "--fast" => true,
        _ => bail!("`cargo xtask check` takes only --fast"),
    };
    eprintln!("== crates without the framework");
    let packages = Workspace::read()?.packages;
    let light = Light::of(&packages)?;
    let mut tools = Tools::default();
    // What is found in the text hides nothing that the compiler finds: it fails at the end.
    let mut failed = vec![
        arrows(&packages),
        findings::report("rust-version", &msrv::findings(&packages)?),
        findings::report("features below both checks", &light.compiled_twice()?),
        findings::report("prose", &prose::findings()?),
    ];
    if !msrv::is_proved(&packages)? {
        tools.skip("the oldest Rust", "this compiler is newer than rust-version");
    }
    failed.push(shell::step("format", shell::cargo(["fmt", "--all", "--check"])));
    failed.push(tools.spelling());
    failed.push(tools.dependencies());
    let failed: Vec<String> =
        failed.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    failed.iter().for_each(|error| eprintln!("error: {error}"));
    if fast {
        compiled(&|command| light.cargo(command))?;
    } else {
        // The builds without training compile other code.
        shell::step("clippy, light build", light.clippy_gated())?;
        tools.features(&light)?;
        compiled(&whole)?;
    }
    if std::env::var_os("AUTOML_POSTGRES_URL").is_none() {
        tools.skip("PostgreSQL's tests", "AUTOML_POSTGRES_URL names no server");
    }
    tools.sum_up();
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    eprintln!("all checks passed");
    Ok(ExitCode::SUCCESS)
}

/// The arrows between crates and inside them, and the size of crates.
pub(crate) fn arrows(packages: &[Package]) -> Result<()> {
    let found = [
        findings::report("arrows between crates", &arrows::broken(packages)),
        findings::report("import circles", &modules::circles(packages)?),
        findings::report("large crates", &size::findings(packages)?),
    ];
    let failed = found.into_iter().filter_map(Result::err).map(|error| error.to_string());
    let failed: Vec<String> = failed.collect();
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    eprintln!("the arrows of {} crates hold", packages.len());
    Ok(())
}

/// The steps that compile. All of them have one set of features, so that no dependency is compiled
/// more than once for each of clippy, the documentation and the tests.
fn compiled(cargo: &dyn Fn(&[&str]) -> Command) -> Result<()> {
    let mut clippy = cargo(&["clippy", "--all-targets"]);
    clippy.args(["--", "-D", "warnings"]);
    shell::step("clippy", clippy)?;
    let mut doc = cargo(&["doc", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    shell::step("rustdoc", doc)?;
    let nextest = shell::exists("cargo", &["nextest", "--version"]);
    let run: &[&str] = if nextest { &["nextest", "run"] } else { &["test", "--all-targets"] };
    shell::step("tests", cargo(run))?;
    shell::step("documentation tests", cargo(&["test", "--doc"]))
}

/// Cargo for the whole workspace, with studies in PostgreSQL.
fn whole(command: &[&str]) -> Command {
    let mut cargo = shell::cargo(command);
    cargo.args(["--workspace", "--release", "--features", "postgres"]);
    cargo
}
