//! The normalization of pixels inside a model.

use super::builder::GraphBuilder;
use super::options::InputRange;
use crate::operation::Operation;
use crate::program::Program;
use automl_data::Preprocessing;

/// The inputs of a network as `scale p + shift`, channel by channel, of pixels p.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Normalization {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Normalization {
    /// The normalization of pixels in a range.
    pub(super) fn new(input: &Preprocessing, range: InputRange) -> Self {
        let most = range.most();
        let scale: Vec<f32> = input.sd.iter().map(|sd| 1.0 / (most * sd)).collect();
        let shift = input.mean.iter().zip(&input.sd).map(|(mean, sd)| -mean / sd).collect();
        Self { scale, shift }
    }

    /// Folds the normalization into the first convolution, if that alone reads the input and has no
    /// padding: behind the normalization, zeros of a border would be other pixels. Whether it did.
    pub(super) fn fold(&self, program: &mut Program) -> bool {
        let readers = |step: &&mut crate::program::Step| step.inputs.contains(&Program::INPUT);
        let mut readers: Vec<_> = program.steps.iter_mut().filter(readers).collect();
        let [step] = &mut readers[..] else { return false };
        let Operation::Convolution(convolution) = &mut step.operation else { return false };
        if convolution.padding != (0, 0) {
            return false;
        }
        let taps = convolution.kernel * convolution.kernel;
        let (each, share) =
            (convolution.inputs / convolution.groups, convolution.outputs / convolution.groups);
        let filters = convolution.weight.chunks_mut(each * taps).zip(&mut convolution.bias);
        for (o, (filter, bias)) in filters.enumerate() {
            for (j, weights) in filter.chunks_mut(taps).enumerate() {
                let channel = o / share * each + j;
                *bias += weights.iter().sum::<f32>() * self.shift[channel];
                weights.iter_mut().for_each(|w| *w *= self.scale[channel]);
            }
        }
        true
    }

    /// Appends `(p - mean) scale` as two nodes; returns the name of the output.
    pub(super) fn nodes(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let dims = [1, self.scale.len(), 1, 1];
        let mean: Vec<f32> = self.shift.iter().zip(&self.scale).map(|(b, a)| -b / a).collect();
        let mean = graph.floats("input_mean", &dims, &mean);
        let scale = graph.floats("input_scale", &dims, &self.scale);
        let centered = graph.node("centered", "Sub", &[input, &mean], &[]);
        graph.node("normalized", "Mul", &[&centered, &scale], &[])
    }
}
