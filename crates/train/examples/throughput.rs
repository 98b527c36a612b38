//! Training speed on the CPU: images per second and per CPU-second of two networks.
//!
//! `cargo run --release -p automl-train --example throughput -- [--steps N] [--workers N]`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl_models::{Activation, Architecture, Block, Layer};
use automl_space::stream;
use automl_train::{Augmentation, Data, Dataset, Images, Recipe, Training, cpu, one_thread};
use rand::RngExt;
use std::sync::Arc;
use std::time::Instant;

const BATCH: usize = 128;

fn head(mut layers: Vec<Layer>) -> Architecture {
    layers.push(Layer::once(Block::GlobalAvgPool));
    layers.push(Layer::once(Block::Flatten));
    layers.push(Layer::once(Block::linear(10)));
    Architecture::new(1, 28, layers)
}

/// Five 3x3 convolutions: 103 thousand parameters.
fn plain() -> Architecture {
    let conv = |channels, stride| Layer::once(Block::conv(channels, 3, stride, Activation::Relu));
    head(vec![conv(32, 1), conv(32, 1), conv(64, 2), conv(64, 1), conv(64, 2)])
}

/// A small MobileNetV2: a stem and six inverted residuals.
fn inverted() -> Architecture {
    let block = |c, t, s| Layer::once(Block::inverted_residual(3, t, c, s));
    head(vec![
        Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
        block(24, 3.0, 2),
        block(24, 3.0, 1),
        block(40, 3.0, 2),
        block(40, 3.0, 1),
        block(64, 3.0, 1),
        Layer::once(Block::conv(128, 1, 1, Activation::Relu)),
    ])
}

fn data(steps: usize) -> Result<Data, Box<dyn std::error::Error>> {
    let mut rng = stream(0, 0, "noise");
    let count = steps * BATCH * 2;
    let train = Images {
        channels: 1,
        side: 28,
        pixels: (0..count * 28 * 28).map(|_| rng.random()).collect(),
        labels: (0..count).map(|i| (i % 10) as u16).collect(),
    };
    let dataset = Dataset { name: "noise".into(), classes: 10, train, test: None, mirror: false };
    let mut data = Data::split(&dataset, 0.1, 0)?;
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
    let data = Arc::new(data(steps)?);
    let nets = [("plain", plain()), ("inverted-residual", inverted())];
    for (name, architecture) in nets {
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
        // Warm-up: the first step allocates.
        one_thread(train)?;
        let (start, used) = (Instant::now(), cpu_seconds());
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(|| one_thread(train))).collect();
            running.into_iter().try_for_each(|worker| match worker.join() {
                Ok(result) => result.map_err(|e| e.to_string()),
                Err(_) => Err("a worker panicked".to_owned()),
            })
        })?;
        let images = (workers * steps * BATCH) as f64;
        let wall = start.elapsed().as_secs_f64();
        let used = cpu_seconds().zip(used).map_or(f64::NAN, |(now, before)| now - before);
        println!(
            "ours   {name:<18} {:>7} parameters  {workers} workers  {:>7.1} images/s  {:>7.1} per CPU-second",
            cost.parameters,
            images / wall,
            images / used
        );
    }
    Ok(())
}
