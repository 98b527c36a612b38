//! `automl export`: a trained network as a file for another program or a device.

mod code;
mod int8;
mod list;
mod onnx;
mod onnx_int8;
mod target;

use crate::Failure;
use crate::network::NetworkArgs;
use crate::output::say;
use crate::records::spare;
use automl::deploy::onnx::{Batch, InputRange};
use automl::settings::near;
use clap::Args;
use std::path::PathBuf;
use target::{Job, Target};

pub(crate) const LONG: &str = "\
Write a trained network as a file for another program or a device.

Batch normalization is folded into the convolutions, and the normalization of pixels is part of the
file. A file is written whole or not at all.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo xtask export runs/digits-1/front/trial-7 --to onnx --out digits.onnx
      an ONNX model (opset 17) of one image at a time, with pixels in 0..1

  cargo xtask export runs/half --to onnx --batch dynamic --input 0..255 --out half.onnx
      any number of images, with pixels in 0..255

  cargo xtask export runs/half --to c --out digits.c
  cargo xtask export runs/half --to rust --calibration 1024 --out digits
      source code in int8 for a microcontroller, calibrated with images of the training

The metadata of an ONNX model holds the class names in order, mean and deviation, the rule for
squares, accuracy, parameters and multiply-accumulates. docs/guides/deploy.md goes on from there, to
TensorFlow Lite for example.";

/// Options of `automl export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[arg(long, value_name = "TARGET", value_parser = Target::named, help = Target::help())]
    to: &'static Target,
    /// The file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Images that the network takes at once: a number, or dynamic for any
    #[arg(long, value_name = "N", default_value = "1", value_parser = batch)]
    batch: Batch,
    /// Pixels that the network takes: 0..1, 0..255, or normalized by the caller
    #[arg(long, value_name = "RANGE", default_value = "0..1", value_parser = range)]
    input: InputRange,
    /// The most training images that int8 is calibrated with
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = calibration)]
    calibration: usize,
}

fn calibration(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    count.ok_or_else(|| "it is 1 to 1000000".into())
}

fn batch(text: &str) -> Result<Batch, String> {
    match (text, text.parse()) {
        ("dynamic", _) => Ok(Batch::Dynamic),
        (_, Ok(count)) if (1..=65_536).contains(&count) => Ok(Batch::Fixed(count)),
        _ => Err("it is 1 to 65536, or dynamic".into()),
    }
}

fn range(text: &str) -> Result<InputRange, String> {
    let ranges = [InputRange::Unit, InputRange::Bytes, InputRange::Normalized];
    let found = ranges.into_iter().find(|range| range.name() == text);
    let known = ranges.map(InputRange::name);
    found.ok_or_else(|| format!("one of {}{}", known.join(", "), near(text, known)))
}

/// Writes the file and says what it is.
pub(crate) fn run(args: &ExportArgs) -> Result<(), Failure> {
    spare(&args.out)?;
    let network = args.network.load()?;
    let job = Job {
        network: &network,
        out: &args.out,
        batch: args.batch,
        range: args.input,
        training: args.network.training(&network),
        calibration: args.calibration,
    };
    say((args.to.write)(&job)?)
}
