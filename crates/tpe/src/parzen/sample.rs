//! Sampling from the density.

use super::{Form, ParzenEstimator};
use crate::axis::{Axis, Kind};
use automl_space::{Config, Space};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

impl ParzenEstimator {
    /// A configuration drawn from the density.
    pub fn sample(&self, space: &Space, rng: &mut dyn Rng) -> Config {
        self.sample_wider(space, 1.0, rng)
    }

    /// A configuration drawn with kernels `factor` times as wide (at most 1), for more exploration.
    pub fn sample_wider(&self, space: &Space, factor: f64, rng: &mut dyn Rng) -> Config {
        let mut config = Config::empty(space.len());
        let mut point = vec![f64::NAN; self.axes.len()];
        self.draw(Form::Joint, space, factor, rng, &mut config, &mut point);
        config
    }

    /// Draws a configuration and its coordinates, NaN where inactive, into given memory: all parameters
    /// from one component or, of [`Form::Independent`], each from a component of its own.
    ///
    /// `point`: `[d]`.
    pub(crate) fn draw(
        &self,
        form: Form,
        space: &Space,
        factor: f64,
        rng: &mut dyn Rng,
        config: &mut Config,
        point: &mut [f64],
    ) {
        let k = self.count;
        let mut component = self.draw_component(rng);
        point.fill(f64::NAN);
        space.fill_config(config, |j, param| {
            let axis = &self.axes[j];
            if form == Form::Independent {
                component = self.draw_component(rng);
            }
            let center = if component < k { self.centers[j * k + component] } else { f64::NAN };
            if center.is_nan() {
                let value = if self.strength >= rng.random::<f64>() {
                    param.sample_prior(rng)
                } else {
                    param.domain().sample(rng)
                };
                point[j] = axis.coordinate(value);
                return value;
            }
            let coordinate =
                draw_from_kernel(axis, center, self.widths[j * k + component], factor, rng);
            point[j] = axis.snap(coordinate);
            axis.value(coordinate)
        });
    }

    /// A component by its weight.
    fn draw_component(&self, rng: &mut dyn Rng) -> usize {
        let share = rng.random::<f64>();
        self.cumulative.partition_point(|sum| *sum < share).min(self.count)
    }
}

/// A coordinate drawn from the kernel of one observation on one axis, `factor` times as wide.
fn draw_from_kernel(axis: &Axis, center: f64, width: f64, factor: f64, rng: &mut dyn Rng) -> f64 {
    match axis.kind {
        Kind::Choice { n } => {
            let other = 1.0 - width.exp();
            let own = 1.0 - (factor * other).min(1.0 - 1.0 / n as f64);
            if n == 1 || rng.random::<f64>() < own {
                center
            } else {
                let other = rng.random_range(0..n - 1);
                (other + usize::from(other >= center as usize)) as f64
            }
        }
        _ => truncated_normal(center, (factor * width).min(1.0), rng),
    }
}

/// A draw from a normal density truncated to `[0, 1]`, with `mean` in `[0, 1]` and `width <= 1`, by
/// rejection; at least a third of the draws are accepted.
fn truncated_normal(mean: f64, width: f64, rng: &mut dyn Rng) -> f64 {
    for _ in 0..100 {
        let x = mean + width * rng.sample::<f64, _>(StandardNormal);
        if (0.0..=1.0).contains(&x) {
            return x;
        }
    }
    mean
}
