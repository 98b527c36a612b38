//! Initial weights from portable streams.

use automl_numeric::stream;
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;

/// Source of initial parameters; each random tensor has a stream of its own.
pub(crate) struct Init<'a> {
    seed: u64,
    drawn: u64,
    device: &'a Device,
}

impl<'a> Init<'a> {
    pub(crate) fn new(seed: u64, device: &'a Device) -> Self {
        Self { seed, drawn: 0, device }
    }

    pub(crate) fn device(&self) -> &Device {
        self.device
    }

    /// Independent draws from N(0, deviation^2).
    pub(crate) fn normal<const D: usize>(
        &mut self,
        shape: [usize; D],
        deviation: f64,
    ) -> Param<Tensor<D>> {
        let values = normals(self.seed, self.drawn, shape.iter().product());
        self.drawn += 1;
        let values: Vec<f32> = values.into_iter().map(|z| (z * deviation) as f32).collect();
        Param::from_data(TensorData::new(values, shape), self.device)
    }

    /// He et al.'s normal weights of a convolution: variance 2 / (outputs x kernel^2).
    pub(crate) fn kaiming(&mut self, shape: [usize; 4]) -> Param<Tensor<4>> {
        let [outputs, _, height, width] = shape;
        self.normal(shape, (2.0 / (outputs * height * width) as f64).sqrt())
    }

    pub(crate) fn zeros(&self, length: usize) -> Param<Tensor<1>> {
        self.constant(length, 0.0)
    }

    pub(crate) fn constant(&self, length: usize, value: f32) -> Param<Tensor<1>> {
        Param::from_data(TensorData::new(vec![value; length], [length]), self.device)
    }
}

/// Standard normal numbers by the Box-Muller transform, with a portable mathematics library.
fn normals(seed: u64, index: u64, count: usize) -> Vec<f64> {
    let mut rng = stream(seed, index, "weights");
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let radius = (-2.0 * libm::log(1.0 - rng.random::<f64>())).sqrt();
        let angle = std::f64::consts::TAU * rng.random::<f64>();
        values.push(radius * libm::cos(angle));
        values.push(radius * libm::sin(angle));
    }
    values.truncate(count);
    values
}

#[cfg(test)]
mod tests {
    use super::normals;

    #[test]
    fn normals_are_pinned_and_normal() {
        let z = normals(7, 3, 20_001);
        assert_eq!(z, normals(7, 3, 20_001));
        assert_ne!(z[..8], normals(7, 4, 8)[..]);
        let n = z.len() as f64;
        let moment = |power: i32| z.iter().map(|x| x.powi(power)).sum::<f64>() / n;
        assert!(moment(1).abs() < 0.03 && (moment(2) - 1.0).abs() < 0.05);
        assert!(moment(3).abs() < 0.1 && (moment(4) - 3.0).abs() < 0.3);
    }
}
