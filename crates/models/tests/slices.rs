//! A network that is cut out of a larger one computes what the larger one does with that choice of depth,
//! widths, expansions and kernels.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_models::{NamedTensor, Network, add, cut};
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

/// Sizes of a network of a stem, a stage that keeps the shape, a stage that halves it, and a head.
#[derive(Clone, Debug)]
struct Sizes {
    widths: [usize; 2],
    /// Blocks of each stage.
    depths: [usize; 2],
    /// Kernel and expansion of each block.
    blocks: [[(usize, f64); 3]; 2],
    last: usize,
}

impl Sizes {
    /// The architecture, and the place of each of its layers in the largest one.
    fn lay_out(&self) -> (Architecture, Vec<usize>) {
        let mut layers = vec![Layer::once(Block::conv(self.widths[0], 3, 1, Activation::Relu))];
        let mut places = vec![0];
        for stage in 0..2 {
            for block in 0..self.depths[stage] {
                let (kernel, expansion) = self.blocks[stage][block];
                let stride = if stage == 1 && block == 0 { 2 } else { 1 };
                let width = self.widths[stage];
                let block_of = Block::inverted_residual(kernel, expansion, width, stride);
                layers.push(Layer::once(block_of));
                places.push(1 + 3 * stage + block);
            }
        }
        layers.extend([
            Layer::once(Block::conv(self.last, 1, 1, Activation::HardSwish)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(4)),
        ]);
        places.extend(7..11);
        (Architecture::new(1, 8, layers), places)
    }
}

const LARGEST: Sizes =
    Sizes { widths: [24, 32], depths: [3, 3], blocks: [[(5, 4.0); 3]; 2], last: 40 };

fn sizes() -> impl Strategy<Value = Sizes> {
    let block = || (prop::sample::select(vec![1, 3, 5]), prop::sample::select(vec![2.0, 3.0, 4.0]));
    let three = move || [block(), block(), block()];
    (1_usize..=3, 1_usize..=4, 0_usize..=3, 1_usize..=3, [three(), three()], 1_usize..=5).prop_map(
        |(first, second, shallow, deep, blocks, last)| Sizes {
            widths: [8 * first, 8 * second],
            depths: [shallow, deep],
            blocks,
            last: 8 * last,
        },
    )
}

/// For each node of the part the node of the whole.
fn nodes(part: &(Architecture, Vec<usize>), whole: &Architecture) -> Vec<usize> {
    let of_whole = whole.places().unwrap();
    let own = part.0.places().unwrap();
    own.iter()
        .enumerate()
        .map(|(node, place)| {
            let within = own[..node].iter().rev().take_while(|other| *other == place).count();
            let layer = part.1[place.layer];
            of_whole.iter().position(|other| other.layer == layer).unwrap() + within
        })
        .collect()
}

fn images(device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..3 * 64).map(|i| ((i * 7919 % 1013) as f32 / 506.0) - 1.0).collect();
    Tensor::<1>::from_floats(values.as_slice(), device).reshape([3, 1, 8, 8])
}

/// Weights and statistics that all matter.
fn busy(mut tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
    for (number, tensor) in tensors.iter_mut().enumerate() {
        let variance = tensor.name.ends_with("running_var");
        for (index, value) in tensor.values.iter_mut().enumerate() {
            let noise = ((number * 131 + index * 7919) % 997) as f32 / 997.0 - 0.5;
            *value = if variance { 1.0 + noise } else { *value + 0.3 * noise };
        }
    }
    tensors
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The larger network with zeros in place of everything that the part does not use, among them whole
    /// blocks, of which the shortcut is left, gives the scores of the part.
    #[test]
    fn parts_compute_what_the_whole_does(sizes in sizes()) {
        let device = Device::flex();
        let (largest, _) = LARGEST.lay_out();
        let whole = Network::new(&largest, 1, &device).unwrap();
        let weights = busy(whole.tensors());
        let part = sizes.lay_out();
        let nodes = nodes(&part, &largest);
        let mut own = Network::new(&part.0, 2, &device).unwrap().tensors();
        cut(&weights, &mut own, &nodes).unwrap();
        let scores = |network: Network| -> Vec<f32> {
            network.forward(images(&device)).into_data().iter::<f32>().collect()
        };
        let alone = scores(Network::load(&part.0, own.clone(), &device).unwrap());
        let mut masked = weights;
        masked.iter_mut().for_each(|tensor| tensor.values.fill(0.0));
        add(&own, &mut masked, &nodes).unwrap();
        let within = scores(whole.with_tensors(masked).unwrap());
        for (a, b) in alone.iter().zip(&within) {
            prop_assert!((a - b).abs() < 1e-4 * a.abs().max(1.0), "{:?} {:?}", alone, within);
        }
    }
}
