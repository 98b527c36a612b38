//! Import circles among the modules of a crate.
//!
//! A module has an arrow to another one if its code, tests aside, names a path there. A name that a
//! parent re-exports is an arrow to the parent. A parent is made of its children, so its arrows to
//! them do not count, nor does the root of a crate.

mod file;
mod tokens;

use crate::source;
use crate::workspace::Package;
use anyhow::Result;
use file::{File, Path};
use std::collections::{BTreeMap, BTreeSet};

/// The place of a module in its crate, empty for the root.
type Module = Vec<String>;

/// The import circles of every crate, each with the arrows that make it.
pub(crate) fn circles(packages: &[Package]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for package in packages {
        let folder = package.folder().join("src");
        let mut sources = Vec::new();
        for path in source::files(&folder)? {
            let place = path.strip_prefix(&folder).unwrap_or(&path);
            if let Some(module) = module(place) {
                sources.push((module, source::read(&path)?));
            }
        }
        let graph = Graph::new(&sources);
        found.extend(graph.circles().iter().map(|circle| graph.shown(&package.name, circle)));
    }
    Ok(found)
}

/// The module of a file below `src`; `None` for programs of their own.
fn module(file: &std::path::Path) -> Option<Module> {
    let path = file.with_extension("");
    let mut names: Module = path.iter().map(|n| n.to_string_lossy().into_owned()).collect();
    match names.last()?.as_str() {
        _ if names[0] == "bin" => return None,
        "lib" | "main" if names.len() == 1 => names.clear(),
        "mod" => {
            names.pop();
        }
        _ => {}
    }
    Some(names)
}

/// The modules of a crate and the arrows between them.
struct Graph {
    /// The arrows from each module, with the line of their first use.
    arrows: BTreeMap<Module, BTreeMap<Module, usize>>,
}

impl Graph {
    fn new(sources: &[(Module, String)]) -> Self {
        let read = |(module, text): &(Module, String)| (module.clone(), File::parse(text, module));
        let mut files: BTreeMap<Module, File> = sources.iter().map(read).collect();
        let tests: Vec<Module> = files
            .iter()
            .flat_map(|(module, file)| file.tests.iter().map(|name| child(module, name)))
            .collect();
        files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        let modules: BTreeSet<Module> = files.keys().cloned().collect();
        let mut arrows = BTreeMap::new();
        for (module, file) in &files {
            let out: &mut BTreeMap<Module, usize> = arrows.entry(module.clone()).or_default();
            for path in &file.paths {
                if let Some(target) = target(path, &modules)
                    && !target.is_empty()
                    && !target.starts_with(module)
                {
                    out.entry(target).or_insert(path.line);
                }
            }
        }
        Self { arrows }
    }

    /// The largest sets of modules that reach each other.
    fn circles(&self) -> Vec<BTreeSet<&Module>> {
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            self.arrows.keys().map(|module| (module, self.reached(module))).collect();
        let mut circles: Vec<BTreeSet<&Module>> = Vec::new();
        for (module, others) in &reached {
            let circle: BTreeSet<&Module> =
                others.iter().copied().filter(|other| reached[other].contains(module)).collect();
            if circle.len() > 1 && !circles.contains(&circle) {
                circles.push(circle);
            }
        }
        circles
    }

    /// The modules at the end of a chain of arrows.
    fn reached<'a>(&'a self, module: &'a Module) -> BTreeSet<&'a Module> {
        let (mut reached, mut open) = (BTreeSet::new(), vec![module]);
        while let Some(module) = open.pop() {
            for target in self.arrows[module].keys() {
                if reached.insert(target) {
                    open.push(target);
                }
            }
        }
        reached
    }

    fn shown(&self, package: &str, circle: &BTreeSet<&Module>) -> String {
        let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
        let mut text = format!("{package}: {}", names.join(", "));
        for module in circle {
            for (target, line) in self.arrows[*module].iter().filter(|(t, _)| circle.contains(t)) {
                let (from, to) = (module.join("::"), target.join("::"));
                text.push_str(&format!("\n    {from} uses {to} in line {line}"));
            }
        }
        text
    }
}

/// The module to which a path leads; `None` outside the crate.
fn target(path: &Path, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut module = path.base.clone();
    for (at, name) in path.names.iter().enumerate() {
        let inner = child(&module, name);
        if !modules.contains(&inner) {
            if at == 0 && path.relative {
                return None;
            }
            break;
        }
        module = inner;
    }
    // Modules in braces belong to their file.
    while !modules.contains(&module) {
        module.pop()?;
    }
    Some(module)
}

fn child(module: &[String], name: &str) -> Module {
    [module, &[name.to_owned()]].concat()
}

#[cfg(test)]
mod tests {
    use super::{Graph, Module, module};
    use std::path::Path;

    fn circles(sources: &[(&str, &str)]) -> Vec<String> {
        let place = |file: &str| module(Path::new(file)).unwrap();
        let sources: Vec<(Module, String)> =
            sources.iter().map(|(file, text)| (place(file), (*text).to_owned())).collect();
        let graph = Graph::new(&sources);
        graph.circles().iter().map(|circle| graph.shown("crate", circle)).collect()
    }

    #[test]
    fn files_are_modules() {
        let place = |file: &str| module(Path::new(file)).map(|names| names.join("::"));
        assert_eq!(place("lib.rs").as_deref(), Some(""));
        assert_eq!(place("a/b.rs").as_deref(), Some("a::b"));
        assert_eq!(place("a/mod.rs").as_deref(), Some("a"));
        assert_eq!(place("bin/a.rs"), None);
    }

    #[test]
    fn a_circle_is_shown_with_its_lines() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "\nfn b() { super::a::a() }"),
        ]);
        assert_eq!(found, ["crate: a, b\n    a uses b in line 1\n    b uses a in line 2"]);
    }

    #[test]
    fn circles_run_through_several_modules() {
        let found = circles(&[
            ("a.rs", "use crate::{c, b::{B, x::Y}};"),
            ("b.rs", "use super::d::*;"),
            ("c.rs", ""),
            ("d.rs", "pub(crate) use crate::a as e;"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crate: a, b, d\n"), "{found:?}");
    }

    #[test]
    fn parents_may_use_their_children_and_children_their_parents() {
        let sources = [
            ("lib.rs", "mod a; use a::A; pub struct Root;"),
            ("a.rs", "mod b; pub use b::B; fn a() { b::b() }"),
            ("a/b.rs", "use super::A; use crate::Root;"),
        ];
        assert!(circles(&sources).is_empty());
    }

    #[test]
    fn tests_may_use_whatever_they_like() {
        let sources = [
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "#[cfg(test)] mod tests { use crate::a::A; } #[cfg(test)] mod check;"),
            ("b/check.rs", "use crate::a::A;"),
        ];
        assert!(circles(&sources).is_empty());
        let ours = [("a.rs", "use crate::b::B;"), ("b.rs", "#[cfg(not(test))] use crate::a::A;")];
        assert_eq!(circles(&ours).len(), 1);
    }

    #[test]
    fn modules_in_braces_belong_to_their_file() {
        let sources = [
            ("a.rs", "mod inner { use super::super::b::B; use super::A; } fn a() {}"),
            ("b.rs", "fn b() { crate::a::inner::a() }"),
        ];
        assert_eq!(circles(&sources).len(), 1);
    }

    #[test]
    fn other_crates_are_no_modules() {
        let sources = [("a.rs", "use b::B; fn a() { c::d() }"), ("b.rs", "use crate::a::A;")];
        assert!(circles(&sources).is_empty());
    }
}
