//! Batches on the device and their loss.

use automl_data::{DataSplits, Images, Mixed, Recipe, loader::Batch};
use automl_extent::Extent;
use automl_models::{Network, Noise};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::ops::Range;

/// Normalized pixels as a tensor `[count, channels, height, width]`.
pub(crate) fn images(
    data: &DataSplits,
    pixels: Vec<f32>,
    count: usize,
    device: &Device,
) -> Tensor<4> {
    let Extent { height, width } = data.side;
    let shape = [count, data.channels, height, width];
    Tensor::from_data(TensorData::new(pixels, shape), device)
}

/// Images at `indexes` on the device `[indexes, channels, height, width]`, without augmentation and
/// without automatic derivatives.
pub(crate) fn plain(
    data: &DataSplits,
    some: &Images,
    indexes: &[usize],
    device: &Device,
) -> Tensor<4> {
    let mut pixels = Vec::with_capacity(indexes.len() * some.size());
    for &index in indexes {
        data.normalize(some.image(index), &mut pixels);
    }
    images(data, pixels, indexes.len(), &device.clone().inner())
}

/// The targets of a training.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    /// The mass that is spread over all classes.
    pub(crate) smoothing: f64,
    /// The weight of each class in the loss; empty where all are 1.
    weights: Vec<f32>,
}

impl Targets {
    /// The targets of a recipe on some data.
    pub(crate) fn new(recipe: &Recipe, data: &DataSplits) -> Self {
        let weights = recipe.loss_weights(&data.train.labels, data.classes);
        let weights = weights.into_iter().map(|weight| weight as f32).collect();
        Self { smoothing: recipe.label_smoothing, weights }
    }

    /// Targets of equal classes.
    #[cfg(test)]
    pub(crate) fn smoothed(smoothing: f64) -> Self {
        Self { smoothing, weights: Vec::new() }
    }

    /// Smoothed one-hot targets `[n, classes]`, each row times the weight of its class.
    fn of(&self, labels: &[i32], classes: usize) -> Vec<f32> {
        let smoothing = self.smoothing;
        let mut targets = vec![(smoothing / classes as f64) as f32; labels.len() * classes];
        for (row, label) in labels.iter().enumerate() {
            let label = *label as usize;
            targets[row * classes + label] += 1.0 - smoothing as f32;
            if let Some(weight) = self.weights.get(label) {
                let row = &mut targets[row * classes..(row + 1) * classes];
                row.iter_mut().for_each(|target| *target *= weight);
            }
        }
        targets
    }

    /// The targets of a batch; of mixed images in the same proportion.
    pub(crate) fn prepare(
        &self,
        Batch { pixels, labels }: Batch,
        classes: usize,
        mixed: Option<&Mixed>,
    ) -> Prepared {
        let own = self.of(&labels, classes);
        let targets = match mixed {
            None => own,
            Some(Mixed { partners, share }) => {
                let others =
                    partners.iter().flat_map(|partner| &own[partner * classes..][..classes]);
                let mix = |(own, other): (&f32, &f32)| {
                    (share * f64::from(*own) + (1.0 - share) * f64::from(*other)) as f32
                };
                own.iter().zip(others).map(mix).collect()
            }
        };
        Prepared { count: labels.len(), pixels, targets }
    }
}

/// A batch with its targets.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) count: usize,
    /// Normalized pixels `[count, channels, height, width]`.
    pub(crate) pixels: Vec<f32>,
    /// Targets `[count, classes]`.
    pub(crate) targets: Vec<f32>,
}

impl Prepared {
    /// The images in so many ranges of about the same length, each of at least two images.
    pub(crate) fn ranges(&self, parts: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let count = self.count;
        let parts = parts.clamp(1, (count / 2).max(1));
        let (size, more) = (count / parts, count % parts);
        let start = move |part: usize| part * size + part.min(more);
        (0..parts).map(move |part| start(part)..start(part + 1))
    }

    /// Some of the images.
    pub(crate) fn part(&self, images: Range<usize>) -> Self {
        let part = |values: &[f32]| {
            let size = values.len() / self.count.max(1);
            values[images.start * size..images.end * size].to_vec()
        };
        let (pixels, targets) = (part(&self.pixels), part(&self.targets));
        Self { count: images.len(), pixels, targets }
    }
}

/// Mean cross-entropy of a batch and its gradients by all parameters, in training mode.
///
/// Targets are `w (1 - s) one_hot + w s / classes` for smoothing `s` and the class's weight `w`.
pub(crate) fn gradients(
    network: &Network,
    data: &DataSplits,
    batch: Batch,
    targets: &Targets,
    device: &Device,
) -> (Tensor<1>, Gradients) {
    let batch = targets.prepare(batch, data.classes, None);
    gradients_of(network, data, batch, &Noise::default(), device)
}

/// The same of a batch with its targets, under noise.
fn gradients_of(
    network: &Network,
    data: &DataSplits,
    batch: Prepared,
    noise: &Noise,
    device: &Device,
) -> (Tensor<1>, Gradients) {
    let Prepared { count, pixels, targets } = batch;
    let images = images(data, pixels, count, device);
    let targets = Tensor::from_data(TensorData::new(targets, [count, data.classes]), device);
    network.gradients_with(images, noise, |scores| cross_entropy(scores, targets))
}

/// The same in `parts` of a batch, one after the other, each normalized by itself.
pub(crate) fn gradients_in_parts(
    network: &Network,
    data: &DataSplits,
    batch: Prepared,
    parts: usize,
    noise: &Noise,
    device: &Device,
) -> (Tensor<1>, Gradients) {
    let count = batch.count;
    if batch.ranges(parts).nth(1).is_none() {
        return gradients_of(network, data, batch, noise, device);
    }
    let mut sum: Option<(Tensor<1>, Gradients)> = None;
    for images in batch.ranges(parts) {
        let share = images.len() as f64 / count as f64;
        let (own, own_noise) = (batch.part(images.clone()), noise.part(images));
        let (loss, mut found) = gradients_of(network, data, own, &own_noise, device);
        let loss = loss * share;
        let (known_loss, known) = sum.take().unzip();
        network.visit(&mut Weighted { gradients: &mut found, share, known: known.as_ref() });
        sum = Some((known_loss.map_or(loss.clone(), |known| known + loss), found));
    }
    sum.unwrap_or_else(|| gradients_of(network, data, batch, noise, device))
}

/// Updates the running statistics of normalization by a batch in `parts`, each of them observed by
/// itself. `seen` is the number of parts so far, of all of which the statistics become the mean.
pub(crate) fn observe_in_parts(
    network: &mut Network,
    data: &DataSplits,
    batch: &Batch,
    parts: usize,
    seen: &mut usize,
    device: &Device,
) {
    let count = batch.labels.len();
    let size = count.div_ceil(parts.clamp(1, (count / 2).max(1))).max(1);
    for pixels in batch.pixels.chunks(size * data.train.size().max(1)) {
        *seen += 1;
        network.set_norm_momentum(1.0 / *seen as f64);
        let count = pixels.len() / data.train.size().max(1);
        network.observe(images(data, pixels.to_vec(), count, device));
    }
}

/// Replaces gradients `g` by `share g`, plus those that are known.
struct Weighted<'a> {
    gradients: &'a mut Gradients,
    share: f64,
    known: Option<&'a Gradients>,
}

impl ModuleVisitor for Weighted<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let weights = param.val();
        let Some(own) = weights.grad(self.gradients) else { return };
        let own = own * self.share;
        let sum = match self.known.and_then(|known| weights.grad(known)) {
            Some(known) => known + own,
            None => own,
        };
        weights.grad_replace(self.gradients, sum);
    }
}

/// The targets of labels as a tensor `[n, classes]`.
pub(crate) fn labels(
    targets: &Targets,
    labels: &[i32],
    classes: usize,
    device: &Device,
) -> Tensor<2> {
    let targets = TensorData::new(targets.of(labels, classes), [labels.len(), classes]);
    Tensor::from_data(targets, device)
}

/// Mean cross-entropy of scores and targets `[n, classes]`.
pub(crate) fn cross_entropy(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let [count, _] = scores.dims();
    -(log_softmax(scores, 1) * targets).sum() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use automl_arch::{Architecture, Block, Layer};
    use automl_data::{Balance, Dataset, loader};

    fn linear() -> Network {
        let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
        Network::new(&Architecture::new(1, 8, layers), 3, &cpu().autodiff()).unwrap()
    }

    fn batch(data: &DataSplits) -> Batch {
        let none = automl_data::Augmentation::default();
        loader::prepare(data, &none, &(0..50).collect::<Vec<_>>(), (0, 0))
    }

    /// Without normalization, a batch in parts has the same loss and gradients.
    #[test]
    fn parts_add_up_to_the_batch() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap();
        let device = cpu().autodiff();
        let targets = Targets::smoothed(0.1);
        let found = |parts| {
            let network = linear();
            let batch = targets.prepare(batch(&data), data.classes, None);
            let (loss, gradients) =
                gradients_in_parts(&network, &data, batch, parts, &Noise::default(), &device);
            (loss.into_scalar::<f32>(), network.gradient_tensors(&gradients))
        };
        let (loss, whole) = found(1);
        for parts in [2, 7, 25, 1000] {
            let (other, tensors) = found(parts);
            assert!((other - loss).abs() < 1e-5, "{parts}: {other} {loss}");
            let pairs = whole.iter().zip(&tensors);
            for (a, b) in pairs.flat_map(|(a, b)| a.values.iter().zip(&b.values)) {
                assert!((a - b).abs() < 1e-5, "{parts}: {a} {b}");
            }
        }
    }

    /// The loss is linear in the targets, so that of mixed targets is the mean of both losses.
    #[test]
    fn targets_are_mixed_as_images_are() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap();
        let device = cpu().autodiff();
        let targets = Targets::smoothed(0.1);
        let loss = |batch: Prepared| {
            gradients_of(&linear(), &data, batch, &Noise::default(), &device).0.into_scalar::<f64>()
        };
        let with = |labels: Vec<i32>| {
            let pixels = batch(&data).pixels;
            targets.prepare(Batch { pixels, labels }, data.classes, None)
        };
        let own = batch(&data).labels;
        let partners: Vec<usize> = (0..50).rev().collect();
        let others = partners.iter().map(|partner| own[*partner]).collect();
        let mixed = Mixed { partners, share: 0.3 };
        let found = loss(targets.prepare(batch(&data), data.classes, Some(&mixed)));
        let expected = 0.3 * loss(with(own)) + 0.7 * loss(with(others));
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }

    /// The loss of a weighted class counts as often as its weight says.
    #[test]
    fn classes_weigh_in_the_loss() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap();
        let device = cpu().autodiff();
        let loss = |costs: &[f64]| {
            let recipe = Recipe { class_costs: costs.to_vec(), ..Recipe::for_data(&data, 1) };
            let targets = Targets::new(&recipe, &data);
            gradients(&linear(), &data, batch(&data), &targets, &device).0.into_scalar::<f64>()
        };
        let all = loss(&[]);
        assert!((loss(&[3.0; 10]) - 3.0 * all).abs() < 1e-4);
        let one = |class: usize| {
            let mut costs = vec![0.0; 10];
            costs[class] = 1.0;
            loss(&costs)
        };
        let sum: f64 = (0..10).map(one).sum();
        assert!((sum - all).abs() < 1e-4, "{sum} {all}");
        let balanced = Recipe { balance: Balance::Loss, ..Recipe::for_data(&data, 1) };
        assert_eq!(balanced.loss_weights(&data.train.labels, 10).len(), 10);
    }
}
