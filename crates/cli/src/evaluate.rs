//! `automl evaluate`: a trained network on labeled images.

mod show;

use crate::Failure;
use crate::network::{NetworkArgs, all_threads, manifest, note, read, split};
use automl::data::metrics::{MetricsReport, Tally};
use automl::data::{Dataset, Images, Manifest, Split};
use automl::deploy::{Classifier, NetworkFile, Prediction, TrainedNetwork, TrainingData};
use clap::{Args, ValueEnum, value_parser};
use show::{Mistake, Result as Shown};
use std::collections::HashSet;

pub(crate) const LONG: &str = "\
Evaluate a trained network on labeled images: accuracy, macro F1, precision and recall of each class,
the confusion matrix, and the worst errors by file name.

For the data set of the training, the images are those of its test split, which the network has not
seen; for another one, all images. Classes are matched by name.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask evaluate runs/digits-1/front/trial-7
      the test images of the data set in the network's record

  cargo xtask evaluate runs/trash/front/trial-3 --data-dir new-photos --json
      a folder of images for each class";

/// Options of `automl evaluate`.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// Which images [default: test for the data set of the training, all for another]
    #[arg(long, value_name = "PART", value_enum)]
    split: Option<Part>,
    /// How many of the worst errors are listed
    #[arg(long, value_name = "N", default_value_t = 10)]
    errors: usize,
    /// One JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
}

/// `--split`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Train,
    Validation,
    Test,
    All,
}

impl Part {
    fn splits(self) -> &'static [Split] {
        match self {
            Self::Train => &[Split::Train],
            Self::Validation => &[Split::Validation],
            Self::Test => &[Split::Test],
            Self::All => &[Split::Train, Split::Validation, Split::Test],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Train => "training images",
            Self::Validation => "validation images",
            Self::Test => "test images",
            Self::All => "all images",
        }
    }
}

/// Evaluates and shows the result.
pub(crate) fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let network = args.network.load()?;
    let Some(training) = args.network.training(&network) else {
        return Err("the record names no data set: give --dataset or --data-dir".into());
    };
    let (classifier, record) = (Classifier::new(&network)?, &network.record);
    // Identity and manifest are those of the classes in the network's order.
    let dataset = read(record, &training)?.with_class_order(&record.classes);
    let labels = Labels::new(record, &dataset)?;
    let known = manifest(&network)?;
    let is_known = is_of_training(&network, &training, &dataset, known.as_ref());
    let part = args.split.unwrap_or(if is_known { Part::Test } else { Part::All });
    if part == Part::All && !is_known {
        note(other_data(&dataset, known.as_ref()));
    }
    let parts = images(part, &network, &training, &dataset, is_known)?;
    let threads = args.threads.map_or_else(all_threads, |threads| threads as usize);
    let mut tally = Tally::new(record.graph.classes);
    let mut mistakes = Vec::new();
    for images in &parts {
        fits(record, images, &dataset.name)?;
        let predictions = classifier.classify_images(images, threads);
        for (index, prediction) in predictions.iter().enumerate() {
            let truth = labels.class(images.labels[index]);
            tally.add(&prediction.log_probabilities, truth);
            if prediction.class() != truth {
                let file = images.file_name(&dataset.files, index);
                let file = file.map_or_else(|| format!("image {index}"), str::to_owned);
                mistakes.push(mistake(file, record, prediction, truth));
            }
        }
    }
    mistakes.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    let wrong = mistakes.len();
    mistakes.truncate(args.errors);
    let report = MetricsReport::new(&tally.evaluation(), &record.classes, 0);
    let data = format!("{}, {}", dataset.name, part.name());
    Shown { data, report, wrong, mistakes }.show(args.json)
}

/// Whether a data set is the one of the network's training, perhaps with other names of files; by its
/// name where the record has no fingerprint.
fn is_of_training(
    network: &TrainedNetwork,
    training: &TrainingData,
    dataset: &Dataset,
    known: Option<&Manifest>,
) -> bool {
    if known.is_some_and(|known| !known.files.is_empty() && known.changes(dataset).is_none()) {
        return true;
    }
    match &network.record.data {
        Some(known) => known.fingerprint == dataset.identity().fingerprint,
        None => network.training_data().is_some_and(|known| known.dataset == training.dataset),
    }
}

/// A note on a data set other than that of the training, with the images that it shares.
fn other_data(dataset: &Dataset, known: Option<&Manifest>) -> String {
    let files = known.into_iter().flat_map(|known| &known.files);
    let trained: HashSet<&str> =
        files.filter(|file| file.part == Split::Train).map(|file| file.hash.as_str()).collect();
    let shared = dataset.files.iter().filter(|file| trained.contains(file.hash.as_str())).count();
    let shared = if shared > 0 {
        format!(", {shared} of them training images of the network")
    } else {
        String::new()
    };
    format!("{} is not the data set of the training: all of its images count{shared}", dataset.name)
}

/// The images that are evaluated.
fn images(
    part: Part,
    network: &TrainedNetwork,
    training: &TrainingData,
    dataset: &Dataset,
    is_known: bool,
) -> Result<Vec<Images>, Failure> {
    if part == Part::All && !is_known {
        let others = [&dataset.validation, &dataset.test].into_iter().flatten();
        return Ok(std::iter::once(&dataset.train).chain(others).cloned().collect());
    }
    let data = split(network, training, dataset)?;
    Ok(part.splits().iter().map(|&part| data.images(part).clone()).collect())
}

/// Refuses images of another size.
fn fits(record: &NetworkFile, images: &Images, name: &str) -> Result<(), Failure> {
    let graph = &record.graph;
    if (images.channels, images.side) == (graph.input_channels, graph.input_side) {
        return Ok(());
    }
    Err(format!(
        "{name} has images of {} channels and side {}, the network takes {} and {}",
        images.channels, images.side, graph.input_channels, graph.input_side
    )
    .into())
}

fn mistake(file: String, record: &NetworkFile, prediction: &Prediction, truth: usize) -> Mistake {
    let predicted = prediction.class();
    Mistake {
        file,
        class: record.class_name(truth),
        predicted: record.class_name(predicted),
        probability: prediction.probability(truth),
        predicted_probability: prediction.probability(predicted),
    }
}

/// The network's classes by the data set's labels.
struct Labels(Vec<usize>);

impl Labels {
    /// Matches classes by name; by number where the record names none.
    fn new(record: &NetworkFile, data: &Dataset) -> Result<Self, Failure> {
        if record.classes.is_empty() {
            if data.classes > record.graph.classes {
                let (found, known) = (data.classes, record.graph.classes);
                return Err(
                    format!("{} has {found} classes, the network {known}", data.name).into()
                );
            }
            return Ok(Self((0..data.classes).collect()));
        }
        let class = |name: &String| {
            let found = record.classes.iter().position(|known| known == name);
            found.ok_or_else(|| format!("the network knows no class {name:?} of {}", data.name))
        };
        Ok(Self(data.class_names.iter().map(class).collect::<Result<_, _>>()?))
    }

    fn class(&self, label: u16) -> usize {
        self.0[usize::from(label)]
    }
}
