//! The options of `automl search`, each of which stands for one setting.

use clap::builder::RangedU64ValueParser;
use clap::{Args, value_parser};
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Search for light networks on a data set.

Candidates come from a space of seven searched blocks (convolutions, depthwise and bottleneck
blocks, inverted residuals, ...). Each is trained for a few epochs; the good ones go on, the bad
ones stop early. In the end you get a Pareto front of networks, accuracy against size, each
trained to the end, tested once and saved with its weights.

Without any option it searches on a small embedded data set of handwritten digits, which takes
a few minutes on two CPU cores.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask search
      digits: 90 candidates, a front of small networks in runs/digits-1/

  cargo xtask search --dataset fashion-mnist --data-dir ~/data --max-params 20000 --timeout 30m
      at most 20,000 parameters, finished within half an hour

  cargo xtask search --dataset cifar10 --data-dir ~/data --against macs --max-macs 20000000
      accuracy against multiply-accumulates

  cargo xtask search --dataset cifar10 --data-dir ~/data --recipe lecture
      the long recipe: batch 128, SGD along a cosine, RandAugment, 200 epochs

  cargo xtask search --trials 50 --search-and-learn
      a weight-sharing network learns first, then the 5 most promising candidates are tried

  cargo xtask search --learn-recipe
      hypergradients adjust the training recipe first

  cargo xtask search --study digits-1 --trials 120
      go on with an earlier study, to 120 candidates in all

  PGPASSWORD=... cargo xtask search --study big --storage postgresql://me@host/automl
      the same line on every machine: each adds its workers to the one study

  cargo xtask search --config search.toml --set training.epochs=40
      settings from a file (docs/search.toml shows all of them), one changed

What you get, in runs/<study>/:
  summary.json   trials, seconds and the front, for programs
  study.db       every trial; Optuna and its dashboard open it: sqlite:///runs/<study>/study.db
  front/trial-<n>/
                 model.yaml, weights.safetensors, weights.bpk and metrics.json of each network

Ctrl-C ends a search cleanly; whatever ends it, `--study <name>` goes on where it was. The same
command in a second process joins the first one; the last to end in a folder trains the front.";

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// digits (embedded), mnist, fashion-mnist, cifar10, or folder (a folder of images per class)
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    dataset: Option<String>,
    /// Where the data set's files lie (IDX or IDX.gz files, CIFAR-10 binary files, class folders)
    #[arg(long, value_name = "FOLDER", help_heading = "Data")]
    data_dir: Option<PathBuf>,

    /// blocks (seven searched blocks) or nas-bench-macro (its skeleton of eight layers) [default:
    /// blocks]
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    space: Option<String>,
    /// How many candidates to try [default: 90]
    #[arg(long, value_name = "N", help_heading = "Search")]
    trials: Option<u64>,
    /// The longest the whole run may take, final training included: 90s, 30m, 2h
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    timeout: Option<String>,
    /// The most parameters that a network may have; larger ones are never trained
    #[arg(long, value_name = "N", help_heading = "Search")]
    max_params: Option<u64>,
    /// The most multiply-accumulates per image that a network may have [default: by the images: 1 M
    /// up to 16 pixels, 2.5 M up to 40, else 60 M; none for nas-bench-macro]
    #[arg(long, value_name = "N", help_heading = "Search")]
    max_macs: Option<u64>,
    /// The longest that a network may take for one image on this device: 800us, 2ms
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    max_latency: Option<String>,
    /// Of three proposals for each of the first 20 candidates, keep the best by a cheap score:
    /// params, naswot, synflow or gradient-norm [default: none]
    #[arg(long, value_name = "SCORE", help_heading = "Search")]
    filter: Option<String>,
    /// What accuracy is weighed against: params, macs or latency [default: params]
    #[arg(long, value_name = "COST", help_heading = "Search")]
    against: Option<String>,
    /// How many networks of the front to train to the end and save [default: 18]
    #[arg(long, value_name = "N", help_heading = "Search")]
    front: Option<usize>,
    /// Let a weight-sharing network learn first and propose candidates: a tenth of the trials is run
    #[arg(long, help_heading = "Search")]
    search_and_learn: bool,
    /// Learn learning rate, weight decay, label smoothing and augmentation by hypergradients in a
    /// training before the search; used where they do better
    #[arg(long, help_heading = "Search")]
    learn_recipe: bool,
    /// Who proposes candidates [default: auto]
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    sampler: Option<String>,
    /// Who stops bad candidates early [default: asha]
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    scheduler: Option<String>,

    /// How to train: light (short) or lecture (200 epochs, RandAugment) [default: light]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    recipe: Option<String>,
    /// The fidelities: epochs, or a file that `automl fidelities` wrote [default: epochs]
    #[arg(long, value_name = "FILE|epochs", help_heading = "Training")]
    ladder: Option<String>,
    /// The epochs of a candidate that is never stopped [default: 27; lecture: 200]
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
    /// work on it [default: a new name]
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

    /// A TOML file of settings; the options above go before it
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub(crate) config: Option<PathBuf>,
    /// Change one setting of the file, as in --set training.batch=64; may be repeated
    #[arg(long, value_name = "PATH=VALUE", help_heading = "Settings")]
    set: Vec<String>,
    /// Check the settings and print them, without searching
    #[arg(long, help_heading = "Settings")]
    pub(crate) dry_run: bool,
}

impl SearchArgs {
    /// The options as assignments, those of `--set` first so that named options win.
    pub(crate) fn assignments(&self) -> Vec<String> {
        let text = |value: &Option<String>| value.as_ref().map(|v| quote(v));
        let path = |value: &Option<PathBuf>| value.as_ref().map(|v| quote(&v.to_string_lossy()));
        let options = [
            ("data.dataset", text(&self.dataset)),
            ("data.dir", path(&self.data_dir)),
            ("search.trials", self.trials.map(|n| n.to_string())),
            ("search.timeout", text(&self.timeout)),
            ("search.max-params", self.max_params.map(|n| n.to_string())),
            ("search.max-macs", self.max_macs.map(|n| n.to_string())),
            ("search.max-latency", text(&self.max_latency)),
            ("search.space", text(&self.space)),
            ("search.filter", text(&self.filter)),
            ("search.against", text(&self.against)),
            ("search.front", self.front.map(|n| n.to_string())),
            ("search.search-and-learn", self.search_and_learn.then(|| "true".to_owned())),
            ("search.learn-recipe", self.learn_recipe.then(|| "true".to_owned())),
            ("search.sampler", text(&self.sampler)),
            ("search.scheduler", text(&self.scheduler)),
            ("training.recipe", text(&self.recipe)),
            ("fidelity.ladder", text(&self.ladder)),
            ("training.epochs", self.epochs.map(|n| n.to_string())),
            ("training.final-epochs", self.final_epochs.map(|n| n.to_string())),
            ("device", text(&self.device)),
            ("workers", self.workers.map(|n| n.to_string())),
            ("study", text(&self.study)),
            ("storage", text(&self.storage)),
            ("runs", path(&self.runs)),
            ("seed", self.seed.map(|n| n.to_string())),
        ];
        assigned(&self.set, options)
    }
}

/// Assignments of `--set`, then those of the named options that were given.
pub(crate) fn assigned(
    set: &[String],
    options: impl IntoIterator<Item = (&'static str, Option<String>)>,
) -> Vec<String> {
    let given = options.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let given = given.map(|(name, value)| format!("{name}={value}"));
    set.iter().cloned().chain(given).collect()
}

/// Seeds as TOML holds them.
pub(crate) fn seed() -> RangedU64ValueParser {
    value_parser!(u64).range(..=i64::MAX as u64)
}

/// A string of TOML.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", control as u32));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
