//! The options of `automl search`, each of which stands for one setting.

use crate::Failure;
use crate::parts::{sampler_help, scheduler_help};
use crate::settings::{Assignment, DataArgs, SettingsArgs, number, path, seed, text};
use automl::search::Settings;
use clap::Args;
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

  cargo xtask search --dataset cifar10 --data-dir ~/data --cost-objective macs --max-macs 20000000
      accuracy against multiply-accumulates

  cargo xtask search --dataset cifar10 --data-dir ~/data --recipe long
      the long recipe: batch 128, SGD along a cosine, RandAugment, 200 epochs

  cargo xtask search --trials 50 --search-and-learn
      a weight-sharing network learns first, then 3 candidates are tried in place of 50

  cargo xtask search --learn-recipe
      hypergradients adjust the training recipe first

  cargo xtask search --study digits-1 --trials 120
      go on with an earlier study, to 120 candidates in all

  PGPASSWORD=... cargo xtask search --study big --storage postgresql://me@host/automl
      the same line on every machine: each adds its workers to the one study

  cargo xtask search --config search.toml --set training.epochs=40
      settings from a file (docs/reference/search.toml shows all of them), one changed

What you get, in runs/<study>/:
  summary.json   trials, seconds and the front, for programs
  study.db       every trial; Optuna and its dashboard open it: sqlite:///runs/<study>/study.db
  front/trial-<n>/
                 model.yaml, weights.safetensors, weights.bpk and metrics.json of each network

Ctrl-C ends a search cleanly; whatever ends it, `--study <name>` goes on where it was. A second
process with the same `--study <name>` joins the first one, and the last to end in a folder trains
the front. Without `--study` each command begins a study of its own.";

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    data: DataArgs,

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
    /// The most parameters that a network may have; larger ones are never trained [default: by the
    /// images: 30,000 up to 16 pixels, 200,000 up to 40, else 1.5 M; none with --max-macs or
    /// --max-latency, nor for nas-bench-macro]
    #[arg(long, value_name = "N", help_heading = "Search")]
    max_params: Option<u64>,
    /// The most multiply-accumulates per image that a network may have [default: by the images: 1 M
    /// up to 16 pixels, 2.5 M up to 40, else 60 M; none for nas-bench-macro]
    #[arg(long, value_name = "N", help_heading = "Search")]
    max_macs: Option<u64>,
    /// The longest that a network may take for one image on this device: 800us, 2ms
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    max_latency: Option<String>,
    /// Of three proposals for each of the first 20 candidates, keep the best by a zero-cost proxy:
    /// params, naswot, synflow or gradient-norm [default: none]
    #[arg(long, alias = "filter", value_name = "PROXY", help_heading = "Search")]
    zero_cost_proxy: Option<String>,
    /// The cost that is minimized beside the error: params, macs or latency [default: params]
    #[arg(long, alias = "against", value_name = "COST", help_heading = "Search")]
    cost_objective: Option<String>,
    /// How many networks to train to the end and save [default: 18]
    #[arg(long, alias = "front", value_name = "N", help_heading = "Search")]
    final_networks: Option<usize>,
    /// Let a weight-sharing network learn first and propose candidates: a twentieth of the trials, at
    /// least 3, is run
    #[arg(long, help_heading = "Search")]
    search_and_learn: bool,
    /// Learn learning rate, weight decay, label smoothing and augmentation by hypergradients in a
    /// training before the search; used where they do better
    #[arg(long, help_heading = "Search")]
    learn_recipe: bool,
    /// Sampler that proposes candidates, perhaps with options: NAME or 'NAME{option=value,...}'
    #[arg(long, value_name = "NAME", help_heading = "Search", help = sampler_help("auto", 2))]
    sampler: Option<String>,
    /// Scheduler that stops bad candidates early, perhaps with options
    #[arg(long, value_name = "NAME", help_heading = "Search", help = scheduler_help("asha"))]
    scheduler: Option<String>,

    /// How to train: short, or long (200 epochs, RandAugment) [default: short]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    recipe: Option<String>,
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
}

impl SearchArgs {
    /// The options as settings.
    fn assignments(&self) -> impl Iterator<Item = Assignment> {
        let own = [
            ("search.trials", number(self.trials)),
            ("search.timeout", text(&self.timeout)),
            ("search.max-params", number(self.max_params)),
            ("search.max-macs", number(self.max_macs)),
            ("search.max-latency", text(&self.max_latency)),
            ("search.space", text(&self.space)),
            ("search.zero-cost-proxy", text(&self.zero_cost_proxy)),
            ("search.cost-objective", text(&self.cost_objective)),
            ("search.final-networks", number(self.final_networks)),
            ("search.search-and-learn", self.search_and_learn.then(|| "true".to_owned())),
            ("search.learn-recipe", self.learn_recipe.then(|| "true".to_owned())),
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
