//! `automl latency`: how long networks take on the device at hand.

use crate::Failure;
#[cfg(feature = "train")]
use crate::output::say;
use crate::settings::extent;
use automl::extent::Extent;
use automl::search::Device;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Options of `automl latency`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct LatencyArgs {
    /// Pixels of the images along a side, or HEIGHTxWIDTH
    #[arg(long, value_name = "N|HxW", default_value = "32", value_parser = extent::<512>)]
    side: Extent,
    /// Channels of the images
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=64))]
    channels: u64,
    /// The most parameters of the networks that are timed
    #[arg(long, default_value_t = 200_000)]
    max_params: u64,
    /// How many networks are timed; every fourth judges the table that the others make
    #[arg(long, default_value_t = 160, value_parser = clap::value_parser!(u64).range(32..=10_000))]
    networks: u64,
    /// Images that are classified at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=4096))]
    batch: u64,
    /// Where to run: auto (a real GPU if there is one), cpu or gpu
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceName,
    /// The seed of the networks that are drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A file for the table and its report, as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Check the options without measuring
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl LatencyArgs {
    /// The device to run on.
    pub(crate) fn device(&self) -> Device {
        match self.device {
            DeviceName::Auto => Device::Auto,
            DeviceName::Cpu => Device::Cpu,
            DeviceName::Gpu => Device::Gpu,
        }
    }
}

/// `--device`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DeviceName {
    Auto,
    Cpu,
    Gpu,
}

pub(crate) fn run(args: &LatencyArgs) -> Result<(), Failure> {
    args.out.iter().try_for_each(|out| crate::records::spare(out))?;
    if args.dry_run {
        return Ok(());
    }
    execute(args)
}

#[cfg(feature = "train")]
fn execute(args: &LatencyArgs) -> Result<(), Failure> {
    use automl::arch::{BlockSpace, BlockSpaceOptions, Graph, NetworkSpace};
    use automl::train::{DeviceChoice, Timing, choose};
    let device = choose(match args.device() {
        Device::Cpu => DeviceChoice::Cpu,
        Device::Gpu => DeviceChoice::Gpu,
        Device::Auto => DeviceChoice::Auto,
    })?;
    let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
    let (channels, side) = (args.channels as usize, args.side);
    let allowed = |network: &Graph| network.cost().parameters <= args.max_params;
    let blocks = BlockSpace::within(channels, side, 10, &options, allowed)?;
    let space = NetworkSpace::Blocks(blocks);
    let timing = Timing { batch: args.batch as usize, ..Timing::default() };
    say(format_args!("device  {}", device.description))?;
    let (device, never) = (&device.device, || false);
    let (count, seed) = (args.networks, args.seed);
    let profile =
        automl::search::latency::profile(&space, &allowed, count, &timing, seed, device, &never)?;
    say(format_args!("latency {}", profile.report))?;
    if let Some(path) = &args.out {
        std::fs::write(path, serde_json::to_string_pretty(&profile)?)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

#[cfg(not(feature = "train"))]
fn execute(_: &LatencyArgs) -> Result<(), Failure> {
    Err("this build cannot run networks; run `cargo xtask latency`, or build with \
         `cargo build --release -p automl-rs-cli`"
        .into())
}
