//! `automl import`: an ONNX model as the folder of a trained network.

use crate::Failure;
use crate::network::note;
use crate::output::say;
use crate::settings::extent;
use automl::data::{BACKGROUND, OrientationRule, Preprocessing, ResizeRule};
use automl::deploy::{NetworkFile, TrainedNetwork};
use automl::extent::Extent;
use clap::Args;
use std::path::{Path, PathBuf};

pub(crate) const LONG: &str = "\
Read an ONNX model of a convolutional classifier as a trained network, which is then evaluated,
trained, compressed and exported as any other.

Read are Conv, BatchNormalization, activations, pooling, Add, Concat, Gemm, MatMul and channel
attention. A node that cannot be read is named.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask import resnet.onnx --out runs/resnet --classes classes.txt \\
      --mean .485,.456,.406 --sd .229,.224,.225
  cargo xtask evaluate runs/resnet --data-dir photos
  cargo xtask compress runs/resnet --keep .5 --data-dir photos --out runs/half

Mean and deviation are those of pixels in 0..1. They may be left out where the model normalizes
pixels itself, as those of `automl export` do.";

/// Options of `automl import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The ONNX file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder for the network
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Pixels of the images along a side, or HEIGHTxWIDTH, where the model leaves it open
    #[arg(long, value_name = "N|HxW", value_parser = extent::<8192>)]
    side: Option<Extent>,
    /// A file with the names of the classes in order, one a line
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// Mean of the pixels, in 0..1, by channel
    #[arg(long, value_name = "M,...", value_delimiter = ',', requires = "sd")]
    mean: Option<Vec<f32>>,
    /// Standard deviation of the pixels by channel
    #[arg(long, value_name = "S,...", value_delimiter = ',', requires = "mean")]
    sd: Option<Vec<f32>>,
    /// How images get their height and width: squash, crop or pad
    #[arg(long, value_name = "RULE", value_parser = rule)]
    resize: Option<ResizeRule>,
}

fn rule(name: &str) -> Result<ResizeRule, String> {
    ResizeRule::named(name).ok_or_else(|| "one of squash, crop, pad".into())
}

/// Reads the model and writes the folder.
pub(crate) fn run(args: &ImportArgs) -> Result<(), Failure> {
    let mut network = TrainedNetwork::read_onnx(&args.file, args.side)?;
    let record = &mut network.record;
    if let Some(path) = &args.classes {
        record.classes = names(path, record.graph.classes)?;
    }
    if let (Some(mean), Some(sd)) = (&args.mean, &args.sd) {
        record.input = Some(preprocessing(record, mean, sd)?);
    }
    if let (Some(rule), Some(input)) = (args.resize, &mut record.input) {
        input.resize = rule;
    }
    let taken = ["network.json", "model.yaml", "weights.safetensors"].map(|f| args.out.join(f));
    if let Some(file) = taken.iter().find(|file| file.exists()) {
        return Err(format!("{} exists already; choose another folder", file.display()).into());
    }
    network.write(&args.out)?;
    // What is given here is no longer lacking.
    let network = TrainedNetwork {
        notes: network.notes.into_iter().filter(|n| !n.starts_with("the record")).collect(),
        ..network
    };
    for text in network.notes.iter().chain(&TrainedNetwork::read(&args.out)?.notes) {
        note(text);
    }
    let cost = network.record.graph.cost();
    say(format_args!(
        "{}: {} parameters, {} multiply-accumulates, {} classes",
        args.out.display(),
        cost.parameters,
        cost.macs,
        network.record.graph.classes
    ))
}

/// The lines of a file of class names.
fn names(path: &Path, classes: usize) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    if names.len() != classes {
        let (path, found) = (path.display(), names.len());
        return Err(format!("{path} has {found} lines, and the network {classes} classes").into());
    }
    Ok(names)
}

fn preprocessing(record: &NetworkFile, mean: &[f32], sd: &[f32]) -> Result<Preprocessing, Failure> {
    let (channels, side) = (record.graph.input_channels, record.graph.input_side);
    if !matches!(channels, 1 | 3) {
        return Err(format!("the network takes {channels} channels, and images have 1 or 3").into());
    }
    let positive = sd.iter().all(|sd| sd.is_finite() && *sd > 0.0);
    if mean.len() != channels || sd.len() != channels || !positive {
        return Err(format!("--mean and --sd take {channels} numbers, --sd positive ones").into());
    }
    if record.input.is_some() {
        return Err("the model normalizes pixels itself: leave out --mean and --sd".into());
    }
    Ok(Preprocessing {
        channels,
        side,
        resize: ResizeRule::default(),
        background: BACKGROUND,
        orientation: OrientationRule::Exif,
        mean: mean.to_vec(),
        sd: sd.to_vec(),
    })
}
