//! `automl compress`: a given network made smaller.

use crate::Failure;
use crate::output::{ShowArgs, say};
use crate::settings::{Assignment, DataArgs, SettingsArgs, number, seed, text};
use automl::search::Settings;
use clap::{Args, ValueEnum, value_parser};
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Make a trained network smaller.

Pruning removes the channels that the network needs least, whole coupled groups at a time, in steps \
with fine-tuning in between; what is left is a smaller dense network. Decomposition puts chains of \
thin layers in the place of wide ones. Either way the network is fine-tuned at three tenths of the \
learning rate, unless --rate says otherwise, and tested once before and once after.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask compress runs/digits-1/front/trial-7 --keep .5 --out runs/half
      half of the parameters of a network of a search

  cargo xtask compress model.yaml --weights weights.safetensors --method decompose --out runs/thin
      thin layers in the place of wide ones, with 90 % of the energy of each unfolding

  cargo xtask compress runs/mine --dataset cifar10 --data-dir ~/data --method both \\
      --max-macs 5000000 --out runs/small
      at most 5 million multiply-accumulates, half of the way by pruning

  cargo xtask compress runs/half --keep .5 --out runs/quarter
      once more half of it

What you get, in the folder of --out:
  network.json   the smaller network, node by node; `compress` and `train` read it
  weights.safetensors, weights.bpk, metrics.json

Data set, validation share (--set data.validation=0.2) and seed decide which images are for training \
and which for the test. For networks of `search`, `train` and `compress` they are those of their own \
training, and others are refused: they would test a network on images that it has learnt. For any \
other network, give those of its training; without, the data set is digits.";

/// The share of the analytic drop in rank that is made, so that fine-tuning has something left.
#[cfg(feature = "train")]
const EVBMF_SHARE: f64 = 0.8;

/// Options of `automl compress`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct CompressArgs {
    /// The network: a folder of a trained one, its model.yaml or its network.json
    #[arg(value_name = "NETWORK")]
    network: PathBuf,
    /// Its weights [default: weights.safetensors beside the network]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The folder for the smaller network
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// How: prune, decompose, or both (first the one, half of the way, then the other)
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Compression",
        value_enum,
        default_value = "prune"
    )]
    method: Method,
    /// The share that may stay, of the parameters or of what --of says
    #[arg(long, value_name = "SHARE", help_heading = "Compression", value_parser = share)]
    keep: Option<f64>,
    /// What --keep is a share of: params or macs
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Compression",
        value_enum,
        default_value = "params",
        requires = "keep"
    )]
    of: Share,
    /// The most parameters
    #[arg(long, value_name = "N", help_heading = "Compression")]
    max_params: Option<u64>,
    /// The most multiply-accumulates of one image
    #[arg(long, value_name = "N", help_heading = "Compression")]
    max_macs: Option<u64>,
    /// Ranks of a decomposition without a goal: the share of the energy (squared singular values)
    /// that stays of each of a layer's unfoldings, of which a convolution has two, by outputs and by
    /// inputs; or evbmf for analytic ranks
    #[arg(long, value_name = "RULE", help_heading = "Compression", default_value = "0.9", value_parser = ranks)]
    ranks: RankRule,
    /// What ranks channels: taylor (gradient times weight), l1, l2 (norms of filters) or random
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Compression",
        value_enum,
        default_value = "taylor"
    )]
    importance: Importance,
    /// In how many steps channels are removed
    #[arg(long, value_name = "N", help_heading = "Compression", default_value_t = 5, value_parser = value_parser!(u64).range(1..=1000))]
    steps: u64,
    /// The fewest units that a layer keeps. A unit is what can only be removed together: a channel
    /// with those tied to it, or a whole group of a convolution in groups
    #[arg(long, value_name = "N", help_heading = "Compression", default_value_t = 2, value_parser = value_parser!(u64).range(1..=65536))]
    min_channels: u64,
    /// The units that stay of coupled layers are a multiple of this, where there are as many: all of
    /// what a concatenation joins and a later sum ties, so single layers before it may differ
    #[arg(long, value_name = "N", help_heading = "Compression", default_value_t = 1, value_parser = value_parser!(u64).range(1..=1024))]
    multiple: u64,

    #[command(flatten)]
    data: DataArgs,

    /// The recipe of fine-tuning but for its learning rate: short or long [default: short]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    recipe: Option<String>,
    /// How many epochs of fine-tuning in all, 0 for none [default: a third of a search's final
    /// training]
    #[arg(long, value_name = "N", help_heading = "Training")]
    epochs: Option<u64>,
    /// The highest learning rate of fine-tuning, as a share of the recipe's
    #[arg(long, value_name = "SHARE", help_heading = "Training", default_value = "0.3", value_parser = rate)]
    rate: f64,
    /// Where to train: auto (a real GPU if there is one), cpu or gpu [default: auto]
    #[arg(long, value_name = "DEVICE", help_heading = "Training")]
    device: Option<String>,
    /// Threads on the CPU [default: one per core]
    #[arg(long, value_name = "N", help_heading = "Training", value_parser = value_parser!(u64).range(1..))]
    threads: Option<u64>,
    /// The seed of split, order and augmentation [default: that of the split of the network's
    /// training, where it is known, else 0]
    #[arg(long, value_name = "N", help_heading = "Training", value_parser = seed())]
    seed: Option<u64>,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    show: ShowArgs,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a share lies above 0 and below 1".into()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= 10.0 => Ok(rate),
        _ => Err("a share of the learning rate lies above 0 and is at most 10".into()),
    }
}

/// `--method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    Prune,
    Decompose,
    Both,
}

/// `--of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Share {
    Params,
    Macs,
}

/// `--importance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Importance {
    Taylor,
    L1,
    L2,
    Random,
}

/// `--ranks`.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "only a training build decomposes"))]
enum RankRule {
    Evbmf,
    Energy(f64),
}

fn ranks(text: &str) -> Result<RankRule, String> {
    if text == "evbmf" {
        return Ok(RankRule::Evbmf);
    }
    share(text).map(RankRule::Energy).map_err(|error| format!("{error}; or it is evbmf"))
}

impl CompressArgs {
    /// The options that are settings of a search too.
    fn assignments(&self) -> impl Iterator<Item = Assignment> {
        let own = [
            ("training.recipe", text(&self.recipe)),
            ("device", text(&self.device)),
            ("workers", number(self.threads)),
            ("seed", number(self.seed)),
        ];
        self.data.assignments().into_iter().chain(own)
    }

    /// The names of settings that are given, whatever their values.
    #[cfg(feature = "train")]
    fn meant(&self) -> Vec<String> {
        let given = self.assignments().filter_map(|(name, value)| value.and(Some(name)));
        self.settings.names().chain(given).map(str::to_owned).collect()
    }

    /// Whether it is said how small the network is to become.
    fn has_goal(&self) -> bool {
        self.keep.is_some() || self.max_params.is_some() || self.max_macs.is_some()
    }

    /// The settings of the options and of the file that they name.
    pub(crate) fn load(&self) -> Result<Settings, Failure> {
        let settings = self.settings.load(self.assignments())?;
        if !self.has_goal() && self.method != Method::Decompose {
            let needs = "pruning needs to know how far: give --keep, --max-params or --max-macs";
            return Err(needs.into());
        }
        Ok(settings)
    }
}

/// Compresses, or only checks the settings.
pub(crate) fn run(args: CompressArgs) -> Result<(), Failure> {
    let settings = args.load()?;
    if args.settings.dry_run {
        return say(automl::search::to_toml(&settings).trim_end());
    }
    execute(args, &settings)
}

#[cfg(not(feature = "train"))]
fn execute(_: CompressArgs, _: &Settings) -> Result<(), Failure> {
    Err(crate::search::NO_TRAINING.into())
}

#[cfg(feature = "train")]
fn execute(args: CompressArgs, settings: &Settings) -> Result<(), Failure> {
    use crate::output::Interrupted;
    use automl::compress::{self, MinChannels, Pruning};
    use automl::search::compression::{self, Goal, Job};
    use automl::study::StopFlag;
    let of_macs = args.of == Share::Macs;
    let meant = args.meant();
    let job = Job {
        method: match args.method {
            Method::Prune => compression::Method::Prune,
            Method::Decompose => compression::Method::Decompose,
            Method::Both => compression::Method::Both,
        },
        goal: Goal {
            keep_params: args.keep.filter(|_| !of_macs),
            keep_macs: args.keep.filter(|_| of_macs),
            max_params: args.max_params,
            max_macs: args.max_macs,
        },
        ranks: match args.ranks {
            RankRule::Evbmf => compress::RankRule::Evbmf { share: EVBMF_SHARE },
            RankRule::Energy(share) => compress::RankRule::Energy(share),
        },
        pruning: Pruning {
            importance: match args.importance {
                Importance::Taylor => compress::Importance::Taylor,
                Importance::L1 => compress::Importance::L1,
                Importance::L2 => compress::Importance::L2,
                Importance::Random => compress::Importance::Random,
            },
            steps: args.steps as usize,
            min_channels: MinChannels {
                units: args.min_channels as usize,
                multiple: args.multiple as usize,
            },
        },
        network: args.network,
        weights: args.weights,
        out: args.out,
        epochs: args.epochs,
        rate: args.rate,
        meant,
    };
    let stop = StopFlag::on_ctrl_c()?;
    let shown = args.show;
    let epochs = std::sync::Mutex::new(Vec::new());
    let observe = |progress: &compression::Progress| {
        if let compression::Progress::Step(compress::CompressionEvent::Epoch(report)) = progress {
            let mut epochs = epochs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            epochs.push(automl::report::Epoch::new(report.epoch, report.loss));
        }
        if shown.json {
            crate::json::compression_event(progress).into_iter().for_each(|line| drop(say(line)));
        } else if shown.shows_progress() || matches!(progress, compression::Progress::Note(_)) {
            show(progress);
        }
    };
    let done = compression::run(settings, &job, &stop, &observe)?.finished();
    let interrupted = || Interrupted::because("interrupted; nothing was saved");
    let done = done.ok_or_else(interrupted)?;
    let epochs = epochs.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    crate::live::network_page(&job.out, &epochs);
    if shown.json {
        return say(serde_json::json!({"event": "result", "folder": job.out, "metrics": done}));
    }
    say(format_args!("{}; everything lies in {}", table(&done), job.out.display()))
}

/// The network before and after, and the time.
#[cfg(feature = "train")]
fn table(done: &automl::search::NetworkRecord) -> String {
    use automl::search::compression::Measured;
    let row = |name: &str, m: &Measured| {
        format!(
            "{name:<8}{:>11}{:>14}{:>11.2}%{:>9.2}%",
            m.params,
            m.macs,
            100.0 * m.validation_accuracy,
            100.0 * m.test_accuracy
        )
    };
    format!(
        "        parameters          MACs  validation      test\n{}\n{}\n{} epochs in {:.0} s",
        done.compression.as_ref().map_or_else(String::new, |by| row("before", &by.before)),
        row("after", &done.measured()),
        done.epochs,
        done.seconds
    )
}

#[cfg(feature = "train")]
fn show(progress: &automl::search::compression::Progress) {
    use crate::output::note;
    use automl::compress::CompressionEvent;
    use automl::search::compression::Progress;
    match progress {
        Progress::Note(text) => note(format_args!("note    {text}")),
        Progress::Start { data, device, cost, budget, epochs } => {
            note(format_args!("data    {data}"));
            note(format_args!("device  {device}"));
            note(format_args!(
                "network {} parameters, {} multiply-accumulates",
                cost.parameters, cost.macs
            ));
            match budget {
                Some(budget) => note(format_args!("goal    {budget}, {epochs} epochs")),
                None => note(format_args!("goal    thinner layers, {epochs} epochs")),
            }
        }
        Progress::Step(CompressionEvent::Smaller { parameters, macs }) => {
            note(format_args!("smaller {parameters} parameters, {macs} multiply-accumulates"));
        }
        Progress::Step(CompressionEvent::Instead(error)) => {
            note(format_args!("note    {error}; channels are removed in its place"));
        }
        Progress::Step(CompressionEvent::Epoch(report)) => note(format_args!(
            "epoch {:>4}  loss {:.4}  {:>6.1} s",
            report.epoch,
            report.loss,
            report.time.as_secs_f64()
        )),
        _ => {}
    }
}
