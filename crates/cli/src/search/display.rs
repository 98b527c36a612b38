//! Progress of a search on standard error: one line on a terminal, plain lines otherwise.

use crate::output::note;
use automl::search::{Event, Progress, Settings, Summary};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Shows events on standard error.
pub(crate) struct Display {
    bar: Option<ProgressBar>,
}

impl Display {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let style = "{bar:24.cyan/dim} {pos}/{len}  {wide_msg}";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        Self { bar }
    }

    /// Shows one event.
    pub(crate) fn show(&self, event: &Event) {
        match event {
            Event::Start(start) => {
                self.line(&format!("study   {} in {}", start.study, start.folder.display()));
                self.line(&format!("data    {}", start.data));
                let workers = plural(start.workers, "worker");
                self.line(&format!("device  {} ({workers})", start.device));
                self.line(&format!(
                    "search  {} candidates, judged after {}",
                    start.trials, start.judged
                ));
                if !start.limits.is_empty() {
                    self.line(&format!("        {}", start.limits));
                }
                if start.known > 0 {
                    self.line(&format!("        going on after {} trials", start.known));
                }
            }
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
                self.line(&format!("final   training {networks} of the front for {epochs} epochs"));
            }
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
            Event::Note(note) => self.line(note),
            _ => {}
        }
    }

    /// Clears the progress line.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => note(text),
        }
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

/// The front as a table.
pub(crate) fn table(summary: &Summary, settings: &Settings) -> String {
    let timed = settings.search.wants_latency();
    let latency = if timed { format!("{:>10}  ", "latency") } else { String::new() };
    let mut text = format!(
        "\n{:>11}  {:>12}  {latency}{:>7}  {:>10}  {:>8}  files\n",
        "parameters", "MACs", "loss", "validation", "test"
    );
    for network in &summary.front {
        let latency = match network.latency_us {
            Some(time) if timed => format!("{:>7.0} us  ", time),
            _ => String::new(),
        };
        let folder = network.files.first().and_then(|f| f.rsplit_once('/')).map_or("", |(d, _)| d);
        text.push_str(&format!(
            "{:>11}  {:>12}  {latency}{:>7.4}  {:>9.2}%  {:>7.2}%  {folder}/\n",
            thousands(network.params),
            thousands(network.macs),
            network.validation_loss,
            network.validation_accuracy * 100.0,
            network.test_accuracy * 100.0,
        ));
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
    let folder = settings.runs.join(&summary.study);
    text.push_str(&format!(
        "\n{} trials in {}; everything lies in {}/",
        summary.trials,
        time(Duration::from_secs_f64(summary.seconds)),
        folder.display()
    ));
    text
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
