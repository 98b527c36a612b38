//! Convolution, normalization and activation as one layer.

use super::buffer::Buffer;
use super::dense::{Dense, DenseState};
use super::depthwise::{Depthwise, DepthwiseState};
use super::gradient::{Gradient, InputGradient, add};
use super::maps::{Maps, Shape};
use super::mode::Mode;
use super::norm::{Affine, Moments, Sums};
use super::parallel::{Reader, images_at_once, parallel_for, states};
use super::tensor::{numbers, set_gradient};
use super::window::Window;
use crate::convolution::ConvolutionLayer;
use crate::norm::Norm;
use automl_arch::Convolution;
use burn::tensor::{Gradients, Tensor};
use std::sync::Arc;

/// Linear part of the layer.
#[derive(Debug)]
enum Kernel {
    Dense(Box<Dense>),
    Depthwise(Box<Depthwise>),
}

/// Scratch memory of one thread.
#[derive(Debug)]
enum State {
    Dense(DenseState),
    Depthwise(DepthwiseState),
}

impl Kernel {
    fn new(
        spec: &Convolution,
        window: Window,
        weights: &[f32],
        images: usize,
        gradient: bool,
    ) -> Self {
        if spec.groups == spec.inputs && (spec.groups > 1 || spec.dilation > 1) {
            Self::Depthwise(Box::new(Depthwise::new(spec, window, weights)))
        } else {
            Self::Dense(Box::new(Dense::new(spec, window, weights, images, gradient)))
        }
    }

    fn state(&self, backward: bool) -> State {
        match self {
            Self::Dense(kernel) => State::Dense(kernel.state(backward)),
            Self::Depthwise(kernel) => State::Depthwise(kernel.state(backward)),
        }
    }

    fn forward(&self, state: &mut State, x: &[f32], images: usize, out: &mut [f32]) {
        match (self, state) {
            (Self::Dense(kernel), State::Dense(state)) => kernel.forward(state, x, images, out),
            (Self::Depthwise(kernel), State::Depthwise(state)) => {
                kernel.forward(state, x, images, out);
            }
            _ => {}
        }
    }

    fn backward(
        &self,
        state: &mut State,
        x: &[f32],
        g: &[f32],
        images: usize,
        out: Option<&mut [f32]>,
    ) {
        match (self, state) {
            (Self::Dense(kernel), State::Dense(state)) => {
                kernel.backward(state, x, g, images, out);
            }
            (Self::Depthwise(kernel), State::Depthwise(state)) => {
                kernel.backward(state, x, g, images, out);
            }
            _ => {}
        }
    }

    /// The gradient of the weights, from the sums of all parts.
    fn weight_gradient(&self, parts: Vec<State>) -> Vec<f32> {
        let mut sums = parts.into_iter().map(|state| match state {
            State::Dense(state) => state.sums,
            State::Depthwise(state) => state.sums,
        });
        let mut total = sums.next().unwrap_or_default();
        sums.for_each(|part| add(&mut total, &part));
        match self {
            Self::Dense(kernel) => kernel.weight_gradient(&total),
            Self::Depthwise(kernel) => kernel.weight_gradient(&total),
        }
    }
}

/// Tape entry of a convolution.
#[derive(Debug)]
pub(super) struct Convolved {
    kernel: Kernel,
    input: Arc<Maps>,
    output: Arc<Maps>,
    /// Variance plus epsilon, and whether it is that of the batch; without normalization nothing.
    variance: Option<(Vec<f32>, bool)>,
}

/// Gradients of a layer's parameters.
pub(super) struct Found {
    pub(super) weight: Vec<f32>,
    /// Gradient of the normalization's factor, times the layer scale where there is one.
    pub(super) gamma: Vec<f32>,
    /// Gradient of the bias or of the normalization's shift, times the layer scale likewise.
    pub(super) bias: Vec<f32>,
}

/// Operation behind the linear part.
pub(super) enum After<'a> {
    Bias(Vec<f32>),
    /// Normalization, and the factors of the normalized channels where there are any.
    Norm(&'a Norm, Option<Vec<f32>>),
}

/// Forward.
pub(super) fn convolve(
    spec: &Convolution,
    weights: &[f32],
    after: After<'_>,
    input: &Arc<Maps>,
    mode: Mode,
) -> Convolved {
    let Shape { batch, height, width, .. } = input.shape;
    let window = Window::new(spec, height, width);
    let (height, width) = window.output;
    let shape = Shape { batch, height, width, channels: spec.outputs };
    let numbers_each = input.shape.image().max(shape.image());
    let at_once = images_at_once(batch, numbers_each);
    let gradient = mode == Mode::Train && !input.constant;
    let kernel = Kernel::new(spec, window, weights, at_once, gradient);
    let norm = match &after {
        After::Norm(norm, _) => Some(*norm),
        After::Bias(_) => None,
    };
    let by_batch =
        mode != Mode::Evaluate && norm.is_some_and(|norm| norm.batch.training.is_enabled());
    let mut z = Buffer::new(shape.len());
    let mut parts = states(batch, || {
        (kernel.state(false), Reader::new(input, at_once), Moments::new(spec.outputs))
    });
    let out = Some((&mut z[..], shape.image()));
    parallel_for(batch, numbers_each, &mut parts, out, |(state, reader, moments), images, out| {
        let Some(out) = out else { return };
        kernel.forward(state, reader.images(images), images.len(), out);
        if by_batch {
            moments.add(out);
        }
    });
    let moments: Vec<Moments> = parts.into_iter().map(|(_, _, moments)| moments).collect();
    let (affine, variance) = match after {
        After::Bias(bias) => {
            let (ones, zeros) = (vec![1.0; bias.len()], vec![0.0; bias.len()]);
            (Affine::new(&ones, &zeros, &bias, spec.activation), None)
        }
        After::Norm(norm, factors) => {
            let (mean, mut variance) = if by_batch {
                let (mean, variance) = Moments::finish(&moments);
                norm.follow(&mean, &variance);
                (mean, variance)
            } else {
                norm.running()
            };
            variance.iter_mut().for_each(|v| *v += norm.batch.epsilon as f32);
            let scaled = |values: Vec<f32>| match &factors {
                Some(factors) => values.iter().zip(factors).map(|(x, f)| x * f).collect(),
                None => values,
            };
            let gamma = scaled(numbers(norm.batch.gamma.val()));
            let scale: Vec<f32> = gamma.iter().zip(&variance).map(|(g, v)| g / v.sqrt()).collect();
            let beta = scaled(numbers(norm.batch.beta.val()));
            let affine = Affine::new(&scale, &mean, &beta, spec.activation);
            (affine, Some((variance, by_batch)))
        }
    };
    let output = Arc::new(Maps { affine: Some(affine), ..Maps::plain(shape, z) });
    Convolved { kernel, input: Arc::clone(input), output, variance }
}

impl Convolved {
    pub(super) fn output(&self) -> Arc<Maps> {
        Arc::clone(&self.output)
    }

    /// Gradients of the parameters and at the input, `None` for a constant input.
    pub(super) fn backward(
        self,
        gradient: Gradient,
        more: Option<Arc<Buffer>>,
    ) -> (Found, Option<Gradient>) {
        let (shape, batch) = (self.output.shape, self.output.shape.batch);
        let (g, z) = (&gradient.values[..], &self.output.values[..]);
        let affine = self.output.affine.as_ref();
        let numbers_each = self.input.shape.image().max(shape.image());
        let sums = gradient.sums.unwrap_or_else(|| {
            let mut parts = states(batch, || Sums::new(shape.channels));
            parallel_for(batch, numbers_each, &mut parts, None, |sums, images, _| {
                if let Some(affine) = affine {
                    affine.reduce(&g[shape.of(images)], &z[shape.of(images)], sums);
                }
            });
            Sums::total(parts)
        });
        let center = affine.map(|affine| match &self.variance {
            Some((variance, true)) => affine.center(&sums, variance, batch * shape.positions()),
            _ => affine.constant(),
        });
        let at_once = images_at_once(batch, numbers_each);
        let mut parts = states(batch, || {
            let (at_z, reader) =
                (Buffer::new(at_once * shape.image()), Reader::new(&self.input, at_once));
            (self.kernel.state(true), reader, at_z)
        });
        let mut input_gradient = InputGradient::new(&self.input, more);
        input_gradient.fill(numbers_each, &mut parts, |(state, reader, at_z), images, out| {
            let at = shape.of(images);
            let at_z = &mut at_z[..at.len()];
            if let (Some(affine), Some(center)) = (affine, &center) {
                affine.gradient(&g[at.clone()], &z[at], center, at_z);
            }
            self.kernel.backward(state, reader.images(images), at_z, images.len(), out);
        });
        let at_input = input_gradient.finish();
        let weight = parts.into_iter().map(|(state, _, _)| state).collect();
        let gamma = self.variance.as_ref().map(|(variance, _)| {
            let channels = sums.centered.iter().zip(variance);
            channels.map(|(sum, v)| (sum / f64::from(*v).sqrt()) as f32).collect()
        });
        let found = Found {
            weight: self.kernel.weight_gradient(weight),
            gamma: gamma.unwrap_or_default(),
            bias: sums.plain.iter().map(|&sum| sum as f32).collect(),
        };
        (found, at_input)
    }
}

impl ConvolutionLayer {
    pub(super) fn convolve(&self, input: &Arc<Maps>, mode: Mode) -> Convolved {
        let after = match (&self.norm, &self.bias) {
            (Some(norm), _) => {
                After::Norm(norm, self.layer_scale.as_ref().map(|scale| numbers(scale.val())))
            }
            (None, Some(bias)) => After::Bias(numbers(bias.val())),
            (None, None) => After::Bias(vec![0.0; self.spec.outputs]),
        };
        convolve(&self.spec, &numbers(self.weight.val()), after, input, mode)
    }

    /// Records the gradients of all parameters.
    pub(super) fn set_gradients(&self, found: Found, gradients: &mut Gradients) {
        set_gradient(&self.weight, found.weight, gradients);
        if let (Some(norm), Some(scale)) = (&self.norm, &self.layer_scale) {
            // The pass knows the products s gamma and s beta only.
            let (s, gamma, beta) = (
                numbers(scale.val()),
                numbers(norm.batch.gamma.val()),
                numbers(norm.batch.beta.val()),
            );
            let times = |a: &[f32], b: &[f32]| -> Vec<f32> {
                a.iter().zip(b).map(|(a, b)| a * b).collect()
            };
            let both = times(&found.gamma, &gamma).into_iter().zip(times(&found.bias, &beta));
            set_gradient(scale, both.map(|(a, b)| a + b).collect(), gradients);
            set_gradient(&norm.batch.gamma, times(&found.gamma, &s), gradients);
            set_gradient(&norm.batch.beta, times(&found.bias, &s), gradients);
        } else if let Some(norm) = &self.norm {
            set_gradient(&norm.batch.gamma, found.gamma, gradients);
            set_gradient(&norm.batch.beta, found.bias, gradients);
        } else if let Some(bias) = &self.bias {
            set_gradient(bias, found.bias, gradients);
        }
    }
}

impl Norm {
    /// The running mean and variance.
    fn running(&self) -> (Vec<f32>, Vec<f32>) {
        let values = |tensor: Tensor<1>| numbers(tensor);
        (values(self.batch.running_mean.value_sync()), values(self.batch.running_var.value_sync()))
    }

    /// Updates the running statistics by those of a batch.
    fn follow(&self, mean: &[f32], variance: &[f32]) {
        let momentum = self.batch.momentum as f32;
        let (running_mean, running_variance) = self.running();
        let mix = |old: &[f32], new: &[f32]| -> Vec<f32> {
            old.iter().zip(new).map(|(old, new)| old * (1.0 - momentum) + new * momentum).collect()
        };
        let tensor = |values: Vec<f32>, device| Tensor::from_floats(values.as_slice(), device);
        let device = self.batch.running_mean.value_sync().device();
        self.batch.running_mean.update(tensor(mix(&running_mean, mean), &device));
        self.batch.running_var.update(tensor(mix(&running_variance, variance), &device));
    }
}
