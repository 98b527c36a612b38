//! The places that `docs/architecture.md` names exist: each link `[`item`](../file.rs#Lnumber)`
//! leads to within five lines of the item. `AUTOML_ARCHITECTURE=write` sets the numbers anew.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Largest distance in lines between a named line and its item.
const NEAR: usize = 5;

/// A link to an item of the code.
struct Place<'a> {
    item: &'a str,
    file: &'a str,
    line: usize,
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The links of a text to lines of Rust files.
fn places(text: &str) -> Vec<Place<'_>> {
    let links = text.split("[`").skip(1);
    let place = |link| -> Option<Place<'_>> {
        let (item, rest) = str::split_once(link, "`](")?;
        let (file, rest) = rest.split_once("#L")?;
        let number = rest.split_once(')')?.0;
        Some(Place { item, file, line: number.parse().ok()? })
    };
    links.filter_map(place).collect()
}

/// The numbers of the lines that define an item, from 1.
fn definitions(place: &Place<'_>) -> Vec<usize> {
    let code = std::fs::read_to_string(docs().join(place.file)).unwrap_or_default();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let defines = |line: &str| {
        ["fn ", "struct ", "enum ", "trait ", "const ", "static "].iter().any(|keyword| {
            line.split_once(keyword)
                .and_then(|(_, rest)| rest.strip_prefix(place.item))
                .is_some_and(|rest| !rest.starts_with(is_name))
        })
    };
    code.lines().zip(1..).filter(|(line, _)| defines(line)).map(|(_, number)| number).collect()
}

#[test]
fn named_places_are_where_the_page_says() {
    let page = docs().join("architecture.md");
    let mut text = std::fs::read_to_string(&page).unwrap();
    if std::env::var("AUTOML_ARCHITECTURE").is_ok_and(|mode| mode == "write") {
        let mut renewed = text.clone();
        for place in places(&text) {
            let Some(line) = definitions(&place).first().copied() else { continue };
            let link = |line| format!("[`{}`]({}#L{line})", place.item, place.file);
            renewed = renewed.replace(&link(place.line), &link(line));
        }
        std::fs::write(&page, &renewed).unwrap();
        text = renewed;
    }
    let places = places(&text);
    assert!(places.len() >= 10, "the page names {} places", places.len());
    for place in places {
        let found = definitions(&place);
        assert!(
            found.iter().any(|line| line.abs_diff(place.line) <= NEAR),
            "{} is not near line {} of {} but at {found:?}; AUTOML_ARCHITECTURE=write mends the page",
            place.item,
            place.line,
            place.file
        );
    }
}

/// Every crate stands in the code map.
#[test]
fn every_crate_is_on_the_map() {
    let text = std::fs::read_to_string(docs().join("architecture.md")).unwrap();
    for entry in std::fs::read_dir(docs().join("../crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(text.contains(&format!("| `crates/{name}` |")), "{name} is not on the code map");
    }
}
