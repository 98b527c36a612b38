//! The reference page: all parts, section by section.

use automl::arch::Block;
use automl::arch::block::BlockInfo;
use automl::data::{DatasetFormat, Subset};
use automl::settings::SpaceName;
use automl::storage::{StorageEntry, storages};
use std::fmt::Write as _;

/// The introduction of the page.
const INTRODUCTION: &str = "\
# Reference of parts

Made from the code (`automl parts --markdown`); `automl parts NAME` prints one section.
Options of samplers and schedulers are given as `--sampler 'tpe{startup=20}'` on the command line,
as `sampler = \"tpe{startup=20}\"` or `[search.sampler]` with `name` and options in TOML, as
`{\"name\": \"tpe\", \"startup\": 20}` in the ask/tell protocol, and as `TpeConfig` in Rust.
";

/// The introduction of the section of subsets.
const SUBSETS: &str = "Orders in which a fidelity takes a share of the training images.";

/// The introduction of the section of network spaces.
const SPACES: &str = "Spaces of networks that a search draws from (`--space`, `search.space`).";

/// The heading of the last section, which only builds with training have.
#[cfg(any(test, feature = "train"))]
const PROXIES: &str = "## Zero-cost proxies";

/// The introduction of the section of blocks.
const BLOCKS: &str = "\
Rows of `model.yaml` are `[repeat, block, [argument, ...]]`; arguments are positional, and those with a
default may be left out. Arguments by name follow in a map: `[1, Conv, [16, 3], {stride: 2}]`. The rows
of `head:` come behind those of `backbone:`, without the multiples. `automl train --print-grammar` prints
the format.";

/// The text of `docs/reference.md`.
pub(crate) fn page() -> String {
    let mut page = format!("{INTRODUCTION}\n{}", automl::registry::reference());
    let _ = writeln!(page, "## Storages\n");
    storages().iter().for_each(|entry| storage(&mut page, entry));
    let _ = writeln!(page, "## Data sets\n");
    DatasetFormat::all().iter().for_each(|format| data_set(&mut page, format));
    let _ = writeln!(page, "## Subsets of images\n\n{SUBSETS}\n");
    for (_, name, summary) in Subset::ALL {
        let _ = writeln!(page, "### `{name}`\n\n{}\n", sentence(summary));
    }
    let _ = writeln!(page, "## Network spaces\n\n{SPACES}\n");
    for space in SpaceName::ALL {
        let _ = writeln!(page, "### `{space}`\n\n{}\n", space.summary());
    }
    let _ = writeln!(page, "## Blocks\n\n{BLOCKS}\n");
    Block::kinds().for_each(|kind| block(&mut page, &kind));
    #[cfg(feature = "train")]
    {
        let _ = writeln!(page, "{PROXIES}\n");
        for score in automl::train::Score::ALL {
            let _ = writeln!(page, "### `{}`\n\n{}\n", score.name(), score.summary());
        }
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn storage(page: &mut String, entry: &StorageEntry) {
    let build = entry.feature.map(|feature| format!(", in builds with `--features {feature}`"));
    let _ = writeln!(
        page,
        "### `{}`\n\n{}\n\nAddress: `{}`, for {}{}.\n",
        entry.name,
        entry.docs,
        entry.form,
        entry.sharing,
        build.unwrap_or_default()
    );
}

fn data_set(page: &mut String, format: &DatasetFormat) {
    let files = format.files.map_or("Embedded in the program.".into(), |files| {
        let resized = if format.is_resized { "; images are resized" } else { "" };
        format!("Files: {files}{resized}.")
    });
    let _ = writeln!(page, "### `{}`\n\n{}\n\n{files}\n", format.name, sentence(format.summary));
}

/// A summary as a sentence.
pub(crate) fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn block(page: &mut String, kind: &BlockInfo) {
    let Some((name, others)) = kind.names.split_first() else { return };
    let _ = writeln!(page, "### `{name}`\n\n{}\n", documentation(kind.doc));
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "Also: {}.\n", others.join(", "));
    }
    if kind.arguments.is_empty() {
        return;
    }
    page.push_str("| argument | default | range | purpose |\n|---|---|---|---|\n");
    for argument in kind.arguments {
        let default = match argument.default.map(|text| text.rsplit("::").next().unwrap_or(text)) {
            Some(text) => format!("`{text}`"),
            None => "required".into(),
        };
        let range = argument.range.map_or("", |range| range.expected);
        let help = argument.help.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(page, "| `{}` | {default} | {range} | {help} |", argument.name);
    }
    page.push('\n');
}

/// A doc comment as text below a heading: its own headings become bold words, and links to items
/// their names.
pub(crate) fn documentation(text: &str) -> String {
    let line = |line: &str| {
        let line = line.strip_prefix(' ').unwrap_or(line);
        line.strip_prefix("# ").map_or(line.to_owned(), |title| format!("**{title}.**"))
    };
    let text = text.trim().lines().map(line).collect::<Vec<_>>().join("\n");
    let mut links = text.split("[`");
    let mut plain = links.next().unwrap_or_default().to_owned();
    for link in links {
        let target =
            link.split_once("`](").and_then(|(name, rest)| Some((name, rest.split_once(')')?.1)));
        match target {
            Some((name, rest)) => plain += &format!("`{name}`{rest}"),
            None => plain += &format!("[`{link}"),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{PROXIES, documentation, page};
    use std::path::Path;

    #[test]
    fn links_to_items_become_names() {
        let text = documentation(" [`A`](super::A) and [`B`].\n # Source\n [`C`](C)");
        assert_eq!(text, "`A` and [`B`].\n**Source.**\n`C`");
    }

    /// `AUTOML_REFERENCE=write` writes the page anew; a light build leaves the last section.
    #[test]
    fn the_reference_page_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference.md");
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let mut expected = page();
        if !cfg!(feature = "train")
            && let Some(start) = written.find(PROXIES)
        {
            expected += &format!("\n{}", &written[start..]);
        }
        if std::env::var("AUTOML_REFERENCE").is_ok_and(|mode| mode == "write") {
            std::fs::write(&path, &expected).expect("the page is written");
        } else {
            assert!(
                written == expected,
                "docs/reference.md is stale: run with AUTOML_REFERENCE=write"
            );
        }
    }
}
