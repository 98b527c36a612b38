//! The options of `automl search`, each of which stands for one setting.

use crate::Failure;
use crate::output::ShowArgs;
use crate::parts::{cost_help, proxy_help, sampler_help, scheduler_help, space_help};
use crate::settings::{Assignment, DataArgs, SettingsArgs, number, path, seed, text};
use automl::search::{Bytes, Count, ExportTarget, Settings, Trainings};
use automl::settings::Board;
use clap::Args;
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Search for light networks on a data set.

Candidates come from a space of seven searched blocks (convolutions, depthwise and bottleneck \
blocks, inverted residuals, ...). Each is trained for a few epochs; the good ones go on, the bad \
ones stop early. In the end you get a Pareto front of networks, accuracy against size, each \
trained to the end, tested once and saved with its weights.

Without any option it searches on a small embedded data set of handwritten digits, which takes \
a few minutes on two CPU cores.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask search
      digits: 90 candidates, a front of small networks in runs/digits-1/

  cargo xtask search --dataset fashion-mnist --data-dir ~/data --max-params 20000 --timeout 30m
      at most 20,000 parameters, finished within half an hour

  cargo xtask search --dataset cifar10 --data-dir ~/data --cost-objective macs --max-macs 20000000
      accuracy against multiply-accumulates

  cargo xtask search --dataset cifar10 --data-dir ~/data --recipe long
      the long recipe: batch 128, SGD along a cosine, RandAugment, 200 epochs

  cargo xtask search --trials 50 --search-and-learn
      a weight-sharing network learns first, then 3 candidates are tried in place of 50

  cargo xtask search --space elastic --search-and-learn --max-params 20000
      one training for all candidates, of which the front's networks inherit their weights

  cargo xtask search --tune recipe
      optimizer, learning rate, decay, batch and augmentation are searched with the networks

  cargo xtask search --study digits-1 --trials 120
      go on with an earlier study, to 120 candidates in all

  PGPASSWORD=... cargo xtask search --study big --storage postgresql://me@host/automl
      the same line on every machine: each adds its workers to the one study

  cargo xtask search --config search.toml --set training.epochs=40
      settings from a file (docs/reference/search.toml shows all of them), one changed

What you get, in runs/<study>/:
  report.html    the front, curves, importance and all trials as a page, renewed while the search runs
  summary.json   trials, seconds and the front, for programs
  study.db       every trial; Optuna and its dashboard open it: sqlite:///runs/<study>/study.db
  front/trial-<n>/
                 model.yaml, weights.safetensors, weights.bpk and metrics.json of each network

Ctrl-C ends a search cleanly, with exit status 130, and shows the front so far; `--study <name>` goes on \
where it was, whatever ended it, and `--study <name> --finish` trains the front of what is recorded. A second \
process with the same `--study <name>` joins the first one, and the last to end in a folder trains \
the front. Without `--study` each command begins a study of its own.";

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    data: DataArgs,

    #[arg(long, value_name = "NAME", help_heading = "Search", help = space_help())]
    space: Option<String>,
    /// How many candidates to try [default: 90]
    #[arg(long, value_name = "N", help_heading = "Search")]
    trials: Option<u64>,
    /// The longest the whole run may take, final training included: 90s, 30m, 2h
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    timeout: Option<String>,
    /// The most parameters that a network may have, such as 20000 or 20k; larger ones are never trained [default: by the
    /// images: 30,000 up to 16 pixels, 200,000 up to 40, else 1.5 M; none with --max-macs, --max-flash, --board or
    /// --max-latency, nor for nas-bench-macro]
    #[arg(long, value_name = "N", help_heading = "Search")]
    max_params: Option<Count>,
    /// The most multiply-accumulates per image that a network may have, such as 2.5M [default: by the images: 1 M
    /// up to 16 pixels, 2.5 M up to 40, else 60 M; none for nas-bench-macro]
    #[arg(long, value_name = "N", help_heading = "Search")]
    max_macs: Option<Count>,
    /// The most flash for the constants of a network's int8 program, such as 128k (131,072 bytes)
    #[arg(long, value_name = "BYTES", help_heading = "Search")]
    max_flash: Option<Bytes>,
    /// The most RAM for its activations, such as 64k
    #[arg(long, value_name = "BYTES", help_heading = "Search")]
    max_ram: Option<Bytes>,
    #[arg(long, value_name = "NAME", help_heading = "Search", help = board_help())]
    board: Option<String>,
    /// The longest that a network may take for one image on this device: 800us, 2ms
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    max_latency: Option<String>,
    #[arg(long, alias = "filter", value_name = "PROXY", help_heading = "Search", help = proxy_help())]
    zero_cost_proxy: Option<String>,
    /// Sides of the images in pixels that are searched with the networks, as in 32,48,64; images are read
    /// at the largest, and where --side is not square these are the shorter sides
    #[arg(long, value_name = "N,N,...", help_heading = "Search", value_delimiter = ',', value_parser = shorter_side)]
    sides: Vec<usize>,
    /// What candidates are compared by: accuracy, macro-f1, balanced-accuracy, loss or top5, on the
    /// validation images [default: accuracy]
    #[arg(long, value_name = "METRIC", help_heading = "Search")]
    metric: Option<String>,
    /// A formula to be maximized in place of the metric, such as 'f1 - 0.1*macs/1e6', of accuracy, f1,
    /// balanced_accuracy, loss, top5, params, macs, flash, ram (bytes) and latency (microseconds)
    #[arg(long, value_name = "FORMULA", help_heading = "Search", conflicts_with = "metric")]
    score: Option<String>,
    #[arg(long, alias = "against", value_name = "COST", help_heading = "Search", help = cost_help())]
    cost_objective: Option<String>,
    /// How many networks to train to the end and save [default: 18]
    #[arg(long, alias = "front", value_name = "N", help_heading = "Search")]
    final_networks: Option<usize>,
    /// Export the networks of the front: onnx, onnx-int8, c, rust. For int8, or with a limit of flash or
    /// RAM, networks that lose more than half a point in int8 are fine-tuned for it
    #[arg(long, value_name = "FORM,FORM,...", help_heading = "Search", value_delimiter = ',')]
    export: Vec<ExportTarget>,
    /// The most training images by which int8 is calibrated [default: 512]
    #[arg(long, value_name = "N", help_heading = "Search")]
    calibration: Option<usize>,
    /// Train the front of what --study has recorded now, and try no further candidate
    #[arg(long, help_heading = "Search", requires = "study")]
    finish: bool,
    /// How many times to train each of the final networks, from other weights each time, or auto: up to
    /// five times those between which chance may decide; the table then shows mean and standard
    /// deviation [default: 1]
    #[arg(long, value_name = "N|auto", help_heading = "Search")]
    repeat: Option<Trainings>,
    /// Cross-validate by so many parts: each candidate is trained without each of them in turn, and judged
    /// on all; for small data sets
    #[arg(long, value_name = "N", help_heading = "Search")]
    folds: Option<usize>,
    /// Let a shorter training replace a network of the front that an earlier run trained for longer
    #[arg(long, help_heading = "Search")]
    overwrite: bool,
    /// Learn from earlier searches, of which the fronts are tried first: names in the folder of runs,
    /// folders, files of databases or addresses, with #NAME for one study of several
    #[arg(long, value_name = "STUDY|FOLDER|URL", value_delimiter = ',', help_heading = "Search")]
    warm_start: Vec<String>,
    /// Go without the networks of other data sets that are tried first
    #[arg(long, help_heading = "Search")]
    no_portfolio: bool,
    /// Let a weight-sharing network learn first. In the space blocks it proposes candidates, and a twentieth
    /// of the trials, at least 3, is run; in the space elastic every candidate is a part of it, judged
    /// without training, and the front's networks go on with its weights
    #[arg(long, help_heading = "Search")]
    search_and_learn: bool,
    /// Search the recipe together with the networks: optimizer, learning rate, weight decay, batch, label
    /// smoothing, augmentation, average of the weights, and the side where --sides is not given
    #[arg(long, value_name = "recipe", help_heading = "Search", value_parser = ["recipe"])]
    tune: Option<String>,
    /// Sampler that proposes candidates, perhaps with options: NAME or 'NAME{option=value,...}'
    #[arg(long, value_name = "NAME", help_heading = "Search", help = sampler_help("auto", 2))]
    sampler: Option<String>,
    /// Scheduler that stops bad candidates early, perhaps with options
    #[arg(long, value_name = "NAME", help_heading = "Search", help = scheduler_help("asha"))]
    scheduler: Option<String>,

    /// How to train: short, or long (200 epochs, RandAugment) [default: short]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    recipe: Option<String>,
    /// Start the final training from the weights of another network, as far as they fit: new layers are
    /// trained first, the others then at three tenths of the learning rate
    #[arg(long, value_name = "NETWORK", help_heading = "Training")]
    init: Option<PathBuf>,
    /// Classes of unequal size: none, loss (weighted by class), sample (equal shares in each epoch) or
    /// auto (sample where the largest class has more than twice the images of the smallest) [default:
    /// auto]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    balance: Option<String>,
    /// The fidelities: epochs, or a file that `automl fidelities` wrote [default: epochs]
    #[arg(long, value_name = "FILE|epochs", help_heading = "Training")]
    ladder: Option<String>,
    /// The epochs of a candidate that is never stopped [default: 27; long: 200]
    #[arg(long, value_name = "N", help_heading = "Training")]
    epochs: Option<u64>,
    /// The epochs of the final training of the front's networks
    #[arg(long, value_name = "N", help_heading = "Training")]
    final_epochs: Option<u64>,
    /// Where to train: auto (a real GPU if there is one), cpu or gpu [default: auto]
    #[arg(long, value_name = "DEVICE", help_heading = "Training")]
    device: Option<String>,
    /// How many candidates to train at once [default: one per core on the CPU, one on a GPU]
    #[arg(long, value_name = "N", help_heading = "Training")]
    workers: Option<usize>,

    /// The study's name; a study of that name is continued, or joined where another process is at
    /// work on it [default: a new name, such as digits-1]
    #[arg(long, value_name = "NAME", help_heading = "Study")]
    study: Option<String>,
    /// Where the record is kept: a file, or for several machines
    /// postgresql://user:password@host/database [default: runs/<study>/study.db]
    #[arg(long, value_name = "FILE|URL", help_heading = "Study")]
    storage: Option<String>,
    /// The folder of all runs [default: runs]
    #[arg(long, value_name = "FOLDER", help_heading = "Study")]
    runs: Option<PathBuf>,
    /// The seed of every random decision [default: 0]
    #[arg(long, value_name = "N", help_heading = "Study", value_parser = seed())]
    seed: Option<u64>,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

/// The boards by name.
fn board_help() -> String {
    let names: Vec<&str> = Board::all().iter().map(|board| board.name).collect();
    format!(
        "A board whose half of flash and of RAM are the limits, unless those are given: {}",
        names.join(", ")
    )
}

/// Forms of export as TOML.
fn names(targets: &[ExportTarget]) -> String {
    let names: Vec<&str> = targets.iter().map(|target| target.name()).collect();
    format!("{names:?}")
}

/// One of the shorter sides that are searched.
fn shorter_side(text: &str) -> Result<usize, String> {
    let wrong = |_| {
        format!(
            "{text:?} is no number of pixels; these are shorter sides, and --side 96x64 gives the form of images"
        )
    };
    text.trim().parse().map_err(wrong)
}

impl SearchArgs {
    /// The options as settings.
    fn assignments(&self) -> impl Iterator<Item = Assignment> {
        let own = [
            ("search.trials", number(self.trials)),
            ("search.timeout", text(&self.timeout)),
            ("search.max-params", number(self.max_params)),
            ("search.max-macs", number(self.max_macs)),
            ("search.max-flash", number(self.max_flash.map(|bytes| bytes.0))),
            ("search.max-ram", number(self.max_ram.map(|bytes| bytes.0))),
            ("search.board", text(&self.board)),
            ("search.max-latency", text(&self.max_latency)),
            ("search.space", text(&self.space)),
            ("search.zero-cost-proxy", text(&self.zero_cost_proxy)),
            ("search.sides", (!self.sides.is_empty()).then(|| format!("{:?}", self.sides))),
            ("search.metric", text(&self.metric)),
            ("search.score", text(&self.score)),
            ("training.balance", text(&self.balance)),
            ("search.cost-objective", text(&self.cost_objective)),
            ("search.final-networks", number(self.final_networks)),
            ("search.calibration", number(self.calibration)),
            ("search.repeat", number(self.repeat)),
            ("training.folds", number(self.folds)),
            ("training.init", path(&self.init)),
            ("search.export", (!self.export.is_empty()).then(|| names(&self.export))),
            ("search.finish", self.finish.then(|| "true".to_owned())),
            ("search.overwrite", self.overwrite.then(|| "true".to_owned())),
            (
                "search.warm-start",
                (!self.warm_start.is_empty()).then(|| format!("{:?}", self.warm_start)),
            ),
            ("search.portfolio", self.no_portfolio.then(|| "false".to_owned())),
            ("search.search-and-learn", self.search_and_learn.then(|| "true".to_owned())),
            ("search.tune-recipe", self.tune.as_ref().map(|_| "true".to_owned())),
            ("search.sampler", text(&self.sampler)),
            ("search.scheduler", text(&self.scheduler)),
            ("training.recipe", text(&self.recipe)),
            ("fidelity.ladder", text(&self.ladder)),
            ("training.epochs", number(self.epochs)),
            ("training.final-epochs", number(self.final_epochs)),
            ("device", text(&self.device)),
            ("workers", number(self.workers)),
            ("study", text(&self.study)),
            ("storage", text(&self.storage)),
            ("runs", path(&self.runs)),
            ("seed", number(self.seed)),
        ];
        self.data.assignments().into_iter().chain(own)
    }

    /// The settings of the options and of the file that they name.
    pub(crate) fn load(&self) -> Result<Settings, Failure> {
        Ok(self.settings.load(self.assignments())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        search: SearchArgs,
    }

    #[test]
    fn options_of_parts_become_settings() {
        let args = ["x", "--sampler", "tpe{startup=20}", "--scheduler=asha{eta=4}"];
        let alone = Alone::parse_from(args);
        let settings: Vec<String> = alone
            .search
            .assignments()
            .filter_map(|(name, value)| value.map(|value| format!("{name}={value}")))
            .collect();
        let settings = automl::search::Settings::load(None, &settings).unwrap();
        assert_eq!(settings.search.sampler, "tpe{startup=20}".parse().unwrap());
        assert_eq!(settings.search.scheduler, "asha{eta=4}".parse().unwrap());
    }
}
