//! `automl train`: one given network.

use crate::Failure;
use crate::output::{ShowArgs, say};
use crate::recipe::RecipeArgs;
use crate::settings::{Assignment, DataArgs, SettingsArgs, number, path, seed, text};
use automl::search::Settings;
use clap::{Args, value_parser};
use std::path::PathBuf;

pub(crate) const LONG: &str = "\
Train one network of a search, or one of your own, to the end.

The network is described by a model.yaml, such as those that a search leaves behind, or by a \
network.json, such as those of `compress`. It is trained from scratch as the final training of a \
search would train it, tested once and saved.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask train runs/digits-1/front/trial-7/model.yaml --seed 1 --out runs/again-1
      a network of a search once more, with other weights and another split

  cargo xtask train model.yaml --dataset cifar10 --data-dir ~/data --recipe long --out runs/mine
      a network of your own by the long recipe

  cargo xtask train model.yaml --optimizer adamw --ema 0.999 --mixup 0.2 --epochs 200 --out runs/mine
      with AdamW, an average of the weights and mixup

What you get, in the folder of --out:
  model.yaml or network.json, weights.safetensors, weights.bpk, metrics.json

Ctrl-C ends it; the same command again goes on from the last checkpoint in that folder.";

/// Options of `automl train`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct TrainArgs {
    /// The network: its model.yaml or network.json, or the folder of one
    #[arg(value_name = "NETWORK", required_unless_present = "print_grammar")]
    model: Option<PathBuf>,
    /// The folder for the trained network
    #[arg(long, value_name = "FOLDER", required_unless_present = "print_grammar")]
    out: Option<PathBuf>,
    /// Replace a trained network in that folder
    #[arg(long)]
    overwrite: bool,
    /// Print the format of model.yaml with every module and its arguments
    #[arg(long)]
    pub(crate) print_grammar: bool,

    #[command(flatten)]
    data: DataArgs,

    /// How to train: short, or long (200 epochs, RandAugment) [default: short]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    recipe: Option<String>,
    /// Start from the weights of another network, as far as they fit: new layers are
    /// trained first, the others then at three tenths of the learning rate
    #[arg(long, value_name = "NETWORK", help_heading = "Training")]
    init: Option<PathBuf>,
    /// Cross-validate by so many parts: the network is also trained without each of them, and validated by
    /// it; for small data sets
    #[arg(long, value_name = "N", help_heading = "Training")]
    folds: Option<usize>,
    /// Train on the task to tell by how much images are turned, which needs no labels; the result serves
    /// as --init of other trainings
    #[arg(long, help_heading = "Training")]
    pretrain: bool,
    /// Classes of unequal size: none, loss (weighted by class), sample (equal shares in each epoch) or
    /// auto (sample where the largest class has more than twice the images of the smallest) [default:
    /// auto]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    balance: Option<String>,
    /// How many epochs [default: those of a search's final training]
    #[arg(long, value_name = "N", help_heading = "Training", value_parser = value_parser!(u64).range(1..))]
    epochs: Option<u64>,
    /// Where to train: auto (a real GPU if there is one), cpu or gpu [default: auto]
    #[arg(long, value_name = "DEVICE", help_heading = "Training")]
    device: Option<String>,
    /// Threads on the CPU [default: one per core]
    #[arg(long, value_name = "N", help_heading = "Training", value_parser = value_parser!(u64).range(1..))]
    threads: Option<u64>,
    /// The seed of split, weights, order and augmentation [default: 0]
    #[arg(long, value_name = "N", help_heading = "Training", value_parser = seed())]
    seed: Option<u64>,

    #[command(flatten)]
    recipe_args: RecipeArgs,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

impl TrainArgs {
    /// The options as settings.
    fn assignments(&self) -> impl Iterator<Item = Assignment> {
        let own = [
            ("search.overwrite", self.overwrite.then(|| "true".to_owned())),
            ("training.recipe", text(&self.recipe)),
            ("training.balance", text(&self.balance)),
            ("training.init", path(&self.init)),
            ("training.folds", number(self.folds)),
            ("training.pretrain", self.pretrain.then(|| "true".to_owned())),
            ("training.final-epochs", number(self.epochs)),
            ("device", text(&self.device)),
            ("workers", number(self.threads)),
            ("seed", number(self.seed)),
        ];
        let recipe = self.recipe_args.assignments();
        self.data.assignments().into_iter().chain(own).chain(recipe)
    }

    /// The settings of the options and of the file that they name.
    pub(crate) fn load(&self) -> Result<Settings, Failure> {
        Ok(self.settings.load(self.assignments())?)
    }
}

/// Trains, or only checks the settings.
pub(crate) fn run(args: TrainArgs) -> Result<(), Failure> {
    if args.print_grammar {
        return say(automl::arch::Architecture::grammar().trim_end());
    }
    let settings = args.load()?;
    if args.settings.dry_run {
        return say(automl::search::to_toml(&settings).trim_end());
    }
    execute(&args, &settings)
}

#[cfg(not(feature = "train"))]
fn execute(_: &TrainArgs, _: &Settings) -> Result<(), Failure> {
    Err(crate::search::NO_TRAINING.into())
}

#[cfg(feature = "train")]
fn execute(args: &TrainArgs, settings: &Settings) -> Result<(), Failure> {
    use crate::output::Interrupted;
    use automl::search::{Completion, fit};
    use automl::study::StopFlag;
    let (Some(model), Some(out)) = (&args.model, &args.out) else {
        return Err("a network and --out are needed".into());
    };
    let stop = StopFlag::on_ctrl_c()?;
    let planned = std::sync::atomic::AtomicU64::new(0);
    let epochs = std::sync::Mutex::new(Vec::new());
    let observe = |progress: &fit::Progress| {
        if let fit::Progress::Epoch(report) = progress {
            let mut epochs = epochs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            epochs.push(automl::report::Epoch::new(report.epoch, report.loss));
        }
        if args.show.json {
            crate::json::fit_event(progress).into_iter().for_each(|line| drop(say(line)));
        } else if args.show.shows_progress() || matches!(progress, fit::Progress::Note(_)) {
            show(progress, &planned);
        }
    };
    match fit::run(settings, model, out, &stop, &observe)? {
        Completion::Finished(record) => {
            let epochs = epochs.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            crate::live::network_page(out, &epochs);
            if args.show.json {
                return say(
                    serde_json::json!({"event": "result", "folder": out, "metrics": record}),
                );
            }
            if let Some((mean, sd)) = record.cross_validated() {
                let (mean, sd) = (100.0 * mean, 100.0 * sd);
                let folds = record.folds.len();
                say(format_args!("{folds} folds: validation {mean:.2}% ± {sd:.2}"))?;
            }
            say(format_args!(
                "{} parameters, {} multiply-accumulates, {} epochs in {:.0} s: validation {:.2}%, \
             test {:.2}%\neverything lies in {}",
                record.params,
                record.macs,
                record.epochs,
                record.seconds,
                100.0 * record.validation_accuracy,
                100.0 * record.test_accuracy,
                out.display()
            ))
        }
        Completion::Interrupted => Err(Interrupted::because(
            "interrupted; the same command goes on from the last checkpoint",
        )),
    }
}

#[cfg(feature = "train")]
fn show(progress: &automl::search::fit::Progress, planned: &std::sync::atomic::AtomicU64) {
    use crate::output::note;
    use automl::search::fit::Progress;
    use std::sync::atomic::Ordering::Relaxed;
    match progress {
        Progress::Note(text) => note(format_args!("note    {text}")),
        Progress::Start { data, device, params, macs, epoch, epochs } => {
            note(format_args!("data    {data}"));
            note(format_args!("device  {device}"));
            note(format_args!("network {params} parameters, {macs} multiply-accumulates"));
            let from = if *epoch > 0 { format!(", from {epoch} on") } else { String::new() };
            note(format_args!("train   {epochs} epochs{from}"));
            planned.store(*epochs, Relaxed);
        }
        Progress::Init { network, tensors } => {
            note(format_args!("init    {tensors} tensors of {}", network.display()));
        }
        Progress::Epoch(report) => {
            let epochs = planned.load(Relaxed);
            let seconds = report.time.as_secs_f64();
            let left = seconds * epochs.saturating_sub(report.epoch) as f64;
            note(format_args!(
                "epoch {:>4} of {epochs}  loss {:.4}  {seconds:>6.1} s, about {left:.0} s left",
                report.epoch, report.loss
            ));
        }
        _ => {}
    }
}
