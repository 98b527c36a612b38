//! The built network is what the architecture says.

#[path = "../../arch/tests/common/mod.rs"]
mod common;

use automl_arch::block;
use automl_arch::{Activation, Architecture, Block, BlockSpace, BlockSpaceOptions, Layer};
use automl_models::{LoadError, Network};
use automl_numeric::stream;
use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor};
use proptest::prelude::*;

fn images(architecture: &Architecture, batch: usize, device: &Device) -> Tensor<4> {
    let side = architecture.input_side;
    let shape = [batch, architecture.input_channels, side.height, side.width];
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| ((i * 7919 % 1013) as f32 / 506.0) - 1.0).collect();
    Tensor::<1>::from_floats(values.as_slice(), device).reshape(shape)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cost_counts_what_the_network_holds(architecture in common::architecture()) {
        let device = Device::flex();
        let network = Network::new(&architecture, 1, &device).unwrap();
        let tensors = network.tensors();
        let held: usize =
            tensors.iter().filter(|t| t.is_parameter()).map(|t| t.values.len()).sum();
        // Costs are those of the network as it is deployed.
        let deployed = Network::from_graph(&architecture.graph().unwrap().folded(), 1, &device);
        let tensors_deployed = deployed.tensors();
        let learnt = tensors_deployed.iter().filter(|t| t.is_parameter());
        let count: usize = learnt.map(|t| t.values.len()).sum();
        prop_assert_eq!(count as u64, architecture.cost().unwrap().parameters);
        let statistics: usize =
            tensors.iter().filter(|t| !t.is_parameter()).map(|t| t.values.len()).sum();
        prop_assert_eq!(held + statistics, network.num_params());
        let scores = network.forward(images(&architecture, 3, &device));
        prop_assert_eq!(scores.dims(), [3, architecture.classes().unwrap()]);
        prop_assert!(numbers(scores).iter().all(|x| x.is_finite()));
    }

    #[test]
    fn saved_weights_give_the_same_scores(architecture in common::architecture(), seed in 0_u64..99) {
        let device = Device::flex();
        let network = Network::new(&architecture, seed, &device).unwrap();
        let again = Network::load(&architecture, network.tensors(), &device).unwrap();
        prop_assert_eq!(again.tensors(), network.tensors());
        let x = images(&architecture, 2, &device);
        prop_assert_eq!(numbers(again.forward(x.clone())), numbers(network.forward(x)));
    }
}

fn small() -> Architecture {
    Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(8, 3, 1, Activation::HardSwish)),
            Layer::new(
                2,
                Block::InvertedResidualV3(block::InvertedResidualV3 {
                    kernel: 3,
                    expansion: 2.0,
                    channels: 16,
                    squeeze_excite: true,
                    hard_swish: true,
                    stride: 2,
                    eca: false,
                }),
            ),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(4)),
        ],
    )
}

#[test]
fn the_seed_alone_decides_the_weights() {
    let device = Device::flex();
    let make = |seed| Network::new(&small(), seed, &device).unwrap().tensors();
    let first = make(5);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(|| {
                let device = Device::flex();
                device.seed(99);
                let _noise = Tensor::<1>::random([64], Distribution::Default, &device);
                Network::new(&small(), 5, &device).unwrap().tensors()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), first);
    }
    assert_ne!(make(6), first);
    // A pinned number: weights do not change from version to version.
    assert_eq!(first[0].name, "layers.0.Convolution.weight");
    assert_eq!(first[0].shape, [8, 1, 3, 3]);
}

/// One step of gradient descent on a fixed batch.
fn step(network: Network, x: &Tensor<4>) -> (Network, f32) {
    let scores = network.forward(x.clone());
    let loss = (scores - 1.0).powi_scalar(2).mean();
    let value = loss.clone().into_scalar::<f32>();
    let gradients = GradientsParams::from_grads(loss.backward(), &network);
    let mut optimiser = SgdConfig::new().init();
    (optimiser.step(0.05, network, gradients), value)
}

#[test]
fn training_moves_weights_and_statistics_and_copies_stay() {
    let device = Device::flex().autodiff();
    let architecture = small();
    let x = images(&architecture, 8, &device);
    let mut network = Network::new(&architecture, 3, &device).unwrap();
    let copy = network.copy();
    assert!(copy.is_training() && !network.valid().is_training());
    let before = copy.tensors();
    let mut losses = Vec::new();
    for _ in 0..20 {
        let (next, loss) = step(network, &x);
        network = next;
        losses.push(loss);
    }
    assert!(losses[19] < 0.5 * losses[0], "{losses:?}");
    assert_eq!(copy.tensors(), before);
    for (old, new) in before.iter().zip(network.tensors()) {
        assert_eq!(old.name, new.name);
        assert_ne!(old.values, new.values, "{} did not move", old.name);
    }
    // What was saved goes on as what is in memory does, to the bit.
    let loaded = Network::load(&architecture, network.tensors(), &device).unwrap();
    let plain = Device::flex();
    let y = images(&architecture, 8, &plain);
    assert_eq!(numbers(loaded.valid().forward(y.clone())), numbers(network.valid().forward(y)));
    let (a, _) = step(network, &x);
    let (b, _) = step(loaded, &x);
    assert_eq!(a.tensors(), b.tensors());
}

#[test]
fn the_momentum_of_the_statistics_can_be_set() {
    let device = Device::flex().autodiff();
    let architecture = small();
    let x = images(&architecture, 8, &device);
    let statistics = |momentum| {
        let mut network = Network::new(&architecture, 3, &device).unwrap();
        network.set_norm_momentum(momentum);
        network.forward(x.clone());
        let tensors = network.tensors();
        tensors.into_iter().find(|t| t.name.ends_with("running_mean")).unwrap().values
    };
    assert!(statistics(0.0).iter().all(|&mean| mean == 0.0));
    let (tenth, whole) = (statistics(0.1), statistics(1.0));
    for (a, b) in tenth.iter().zip(&whole) {
        assert!((10.0 * a - b).abs() < 1e-5);
    }
}

#[test]
fn wrong_weights_are_refused_by_name() {
    let device = Device::flex();
    let architecture = small();
    let tensors = Network::new(&architecture, 0, &device).unwrap().tensors();
    let load = |tensors| Network::load(&architecture, tensors, &device).unwrap_err();

    let mut missing = tensors.clone();
    let gone = missing.remove(3).name;
    assert_eq!(load(missing), LoadError::Missing { name: gone });

    let mut unknown = tensors.clone();
    unknown.push(tensors[0].clone());
    unknown.last_mut().unwrap().name = "nobody".into();
    assert_eq!(load(unknown), LoadError::Unknown { name: "nobody".into() });

    let mut shape = tensors.clone();
    shape[0].values.pop();
    assert!(matches!(load(shape), LoadError::Shape { numbers: 71, .. }));
}

#[test]
fn matrix_products_and_convolutions_agree() {
    // The same 1x1 convolutions with padding 0 given as such (a product) and as groups of one.
    let device = Device::flex();
    for stride in [1, 2, 3] {
        let build = |kernel| {
            Architecture::new(
                2,
                7,
                [
                    Layer::once(Block::conv(8, kernel, stride, Activation::Identity)),
                    Layer::once(Block::GlobalAvgPool),
                ],
            )
        };
        let product = Network::new(&build(1), 4, &device).unwrap();
        let mut weights = product.tensors();
        // The center of a 3x3 kernel that is zero elsewhere is a 1x1 kernel.
        let centre = weights[0].values.clone();
        weights[0].shape = vec![8, 2, 3, 3];
        weights[0].values = vec![0.0; 8 * 2 * 9];
        for (index, value) in centre.into_iter().enumerate() {
            weights[0].values[index * 9 + 4] = value;
        }
        let convolution = Network::load(&build(3), weights, &device).unwrap();
        let x = images(&build(1), 3, &device);
        let (a, b) = (numbers(product.forward(x.clone())), numbers(convolution.forward(x)));
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}

/// The classifier's scores are a linear function of the features.
#[test]
fn features_are_what_the_classifier_sees() {
    let device = Device::flex();
    let architecture = small();
    let network = Network::new(&architecture, 2, &device).unwrap();
    let x = images(&architecture, 3, &device);
    let features = network.features(x.clone());
    let tensors = network.tensors();
    let [.., weight, bias] = tensors.as_slice() else { panic!("too few tensors") };
    let classes = architecture.classes().unwrap();
    let width = weight.values.len() / classes;
    assert_eq!(features.dims(), [3, width]);
    let weight = Tensor::<1>::from_floats(weight.values.as_slice(), &device);
    let weight = weight.reshape([classes, width]).transpose();
    let bias = Tensor::<1>::from_floats(bias.values.as_slice(), &device).reshape([1, classes]);
    let by_hand = numbers(features.matmul(weight) + bias);
    for (a, b) in by_hand.iter().zip(numbers(network.forward(x))) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
}

#[test]
fn samples_run() {
    let device = Device::flex();
    for (side, extended) in [(8, false), (8, true), (28, true)] {
        let options = BlockSpaceOptions { width: 0.125, extended, ..Default::default() };
        let space = BlockSpace::new(1, side, 10, &options).unwrap();
        for draw in 0..12 {
            let config = space.space().sample_prior(&mut stream(1, draw, "test"));
            let network = Network::new(&space.architecture(&config), draw, &device).unwrap();
            let scores = network.forward(Tensor::ones([2, 1, side, side], &device));
            assert_eq!(scores.dims(), [2, 10]);
        }
    }
}
