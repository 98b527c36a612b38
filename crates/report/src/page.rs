//! The page: one file with style, script and data.

mod overview;
mod trials;

use crate::figure::{
    correlations, curves, failures, front, importance_bars, networks, parallel, progress, slices,
    timeline,
};
use crate::payload;
use crate::{Importance, StudyData, importance};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

const STYLE: &str = include_str!("../assets/report.css");
const SCRIPT: &str = include_str!("../assets/report.js");

/// The bytes of a page within which the table and the cards of networks stay.
const SIZE: usize = 490_000;

/// The bytes of head, navigation, and frames of table and parallel coordinates.
const FRAME: usize = 8_000;

/// The least bytes of the cards of networks.
const LEAST_NETWORKS: usize = 60_000;

/// Options of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageOptions {
    /// Whether the study is under way: the page loads itself again at times.
    pub is_live: bool,
    /// The time of writing in microseconds since 1970, UTC; now where it is `None`.
    pub written: Option<i64>,
}

/// A section of the page: its anchor, its heading and its content.
type Section = (&'static str, &'static str, Markup);

/// The report of a study as one HTML page without any reference to another file but the study's own.
///
/// Names and messages are escaped. Of thousands of trials the table and the figures show a sample, so that
/// the page stays below 500 kB, and say so. Plots of the front have up to 10,000 marks, which is every trial
/// of most studies; importance, hypervolume, best values and correlations are of all.
///
/// # Examples
/// ```
/// use automl_report::{PageOptions, StudyData, html};
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("<script>", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?.optimize(9, |config| config[x])?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// let page = html(&data, &PageOptions::default());
/// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("&lt;script&gt;"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn html(data: &StudyData, options: &PageOptions) -> String {
    let rankings: Vec<Vec<Importance>> =
        (0..data.objectives().len()).map(|at| importance(data, at)).collect();
    let important = important(data, &rankings);
    let (sections, json) = sections(data, &rankings, &important);
    let header = overview::header(data, options);
    document(data.name(), "#front", options.is_live, &header, &sections, data.place(), Some(&json))
}

/// A whole page of sections; `json` are the data of its script, which is left out without any.
pub(crate) fn document(
    title: &str,
    first: &str,
    is_live: bool,
    header: &Markup,
    sections: &[Section],
    place: &str,
    json: Option<&str>,
) -> String {
    // A page that is made to be opened from a disk still refuses everything that is not in it.
    let nonce = nonce(json.unwrap_or_default());
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'nonce-{nonce}'; \
         base-uri 'none'; form-action 'none'"
    );
    html! {
        (DOCTYPE)
        html lang="en" data-live[is_live] {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("automl ", env!("CARGO_PKG_VERSION")));
                title { (title) " · report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href=(first) { "Skip to the first result" }
                header { (header) }
                nav aria-label="Sections" {
                    ul { @for (id, title, _) in sections { li { a href=(format!("#{id}")) { (title) } } } }
                }
                main {
                    @for (id, title, content) in sections {
                        section id=(id) aria-labelledby=(format!("{id}-title")) {
                            h2 id=(format!("{id}-title")) { (title) }
                            (content)
                        }
                    }
                }
                footer {
                    p {
                        "Made by automl " (env!("CARGO_PKG_VERSION")) " from " (place)
                        ". Everything is in this file; it loads nothing else."
                    }
                }
                @if let Some(json) = json {
                    dialog #trial aria-labelledby="trial-title" {
                        form method="dialog" { button.close aria-label="Close" { "×" } }
                        div #trial-content {}
                    }
                    div #tip role="presentation" hidden {}
                    script type="application/json" id="data" { (PreEscaped(json)) }
                    script nonce=(nonce) { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }
    .into_string()
}

/// The sections that have content, and the data of the page's script. The figures come first, the table
/// takes what they leave of a page, and the cards of networks the rest of it.
fn sections(
    data: &StudyData,
    rankings: &[Vec<Importance>],
    important: &[usize],
) -> (Vec<Section>, String) {
    let best = if data.objectives().len() == 1 { "Values" } else { "Front" };
    let mut all: [(&str, &str, Option<Markup>); 12] = [
        ("setup", "What was asked, what came out", Some(overview::facts(data))),
        ("front", best, front(data)),
        ("networks", "Networks", None),
        ("progress", "Progress", progress(data)),
        ("curves", "Learning curves", curves(data)),
        ("importance", "Importance", importance_bars(data, rankings)),
        ("slices", "Slices", slices(data, important)),
        ("parallel", "Parallel coordinates", None),
        ("timeline", "Timeline", timeline(data)),
        ("rungs", "Rungs", correlations(data)),
        ("failures", "Failures", failures(data)),
        ("trials", "Trials", None),
    ];
    let figures: usize =
        all.iter().filter_map(|(_, _, content)| Some(content.as_ref()?.0.len())).sum();
    let room = SIZE.saturating_sub(figures + STYLE.len() + SCRIPT.len() + FRAME);
    let cards = if data.networks().is_empty() { 0 } else { LEAST_NETWORKS };
    let (sample, json) = payload::embedded(data, important, room.saturating_sub(cards));
    all[7].2 = parallel(data, &sample, important);
    all[11].2 = trials::trials(data, &sample);
    all[2].2 = networks(data, room.saturating_sub(json.len()).max(LEAST_NETWORKS));
    let present = all.into_iter().filter_map(|(id, title, content)| Some((id, title, content?)));
    (present.collect(), json)
}

/// The parameters by their importance for any objective, without those that never differ.
fn important(data: &StudyData, rankings: &[Vec<Importance>]) -> Vec<usize> {
    let mut total = vec![0.0; data.params().len()];
    for item in rankings.iter().flatten() {
        total[item.param] += item.share;
    }
    let differs = |param: &usize| {
        let mut values = data.trials().iter().filter_map(|trial| trial.config.value(*param));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let mut order: Vec<usize> = (0..total.len()).filter(differs).collect();
    order.sort_by(|a, b| total[*b].total_cmp(&total[*a]).then(a.cmp(b)));
    order
}

/// A word that nothing in the page's data can know.
fn nonce(json: &str) -> String {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(json);
    format!("{hash:016x}")
}
