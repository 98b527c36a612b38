//! Convolution, normalisation and activation as one step.

use super::buffer::Buffer;
use super::dense::Dense;
use super::depthwise::Depthwise;
use super::maps::{Maps, Shape, chunks};
use super::norm::{Affine, Moments, Sums};
use super::window::Window;
use super::{Gradient, Sink, numbers};
use crate::Convolution;
use crate::network::convolution::ConvolutionLayer;
use crate::network::norm::Norm;
use burn::tensor::{Gradients, Tensor};
use std::rc::Rc;

/// The linear part.
#[derive(Debug)]
enum Kernel {
    Dense(Box<Dense>),
    Depthwise(Box<Depthwise>),
}

impl Kernel {
    fn new(spec: &Convolution, window: Window, weights: &[f32], gradient: bool) -> Self {
        if spec.groups == spec.inputs && spec.groups > 1 {
            Self::Depthwise(Box::new(Depthwise::new(spec, window, weights)))
        } else {
            Self::Dense(Box::new(Dense::new(spec, window, weights, gradient)))
        }
    }

    fn forward(&mut self, x: &[f32], images: usize, out: &mut [f32]) {
        match self {
            Self::Dense(kernel) => kernel.forward(x, images, out),
            Self::Depthwise(kernel) => kernel.forward(x, images, out),
        }
    }

    fn backward(&mut self, x: &[f32], g: &[f32], images: usize, out: Option<&mut [f32]>) {
        match self {
            Self::Dense(kernel) => kernel.backward(x, g, images, out),
            Self::Depthwise(kernel) => kernel.backward(x, g, images, out),
        }
    }

    fn weight_gradient(&self) -> Vec<f32> {
        match self {
            Self::Dense(kernel) => kernel.weight_gradient(),
            Self::Depthwise(kernel) => kernel.weight_gradient(),
        }
    }
}

/// What the backward pass needs of a convolution.
#[derive(Debug)]
pub(super) struct Convolved {
    kernel: Kernel,
    input: Rc<Maps>,
    output: Rc<Maps>,
    /// Variance plus epsilon, and whether it is that of the batch; without normalisation nothing.
    variance: Option<(Vec<f32>, bool)>,
}

/// Gradients of a step's parameters.
pub(super) struct Found {
    pub(super) weight: Vec<f32>,
    /// Of the normalisation's factor.
    pub(super) gamma: Vec<f32>,
    /// Of what is added.
    pub(super) bias: Vec<f32>,
}

/// What follows the linear part.
pub(super) enum After<'a> {
    Bias(Vec<f32>),
    Norm(&'a Norm),
}

/// Forward; `training` normalises by the batch's statistics, which the running ones follow.
pub(super) fn convolve(
    spec: &Convolution,
    weights: &[f32],
    after: After<'_>,
    input: &Rc<Maps>,
    training: bool,
) -> Convolved {
    let Shape { batch, height, width, .. } = input.shape;
    let window = Window::new(spec, height, width);
    let mut kernel = Kernel::new(spec, window, weights, training && !input.constant);
    let (height, width) = window.output;
    let shape = Shape { batch, height, width, channels: spec.outputs };
    let norm = match &after {
        After::Norm(norm) => Some(*norm),
        After::Bias(_) => None,
    };
    let by_batch = training && norm.is_some_and(|norm| norm.batch.training.is_enabled());
    let mut moments = by_batch.then(|| Moments::new(spec.outputs));
    let mut z = Buffer::new(shape.len());
    let mut scratch = Buffer::default();
    for images in chunks(batch, input.shape.image().max(shape.image())) {
        let out = &mut z[shape.of(&images)];
        kernel.forward(input.images(&images, &mut scratch), images.len(), out);
        if let Some(moments) = &mut moments {
            moments.add(out);
        }
    }
    let (affine, variance) = match after {
        After::Bias(bias) => {
            let (ones, zeros) = (vec![1.0; bias.len()], vec![0.0; bias.len()]);
            (Affine::new(&ones, &zeros, &bias, spec.activation), None)
        }
        After::Norm(norm) => {
            let (mean, mut variance) = match &moments {
                Some(moments) => {
                    let (mean, variance) = moments.finish();
                    norm.follow(&mean, &variance);
                    (mean, variance)
                }
                None => norm.running(),
            };
            variance.iter_mut().for_each(|v| *v += norm.batch.epsilon as f32);
            let gamma = numbers(norm.batch.gamma.val());
            let scale: Vec<f32> = gamma.iter().zip(&variance).map(|(g, v)| g / v.sqrt()).collect();
            let beta = numbers(norm.batch.beta.val());
            let affine = Affine::new(&scale, &mean, &beta, spec.activation);
            (affine, Some((variance, by_batch)))
        }
    };
    let output = Rc::new(Maps { affine: Some(affine), ..Maps::plain(shape, z) });
    Convolved { kernel, input: Rc::clone(input), output, variance }
}

impl Convolved {
    pub(super) fn output(&self) -> Rc<Maps> {
        Rc::clone(&self.output)
    }

    /// The gradients of the parameters and, if anybody is interested, at the input.
    pub(super) fn backward(
        mut self,
        gradient: Gradient,
        more: Option<Rc<Buffer>>,
    ) -> (Found, Option<Gradient>) {
        let shape = self.output.shape;
        let (g, z) = (&gradient.values, &self.output.values);
        let affine = self.output.affine.as_ref();
        let sizes = self.input.shape.image().max(shape.image());
        let sums = gradient.sums.unwrap_or_else(|| {
            let mut sums = Sums::new(shape.channels);
            for images in chunks(shape.batch, sizes) {
                if let Some(affine) = affine {
                    affine.reduce(&g[shape.of(&images)], &z[shape.of(&images)], &mut sums);
                }
            }
            sums
        });
        let centre = affine.map(|affine| match &self.variance {
            Some((variance, true)) => {
                affine.centre(&sums, variance, shape.batch * shape.positions())
            }
            _ => affine.constant(),
        });
        let mut sink = Sink::new(&self.input, more);
        let mut scratch = (Buffer::default(), Buffer::default());
        for images in chunks(shape.batch, sizes) {
            let at = shape.of(&images);
            scratch.0.ensure(at.len());
            if let (Some(affine), Some(centre)) = (affine, &centre) {
                affine.gradient(&g[at.clone()], &z[at], centre, &mut scratch.0);
            }
            let x = self.input.images(&images, &mut scratch.1);
            self.kernel.backward(x, &scratch.0, images.len(), sink.images(&images));
            sink.finish(&images);
        }
        let gamma = self.variance.as_ref().map(|(variance, _)| {
            let channels = sums.centred.iter().zip(variance);
            channels.map(|(sum, v)| (sum / f64::from(*v).sqrt()) as f32).collect()
        });
        let found = Found {
            weight: self.kernel.weight_gradient(),
            gamma: gamma.unwrap_or_default(),
            bias: sums.plain.iter().map(|&sum| sum as f32).collect(),
        };
        (found, sink.gradient())
    }
}

impl ConvolutionLayer {
    pub(super) fn convolve(&self, input: &Rc<Maps>, training: bool) -> Convolved {
        let after = match (&self.norm, &self.bias) {
            (Some(norm), _) => After::Norm(norm),
            (None, Some(bias)) => After::Bias(numbers(bias.val())),
            (None, None) => After::Bias(vec![0.0; self.spec.outputs]),
        };
        convolve(&self.spec, &numbers(self.weight.val()), after, input, training)
    }

    pub(super) fn put(&self, found: Found, gradients: &mut Gradients) {
        super::put(&self.weight, found.weight, gradients);
        if let Some(norm) = &self.norm {
            super::put(&norm.batch.gamma, found.gamma, gradients);
            super::put(&norm.batch.beta, found.bias, gradients);
        } else if let Some(bias) = &self.bias {
            super::put(bias, found.bias, gradients);
        }
    }
}

impl Norm {
    /// The running mean and variance.
    fn running(&self) -> (Vec<f32>, Vec<f32>) {
        let values = |tensor: Tensor<1>| numbers(tensor);
        (values(self.batch.running_mean.value_sync()), values(self.batch.running_var.value_sync()))
    }

    /// Lets the running statistics follow those of a batch.
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
