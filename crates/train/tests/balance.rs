//! Classes of unequal size: digits of which the last class has a thirtieth of the first one's images.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::metrics::Metric;
use automl_data::{Balance, DataSplits, Dataset, Recipe, Split};
use automl_train::{Training, cpu, one_thread};
use std::sync::Arc;

/// The ratio of the largest class to the smallest.
const RATIO: f64 = 30.0;

/// Digits with training classes that shrink from one to the next.
fn thinned() -> Arc<DataSplits> {
    let mut data = DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap();
    let mut left: Vec<f64> =
        (0..10).map(|class| 115.0 * RATIO.powf(-f64::from(class) / 9.0)).collect();
    let keep = |index: &usize| {
        let left = &mut left[usize::from(data.train.labels[*index])];
        *left -= 1.0;
        *left >= 0.0
    };
    let kept: Vec<usize> = (0..data.train.len()).filter(keep).collect();
    data.train = data.train.select(&kept);
    Arc::new(data)
}

fn macro_f1(data: &Arc<DataSplits>, balance: Balance, seed: u64) -> f64 {
    let layers = [
        Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
        Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let architecture = Architecture::new(1, 8, layers);
    let recipe = Recipe { balance, ..Recipe::for_data(data, 20) };
    one_thread(|| {
        let mut training = Training::new(&architecture, data, &recipe, seed, &cpu()).unwrap();
        while training.epoch() < recipe.epochs {
            training.run_epoch(&|| false).unwrap();
        }
        Metric::MacroF1.value(&training.evaluate(Split::Test), &[])
    })
}

#[test]
fn balancing_recognizes_rare_classes() {
    let data = thinned();
    assert_eq!(Balance::for_labels(&data.train.labels), Balance::Sample);
    let mean = |balance| {
        let scores = [0, 1].map(|seed| macro_f1(&data, balance, seed));
        println!("{balance:?}: {scores:?}");
        scores.iter().sum::<f64>() / 2.0
    };
    let (none, loss, sample) = (mean(Balance::None), mean(Balance::Loss), mean(Balance::Sample));
    assert!(sample > none + 0.03 && loss > none, "none {none}, loss {loss}, sample {sample}");
}
