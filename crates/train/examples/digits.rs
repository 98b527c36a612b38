//! Trains one small network on the embedded digits and prints its learning curve.
//!
//! `cargo run --release -p automl-train --example digits -- [EPOCHS] [SEED]`
#![allow(clippy::print_stdout)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_train::{Training, cpu, one_thread};
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let number = |n| std::env::args().nth(n).and_then(|arg| arg.parse::<u64>().ok());
    let (epochs, seed) = (number(1).unwrap_or(20), number(2).unwrap_or(0));
    let data = Arc::new(DataSplits::split(&Dataset::digits()?, 0.15, seed)?);
    let architecture = Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 1)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ],
    );
    let recipe = Recipe::for_data(&data, epochs);
    println!("{} parameters, {recipe:?}", architecture.cost()?.parameters);
    one_thread(|| {
        let mut training = Training::new(&architecture, &data, &recipe, seed, &cpu())?;
        while training.epoch() < epochs {
            let report = training.run_epoch(&|| false)?;
            let accuracy = training.evaluate(Split::Validation).accuracy;
            println!(
                "epoch {:>3}  loss {:.3}  validation {:.4}  {:.2} s",
                report.epoch,
                report.loss,
                accuracy,
                report.time.as_secs_f64()
            );
        }
        println!("test {:.4}", training.evaluate(Split::Test).accuracy);
        Ok(())
    })
}
