//! The arrows of the house: which crate may use which, checked against `cargo metadata`.

use crate::shell;
use anyhow::{Context, Result, bail};

/// Each crate with the crates of the house that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("automl-numeric", &[]),
    ("automl-space", &["automl-numeric"]),
    ("automl-study", &["automl-numeric", "automl-space"]),
    ("automl-gp", &["automl-numeric", "automl-space", "automl-study"]),
    ("automl-tpe", &["automl-numeric", "automl-space", "automl-study"]),
    ("automl-evolution", &["automl-numeric", "automl-space", "automl-study"]),
    (
        "automl-scheduler",
        &[
            "automl-numeric",
            "automl-space",
            "automl-study",
            "automl-gp",
            "automl-tpe",
            "automl-evolution",
        ],
    ),
    ("automl-storage", &["automl-numeric", "automl-space", "automl-study"]),
    ("automl-report", &["automl-numeric", "automl-space", "automl-study"]),
    ("automl-arch", &["automl-numeric", "automl-space"]),
    ("automl-data", &["automl-numeric", "automl-space", "automl-arch"]),
    ("automl-models", &["automl-numeric", "automl-space", "automl-arch"]),
    (
        "automl-train",
        &["automl-numeric", "automl-space", "automl-arch", "automl-data", "automl-models"],
    ),
    (
        "automl-compress",
        &[
            "automl-numeric",
            "automl-space",
            "automl-arch",
            "automl-data",
            "automl-models",
            "automl-train",
        ],
    ),
    (
        "automl",
        &[
            "automl-numeric",
            "automl-space",
            "automl-study",
            "automl-gp",
            "automl-tpe",
            "automl-evolution",
            "automl-scheduler",
            "automl-storage",
            "automl-report",
            "automl-arch",
            "automl-data",
            "automl-models",
            "automl-train",
            "automl-compress",
        ],
    ),
    ("automl-cli", &["automl"]),
    ("automl-benches", &["automl"]),
    ("xtask", &[]),
];

/// The only crates that may name the deep-learning framework or the GPU library.
const BURN: &[&str] = &["automl-models", "automl-train"];

/// Checks every crate of the workspace.
pub(crate) fn check() -> Result<()> {
    let metadata = shell::metadata()?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let mut broken = Vec::new();
    for package in packages {
        let name = package["name"].as_str().context("a package without a name")?;
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| *crate_name == name) else {
            broken.push(format!("{name} has no place in the house: name its arrows in xtask"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Tests may look wherever they like.
            if dependency["kind"].as_str() == Some("dev") {
                continue;
            }
            let used = dependency["name"].as_str().unwrap_or_default();
            let ours = ARROWS.iter().any(|(crate_name, _)| *crate_name == used);
            if ours && !allowed.contains(&used) {
                broken.push(format!("{name} must not use {used}"));
            }
            let framework = used == "burn" || used.starts_with("burn-") || used.starts_with("wgpu");
            if framework && !BURN.contains(&name) {
                broken.push(format!("{name} must not use {used}: only {} may", BURN.join(" and ")));
            }
            if used == "anyhow" && name != "xtask" {
                broken.push(format!("{name} must not use anyhow: errors are enums"));
            }
        }
    }
    if !broken.is_empty() {
        bail!("the arrows of the house are broken:\n  {}", broken.join("\n  "));
    }
    eprintln!("the arrows of {} crates hold", packages.len());
    Ok(())
}
