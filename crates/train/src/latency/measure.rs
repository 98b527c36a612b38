//! Timing of networks.

use crate::{cpu, one_thread};
use automl_arch::{Architecture, ArchitectureError, Graph};
use automl_deploy::{Engine, Program, Tensor as Tensor32, Weights};
use automl_models::{NamedTensor, Network};
use burn::tensor::{Device, Tensor, TensorData};
use std::time::{Duration, Instant};

/// The longest that the timed runs of one network may take, if there are a few of them by then.
const LONG: Duration = Duration::from_millis(100);

/// The runs that a median needs at least.
const FEW: usize = 5;

/// Options of the timing of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Images that are classified at once, at least 1.
    pub batch: usize,
    /// Runs before the timed ones: they fill caches and compile what a GPU needs.
    pub warmup: usize,
    /// Timed runs, of which the median counts; fewer, but at least 5, if they take over .1 s.
    pub repeats: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self { batch: 1, warmup: 5, repeats: 50 }
    }
}

/// The median time, in microseconds, in which a device classifies a batch of images: from images on
/// the device to scores that can be read. On the CPU it is the time of one thread of the inference
/// engine that runs trained networks ([`Engine`]), not that of the training path; on a GPU that of the
/// framework.
///
/// Weights do not matter for it, so they are random ones.
///
/// # Errors
/// An architecture that cannot be built.
pub fn measure(
    architecture: &Architecture,
    timing: &Timing,
    device: &Device,
) -> Result<f64, ArchitectureError> {
    let network = Network::new(architecture, 0, device)?;
    let side = architecture.input_side;
    let shape = [timing.batch.max(1), architecture.input_channels, side.height, side.width];
    let pixels = (0..shape.iter().product()).map(|i: usize| (i as f32 * 0.7).sin());
    let pixels: Vec<f32> = pixels.collect();
    let engine = engine(&network, &architecture.graph()?).filter(|_| *device == cpu());
    let images = Tensor::<4>::from_data(TensorData::new(pixels.clone(), shape), device);
    let run = || {
        let start = Instant::now();
        match &engine {
            Some(engine) => drop(engine.scores(&pixels, 1)),
            // Reading the scores waits for them where the device works on its own.
            None => drop(network.forward(images.clone()).into_data()),
        }
        start.elapsed()
    };
    Ok(one_thread(|| {
        (0..timing.warmup).for_each(|_| {
            run();
        });
        let mut times = Vec::with_capacity(timing.repeats);
        let mut spent = Duration::ZERO;
        while times.len() < timing.repeats.max(FEW) && (spent < LONG || times.len() < FEW) {
            let time = run();
            spent += time;
            times.push(time.as_secs_f64() * 1e6);
        }
        median(&mut times)
    }))
}

/// The engine by which [`measure`] runs networks on a device, in words.
pub fn latency_engine(device: &Device) -> &'static str {
    if *device == cpu() { "own engine, 32-bit floats, one thread" } else { "framework on the GPU" }
}

/// The network as the inference engine runs it.
fn engine(network: &Network, graph: &Graph) -> Option<Engine> {
    let tensors = network.tensors().into_iter();
    let weights =
        tensors.map(|NamedTensor { name, shape, values }| Tensor32 { name, shape, values });
    Some(Engine::new(&Program::lower(graph, &Weights::new(weights)).ok()?))
}

/// The middle value, or the mean of the two middle ones.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{Activation, Block, Layer};

    #[test]
    fn medians_lie_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 100.0]), 3.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 100.0]), 3.0);
    }

    #[test]
    fn a_network_takes_time() {
        let layers = |channels| {
            [
                Layer::once(Block::conv(channels, 3, 1, Activation::Relu)),
                Layer::once(Block::GlobalAvgPool),
            ]
        };
        let network = Architecture::new(1, 8, layers(8));
        let timing = Timing { batch: 2, warmup: 1, repeats: 6 };
        let time = measure(&network, &timing, &cpu()).unwrap();
        assert!(time.is_finite() && time > 0.0);
        assert!(measure(&Architecture::new(1, 8, layers(0)), &timing, &cpu()).is_err());
    }
}
