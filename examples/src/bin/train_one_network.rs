//! Trains one small network on the embedded digits, and goes on from a checkpoint.
//!
//! Run: `cargo run --release -p automl-examples --bin train_one_network`

use automl::arch::{Activation, Architecture, Block, Layer};
use automl::data::{DataSplits, Dataset, Recipe, Split};
use automl::train::{Training, cpu};
use std::error::Error;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    // 1,797 images of 8 x 8 pixels in 10 classes: 15 % for validation, the test images apart.
    let data = Arc::new(DataSplits::split(&Dataset::digits()?, 0.15, 0)?);
    let architecture = Architecture::new(
        data.channels,
        data.side,
        [
            Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(data.classes)),
        ],
    );
    let cost = architecture.graph()?.cost();
    println!("{} parameters, {} multiply-accumulates", cost.parameters, cost.macs);

    let recipe = Recipe::for_data(&data, 12);
    let mut training = Training::new(&architecture, &data, &recipe, 0, &cpu())?;
    while training.epoch() < 6 {
        let report = training.run_epoch(&|| false)?;
        println!("epoch {:2}  training loss {:.3}", report.epoch, report.loss);
    }

    // A checkpoint holds all that shapes the rest of the training.
    let path = std::env::temp_dir().join(format!("training-{}.ckpt", std::process::id()));
    training.save(&path)?;
    let mut training = Training::resume(&path, &data, &cpu())?;
    std::fs::remove_file(&path)?;
    while training.epoch() < recipe.epochs {
        let report = training.run_epoch(&|| false)?;
        println!("epoch {:2}  training loss {:.3}", report.epoch, report.loss);
    }

    let test = training.evaluate(Split::Test);
    println!("test accuracy {:.2} %, loss {:.3}", 100.0 * test.accuracy, test.loss);
    assert!(test.accuracy > 0.9);
    Ok(())
}
