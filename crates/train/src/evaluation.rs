//! Accuracy and loss of networks.

use crate::Memory;
use crate::batch::plain;
use automl_data::metrics::{Evaluation, Tally};
use automl_data::{DataSplits, Images};
use automl_models::Network;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};

/// Outputs of a network in evaluation mode for each image, row by row.
pub(crate) fn outputs(
    network: &Network,
    data: &DataSplits,
    images: &Images,
    memory: Memory,
    device: &Device,
    output: impl Fn(&Network, Tensor<4>) -> Tensor<2>,
) -> Vec<f32> {
    let indexes: Vec<usize> = (0..images.len()).collect();
    let rows = indexes.chunks(memory.evaluated_at_once()).flat_map(|chunk| {
        let numbers = output(network, plain(data, images, chunk, device)).into_data();
        numbers.iter::<f32>().collect::<Vec<f32>>()
    });
    rows.collect()
}

/// Evaluates a network in evaluation mode, without augmentation. The result does not depend on how
/// many images fit into the memory at once.
pub(crate) fn evaluate(
    network: &Network,
    data: &DataSplits,
    judged: &Images,
    memory: Memory,
    device: &Device,
) -> Evaluation {
    let score = |network: &Network, images| log_softmax(network.forward(images), 1);
    let rows = outputs(network, data, judged, memory, device, score);
    let mut tally = Tally::new(data.classes);
    for (row, label) in rows.chunks_exact(data.classes.max(1)).zip(&judged.labels) {
        tally.add(row, usize::from(*label));
    }
    tally.evaluation()
}

/// Accuracy and loss of scores `[n, classes]` of n images, summed on the device.
pub(crate) fn of_scores(scores: Tensor<2>, labels: &[i32]) -> (f64, f64) {
    let truth = Tensor::<1, Int>::from_data(labels, &scores.device());
    let scores = log_softmax(scores, 1);
    let own = scores.clone().gather(1, truth.clone().reshape([labels.len(), 1]));
    let hits = scores.argmax(1).reshape([labels.len()]).equal(truth).int().sum();
    let count = labels.len().max(1) as f64;
    (hits.into_scalar::<i64>() as f64 / count, -own.sum().into_scalar::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use automl_arch::{Activation, Architecture, Block, Layer};
    use automl_data::Dataset;
    use burn::module::Module;

    /// All at once or a few at a time, the last few fewer.
    #[test]
    fn results_do_not_depend_on_the_images_at_once() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap();
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 12, 2)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        let network = Network::new(&Architecture::new(1, 8, layers), 1, &cpu()).unwrap().valid();
        let result = |image| {
            let memory = Memory { weights: 0, image };
            crate::one_thread(|| evaluate(&network, &data, &data.test, memory, &cpu()))
        };
        let all = result(1);
        assert_eq!(all.confusion.total(), data.test.len() as u64);
        for image in [1 << 20, 3 << 22, 1 << 40] {
            assert_eq!(result(image), all, "{image}");
        }
    }
}
