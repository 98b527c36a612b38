//! The sections of samplers and schedulers in the reference page.

use crate::{Entry, samplers, schedulers};
use std::fmt::Write as _;

/// The samplers and schedulers with their options, as Markdown: sections of
/// `docs/reference.md`.
pub fn reference() -> String {
    let mut page = String::new();
    section(&mut page, "Samplers", samplers());
    section(&mut page, "Schedulers", schedulers());
    page
}

fn section<P: ?Sized>(page: &mut String, title: &str, entries: &[Entry<P>]) {
    let _ = writeln!(page, "## {title}\n");
    for entry in entries {
        let _ = writeln!(page, "### `{}`\n\n{}\n", entry.name, paragraphs(entry.docs));
        if entry.options.is_empty() {
            continue;
        }
        page.push_str("| option | default | range | purpose |\n|---|---|---|---|\n");
        let defaults = entry.defaults();
        for option in entry.options {
            let name = option.name();
            let default = match defaults.get(&name) {
                None | Some(serde_json::Value::Null) => "by the study".into(),
                Some(value) => format!("`{value}`"),
            };
            let purpose = option.help.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            let _ = writeln!(
                page,
                "| `{name}` | {default} | {} | {} |",
                option.allowed,
                purpose.trim()
            );
        }
        page.push('\n');
    }
}

/// Documentation lines without their leading spaces, and without tables of the options.
fn paragraphs(docs: &str) -> String {
    docs.lines()
        .filter(|line| !line.trim_start().starts_with('|'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}
