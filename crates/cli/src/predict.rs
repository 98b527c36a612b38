//! `automl predict`: classes of image files.

mod files;
mod show;

use crate::Failure;
use crate::network::{NetworkArgs, all_threads};
use automl::data::DecodeError;
use automl::deploy::{Classifier, Prediction};
use clap::{Args, value_parser};
use files::Input;
use show::Table;
use std::ffi::OsString;

pub(crate) const LONG: &str = "\
Classify images with a trained network.

Images are read as in the training: turned upright, resized by the same rule, normalized by the
same mean and deviation. An image that cannot be read is named on standard error, the others go on,
and the command fails in the end.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask predict runs/digits-1/front/trial-7 seven.png
  cargo xtask predict runs/trash/front/trial-3 photos --top 3
      all images in a folder and below, three classes for each

  find photos -name '*.jpg' | cargo xtask predict runs/half - --json
      paths from standard input, one a line; results as JSON lines

  curl -s \"$URL\" | cargo xtask predict runs/half -
      one image from standard input

The forms of a line of JSON:
  {\"class\":\"7\",\"file\":\"a.png\",\"probability\":0.93,\"top\":[{\"class\":\"7\",\"probability\":0.93}]}
  {\"error\":\"is no image\",\"file\":\"b.png\"}";

/// Options of `automl predict`.
#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// Image files and folders of them; - for an image, or a list of paths, on standard input
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<OsString>,
    /// How many classes are shown for each image
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u64).range(1..=65_536))]
    top: u64,
    /// JSON lines instead of a table
    #[arg(long)]
    json: bool,
    /// Images that are held in memory at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u64).range(1..=65_536))]
    batch: u64,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
}

/// What became of one image.
type Answer = Result<Prediction, DecodeError>;

/// Classifies all images; an error at the end if some cannot be read.
pub(crate) fn run(args: &PredictArgs) -> Result<(), Failure> {
    let network = args.network.load()?;
    let classifier = Classifier::new(&network)?;
    let files::Found { inputs, missing, other } = files::find(&args.images)?;
    let threads = args.threads.map_or_else(all_threads, |threads| threads as usize);
    let table = Table::new(&network.record, args.top as usize, args.json);
    for (file, error) in &missing {
        table.failure(file, error)?;
    }
    let mut bad = missing.len();
    for inputs in inputs.chunks(args.batch as usize) {
        let answers = classify(&classifier, inputs, threads);
        table.show(inputs, &answers)?;
        bad += answers.iter().filter(|answer| answer.is_err()).count();
    }
    if other > 0 {
        crate::network::note(format_args!("{other} files in the folders are not images"));
    }
    match (bad, inputs.len()) {
        (0, 0) => {
            let places: Vec<_> = args.images.iter().map(|image| image.to_string_lossy()).collect();
            Err(format!("there are no images in {}", places.join(", ")).into())
        }
        (0, _) => Ok(()),
        (1, _) => Err("1 image could not be read".into()),
        (bad, _) => Err(format!("{bad} images could not be read").into()),
    }
}

/// Classifies images on several threads, in their order.
fn classify(classifier: &Classifier, inputs: &[Input], threads: usize) -> Vec<Answer> {
    let share = inputs.len().div_ceil(threads.max(1)).max(1);
    let work = |inputs: &[Input]| -> Vec<Answer> {
        let mut session = classifier.session();
        let answer = |input: &Input| classifier.classify_in(&mut session, &input.read()?);
        inputs.iter().map(answer).collect()
    };
    if share >= inputs.len() {
        return work(inputs);
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            inputs.chunks(share).map(|inputs| scope.spawn(move || work(inputs))).collect();
        // A thread only ends early by a panic, which goes on here.
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
