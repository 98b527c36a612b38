//! Network as a burn module, built at run time from its graph.

use crate::cpu;
use crate::init::Init;
use crate::layer::{self, NetworkLayer, Sum, build, run, run_with};
use crate::noise::Noise;
use automl_arch::{Architecture, ArchitectureError, Graph};
use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor};
use rand::Rng;

/// Trainable image classifier: batches of images in, one score per class out.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
/// use automl_models::Network;
/// use burn::tensor::{Device, Tensor};
///
/// let architecture = Architecture::new(1, 8, [
///     Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
///     Layer::once(Block::GlobalAvgPool),
///     Layer::once(Block::Flatten),
///     Layer::once(Block::linear(3)),
/// ]);
/// let device = Device::flex().autodiff();
/// let network = Network::new(&architecture, 0, &device)?;
/// let images = Tensor::ones([4, 1, 8, 8], &device);
/// let (loss, gradients) = network.gradients(images, |scores| scores.powf_scalar(2.0).mean());
/// assert!(loss.into_scalar::<f32>() >= 0.0);
/// assert_eq!(network.gradient_tensors(&gradients).len(), 5);
/// # Ok::<(), automl_arch::ArchitectureError>(())
/// ```
///
/// Gradients flow, and batch normalization uses and follows the statistics of the batch, if the
/// device was made with `.autodiff()`; `valid()` gives the form for evaluation. A plain `clone`
/// shares the running statistics of batch normalization with the original (burn keeps them behind
/// a pointer); [`Network::copy`] does not.
#[derive(Module, Debug)]
pub struct Network {
    pub(crate) layers: Vec<NetworkLayer>,
}

impl Network {
    /// Freshly initialized network.
    ///
    /// Weights are a function of architecture and seed only, drawn from portable streams:
    /// convolutions from N(0, 2 / (outputs x kernel^2)), linear layers from N(0, .01^2), biases 0,
    /// normalization 1 and 0, as torchvision's MobileNets do (He et al. 2015, "fan out").
    ///
    /// # Errors
    /// Those of [`Architecture::graph`].
    pub fn new(
        architecture: &Architecture,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        Ok(Self::from_graph(&architecture.graph()?, seed, device))
    }

    /// Freshly initialized network of a graph; see [`Network::new`].
    pub fn from_graph(graph: &Graph, seed: u64, device: &Device) -> Self {
        let mut init = Init::new(seed, device);
        Self { layers: build(&graph.nodes, &mut init) }
    }

    /// Class scores (logits) of a batch.
    ///
    /// # Shapes
    /// Images `[batch, input_channels, height, width]` to scores `[batch, classes]`. Behind a global
    /// pool the classifier takes maps of any size, so the images' height and width may differ from the
    /// architecture's.
    ///
    /// # Panics
    /// If the images' channels differ from the architecture's.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        if !images.is_autodiff() && cpu::supports(&images) {
            return cpu::evaluate(&self.layers, images);
        }
        run(&self.layers, images).flatten(1, 3)
    }

    /// Input of the last layer if that is a linear one, else the class scores.
    ///
    /// # Shapes
    /// Images as for [`forward`](Self::forward), to `[batch, features]`.
    ///
    /// # Panics
    /// Those of [`forward`](Self::forward).
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let body = match self.layers.split_last() {
            Some((NetworkLayer::Linear(_), body)) => body,
            _ => &self.layers,
        };
        if !images.is_autodiff() && cpu::supports(&images) {
            return cpu::evaluate(body, images);
        }
        run(body, images).flatten(1, 3)
    }

    /// Class scores of a batch in training mode: by the statistics of the batch, which update the
    /// running ones. Equal to [`forward`](Self::forward) there, without automatic derivatives.
    ///
    /// # Panics
    /// Those of [`forward`](Self::forward).
    pub fn observe(&self, images: Tensor<4>) -> Tensor<2> {
        if cpu::supports(&images) {
            return cpu::observe(&self.layers, images);
        }
        run(&self.layers, images).flatten(1, 3).inner()
    }

    /// Loss of a batch in training mode and its gradients by all parameters.
    ///
    /// Equal to `loss(forward(images)).backward()`, on the CPU several times as fast: there, the
    /// network's forward and backward passes are written by hand, and burn differentiates
    /// the loss only. Images are constants: to differentiate by them, use
    /// [`forward`](Self::forward).
    ///
    /// # Panics
    /// If the images' device does not track gradients, and those of [`forward`](Self::forward).
    pub fn gradients(
        &self,
        images: Tensor<4>,
        loss: impl FnOnce(Tensor<2>) -> Tensor<1>,
    ) -> (Tensor<1>, Gradients) {
        self.gradients_with(images, &Noise::default(), loss)
    }

    /// [`gradients`](Self::gradients) under the noise of a training step.
    ///
    /// # Panics
    /// Those of [`gradients`](Self::gradients), and if the noise was drawn for another network or
    /// another number of images.
    pub fn gradients_with(
        &self,
        images: Tensor<4>,
        noise: &Noise,
        loss: impl FnOnce(Tensor<2>) -> Tensor<1>,
    ) -> (Tensor<1>, Gradients) {
        if !cpu::supports(&images) {
            let loss = loss(run_with(&self.layers, images, noise).flatten(1, 3));
            let gradients = loss.backward();
            return (loss.inner(), gradients);
        }
        let device = images.device();
        let pass = cpu::Pass::forward(&self.layers, images, noise);
        let scores = pass.scores(&device).require_grad();
        let loss = loss(scores.clone());
        let mut gradients = loss.backward();
        if let Some(gradient) = scores.grad_remove(&mut gradients) {
            pass.backward(gradient, &mut gradients);
        }
        (loss.inner(), gradients)
    }

    /// Draws the noise of a training step on `batch` images: dropout before the last linear layer, and
    /// stochastic depth in the residual blocks. Probabilities lie in `[0, 1)`; 0 for none.
    pub fn noise(
        &self,
        batch: usize,
        dropout: f64,
        stochastic_depth: f64,
        rng: &mut dyn Rng,
    ) -> Noise {
        let residual = self.layers.iter().enumerate().filter(|(_, layer)| {
            matches!(layer, NetworkLayer::Sum(Sum { shortcut, .. }) if shortcut.is_empty())
        });
        let residual: Vec<usize> = residual.map(|(index, _)| index).collect();
        let count = residual.len();
        let depth = residual.into_iter().enumerate().map(|(number, index)| {
            (index, 1, stochastic_depth * (number + 1) as f64 / count as f64)
        });
        let last = match self.layers.split_last() {
            Some((NetworkLayer::Linear(last), body)) => {
                let [_, features] = last.weight.dims();
                Some((body.len(), features, dropout))
            }
            _ => None,
        };
        let places = depth.chain(last).filter(|(.., probability)| *probability > 0.0);
        Noise::draw(places, batch, rng)
    }

    /// Independent copy, in the same mode, with the same parameter identities.
    pub fn copy(&self) -> Self {
        let evaluation = self.valid();
        if self.is_training() { evaluation.train() } else { evaluation }
    }

    /// `true` if gradients are tracked.
    pub fn is_training(&self) -> bool {
        self.devices().first().is_some_and(Device::is_autodiff)
    }

    /// Sets how much of each batch's statistics enters the running ones (default .1).
    ///
    /// 1 / k in step k = 1, 2, ... makes them the plain means over the batches, which recalibrates
    /// a network that has trained for a short time only.
    pub fn set_norm_momentum(&mut self, momentum: f64) {
        layer::set_norm_momentum(&mut self.layers, momentum.clamp(0.0, 1.0));
    }
}
