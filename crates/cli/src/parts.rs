//! `automl parts`: samplers, schedulers, storages, data sets, blocks and more, with options.

use crate::Failure;
use crate::output::say;
use crate::reference::{documentation, page, sentence};
use automl::arch::Block;
use automl::arch::block::BlockInfo;
use automl::data::{DatasetFormat, Subset};
use automl::registry::{samplers, schedulers};
use automl::settings::{CostObjective, SpaceName, ZeroCostProxy};
use automl::storage::storages;
use clap::Args;

/// Options of `automl parts`.
#[derive(Debug, Args)]
pub(crate) struct PartsArgs {
    /// Part to explain; all are listed without one
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The whole reference page, as Markdown
    #[arg(long, conflicts_with = "name")]
    markdown: bool,
}

pub(crate) fn run(args: &PartsArgs) -> Result<(), Failure> {
    if args.markdown {
        return say(page().trim_end());
    }
    let Some(name) = &args.name else { return say(overview().trim_end()) };
    let page = page();
    let heading = format!("### `{name}`");
    let sections = page.split_inclusive('\n').fold(Vec::<String>::new(), |mut sections, line| {
        match sections.last_mut() {
            Some(section) if !line.starts_with('#') => section.push_str(line),
            _ => sections.push(line.to_owned()),
        }
        sections
    });
    let found: String =
        sections.into_iter().filter(|section| section.trim_start().starts_with(&heading)).collect();
    if found.is_empty() {
        let known: Vec<&str> =
            lists().into_iter().flat_map(|(_, parts)| parts).map(|part| part.0).collect();
        let nearest = automl::study::part::nearest(name, known.iter().copied());
        let hint = nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default();
        return Err(format!("there is no part {name:?}{hint}: `automl parts` lists them").into());
    }
    say(found.trim_end())
}

/// The lists of parts: a title, and names with their first sentence.
fn lists() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    vec![
        ("Samplers", samplers().iter().map(|entry| (entry.name, entry.summary())).collect()),
        ("Schedulers", schedulers().iter().map(|entry| (entry.name, entry.summary())).collect()),
        ("Storages", storages().iter().map(|entry| (entry.name, entry.summary().into())).collect()),
        (
            "Data sets",
            DatasetFormat::all()
                .iter()
                .map(|entry| (entry.name, sentence(entry.summary)))
                .collect(),
        ),
        (
            "Subsets of images",
            Subset::ALL.map(|(_, name, summary)| (name, sentence(summary))).to_vec(),
        ),
        (
            "Network spaces",
            SpaceName::ALL.map(|space| (space.name(), space.summary().into())).to_vec(),
        ),
        ("Blocks", Block::kinds().filter_map(|kind| block(&kind)).collect()),
        #[cfg(feature = "train")]
        (
            "Zero-cost proxies",
            automl::train::Score::ALL.map(|score| (score.name(), score.summary().into())).to_vec(),
        ),
    ]
}

/// The name of a block and the first sentence of its documentation.
fn block(kind: &BlockInfo) -> Option<(&'static str, String)> {
    let text = documentation(kind.doc);
    let text = text.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let sentence = text.split_once(". ").map_or(text.clone(), |(first, _)| format!("{first}."));
    Some((kind.names.first()?, sentence))
}

fn overview() -> String {
    let mut text = String::new();
    for (title, parts) in lists() {
        text += title;
        text.push('\n');
        text.extend(parts.iter().map(|(name, summary)| format!("  {name:<16} {summary}\n")));
        text.push('\n');
    }
    text
}

/// The help of `--sampler` for studies of so many objectives.
pub(crate) fn sampler_help(default: &str, objectives: usize) -> String {
    let fits = |entry: &&automl::registry::SamplerEntry| {
        objectives < 2 || entry.supports.several_objectives
    };
    let names: Vec<&str> = samplers().iter().filter(fits).map(|entry| entry.name).collect();
    format!(
        "Sampler that proposes candidates: {}; with options as 'tpe{{startup=20}}', see `automl \
         parts` [default: {default}]",
        names.join(", ")
    )
}

/// The help of `--space`.
pub(crate) fn space_help() -> String {
    let spaces = SpaceName::ALL.map(|space| {
        let summary = space.summary().trim_end_matches('.');
        format!("{space} ({}{})", summary[..1].to_lowercase(), &summary[1..])
    });
    format!("Networks that are searched: {} [default: {}]", either(&spaces), SpaceName::default())
}

/// The help of `--zero-cost-proxy`.
pub(crate) fn proxy_help() -> String {
    let none = ZeroCostProxy::None;
    let scores: Vec<&str> =
        ZeroCostProxy::ALL.iter().filter(|p| **p != none).map(|proxy| proxy.name()).collect();
    format!(
        "Of three proposals for each of the first 20 candidates, keep the best by a zero-cost proxy: {} \
         [default: {none}]",
        either(&scores)
    )
}

/// The help of `--cost-objective`.
pub(crate) fn cost_help() -> String {
    let costs = CostObjective::ALL.map(CostObjective::name);
    let default = CostObjective::default();
    format!(
        "The cost that is minimized beside the error: {}; flash and ram are bytes of the int8 program \
         [default: {default}]",
        either(&costs)
    )
}

/// Alternatives in words.
fn either(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The help of `--scheduler`.
pub(crate) fn scheduler_help(default: &str) -> String {
    let names: Vec<&str> = schedulers().iter().map(|entry| entry.name).collect();
    format!(
        "Scheduler that stops bad candidates early: {}; with options as 'asha{{eta=4}}', see \
         `automl parts` [default: {default}]",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_part_is_explained() {
        let page = page();
        for (title, parts) in lists() {
            assert!(page.contains(&format!("## {title}\n")), "{title}");
            for (name, summary) in parts {
                assert!(page.contains(&format!("### `{name}`\n")) && !summary.is_empty(), "{name}");
            }
        }
    }
}
