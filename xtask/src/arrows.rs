//! The arrows between the crates: which crate may depend on which.

use crate::workspace::Package;

/// Each crate with the crates of the workspace that its code and its build script may use. The
/// prefix `automl-` is left out.
const ARROWS: &[(&str, &str)] = &[
    ("numeric", ""),
    ("space", "numeric"),
    ("study", "numeric space"),
    ("tpe", "numeric space study"),
    ("gp", "numeric space study"),
    ("evolution", "numeric space study"),
    ("optuna", "space study"),
    ("secrets", ""),
    ("postgres", ""),
    ("storage", "numeric space study optuna secrets postgres"),
    ("scheduler", "numeric space study tpe gp evolution"),
    ("transfer", "numeric space study tpe gp storage"),
    ("simulate", "numeric space study scheduler"),
    ("extent", ""),
    ("arch", "numeric space extent"),
    ("report", "numeric space study storage extent arch"),
    ("augment", "numeric extent"),
    ("pictures", "extent"),
    ("lists", "pictures"),
    ("data", "numeric space extent arch augment pictures lists"),
    ("deploy", "numeric space extent arch augment pictures data"),
    ("quantize", "numeric space extent arch augment pictures data deploy"),
    ("registry", "numeric space study tpe gp evolution scheduler storage"),
    ("settings", "numeric space study storage extent arch augment pictures data registry"),
    ("events", ""),
    ("candidates", "numeric space study extent arch data settings transfer"),
    (
        "serve",
        "numeric space study tpe gp evolution scheduler storage registry transfer arch report",
    ),
    ("tune", "numeric space study storage registry transfer"),
    ("models", "numeric space arch"),
    ("train", "numeric space extent arch augment pictures data models deploy quantize"),
    ("compress", "numeric space extent arch augment pictures data models train deploy quantize"),
    (
        "search",
        "numeric space study tpe gp evolution storage scheduler extent arch augment pictures data registry settings models \
         train compress deploy candidates quantize events transfer",
    ),
    (
        "fidelities",
        "numeric space study extent arch augment pictures data registry settings storage models train search",
    ),
    (
        "automl",
        "numeric space study tpe gp evolution storage scheduler simulate extent arch augment pictures lists data registry settings \
         serve tune report models train compress search fidelities deploy candidates quantize events transfer",
    ),
    ("cli", "automl"),
    ("benches", "automl"),
    ("examples", "automl"),
    ("fuzz", "numeric space study storage arch pictures data deploy settings serve"),
    ("xtask", ""),
];

/// The only crates that may name the deep-learning framework or the GPU library.
const BURN: &[&str] = &["models", "train"];

/// The arrows that are not allowed. Dependencies of tests are free.
pub(crate) fn broken(packages: &[Package]) -> Vec<String> {
    let mut broken = Vec::new();
    for package in packages {
        let name = package.name.as_str();
        let Some(allowed) = allowed(short(name)) else {
            broken
                .push(format!("{name} is not on the map: name its arrows in xtask/src/arrows.rs"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.dev) {
            let used = dependency.name.as_str();
            if dependency.local && !allowed.split_whitespace().any(|name| name == short(used)) {
                broken.push(format!("{name} must not use {used}"));
            }
            let framework = used == "burn" || used.starts_with("burn-") || used.starts_with("wgpu");
            if framework && !BURN.contains(&short(name)) {
                broken.push(format!("{name} must not use {used}: only {} may", BURN.join(" and ")));
            }
            if used == "anyhow" && name != "xtask" {
                broken.push(format!("{name} must not use anyhow: errors are enums"));
            }
        }
    }
    broken
}

fn allowed(name: &str) -> Option<&'static str> {
    ARROWS.iter().find(|(other, _)| *other == name).map(|(_, allowed)| *allowed)
}

/// The name on the map. Facade and command are `automl-rs` and `automl-rs-cli` as packages, because
/// the plain names are taken on the registry.
fn short(name: &str) -> &str {
    match name {
        "automl-rs" => "automl",
        "automl-rs-cli" => "cli",
        _ => name.strip_prefix("automl-").unwrap_or(name),
    }
}

#[cfg(test)]
mod tests {
    use super::{ARROWS, broken};
    use crate::workspace::{Dependency, Package};

    fn package(name: &str, dependencies: &[Dependency]) -> Package {
        Package { name: name.into(), dependencies: dependencies.to_vec(), ..Package::default() }
    }

    fn local(name: &str) -> Dependency {
        Dependency { name: name.into(), local: true, ..Dependency::default() }
    }

    fn foreign(name: &str) -> Dependency {
        Dependency { name: name.into(), ..Dependency::default() }
    }

    #[test]
    fn crates_stand_below_those_that_use_them() {
        for (at, (name, allowed)) in ARROWS.iter().enumerate() {
            for used in allowed.split_whitespace() {
                assert!(ARROWS[..at].iter().any(|(other, _)| *other == used), "{name} uses {used}");
            }
        }
    }

    #[test]
    fn allowed_arrows_are_not_reported() {
        let packages = [
            package("automl-space", &[foreign("rand")]),
            package("automl-study", &[local("automl-space"), foreign("serde")]),
            package("automl-train", &[local("automl-models"), foreign("burn")]),
            package("automl-rs-cli", &[local("automl-rs"), foreign("clap")]),
            package("xtask", &[foreign("anyhow")]),
        ];
        assert_eq!(broken(&packages), [] as [&str; 0]);
    }

    #[test]
    fn forbidden_arrows_are_found() {
        let packages = [package("automl-space", &[local("automl-study")])];
        assert_eq!(broken(&packages), ["automl-space must not use automl-study"]);
        let packages = [package("automl-rs-cli", &[local("automl-space")])];
        assert_eq!(broken(&packages), ["automl-rs-cli must not use automl-space"]);
    }

    #[test]
    fn dependencies_of_tests_are_free() {
        let test = Dependency { dev: true, ..local("automl-study") };
        assert!(broken(&[package("automl-space", &[test])]).is_empty());
    }

    #[test]
    fn unknown_crates_are_found() {
        let found = broken(&[package("automl-new", &[])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("automl-new is not on the map"), "{found:?}");
        let found = broken(&[package("automl-study", &[local("automl-new")])]);
        assert_eq!(found, ["automl-study must not use automl-new"]);
    }

    #[test]
    fn the_framework_is_found_outside_its_crates() {
        for name in ["burn", "burn-flex", "wgpu", "wgpu-core"] {
            let found = broken(&[package("automl-search", &[foreign(name)])]);
            assert_eq!(
                found,
                [format!("automl-search must not use {name}: only models and train may")]
            );
        }
    }

    #[test]
    fn anyhow_is_found_outside_xtask() {
        let found = broken(&[package("automl-rs-cli", &[foreign("anyhow")])]);
        assert_eq!(found, ["automl-rs-cli must not use anyhow: errors are enums"]);
    }
}
