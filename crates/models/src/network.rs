//! Network as a burn module, built at run time from its graph.

use crate::cpu;
use crate::init::Init;
use crate::layer::{self, NetworkLayer, build, run};
use automl_arch::{Architecture, ArchitectureError, Graph};
use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor};

/// A trainable image classifier: batches of images in, one score per class out.
///
/// Gradients flow, and batch normalisation uses and follows the statistics of the batch, if the
/// device was made with `.autodiff()`; `valid()` gives the form for evaluation. A plain `clone`
/// shares the running statistics of batch normalisation with the original (burn keeps them behind
/// a pointer); [`Network::copy`] does not.
#[derive(Module, Debug)]
pub struct Network {
    pub(crate) layers: Vec<NetworkLayer>,
}

impl Network {
    /// A freshly initialised network.
    ///
    /// Weights are a function of architecture and seed only, drawn from portable streams:
    /// convolutions from N(0, 2 / (outputs x kernel^2)), linear layers from N(0, .01^2), biases 0,
    /// normalisation 1 and 0, as torchvision's MobileNets do (He et al. 2015, "fan out").
    ///
    /// # Errors
    /// What [`Architecture::graph`] refuses.
    pub fn new(
        architecture: &Architecture,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        Ok(Self::from_graph(&architecture.graph()?, seed, device))
    }

    /// As [`Network::new`], from the graph form.
    pub fn from_graph(graph: &Graph, seed: u64, device: &Device) -> Self {
        let mut init = Init::new(seed, device);
        Self { layers: build(&graph.nodes, &mut init) }
    }

    /// Class scores (logits) of a batch.
    ///
    /// # Shapes
    /// Images `[batch, input_channels, side, side]` to scores `[batch, classes]`. Any side will
    /// do that the pooling leaves something of, if the classifier stands behind a global pool.
    ///
    /// # Panics
    /// If the images' channels are not the architecture's.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        if !images.is_autodiff() && cpu::supports(&images) {
            return cpu::evaluate(&self.layers, images);
        }
        run(&self.layers, images).flatten(1, 3)
    }

    /// What the classifier sees: the numbers before the last layer, if that is a linear one.
    ///
    /// # Shapes
    /// As [`forward`](Self::forward), to `[batch, features]`.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
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

    /// Class scores of a batch by its own statistics, which the running ones follow, in training
    /// mode; what [`forward`](Self::forward) gives there too, without a history.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn observe(&self, images: Tensor<4>) -> Tensor<2> {
        if cpu::supports(&images) {
            return cpu::observe(&self.layers, images);
        }
        run(&self.layers, images).flatten(1, 3).inner()
    }

    /// The loss of a batch in training and the gradients of all parameters.
    ///
    /// What `loss(forward(images)).backward()` gives, on the CPU several times as fast: there,
    /// the network's forward and backward passes are written by hand, and burn differentiates
    /// the loss only. Images are constants: to differentiate by them, use
    /// [`forward`](Self::forward).
    ///
    /// # Panics
    /// If the images' device does not track gradients, or as [`forward`](Self::forward).
    pub fn gradients(
        &self,
        images: Tensor<4>,
        loss: impl FnOnce(Tensor<2>) -> Tensor<1>,
    ) -> (Tensor<1>, Gradients) {
        if !cpu::supports(&images) {
            let loss = loss(self.forward(images));
            let gradients = loss.backward();
            return (loss.inner(), gradients);
        }
        let device = images.device();
        let pass = cpu::Pass::forward(&self.layers, images);
        let scores = pass.scores(&device).require_grad();
        let loss = loss(scores.clone());
        let mut gradients = loss.backward();
        if let Some(gradient) = scores.grad_remove(&mut gradients) {
            pass.backward(gradient, &mut gradients);
        }
        (loss.inner(), gradients)
    }

    /// An independent copy, in the same mode, with the same parameter identities.
    pub fn copy(&self) -> Self {
        let evaluation = self.valid();
        if self.is_training() { evaluation.train() } else { evaluation }
    }

    /// Whether gradients are tracked.
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
