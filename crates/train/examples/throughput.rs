//! Training speed on the CPU: images per second and per CPU-second of four networks.
//!
//! `cargo run --release -p automl-train --example throughput -- [--steps N] [--workers N]
//! [--threads N] [--net NAME]`: so many trainings side by side, each on so many threads.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{Augmentation, DataSplits, Dataset, Images, Recipe};
use automl_numeric::stream;
use automl_train::{Training, cpu};
use rand::RngExt;
use rayon::ThreadPoolBuilder;
use std::sync::Arc;
use std::time::Instant;

const BATCH: usize = 128;

/// Images of one channel and 28 pixels, or of three and 32.
const INPUTS: [(usize, usize); 2] = [(1, 28), (3, 32)];

fn head(mut layers: Vec<Layer>, (channels, side): (usize, usize)) -> Architecture {
    layers.push(Layer::once(Block::GlobalAvgPool));
    layers.push(Layer::once(Block::Flatten));
    layers.push(Layer::once(Block::linear(10)));
    Architecture::new(channels, side, layers)
}

fn conv(channels: usize, kernel: usize, stride: usize, activation: Activation) -> Layer {
    Layer::once(Block::conv(channels, kernel, stride, activation))
}

/// Five 3x3 convolutions: 103 thousand parameters.
fn plain(input: (usize, usize)) -> Architecture {
    let conv = |channels, stride| conv(channels, 3, stride, Activation::Relu);
    head(vec![conv(32, 1), conv(32, 1), conv(64, 2), conv(64, 1), conv(64, 2)], input)
}

/// A small network of inverted residuals: a stem and five blocks.
fn inverted(input: (usize, usize)) -> Architecture {
    let block = |c, t, s| Layer::once(Block::inverted_residual(3, t, c, s));
    let relu = Activation::Relu;
    let layers = vec![
        conv(16, 3, 1, relu),
        block(24, 3.0, 2),
        block(24, 3.0, 1),
        block(40, 3.0, 2),
        block(40, 3.0, 1),
        block(64, 3.0, 1),
        conv(128, 1, 1, relu),
    ];
    head(layers, input)
}

/// MobileNetV2 of half width with strides for small images (chenyaofo/pytorch-cifar-models).
fn mobilenet(input: (usize, usize)) -> Architecture {
    let block = |channels, expansion, repeat, stride| {
        Layer::new(
            repeat,
            Block::InvertedResidualV2(block::InvertedResidualV2 {
                channels,
                expansion,
                stride,
                eca: false,
            }),
        )
    };
    let layers = vec![
        conv(16, 3, 1, Activation::Relu6),
        block(8, 1.0, 1, 1),
        block(16, 6.0, 2, 1),
        block(16, 6.0, 3, 2),
        block(32, 6.0, 4, 2),
        block(48, 6.0, 3, 1),
        block(80, 6.0, 3, 2),
        block(160, 6.0, 1, 1),
        conv(1280, 1, 1, Activation::Relu6),
    ];
    head(layers, input)
}

/// Inverted residuals with squeeze-and-excitation and hard-swish.
fn excited(input: (usize, usize)) -> Architecture {
    let block = |kernel, channels, stride| {
        let (expansion, squeeze_excite, hard_swish, eca) = (3.0, true, true, false);
        Layer::once(Block::InvertedResidualV3(block::InvertedResidualV3 {
            kernel,
            expansion,
            channels,
            squeeze_excite,
            hard_swish,
            stride,
            eca,
        }))
    };
    let stem = conv(16, 3, 1, Activation::HardSwish);
    head(vec![stem, block(3, 24, 2), block(3, 24, 1), block(5, 40, 2), block(5, 40, 1)], input)
}

fn data(
    steps: usize,
    (channels, side): (usize, usize),
) -> Result<DataSplits, Box<dyn std::error::Error>> {
    let mut rng = stream(0, 0, "noise");
    let count = steps * BATCH * 2;
    let pixels = (0..count * channels * side * side).map(|_| rng.random()).collect();
    let labels = (0..count).map(|i| (i % 10) as u16).collect();
    let train = Images::new(channels, side, pixels, labels);
    let names = (0..10).map(|class| class.to_string()).collect();
    let dataset = Dataset::new("noise", names, train, false);
    let mut data = DataSplits::split(&dataset, 0.1, 0)?;
    data.train = data.train.select(&(0..steps * BATCH).collect::<Vec<_>>());
    Ok(data)
}

/// User and system time of this process in seconds, where the system tells.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

fn option(name: &str, default: usize) -> usize {
    let args: Vec<String> = std::env::args().collect();
    let at = args.iter().position(|arg| arg == name);
    at.and_then(|at| args.get(at + 1)?.parse().ok()).unwrap_or(default)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (steps, workers) = (option("--steps", 20), option("--workers", 1));
    let threads = option("--threads", 1);
    let only: Option<String> = std::env::args().skip_while(|arg| arg != "--net").nth(1);
    type Make = fn((usize, usize)) -> Architecture;
    let nets: [(&str, Make); 4] = [
        ("plain", plain),
        ("inverted-residual", inverted),
        ("mobilenet-v2-x0.5", mobilenet),
        ("squeeze-excite", excited),
    ];
    for (input, (name, make)) in INPUTS.into_iter().flat_map(|i| nets.map(|net| (i, net))) {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let architecture = make(input);
        let data = Arc::new(data(steps, input)?);
        let cost = architecture.cost()?;
        let recipe = Recipe {
            batch: BATCH,
            augmentation: Augmentation::default(),
            ..Recipe::for_data(&data, 3)
        };
        let train = || -> Result<(), automl_train::TrainError> {
            let mut training = Training::new(&architecture, &data, &recipe, 0, &cpu())?;
            training.run_epoch(&|| false).map(drop)
        };
        let pools = (0..workers)
            .map(|_| ThreadPoolBuilder::new().num_threads(threads).build())
            .collect::<Result<Vec<_>, _>>()?;
        // Warm-up: the first step allocates.
        pools.iter().try_for_each(|pool| pool.install(train))?;
        let (start, used) = (Instant::now(), cpu_seconds());
        std::thread::scope(|scope| {
            let running: Vec<_> =
                pools.iter().map(|pool| scope.spawn(|| pool.install(train))).collect();
            running.into_iter().try_for_each(|worker| match worker.join() {
                Ok(result) => result.map_err(|e| e.to_string()),
                Err(_) => Err("a worker panicked".to_owned()),
            })
        })?;
        let images = (workers * steps * BATCH) as f64;
        let wall = start.elapsed().as_secs_f64();
        let used = cpu_seconds().zip(used).map_or(f64::NAN, |(now, before)| now - before);
        let side = input.1;
        println!(
            "ours   {name:<18} {side} px  {:>7} parameters  {workers} x {threads} threads  {:>7.1} images/s  {:>7.1} per CPU-second",
            cost.parameters,
            images / wall,
            images / used
        );
    }
    Ok(())
}
