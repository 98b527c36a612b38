//! `automl fidelities`: which cheap settings rank networks as full training does.

use crate::Failure;
use crate::output::say;
use crate::settings::{Assignment, DataArgs, SettingsArgs, number, seed, text};
use automl::search::{Settings, Subset};
use clap::Args;
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Measure which cheap settings rank networks as full training does.

About 30 networks of the search's block space are trained at each of several settings (fewer \
epochs, fewer images by different ways of choosing them, smaller images), and twice at the full \
one. The table shows what each setting costs and how well it ranks the networks: Kendall's tau of the \
accuracies there and after the second full training, with its standard error. The first full \
training has a tau below one too: no setting can be expected to rank better.

The ladder to prefer leads up to the full setting, and each rung costs at most a third of the one \
above (with a tenth of slack). A setting is no rung where tau is not above zero by its standard \
error: a search would learn from it what does well there only. Ladders are tried out on what was \
measured: all candidates are compared at the first rung, a third of them at the second, and so on, \
and the network that wins counts with the second full training. Of all ladders that find networks as \
good as epochs alone (after a ninth and a third of the epochs, and at the end) for the same total \
cost, where a cheaper ladder compares more candidates, it is the one under which a candidate costs \
least.

Every training is written down as it ends. Who stops the command, or wants more networks or other \
settings, repeats it: what is known is not trained again.";

const EXAMPLES: &str = "\
Examples:
  cargo xtask fidelities
      digits: a table, and the ladder in runs/digits-ladder.toml

  cargo xtask fidelities --dataset fashion-mnist --data-dir ~/data --timeout 1h
  cargo xtask search --dataset fashion-mnist --data-dir ~/data \\
      --ladder runs/fashion-mnist-ladder.toml
      measure once, then search with the ladder

  cargo xtask fidelities --set 'fidelity.candidates=[{epochs=9, subset=\"herding\", share=0.3}]'
      compare settings of your own";

/// The examples, and the strategies that choose a part of the images.
pub(crate) fn examples() -> String {
    let line = |(_, name, summary): (Subset, &str, &str)| format!("\n  {name:17}{summary}");
    let subsets = Subset::ALL.map(line).concat();
    format!("{EXAMPLES}\n\nSubsets of the images:{subsets}")
}

/// Options of `automl fidelities`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct FidelitiesArgs {
    #[command(flatten)]
    data: DataArgs,

    /// How many networks to train at each setting [default: 30]
    #[arg(long, value_name = "N")]
    architectures: Option<u64>,
    /// The longest it may take: 90s, 30m, 2h; networks that are not through by then do not count
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// The most parameters that a network may have
    #[arg(long, value_name = "N")]
    max_params: Option<u64>,
    /// The most multiply-accumulates per image that a network may have
    #[arg(long, value_name = "N")]
    max_macs: Option<u64>,
    /// The epochs of the full setting [default: 27; long: 200]
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
    /// Where to train: auto (a real GPU if there is one), cpu or gpu [default: auto]
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// How many networks to train at once [default: one per core on the CPU, one on a GPU]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// The seed of every random decision [default: 0]
    #[arg(long, value_name = "N", value_parser = seed())]
    seed: Option<u64>,
    /// Where to write the ladder [default: runs/<dataset>-ladder.toml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where to keep what was measured, and look for what is known
    /// [default: runs/<dataset>-fidelities.jsonl]
    #[arg(long, value_name = "FILE")]
    measurements: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

impl FidelitiesArgs {
    /// The options as settings.
    fn assignments(&self) -> impl Iterator<Item = Assignment> {
        let own = [
            ("fidelity.architectures", number(self.architectures)),
            ("search.timeout", text(&self.timeout)),
            ("search.max-params", number(self.max_params)),
            ("search.max-macs", number(self.max_macs)),
            ("training.epochs", number(self.epochs)),
            ("device", text(&self.device)),
            ("workers", number(self.workers)),
            ("seed", number(self.seed)),
        ];
        self.data.assignments().into_iter().chain(own)
    }

    /// The settings of the options and of the file that they name.
    pub(crate) fn load(&self) -> Result<Settings, Failure> {
        Ok(self.settings.load(self.assignments())?)
    }
}

/// Measures, or only checks the settings.
pub(crate) fn run(args: FidelitiesArgs) -> Result<(), Failure> {
    let settings = args.load()?;
    let outputs = [&args.out, &args.measurements];
    outputs.into_iter().flatten().try_for_each(|out| crate::records::spare(out))?;
    if args.settings.dry_run {
        return say(automl::search::to_toml(&settings).trim_end());
    }
    execute(&settings, args.out, args.measurements)
}

#[cfg(not(feature = "train"))]
fn execute(_: &Settings, _: Option<PathBuf>, _: Option<PathBuf>) -> Result<(), Failure> {
    Err(crate::search::NO_TRAINING.into())
}

#[cfg(feature = "train")]
fn execute(
    settings: &Settings,
    out: Option<PathBuf>,
    measurements: Option<PathBuf>,
) -> Result<(), Failure> {
    use automl::study::StopFlag;
    let stop = StopFlag::on_ctrl_c()?;
    let place = |name| settings.runs.join(format!("{}-{name}", settings.data.dataset));
    let measurements = measurements.unwrap_or_else(|| place("fidelities.jsonl"));
    crate::output::note(format_args!("kept    in {}", measurements.display()));
    let done = automl::fidelities::measure(settings, Some(&measurements), &stop, &show)?;
    let ranking = done.finished().ok_or("interrupted")?;
    say(table(&ranking))?;
    let path = out.unwrap_or_else(|| place("ladder.toml"));
    let text = automl::search::ladder_toml(&ranking.ladder());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
    }
    std::fs::write(&path, &text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    say(format_args!("{text}\nwritten to {0}; search with it: --ladder {0}", path.display()))
}

#[cfg(feature = "train")]
fn show(progress: &automl::fidelities::Progress) {
    use crate::output::note;
    use automl::fidelities::Progress;
    match progress {
        Progress::Note(text) => note(text),
        Progress::Start { data, device, architectures, settings, workers } => {
            note(format_args!("data    {data}"));
            note(format_args!("device  {device} ({workers} at once)"));
            note(format_args!("train   {architectures} networks at {settings} settings"));
        }
        Progress::Architecture { done, elapsed } => {
            note(format_args!("network {done:>4}  {:>6.1} s", elapsed.as_secs_f64()));
        }
        _ => {}
    }
}

/// Settings by cost, then what to compare them with.
#[cfg(feature = "train")]
fn table(ranking: &automl::fidelities::Ranking) -> String {
    use automl::fidelities::Measured;
    let number = |tau: Option<f64>| tau.map_or_else(|| "-".to_owned(), |tau| format!("{tau:.2}"));
    let percent = |part: f64| format!("{:.1} %", 100.0 * part);
    let line = |mark: &str, name: &str, setting: &Measured| {
        format!(
            "{mark} {name:<58}{:>8}{:>9}{:>7} +- {}\n",
            percent(setting.cost),
            setting.time.map_or_else(String::new, percent),
            number(setting.tau),
            number(setting.error),
        )
    };
    let mut text = format!("  {:<58}{:>8}{:>9}{:>7}\n", "setting", "cost", "time", "tau");
    for (index, setting) in ranking.settings.iter().enumerate() {
        let mark = if ranking.preferred.contains(&index) { "*" } else { " " };
        text.push_str(&line(mark, &setting.name, setting));
    }
    let null = number(ranking.null);
    text.push_str(&format!("  {:<58}{:>8}{:>9}{null:>7}\n", "the number of parameters", "0 %", ""));
    text.push_str(&format!(
        "\n{} networks; tau: Kendall's tau-b with the full setting +- standard error\n",
        ranking.architectures
    ));
    let (preferred, epochs) = (ranking.by_preferred, ranking.by_epochs);
    text.push_str(&if ranking.preferred.is_empty() {
        "no cheaper ladder finds as good networks as epochs alone for the same total cost\n".to_owned()
    } else {
        format!(
            "* the ladder to prefer: a candidate costs {} of a full training, by epochs alone {};\n  \
             for the same total cost the best network has {} and {} on validation\n",
            percent(preferred.cost),
            percent(epochs.cost),
            percent(preferred.accuracy),
            percent(epochs.accuracy)
        )
    });
    text
}
