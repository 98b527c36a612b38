//! `automl parts`: samplers and schedulers with their options.

use crate::Failure;
use crate::output::say;
use automl::registry::{Entry, reference, samplers, schedulers};
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
        return say(reference().trim_end());
    }
    let Some(name) = &args.name else {
        let samplers = list("Samplers", samplers());
        return say(format!("{samplers}\n{}", list("Schedulers", schedulers()).trim_end()));
    };
    let page = reference();
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
        let known = samplers().iter().map(|entry| entry.name);
        let known: Vec<&str> = known.chain(schedulers().iter().map(|entry| entry.name)).collect();
        let nearest = automl::study::part::nearest(name, known.iter().copied());
        let hint = nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default();
        return Err(format!("there is no part {name:?}{hint}: `automl parts` lists them").into());
    }
    say(found.trim_end())
}

/// Names with their first sentence.
fn list<P: ?Sized>(title: &str, entries: &[Entry<P>]) -> String {
    let lines = entries.iter().map(|entry| format!("  {:<16} {}\n", entry.name, entry.summary()));
    format!("{title}\n{}", lines.collect::<String>())
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

/// The help of `--scheduler`.
pub(crate) fn scheduler_help(default: &str) -> String {
    let names: Vec<&str> = schedulers().iter().map(|entry| entry.name).collect();
    format!(
        "Scheduler that stops bad candidates early: {}; with options as 'asha{{eta=4}}', see \
         `automl parts` [default: {default}]",
        names.join(", ")
    )
}
