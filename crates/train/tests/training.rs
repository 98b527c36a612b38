//! Training, checkpoints and files of networks.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{
    Augmentation, DataSplits, Dataset, Mixing, Optimizer, Recipe, Regularization, Split,
};
use automl_models::{NamedTensor, Network};
use automl_train::{CheckpointError, Saver, TrainError, Training, cpu, export, one_thread};
use safetensors::tensor::{SafeTensors, TensorView};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn architecture() -> Architecture {
    Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ],
    )
}

/// A network with two residual blocks.
fn residual() -> Architecture {
    Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
            Layer::new(2, Block::inverted_residual(3, 2.0, 16, 1)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ],
    )
}

fn digits() -> Arc<DataSplits> {
    Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap())
}

fn small() -> Arc<DataSplits> {
    Arc::new(digits().subset(0.2, 0))
}

#[test]
fn a_small_network_learns_the_digits() {
    let data = digits();
    let recipe = Recipe::for_data(&data, 12);
    let (first, last, test) = one_thread(|| {
        let mut training = Training::new(&architecture(), &data, &recipe, 0, &cpu()).unwrap();
        let first = training.run_epoch(&|| false).unwrap().loss;
        let mut last = first;
        while training.epoch() < recipe.epochs {
            last = training.run_epoch(&|| false).unwrap().loss;
        }
        (first, last, training.evaluate(Split::Test))
    });
    assert!(last < 0.5 * first, "{first} {last}");
    assert!(test.accuracy > 0.9 && test.loss < 0.5, "{test:?}");
}

/// After one epoch of a few steps the accuracy means something already.
#[test]
fn early_evaluations_are_not_at_chance() {
    let data = digits();
    let recipe = Recipe { batch: 128, ..Recipe::for_data(&data, 30) };
    let accuracy = one_thread(|| {
        let mut training = Training::new(&architecture(), &data, &recipe, 0, &cpu()).unwrap();
        training.run_epoch(&|| false).unwrap();
        training.run_epoch(&|| false).unwrap();
        training.evaluate(Split::Validation).accuracy
    });
    assert!(accuracy > 0.3, "{accuracy}");
}

#[test]
fn resumed_training_is_the_same_bit_for_bit() {
    let data = small();
    let recipe = Recipe::for_data(&data, 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.ckpt");
    let (unbroken, resumed) = one_thread(|| {
        let mut training = Training::new(&architecture(), &data, &recipe, 7, &cpu()).unwrap();
        training.run_epoch(&|| false).unwrap();
        training.run_epoch(&|| false).unwrap();
        training.save(&path).unwrap();
        let mut resumed = Training::resume(&path, &data, &cpu()).unwrap();
        assert_eq!(resumed.epoch(), 2);
        assert_eq!(resumed.evaluate(Split::Validation), training.evaluate(Split::Validation));
        for training in [&mut training, &mut resumed] {
            training.run_epoch(&|| false).unwrap();
            training.run_epoch(&|| false).unwrap();
        }
        (training.network().tensors(), resumed.network().tensors())
    });
    let bits = |tensors: &[NamedTensor]| -> Vec<u32> {
        tensors.iter().flat_map(|t| t.values.iter().map(|v| v.to_bits())).collect()
    };
    assert_eq!(bits(&unbroken), bits(&resumed));
}

/// Weights, running statistics, velocities and the epoch are the parent's: the next epoch is too.
#[test]
fn a_child_goes_on_as_its_parent_would() {
    let data = small();
    let recipe = Recipe::for_data(&data, 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parent.ckpt");
    let train = |training: &mut Training| training.run_epoch(&|| false).unwrap();
    let (parent, child, untrained) = one_thread(|| {
        let new = || Training::new(&architecture(), &data, &recipe, 5, &cpu()).unwrap();
        let mut parent = new();
        train(&mut parent);
        parent.save(&path).unwrap();
        train(&mut parent);
        let mut child = new();
        assert_eq!(child.inherit(&path).unwrap(), 1.0);
        train(&mut child);
        let mut untrained = new();
        train(&mut untrained);
        (parent, child, untrained)
    });
    assert_eq!(child.epoch(), 2);
    assert_eq!(child.network().tensors(), parent.network().tensors());
    assert_ne!(child.network().tensors(), untrained.network().tensors());
}

/// Of a parent with other widths, the tensors of the same name and shape are taken over.
#[test]
fn a_child_of_another_shape_inherits_what_fits() {
    let data = small();
    let recipe = Recipe::for_data(&data, 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parent.ckpt");
    let wide = |width| {
        Architecture::new(
            1,
            8,
            [
                Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
                Layer::once(Block::conv(width, 3, 2, Activation::Relu)),
                Layer::once(Block::GlobalAvgPool),
                Layer::once(Block::Flatten),
                Layer::once(Block::linear(10)),
            ],
        )
    };
    one_thread(|| {
        let mut parent = Training::new(&wide(24), &data, &recipe, 0, &cpu()).unwrap();
        parent.run_epoch(&|| false).unwrap();
        parent.save(&path).unwrap();
        let mut child = Training::new(&wide(40), &data, &recipe, 1, &cpu()).unwrap();
        let fresh = child.network().tensors();
        let share = child.inherit(&path).unwrap();
        assert!(share > 0.0 && share < 1.0, "{share}");
        let (own, parents) = (child.network().tensors(), parent.network().tensors());
        let mut inherited = 0;
        for ((own, fresh), parents) in own.iter().zip(&fresh).zip(&parents) {
            let expected = if fresh.shape == parents.shape { parents } else { fresh };
            inherited += usize::from(fresh.shape == parents.shape);
            assert_eq!(own, expected);
        }
        assert!(inherited > 3 && inherited < own.len(), "{inherited} of {}", own.len());
        // The velocities fit: the child can be trained.
        child.run_epoch(&|| false).unwrap();
        assert_eq!(child.epoch(), 2);
    });
}

/// Stopped within an epoch, at the third of its steps.
#[test]
fn a_training_that_is_stopped_within_an_epoch_goes_on_bit_for_bit() {
    let data = small();
    let recipe = Recipe { batch: 16, ..Recipe::for_data(&data, 2) };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.ckpt");
    let (unbroken, resumed) = one_thread(|| {
        let new = || Training::new(&architecture(), &data, &recipe, 7, &cpu()).unwrap();
        let (mut unbroken, mut stopped) = (new(), new());
        let losses = [0; 2].map(|_| unbroken.run_epoch(&|| false).unwrap().loss);
        let asked = AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) == 2;
        let mut saver = Saver::new(&path, Duration::from_secs(3600));
        let error = saver.run_epoch(&mut stopped, &stop).unwrap_err();
        assert!(matches!(error, CheckpointError::Train(TrainError::Stopped { epoch: 1 })));
        let mut resumed = Training::resume(&path, &data, &cpu()).unwrap();
        assert_eq!(resumed.epoch(), 0);
        let again = [0; 2].map(|_| resumed.run_epoch(&|| false).unwrap().loss);
        assert_eq!(again, losses);
        // So does the one in memory.
        stopped.run_epoch(&|| false).unwrap();
        assert_eq!(stopped.epoch(), 1);
        (unbroken.network().tensors(), resumed.network().tensors())
    });
    assert_eq!(unbroken, resumed);
}

/// AdamW, average, mixing and noise: a training goes on as if it had never stopped, from within an epoch
/// too, and each part changes it.
#[test]
fn every_part_of_a_recipe_resumes_bit_for_bit() {
    let data = small();
    let plain = Recipe { batch: 16, ..Recipe::for_data(&data, 2) };
    let mixing = Mixing { mixup: 0.2, cutmix: 1.0 };
    let regularization =
        Regularization { mixing, dropout: 0.2, stochastic_depth: 0.3, clip: 0.5, average: 0.9 };
    let augmentation =
        Augmentation { erase: 0.5, affine: 0.3, color: 0.3, ..plain.augmentation.clone() };
    let all = Recipe { regularization, augmentation, ..plain.clone() };
    let adamw = Recipe { optimizer: Optimizer::AdamW, learning_rate: 0.003, ..all.clone() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.ckpt");
    let run = |recipe: &Recipe| {
        let new = || Training::new(&residual(), &data, recipe, 7, &cpu()).unwrap();
        let (mut unbroken, mut stopped) = (new(), new());
        unbroken.run_epoch(&|| false).unwrap();
        let asked = AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) == 3;
        let mut saver = Saver::new(&path, Duration::from_secs(3600));
        saver.run_epoch(&mut stopped, &stop).unwrap_err();
        let mut resumed = Training::resume(&path, &data, &cpu()).unwrap();
        resumed.run_epoch(&|| false).unwrap();
        assert_eq!(resumed.network().tensors(), unbroken.network().tensors());
        assert_eq!(resumed.trained().tensors(), unbroken.trained().tensors());
        // A child of the same recipe inherits all of it.
        stopped.run_epoch(&|| false).unwrap();
        stopped.save(&path).unwrap();
        let mut child = new();
        assert_eq!(child.inherit(&path).unwrap(), 1.0);
        for training in [&mut child, &mut unbroken] {
            training.run_epoch(&|| false).unwrap();
        }
        assert_eq!(child.trained().tensors(), unbroken.trained().tensors());
        unbroken.network().tensors()
    };
    one_thread(|| {
        let mut seen = vec![run(&plain), run(&all), run(&adamw)];
        let part = |change: fn(&mut Regularization)| {
            let mut regularization = Regularization::default();
            change(&mut regularization);
            Recipe { regularization, ..plain.clone() }
        };
        for recipe in [
            part(|r| r.mixing.mixup = 0.4),
            part(|r| r.mixing.cutmix = 1.0),
            part(|r| r.dropout = 0.2),
            part(|r| r.stochastic_depth = 0.4),
            part(|r| r.clip = 0.1),
        ] {
            let tensors = run(&recipe);
            assert!(!seen.contains(&tensors), "{:?} changes nothing", recipe.regularization);
            seen.push(tensors);
        }
        // An average leaves the weights of the training alone.
        assert_eq!(run(&part(|r| r.average = 0.9)), seen[0]);
    });
}

/// The evaluated network is the average: its weights are not those of the last step.
#[test]
fn an_average_is_what_is_evaluated_and_inherited_only_where_it_is_used() {
    let data = small();
    let plain = Recipe::for_data(&data, 3);
    let regularization = Regularization { average: 0.95, ..Regularization::default() };
    let averaged = Recipe { regularization, ..plain.clone() };
    one_thread(|| {
        let mut training = Training::new(&architecture(), &data, &averaged, 1, &cpu()).unwrap();
        training.run_epoch(&|| false).unwrap();
        let learnt = |tensors: Vec<NamedTensor>| -> Vec<NamedTensor> {
            tensors.into_iter().filter(NamedTensor::is_parameter).collect()
        };
        let raw = learnt(training.network().tensors());
        assert_ne!(learnt(training.trained().tensors()), raw);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.ckpt");
        training.save(&path).unwrap();
        let mut child = Training::new(&architecture(), &data, &plain, 1, &cpu()).unwrap();
        child.inherit(&path).unwrap();
        assert_eq!(learnt(child.trained().tensors()), raw);
    });
}

#[test]
fn seeds_decide_everything() {
    let data = small();
    let recipe = Recipe::for_data(&data, 1);
    let weights = |seed| {
        one_thread(|| {
            let mut training =
                Training::new(&architecture(), &data, &recipe, seed, &cpu()).unwrap();
            training.run_epoch(&|| false).unwrap();
            training.network().tensors()
        })
    };
    // Several trainings at once do not disturb each other.
    let both = std::thread::scope(|scope| {
        let workers = [scope.spawn(|| weights(1)), scope.spawn(|| weights(1))];
        workers.map(|worker| worker.join().unwrap())
    });
    assert_eq!(both[0], both[1]);
    assert_eq!(both[0], weights(1));
    assert_ne!(both[0], weights(2));
}

#[test]
fn damaged_checkpoints_are_named() {
    let data = small();
    let recipe = Recipe::for_data(&data, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.ckpt");
    let training = Training::new(&architecture(), &data, &recipe, 0, &cpu()).unwrap();
    training.save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = Training::resume(&path, &data, &cpu()).map(drop).unwrap_err();
        assert!(matches!(error, CheckpointError::Content { .. }), "{error}");
        assert!(error.to_string().contains("trial.ckpt"), "{error}");
    };
    refused(&whole[..whole.len() / 2]);
    refused(b"");
    refused(b"no checkpoint at all");
    // One bit of a weight, and one digit of the metadata.
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() ^= 1;
    refused(&bytes);
    let at = whole.windows(8).position(|window| window == b"epoch\\\":").unwrap();
    let mut bytes = whole.clone();
    bytes[at + 8] ^= 1;
    refused(&bytes);
    // A checkpoint of an earlier version has no checksum; what is no number is found without one.
    let file = SafeTensors::deserialize(&whole).unwrap();
    let (_, header) = SafeTensors::read_metadata(&whole).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    assert!(metadata.remove("checksum").is_some());
    let earlier = |views: Vec<(String, TensorView<'_>)>| {
        safetensors::serialize(views, Some(metadata.clone())).unwrap()
    };
    std::fs::write(&path, earlier(file.tensors())).unwrap();
    Training::resume(&path, &data, &cpu()).unwrap();
    for broken in [f32::NAN, f32::INFINITY] {
        let mut views = file.tensors();
        let (name, view) = views.remove(0);
        let mut values = view.data().to_vec();
        values[..4].copy_from_slice(&broken.to_le_bytes());
        views.push((name, TensorView::new(view.dtype(), view.shape().to_vec(), &values).unwrap()));
        refused(&earlier(views));
    }
    std::fs::remove_file(&path).unwrap();
    let missing = Training::resume(&path, &data, &cpu()).map(drop).unwrap_err();
    assert!(matches!(missing, CheckpointError::File { .. }));
    let nowhere = training.save(&folder.path().join("no/folder/x.ckpt")).unwrap_err();
    assert!(nowhere.to_string().contains("no/folder"), "{nowhere}");
}

#[test]
fn divergence_and_stops_end_an_epoch_with_their_reason() {
    let data = small();
    let recipe = Recipe { learning_rate: 1e18, warmup: 0.0, ..Recipe::for_data(&data, 2) };
    let mut training = Training::new(&architecture(), &data, &recipe, 0, &cpu()).unwrap();
    let error = loop {
        match training.run_epoch(&|| false) {
            Ok(_) => assert!(training.epoch() < 2, "nothing diverges"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    let recipe = Recipe::for_data(&data, 1);
    let mut training = Training::new(&architecture(), &data, &recipe, 0, &cpu()).unwrap();
    let asked = AtomicUsize::new(0);
    let stopped = training.run_epoch(&|| asked.fetch_add(1, Ordering::Relaxed) == 2).unwrap_err();
    assert!(matches!(stopped, TrainError::Stopped { epoch: 1 }));
    assert_eq!(asked.into_inner(), 3);
}

#[test]
fn networks_that_do_not_fit_the_data_are_refused() {
    let data = small();
    let recipe = Recipe::for_data(&data, 1);
    let other = Architecture { input_side: 28.into(), ..architecture() };
    let error = Training::new(&other, &data, &recipe, 0, &cpu()).unwrap_err();
    assert!(matches!(error, TrainError::Mismatch { .. }), "{error}");
    let recipe = Recipe { momentum: 2.0, ..recipe };
    assert!(Training::new(&architecture(), &data, &recipe, 0, &cpu()).is_err());
}

#[test]
fn exported_networks_give_the_same_scores() {
    use burn::module::Module;
    use burn::tensor::Tensor;
    let folder = tempfile::tempdir().unwrap();
    let network = Network::new(&architecture(), 3, &cpu()).unwrap();
    let files = export(&network, &architecture(), folder.path()).unwrap();
    for file in &files {
        assert!(folder.path().join(file).exists(), "{file}");
    }
    let yaml = std::fs::read_to_string(folder.path().join("model.yaml")).unwrap();
    let read = Architecture::from_yaml_for(&yaml, 8).unwrap();
    assert_eq!(read.fingerprint(), architecture().fingerprint());
    let bytes = std::fs::read(folder.path().join("weights.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = tensors
        .tensors()
        .into_iter()
        .map(|(name, view)| NamedTensor {
            name,
            shape: view.shape().to_vec(),
            values: view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
        })
        .collect();
    let from_safetensors = Network::load(&read, tensors, &cpu()).unwrap();
    let fresh = Network::new(&read, 9, &cpu()).unwrap();
    let from_burnpack = fresh.load_file(folder.path().join("weights.bpk"));
    let images = Tensor::<4>::ones([2, 1, 8, 8], &cpu());
    let scores = |network: &Network| -> Vec<f32> {
        network.forward(images.clone()).into_data().iter::<f32>().collect()
    };
    assert_eq!(scores(&network), scores(&from_safetensors));
    assert_eq!(scores(&network), scores(&from_burnpack));
}

/// A checkpoint belongs to its data, and to those that followed them with the user's consent.
#[test]
fn a_checkpoint_goes_on_with_its_data_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ckpt");
    let data = small();
    let recipe = Recipe::for_data(&data, 2);
    Training::new(&architecture(), &data, &recipe, 0, &cpu()).unwrap().save(&path).unwrap();
    assert!(Training::resume(&path, &data, &cpu()).is_ok());
    let mut other = DataSplits::clone(&data);
    other.identity.fingerprint = "other".into();
    let resumed = |data: &DataSplits| Training::resume(&path, &Arc::new(data.clone()), &cpu());
    assert!(matches!(resumed(&other), Err(CheckpointError::OtherData { .. })));
    other.identity = other.identity.clone().after(&data.identity);
    assert!(resumed(&other).is_ok());
}

#[test]
fn large_activations_are_trained_in_parts() {
    let pixels = (0..24 * 3 * 96 * 96).map(|i| (i * 7 % 251) as u8).collect();
    let labels = (0..24).map(|i| i % 2).collect();
    let images = automl_data::Images::new(3, 96, pixels, labels);
    let names = vec!["a".to_owned(), "b".to_owned()];
    let data = Dataset::new("stripes", names, images, false);
    let data = Arc::new(DataSplits::split(&data, 0.2, 0).unwrap());
    let recipe = Recipe { batch: 12, ..Recipe::for_data(&data, 1) };
    let parts = |channels: usize| {
        let layers = [
            Layer::once(Block::conv(channels, 3, 1, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(2)),
        ];
        let architecture = Architecture::new(3, 96, layers);
        Training::new(&architecture, &data, &recipe, 0, &cpu()).unwrap().parts()
    };
    assert_eq!((parts(8), parts(600)), (1, 2));
}
