//! Activations without a convolution.

use super::buffer::Buffer;
use super::gradient::{Gradient, InputGradient};
use super::maps::Maps;
use super::norm::Affine;
use super::parallel::states;
use crate::nonlinearity::Nonlinearity;
use std::sync::Arc;

/// Tape entry of an activation without a convolution.
#[derive(Debug)]
pub(super) struct Activated {
    input: Arc<Maps>,
    output: Arc<Maps>,
}

impl Nonlinearity {
    /// Forward pass.
    pub(super) fn activate(&self, input: &Arc<Maps>) -> Activated {
        let channels = input.shape.channels;
        let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
        let affine = Some(Affine::new(&ones, &zeros, &zeros, self.activation));
        let (shape, values) = (input.shape, input.all());
        let output = Arc::new(Maps { shape, values, affine, constant: false });
        Activated { input: Arc::clone(input), output }
    }
}

impl Activated {
    pub(super) fn output(&self) -> Arc<Maps> {
        Arc::clone(&self.output)
    }

    /// Backward pass.
    pub(super) fn backward(
        self,
        gradient: &Gradient,
        more: Option<Arc<Buffer>>,
    ) -> Option<Gradient> {
        let shape = self.input.shape;
        let (g, z) = (&gradient.values[..], &self.output.values[..]);
        let affine = self.output.affine.as_ref();
        let constant = affine.map(Affine::constant);
        let mut input_gradient = InputGradient::new(&self.input, more);
        input_gradient.fill(shape.image(), &mut states(shape.batch, || ()), |(), images, out| {
            let at = shape.of(images);
            if let (Some(out), Some(affine), Some(constant)) = (out, affine, &constant) {
                affine.gradient(&g[at.clone()], &z[at], constant, out);
            }
        });
        input_gradient.finish()
    }
}
