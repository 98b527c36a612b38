//! Forward and backward passes for the CPU, written by hand.
//!
//! burn's general operations copy and pass through memory many times; on a CPU that is most of a
//! step. Here, maps have their channels fastest, convolutions read pixels where they lie,
//! normalisation and activation happen while numbers are in the cache, and memory is used again.
//! The gradients are those of burn's automatic derivative, and are handed to its optimisers in
//! its own form. Everything is a function of the numbers alone: no thread's timing changes a bit.

mod activation;
mod attention;
mod buffer;
mod convolution;
mod dense;
mod depthwise;
mod linear;
mod maps;
mod norm;
mod parts;
mod pool;
mod product;
mod simd;
#[cfg(test)]
mod tests;
mod window;

use super::Step;
use super::branches::{Concat, Sum};
use super::nonlinearity::Nonlinearity;
use attention::{Squeezed, Weighted};
use buffer::Buffer;
use burn::module::Param;
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use convolution::Convolved;
use linear::{Product, pixels, planes};
use maps::{Maps, Shape};
use norm::{Affine, Sums};
use parts::work;
use pool::{Averaged, Pooled};
use simd::fast;
use std::ops::Range;
use std::sync::Arc;

/// Whether these passes are the ones for such images: 32-bit numbers on the CPU.
pub(super) fn serves(images: &Tensor<4>) -> bool {
    images.dtype() == DType::F32 && images.device().inner() == Device::flex()
}

/// Scores of a network in evaluation.
pub(super) fn evaluate(steps: &[Step], images: Tensor<4>) -> Tensor<2> {
    let device = images.device();
    buffer::age();
    scores(&run(steps, &batch(images), Mode::Evaluate, &mut Vec::new()), &device)
}

/// Scores of a batch by its own statistics, which the running ones follow.
pub(super) fn observe(steps: &[Step], images: Tensor<4>) -> Tensor<2> {
    let device = images.device().inner();
    buffer::age();
    scores(&run(steps, &batch(images), Mode::Observe, &mut Vec::new()), &device)
}

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Scores by the running statistics.
    Evaluate,
    /// The statistics of the batch, which the running ones follow.
    Observe,
    /// The same, and gradients after it.
    Train,
}

/// A forward pass in mode, which waits for its backward pass.
pub(super) struct Pass<'a> {
    steps: &'a [Step],
    records: Vec<Record>,
    output: Arc<Maps>,
}

impl<'a> Pass<'a> {
    pub(super) fn forward(steps: &'a [Step], images: Tensor<4>) -> Self {
        buffer::age();
        let mut records = Vec::new();
        let output = run(steps, &batch(images), Mode::Train, &mut records);
        Self { steps, records, output }
    }

    /// The scores, without a history.
    pub(super) fn scores(&self, device: &Device) -> Tensor<2> {
        scores(&self.output, device)
    }

    /// Puts the gradients of all parameters among `gradients`.
    pub(super) fn backward(self, scores: Tensor<2>, gradients: &mut Gradients) {
        let values = pixels(self.output.shape, &numbers(scores));
        let gradient = Gradient { values: Arc::new(values), sums: None };
        undo(self.steps, self.records, gradient, None, gradients);
    }
}

fn batch(images: Tensor<4>) -> Arc<Maps> {
    let [batch, channels, height, width] = images.dims();
    let shape = Shape { batch, height, width, channels };
    let values = pixels(shape, &numbers(images));
    Arc::new(Maps { constant: true, ..Maps::plain(shape, values) })
}

fn scores(output: &Maps, device: &Device) -> Tensor<2> {
    let values = planes(output.shape, &output.all());
    let shape = [output.shape.batch, output.shape.image()];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// A tensor's numbers.
fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().iter::<f32>().collect()
}

/// Puts a parameter's gradient among the others.
fn put<const D: usize>(param: &Param<Tensor<D>>, values: Vec<f32>, gradients: &mut Gradients) {
    let tensor = param.val();
    if tensor.is_require_grad() {
        let gradient = TensorData::new(values, tensor.dims());
        tensor.grad_replace(gradients, Tensor::from_data(gradient, &tensor.device().inner()));
    }
}

/// What the backward pass of a step needs.
#[derive(Debug)]
enum Record {
    Convolved(Box<Convolved>),
    Product(Box<Product>),
    Pooled(Pooled),
    Averaged(Averaged),
    Activated(Activated),
    Squeezed(Box<Squeezed>),
    Weighted(Weighted),
    Joined { input: Arc<Maps>, first: Vec<Record>, second: Vec<Record>, channels: [usize; 2] },
}

fn run(steps: &[Step], input: &Arc<Maps>, mode: Mode, records: &mut Vec<Record>) -> Arc<Maps> {
    let mut x = Arc::clone(input);
    for step in steps {
        let record = match step {
            Step::Convolution(layer) => Record::Convolved(Box::new(layer.convolve(&x, mode))),
            Step::Linear(layer) => Record::Product(Box::new(layer.multiply(&x, mode))),
            Step::Pool(layer) => Record::Pooled(layer.pool(&x)),
            Step::GlobalAvgPool(_) => Record::Averaged(pool::average(&x)),
            Step::Activation(layer) => Record::Activated(layer.activate(&x)),
            Step::SqueezeExcite(layer) => Record::Squeezed(Box::new(layer.weigh(&x, mode))),
            Step::ChannelAttention(layer) => Record::Weighted(layer.weigh(&x)),
            Step::Sum(Sum { body, shortcut }) => {
                let (a, b, record) = branches(body, shortcut, &x, mode);
                x = Arc::new(sum(&a, &b));
                push(records, mode, record);
                continue;
            }
            Step::Concat(Concat { first, second }) => {
                let (a, b, record) = branches(first, second, &x, mode);
                x = Arc::new(concat(&a, &b));
                push(records, mode, record);
                continue;
            }
        };
        x = match &record {
            Record::Convolved(record) => record.output(),
            Record::Product(record) => record.output(),
            Record::Pooled(record) => record.output(),
            Record::Averaged(record) => record.output(),
            Record::Activated(record) => Arc::clone(&record.output),
            Record::Squeezed(record) => record.output(),
            Record::Weighted(record) => record.output(),
            Record::Joined { input, .. } => Arc::clone(input),
        };
        push(records, mode, record);
    }
    x
}

fn push(records: &mut Vec<Record>, mode: Mode, record: Record) {
    if mode == Mode::Train {
        records.push(record);
    }
}

fn branches(
    first: &[Step],
    second: &[Step],
    input: &Arc<Maps>,
    mode: Mode,
) -> (Arc<Maps>, Arc<Maps>, Record) {
    let mut records = (Vec::new(), Vec::new());
    let a = run(first, input, mode, &mut records.0);
    let b = run(second, input, mode, &mut records.1);
    let channels = [a.shape.channels, b.shape.channels];
    let (first, second) = records;
    let record = Record::Joined { input: Arc::clone(input), first, second, channels };
    (a, b, record)
}

/// Backward through steps, last first; `more` is a gradient at their input from elsewhere.
fn undo(
    steps: &[Step],
    records: Vec<Record>,
    gradient: Gradient,
    more: Option<Arc<Buffer>>,
    gradients: &mut Gradients,
) -> Option<Gradient> {
    if steps.is_empty() {
        return Some(match more {
            Some(more) => Gradient { values: Arc::new(added(&gradient.values, &more)), sums: None },
            None => gradient,
        });
    }
    let mut gradient = gradient;
    for (index, (step, record)) in steps.iter().zip(records).enumerate().rev() {
        let more = if index == 0 { more.clone() } else { None };
        gradient = match (step, record) {
            (Step::Convolution(layer), Record::Convolved(record)) => {
                let (found, gradient) = record.backward(gradient, more);
                layer.put(found, gradients);
                gradient
            }
            (Step::Linear(layer), Record::Product(record)) => {
                let (found, gradient) = record.backward(gradient, more);
                layer.put(found, gradients);
                gradient
            }
            (Step::SqueezeExcite(layer), Record::Squeezed(record)) => {
                layer.backward(*record, &gradient, more, gradients)
            }
            (Step::ChannelAttention(layer), Record::Weighted(record)) => {
                layer.backward(record, &gradient, more, gradients)
            }
            (_, Record::Pooled(record)) => record.backward(gradient, more),
            (_, Record::Averaged(record)) => record.backward(gradient, more),
            (_, Record::Activated(record)) => record.backward(&gradient, more),
            (Step::Sum(Sum { body, shortcut }), Record::Joined { first, second, .. }) => {
                let other = undo(shortcut, second, gradient.share(), more, gradients);
                let other = other.map(|gradient| gradient.values);
                undo(body, first, gradient.share(), other, gradients)
            }
            (
                Step::Concat(Concat { first: a, second: b }),
                Record::Joined { first, second, channels, .. },
            ) => {
                let [g_a, g_b] = split(&gradient.values, channels);
                let other = undo(b, second, g_b, more, gradients).map(|gradient| gradient.values);
                undo(a, first, g_a, other, gradients)
            }
            _ => None,
        }?;
    }
    Some(gradient)
}

/// The gradient at some maps.
struct Gradient {
    values: Arc<Buffer>,
    /// If the maps are normalised, what their normalisation wants to know of it.
    sums: Option<Sums>,
}

impl Gradient {
    /// The same for another reader.
    fn share(&self) -> Self {
        Self { values: Arc::clone(&self.values), sums: None }
    }
}

/// Where a step writes the gradient at its input.
struct Sink<'a> {
    input: &'a Maps,
    /// What comes from elsewhere.
    more: Option<Arc<Buffer>>,
    values: Option<Buffer>,
    sums: Option<Sums>,
}

impl<'a> Sink<'a> {
    fn new(input: &'a Maps, more: Option<Arc<Buffer>>) -> Self {
        let values = (!input.constant).then(|| Buffer::new(input.shape.len()));
        Self { input, more, values, sums: None }
    }

    /// Lets `on` write the gradient at some images after the other, if anybody asks for it; what
    /// comes from elsewhere is added and sums are taken while numbers are in the cache.
    fn fill<S: Send>(
        &mut self,
        numbers: usize,
        states: &mut [S],
        on: impl Fn(&mut S, &Range<usize>, Option<&mut [f32]>) + Sync,
    ) {
        let shape = self.input.shape;
        let (affine, more, z) = (&self.input.affine, self.more.as_deref(), &self.input.values[..]);
        let mut sums = parts::states(shape.batch, || Sums::new(shape.channels));
        let mut parts: Vec<_> = states.iter_mut().zip(&mut sums).collect();
        let out = self.values.as_deref_mut().map(|values| (values, shape.image()));
        work(shape.batch, numbers, &mut parts, out, |(state, sums), images, mut out| {
            on(state, images, out.as_deref_mut());
            let Some(out) = out else { return };
            if let Some(more) = more {
                add(out, &more[shape.of(images)]);
            }
            if let Some(affine) = affine {
                affine.reduce(out, &z[shape.of(images)], sums);
            }
        });
        self.sums = affine.as_ref().map(|_| Sums::total(sums));
    }

    fn gradient(self) -> Option<Gradient> {
        let Self { values, sums, .. } = self;
        values.map(|values| Gradient { values: Arc::new(values), sums })
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    fast(|| to.iter_mut().zip(from).for_each(|(to, from)| *to += from));
}

fn added(a: &[f32], b: &[f32]) -> Buffer {
    let mut out = Buffer::copy(a);
    add(&mut out, b);
    out
}

fn sum(a: &Maps, b: &Maps) -> Maps {
    let shape = a.shape;
    let numbers = shape.image();
    let mut values = Buffer::new(shape.len());
    let out = Some((&mut values[..], numbers));
    let mut parts: Vec<_> =
        parts::readers(a, numbers).into_iter().zip(parts::readers(b, numbers)).collect();
    work(shape.batch, numbers, &mut parts, out, |(a, b), images, out| {
        let (a, b) = (a.images(images), b.images(images));
        let out = out.unwrap_or_default();
        fast(|| {
            out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a + b);
        });
    });
    Maps::plain(shape, values)
}

fn concat(a: &Maps, b: &Maps) -> Maps {
    let shape = Shape { channels: a.shape.channels + b.shape.channels, ..a.shape };
    let mut values = Buffer::new(shape.len());
    let (first, second) = (a.all(), b.all());
    let parts = first.chunks_exact(a.shape.channels).zip(second.chunks_exact(b.shape.channels));
    for (out, (first, second)) in values.chunks_exact_mut(shape.channels).zip(parts) {
        let (left, right) = out.split_at_mut(first.len());
        left.copy_from_slice(first);
        right.copy_from_slice(second);
    }
    Maps::plain(shape, values)
}

fn split(values: &[f32], [first, second]: [usize; 2]) -> [Gradient; 2] {
    let pixels = values.len() / (first + second);
    let (mut a, mut b) = (Buffer::new(pixels * first), Buffer::new(pixels * second));
    let parts = a.chunks_exact_mut(first).zip(b.chunks_exact_mut(second));
    for ((a, b), values) in parts.zip(values.chunks_exact(first + second)) {
        let (left, right) = values.split_at(first);
        a.copy_from_slice(left);
        b.copy_from_slice(right);
    }
    [a, b].map(|values| Gradient { values: Arc::new(values), sums: None })
}

/// What the backward pass of a nonlinearity on its own needs.
#[derive(Debug)]
struct Activated {
    input: Arc<Maps>,
    output: Arc<Maps>,
}

impl Nonlinearity {
    fn activate(&self, input: &Arc<Maps>) -> Activated {
        let channels = input.shape.channels;
        let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
        let affine = Some(Affine::new(&ones, &zeros, &zeros, self.activation));
        let (shape, values) = (input.shape, input.all());
        let output = Arc::new(Maps { shape, values, affine, constant: false });
        Activated { input: Arc::clone(input), output }
    }
}

impl Activated {
    fn backward(self, gradient: &Gradient, more: Option<Arc<Buffer>>) -> Option<Gradient> {
        let shape = self.input.shape;
        let (g, z) = (&gradient.values[..], &self.output.values[..]);
        let affine = self.output.affine.as_ref();
        let constant = affine.map(Affine::constant);
        let mut sink = Sink::new(&self.input, more);
        sink.fill(shape.image(), &mut parts::states(shape.batch, || ()), |(), images, out| {
            let at = shape.of(images);
            if let (Some(out), Some(affine), Some(constant)) = (out, affine, &constant) {
                affine.gradient(&g[at.clone()], &z[at], constant, out);
            }
        });
        sink.gradient()
    }
}
