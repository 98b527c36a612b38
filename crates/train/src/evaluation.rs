//! Accuracy and loss of networks.

use crate::batch::plain;
use automl_data::{DataSplits, Images};
use automl_models::Network;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

/// Images that are evaluated at once.
const CHUNK: usize = 500;

/// Accuracy and loss of a network on some images.
///
/// # Examples
/// ```
/// let evaluation: automl_train::Evaluation =
///     serde_json::from_str(r#"{"accuracy": 0.97, "loss": 0.12}"#)?;
/// assert!(evaluation.accuracy > 0.9);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Share of the images with the highest score for their own class, in [0, 1].
    pub accuracy: f64,
    /// Mean cross-entropy in nats, without label smoothing.
    pub loss: f64,
}

/// Outputs of a network in evaluation mode for each image, row by row.
pub(crate) fn outputs(
    network: &Network,
    data: &DataSplits,
    images: &Images,
    device: &Device,
    output: impl Fn(&Network, Tensor<4>) -> Tensor<2>,
) -> Vec<f32> {
    let indexes: Vec<usize> = (0..images.len()).collect();
    let rows = indexes.chunks(CHUNK).flat_map(|chunk| {
        let numbers = output(network, plain(data, images, chunk, device)).into_data();
        numbers.iter::<f32>().collect::<Vec<f32>>()
    });
    rows.collect()
}

/// Evaluates a network in evaluation mode, without augmentation.
pub(crate) fn evaluate(
    network: &Network,
    data: &DataSplits,
    judged: &Images,
    device: &Device,
) -> Evaluation {
    let (mut correct, mut loss) = (0, 0.0);
    let indexes: Vec<usize> = (0..judged.len()).collect();
    for chunk in indexes.chunks(CHUNK) {
        let labels: Vec<i32> = chunk.iter().map(|&i| judged.labels[i].into()).collect();
        let (hits, sum) = compare(network.forward(plain(data, judged, chunk, device)), &labels);
        (correct, loss) = (correct + hits, loss + sum);
    }
    Evaluation::of(correct, loss, judged.len())
}

/// Number of correct predictions of scores `[n, classes]`, and the sum of the losses.
fn compare(scores: Tensor<2>, labels: &[i32]) -> (usize, f64) {
    let truth = Tensor::<1, Int>::from_data(labels, &scores.device());
    let scores = log_softmax(scores, 1);
    let own = scores.clone().gather(1, truth.clone().reshape([labels.len(), 1]));
    let hits = scores.argmax(1).reshape([labels.len()]).equal(truth).int().sum();
    (usize::try_from(hits.into_scalar::<i64>()).unwrap_or(0), -own.sum().into_scalar::<f64>())
}

impl Evaluation {
    /// Evaluation of scores `[n, classes]` of n images.
    pub(crate) fn of_scores(scores: Tensor<2>, labels: &[i32]) -> Self {
        let (correct, loss) = compare(scores, labels);
        Self::of(correct, loss, labels.len())
    }

    fn of(correct: usize, loss: f64, count: usize) -> Self {
        let count = count.max(1) as f64;
        Self { accuracy: correct as f64 / count, loss: loss / count }
    }
}
