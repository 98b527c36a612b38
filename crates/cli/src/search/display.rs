//! Progress of a search on standard error: one line on a terminal, plain lines otherwise.

use crate::output;
use automl::data::metrics::Metric;
use automl::search::{Event, FinalProgress, Network, Progress, Settings, Start, Summary};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shows events on standard error.
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    /// Whether more than notes is shown.
    shows_progress: bool,
    /// The time of the last plain line of progress.
    said: Mutex<Option<Instant>>,
}

/// The least time between two plain lines of progress.
const SAID_EVERY: Duration = Duration::from_secs(20);

impl Display {
    pub(crate) fn new(shows_progress: bool) -> Self {
        let has_bar = shows_progress && std::io::stderr().is_terminal();
        let bar = has_bar.then(|| {
            let bar = ProgressBar::new(0);
            let style = "{bar:24.cyan/dim} {pos}/{len}  {wide_msg}";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        output::set_progress(bar.clone());
        Self { bar, shows_progress, said: Mutex::new(None) }
    }

    /// Shows one event.
    pub(crate) fn show(&self, event: &Event) {
        match event {
            Event::Note(note) => self.line(note),
            _ if !self.shows_progress => {}
            Event::Start(start) => self.start(start),
            Event::Learning { epoch, epochs, loss, accuracy } => {
                let accuracy =
                    accuracy.map_or_else(String::new, |a| format!("  held out {:6.2}%", a * 100.0));
                let state = format!("loss {loss:.3}{accuracy}");
                match &self.bar {
                    Some(bar) => {
                        bar.set_length(*epochs);
                        bar.set_position(*epoch);
                        bar.set_message(format!("learning  {state}"));
                    }
                    None => self.line(&format!("learn   epoch {epoch:>3} of {epochs}  {state}")),
                }
            }
            Event::Learned { candidates, starts, accuracy } => {
                let best = accuracy
                    .map_or_else(String::new, |a| format!(", the best has {:.2}%", a * 100.0));
                let networks = plural(*candidates, "network");
                self.line(&format!(
                    "learnt  {networks} ranked by shared weights{best}; {starts} are tried first"
                ));
            }
            Event::Progress(progress) => {
                if let Some(bar) = &self.bar {
                    bar.set_length(progress.trials);
                    bar.set_position(progress.tried.min(progress.trials));
                    bar.set_message(state(progress));
                }
            }
            Event::Candidate { trial, state, reason, epochs, accuracy, params, .. }
                if self.bar.is_none() || *state == "failed" =>
            {
                let accuracy = accuracy
                    .map_or_else(|| "      -".to_owned(), |a| format!("{:6.2}%", a * 100.0));
                let reason = reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
                self.line(&format!(
                        "trial {trial:>4}  {state:<8} epoch {epochs:>3}  {accuracy}  {:>9} parameters{reason}",
                        thousands(*params)
                    ));
            }
            Event::Final { networks, epochs } => {
                if let Some(bar) = &self.bar {
                    bar.set_length(*networks as u64);
                    bar.set_position(0);
                    bar.set_message("final training");
                }
                let networks = plural(*networks, "network");
                self.line(&format!(
                    "final   training {networks} of the front for at least {epochs} epochs"
                ));
            }
            Event::FinalProgress(progress) => self.final_progress(progress),
            Event::Trained(network) => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
                self.line(&format!(
                    "trained {:>9} parameters  test {:6.2}%",
                    thousands(network.params),
                    network.test_accuracy * 100.0
                ));
            }
            _ => {}
        }
    }

    fn start(&self, start: &Start) {
        self.line(&format!("study   {} in {}", start.study, start.folder.display()));
        self.line(&format!("data    {}", start.data));
        let workers = plural(start.workers, "worker");
        let memory = start.memory as f64 / 1e9;
        self.line(&format!("device  {} ({workers}, about {memory:.1} GB of memory)", start.device));
        self.line(&format!("search  {} candidates, judged after {}", start.trials, start.judged));
        if !start.limits.is_empty() {
            self.line(&format!("        {}", start.limits));
        }
        if start.known > 0 {
            self.line(&format!("        going on after {} trials", start.known));
        }
    }

    fn final_progress(&self, progress: &FinalProgress) {
        let FinalProgress { networks, done, left, .. } = *progress;
        let left = time(left);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("final training  about {left} left"));
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            self.line(&format!("final   {done} of {networks} networks, about {left} left"));
            *said = Some(Instant::now());
        }
    }

    /// Clears the progress line.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            output::set_progress(None);
        }
    }

    fn line(&self, text: &str) {
        output::note(text);
    }
}

fn state(progress: &Progress) -> String {
    let best = progress.best.map_or_else(|| "-".into(), |b| format!("{:.2}%", b * 100.0));
    let left = progress.left.map_or_else(String::new, |t| format!("  about {} left", time(t)));
    format!(
        "{} running  best {best}  front {}  {}{left}",
        progress.running,
        progress.front,
        time(progress.elapsed)
    )
}

/// The front of an interrupted search as a table; `None` before the first result.
pub(crate) fn so_far(summary: &Summary, settings: &Settings) -> Option<String> {
    if summary.so_far.is_empty() {
        return None;
    }
    let metric = match &settings.search.score {
        Some(_) => "score",
        None => settings.search.metric.title(),
    };
    let mut text = format!(
        "\nthe front so far, before its final training\n{:>11}  {:>12}  {:>7}  {metric:>17}  trial\n",
        "parameters", "MACs", "epochs"
    );
    for network in &summary.so_far {
        text.push_str(&format!(
            "{:>11}  {:>12}  {:>7}  {:>17.4}  {:>5}\n",
            thousands(network.params),
            thousands(network.macs),
            network.epochs,
            network.value,
            network.trial
        ));
    }
    text.truncate(text.trim_end().len());
    Some(text)
}

/// The front as a table. On a terminal of so many columns that has no room for it, each network's files
/// stand on a line of their own, and columns that matter least are left out.
pub(crate) fn table(summary: &Summary, settings: &Settings, width: Option<usize>) -> String {
    let mut columns = columns(summary, settings);
    let needed = |columns: &[Column]| columns.iter().map(|column| column.width + 2).sum::<usize>();
    let files = summary.front.iter().map(|network| folder(network).len() + 1).max().unwrap_or(0);
    let is_narrow = width.is_some_and(|width| needed(&columns) + files > width);
    for title in ["MACs", "loss", "macro F1", "latency"] {
        if width.is_some_and(|width| needed(&columns) > width) {
            columns.retain(|column| column.title != title);
        }
    }
    let mut text = String::from("\n");
    for column in &columns {
        text.push_str(&format!("{:>1$}  ", column.title, column.width));
    }
    text.push_str(if is_narrow { "\n" } else { "files\n" });
    for network in &summary.front {
        for column in &columns {
            text.push_str(&format!("{:>1$}  ", (column.cell)(network), column.width));
        }
        text.push_str(if is_narrow { "\n  " } else { "" });
        text.push_str(&format!("{}/\n", folder(network)));
    }
    if let Some(scores) = &summary.scores {
        text.push_str(&format!(
            "\ncheap scores against the accuracy after {} epochs, {} networks\n",
            scores.epochs, scores.trials
        ));
        text.push_str(&format!("{:>14}  {:>9}  {:>8}\n", "score", "Spearman", "Kendall"));
        for row in &scores.rows {
            text.push_str(&format!(
                "{:>14}  {:>9.2}  {:>8.2}\n",
                row.score, row.spearman, row.kendall
            ));
        }
    }
    text.push_str(&notes(summary));
    let folder = settings.runs.join(&summary.study);
    text.push_str(&format!(
        "\n{} trials in {}; everything lies in {}/",
        summary.trials,
        time(Duration::from_secs_f64(summary.seconds)),
        folder.display()
    ));
    text
}

/// The folder of a network, relative to the study's.
fn folder(network: &Network) -> &str {
    network.files.first().and_then(|file| file.rsplit_once('/')).map_or("", |(folder, _)| folder)
}

/// What the columns mean, and the commands that export the networks.
fn notes(summary: &Summary) -> String {
    let mut text = String::new();
    if let Some(engine) = summary.front.iter().find_map(|network| network.latency_engine.as_ref()) {
        text.push_str(&format!("\nlatency of one image: {engine}"));
    }
    if summary.front.iter().any(|network| network.int8_accuracy.is_some()) {
        text.push_str("\nint8: test accuracy of the integer program, of which flash and RAM are");
    }
    let commands: Vec<&String> =
        summary.front.iter().filter_map(|network| network.deploy.as_ref()).collect();
    if !commands.is_empty() {
        text.push_str("\n\nto deploy\n");
    }
    for command in commands {
        text.push_str(&format!("  {command}\n"));
    }
    text
}

/// A column of the table of the front.
struct Column {
    title: &'static str,
    width: usize,
    cell: Cell,
}

/// The text of a network's cell.
type Cell = fn(&Network) -> String;

/// The columns that the settings and the networks call for.
fn columns(summary: &Summary, settings: &Settings) -> Vec<Column> {
    let search = &settings.search;
    let by_class = search.metric != Metric::Accuracy || search.score.is_some();
    let any = |of: fn(&Network) -> bool| summary.front.iter().any(of);
    let (counted, timed) = (any(|n| n.flash_bytes.is_some()), any(|n| n.latency_us.is_some()));
    let tested = any(|n| n.int8_accuracy.is_some());
    let repeated = any(|n| n.test_spread.is_some());
    let folded = any(|n| n.cross_validated.is_some());
    let column = |title, width, cell: Cell| Column { title, width, cell };
    let all = [
        (true, column("parameters", 11, |n| thousands(n.params))),
        (true, column("MACs", 12, |n| thousands(n.macs))),
        (counted, column("flash", 9, |n| n.flash_bytes.map_or_else(unknown, thousands))),
        (counted, column("RAM", 9, |n| n.ram_bytes.map_or_else(unknown, thousands))),
        (timed, column("latency", 10, latency)),
        (true, column("loss", 7, |n| format!("{:.4}", n.validation_loss))),
        (true, column("validation", 10, |n| percent(n.validation_accuracy))),
        (true, column("test", 8, |n| percent(n.test_accuracy))),
        (tested, column("int8", 8, |n| n.int8_accuracy.map_or_else(unknown, percent))),
        (repeated, column("mean test", 15, |n| spread(n.test_spread))),
        (folded, column("folds", 15, |n| spread(n.cross_validated))),
        (by_class, column("macro F1", 8, |n| n.test_macro_f1.map_or_else(unknown, percent))),
    ];
    all.into_iter().filter_map(|(is_shown, column)| is_shown.then_some(column)).collect()
}

fn latency(network: &Network) -> String {
    network.latency_us.map_or_else(unknown, |time| format!("{time:.0} us"))
}

fn spread(values: Option<(f64, f64)>) -> String {
    let spread = |(mean, sd)| format!("{} ± {:.2}", percent(mean), 100.0 * sd);
    values.map_or_else(unknown, spread)
}

fn unknown() -> String {
    "-".into()
}

fn percent(share: f64) -> String {
    format!("{:.2}%", 100.0 * share)
}

fn time(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds % 3600 / 60),
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A number in groups of three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshots::compare;

    const SUMMARY: &str = include_str!("../../../automl/testdata/finished/summary.json");

    /// The table of a recorded search; the same with everything that a search measures by default, and
    /// on a narrow terminal.
    #[test]
    fn the_final_table() {
        let mut summary: Summary = serde_json::from_str(SUMMARY).unwrap();
        let settings = Settings::default();
        compare("final-table", &table(&summary, &settings, None));
        for (network, number) in summary.front.iter_mut().zip(1..) {
            network.latency_us = Some(100.0 * f64::from(number));
            network.latency_engine = Some("own engine, 32-bit floats, one thread".into());
            (network.flash_bytes, network.ram_bytes) = (Some(9_348), Some(2_048));
            network.int8_accuracy = Some(network.test_accuracy);
            let trial = network.trial;
            network.deploy = Some(format!("automl export front/trial-{trial} --to c --out t.c"));
        }
        let rows = serde_json::json!([{ "score": "params", "spearman": 0.5, "kendall": 0.25 }]);
        let scores = serde_json::json!({ "epochs": 9, "trials": 20, "rows": rows });
        summary.scores = serde_json::from_value(scores).unwrap();
        compare("final-table-whole", &table(&summary, &settings, None));
        compare("final-table-narrow", &table(&summary, &settings, Some(80)));
    }
}
