//! Training through wgpu beside training on the CPU, on whatever adapter there is, software
//! renderers too: `cargo test --release -p automl-train --features gpu --test wgpu`.
#![cfg(feature = "gpu")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_train::{Training, cpu};
use burn::tensor::Device;
use std::sync::Arc;

#[test]
fn the_cpu_and_wgpu_train_alike() {
    let Ok((wgpu, _)) = Device::wgpu_options().init_with_setup() else {
        return eprintln!("skipped: no adapter");
    };
    let architecture = Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(16, 3, 1, Activation::HardSwish)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::InvertedResidualV2(block::InvertedResidualV2 {
                channels: 24,
                expansion: 2.0,
                stride: 1,
                eca: true,
            })),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ],
    );
    let data = DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap();
    let data = Arc::new(data.subset(0.3, 0));
    let recipe = Recipe::for_data(&data, 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wgpu.ckpt");
    let mut ours = Training::new(&architecture, &data, &recipe, 3, &wgpu).unwrap();
    let mut theirs = Training::new(&architecture, &data, &recipe, 3, &cpu()).unwrap();
    for epoch in 0..2 {
        let (a, b) =
            (ours.run_epoch(&|| false).unwrap().loss, theirs.run_epoch(&|| false).unwrap().loss);
        eprintln!("epoch {epoch}: {a} and {b}");
        assert!((a - b).abs() < 0.02 * b, "epoch {epoch}: {a} and {b}");
    }
    ours.save(&path).unwrap();
    let resumed = Training::resume(&path, &data, &wgpu).unwrap();
    let (a, b) = (resumed.evaluate(Split::Validation), ours.evaluate(Split::Validation));
    assert!((a.loss - b.loss).abs() < 1e-3 * b.loss, "{a:?} {b:?}");
}
