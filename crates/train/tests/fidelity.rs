//! Cheaper trainings: subsets, smaller images, and what they cost.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_train::subset::{self, Reference, el2n};
use automl_train::{
    FeatureSource, Fidelity, FidelityError, PreparedFidelity, Subset, TrainError, Training, cpu,
    one_thread,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const WAYS: [Subset; 7] = [
    Subset::Random,
    Subset::KCenter(FeatureSource::Pixels),
    Subset::KCenter(FeatureSource::Network),
    Subset::Herding(FeatureSource::Pixels),
    Subset::Herding(FeatureSource::Network),
    Subset::Hardest,
    Subset::Easiest,
];

fn digits() -> Arc<DataSplits> {
    Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap())
}

fn architecture() -> Architecture {
    Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ],
    )
}

/// Every way orders all images, its prefixes are balanced, and the seed decides it.
#[test]
fn orders_are_balanced_and_repeatable() {
    let data = Arc::new(digits().subset(0.4, 0));
    let n = data.train.len();
    let (device, never) = (&cpu(), || false);
    let mut shared = Reference::new(&data, 3, device, &never);
    for way in WAYS {
        assert_eq!(way.to_string().parse(), Ok(way));
        let order = subset::order(way, &mut shared).unwrap();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..n).collect::<Vec<_>>(), "{way}");
        let totals: Vec<usize> =
            (0..10).map(|c| data.train.labels.iter().filter(|l| **l == c).count()).collect();
        let mut counts = [0usize; 10];
        for (k, &image) in order.iter().enumerate() {
            counts[usize::from(data.train.labels[image])] += 1;
            for (count, total) in counts.iter().zip(&totals) {
                let share = (k + 1) as f64 * *total as f64 / n as f64;
                assert!((*count as f64 - share).abs() < 1.0, "{way} {k}: {count} of {share}");
            }
        }
        // Networks of its own, on another thread.
        let other = std::thread::scope(|scope| {
            let order =
                || subset::order(way, &mut Reference::new(&data, 3, device, &never)).unwrap();
            scope.spawn(order).join().unwrap()
        });
        assert_eq!(order, other, "{way}");
        let (small, large) = (data.prefix(&order, 0.1), data.prefix(&order, 0.3));
        let images = |data: &DataSplits| -> std::collections::HashSet<Vec<u8>> {
            (0..data.train.len()).map(|i| data.train.image(i).to_vec()).collect()
        };
        assert!(images(&small).is_subset(&images(&large)), "{way}");
        assert_eq!(small.train.len(), (n as f64 * 0.1).ceil() as usize);
    }
    assert!("nearest".parse::<Subset>().unwrap_err().to_string().contains("herding-pixels"));
}

/// A wrong label is hard to learn: images with a changed label have the higher scores.
#[test]
fn el2n_finds_wrong_labels() {
    let mut data = digits().as_ref().clone();
    let wrong = data.train.len() / 20;
    for label in &mut data.train.labels[..wrong] {
        *label = (*label + 1) % 10;
    }
    let data = Arc::new(data);
    let scores = el2n(&mut Reference::new(&data, 0, &cpu(), &|| false)).unwrap();
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    let (bad, good) = (mean(&scores[..wrong]), mean(&scores[wrong..]));
    assert!(bad > 1.5 * good, "{bad} {good}");
    assert!(scores.iter().all(|score| (0.0..=1.415).contains(score)));
}

/// Networks through which images are chosen are trained once for all ways, and can be stopped.
#[test]
fn reference_networks_are_shared_and_stop() {
    let data = Arc::new(digits().subset(0.1, 0));
    let steps = AtomicU64::new(0);
    let count = || {
        steps.fetch_add(1, Ordering::Relaxed);
        false
    };
    let device = cpu();
    let mut reference = Reference::new(&data, 0, &device, &count);
    let mut trained = |way: Subset| {
        assert!(way.needs_networks());
        subset::order(way, &mut reference).unwrap();
        steps.swap(0, Ordering::Relaxed)
    };
    let one = trained(Subset::KCenter(FeatureSource::Network));
    assert!(one > 0);
    assert_eq!(trained(Subset::Herding(FeatureSource::Network)), 0);
    assert_eq!(trained(Subset::Hardest), 2 * one);
    assert_eq!(trained(Subset::Easiest), 0);

    let full = Fidelity::full(&data, 1);
    let part = Fidelity { share: 0.5, subset: Subset::Hardest, ..full };
    let recipe = Recipe::for_data(&data, 1);
    let stopped = PreparedFidelity::prepare(&[part, full], &data, &recipe, 0, &device, &|| true);
    assert!(matches!(stopped, Err(FidelityError::Train(TrainError::Stopped { epoch: 1 }))));
}

#[test]
fn settings_are_prepared_and_train() {
    let data = digits();
    let recipe = Recipe::for_data(&data, 27);
    let full = Fidelity::full(&data, 27);
    let half = Fidelity { epochs: 8, share: 0.5, subset: Subset::Random, side: 6.into() };
    let stages =
        PreparedFidelity::prepare(&[half, full], &data, &recipe, 0, &cpu(), &|| false).unwrap();
    assert_eq!((stages[1].data.as_ref(), &stages[1].recipe), (data.as_ref(), &recipe));
    // A batch that was given is that of the full setting.
    let large = Recipe { batch: 256, ..recipe.clone() };
    let given = PreparedFidelity::prepare(&[full], &data, &large, 0, &cpu(), &|| false).unwrap();
    assert_eq!(given[0].recipe, large);
    let [stage, _] = stages.as_slice() else { panic!("two stages") };
    assert_eq!((stage.data.side, stage.data.validation.side), (6.into(), 6.into()));
    assert_eq!(stage.data.train.len(), data.train.len().div_ceil(2));
    assert_eq!(stage.data.validation.len(), data.validation.len());
    let rate = |recipe: &Recipe| recipe.learning_rate / recipe.batch as f64;
    assert!((rate(&stage.recipe) - rate(&recipe)).abs() < 1e-12);
    let accuracy = one_thread(|| {
        let mut training = stage.training(&architecture(), 0, &cpu()).unwrap();
        while training.epoch() < stage.fidelity.epochs {
            training.run_epoch(&|| false).unwrap();
        }
        training.evaluate(Split::Validation).accuracy
    });
    assert!(accuracy > 0.7, "{accuracy}");
}

/// Smaller images keep their proportions, and networks learn from them.
#[test]
fn images_that_are_not_square_keep_their_proportions() {
    let data = Arc::new(digits().resized((8, 6)));
    let recipe = Recipe::for_data(&data, 9);
    let side = data.side.scaled_to(3);
    let small = Fidelity { epochs: 6, share: 1.0, subset: Subset::Random, side };
    assert_eq!(small.to_string(), "6 epochs, 4 pixels high, 3 wide");
    let both = [small, Fidelity::full(&data, 9)];
    let stages = PreparedFidelity::prepare(&both, &data, &recipe, 0, &cpu(), &|| false).unwrap();
    let network = Architecture { input_side: data.side, ..architecture() };
    for (stage, least) in stages.iter().zip([0.5, 0.8]) {
        assert_eq!(stage.data.side, stage.fidelity.side);
        let accuracy = one_thread(|| {
            let mut training = stage.training(&network, 0, &cpu()).unwrap();
            while training.epoch() < stage.fidelity.epochs {
                training.run_epoch(&|| false).unwrap();
            }
            training.evaluate(Split::Validation).accuracy
        });
        assert!(accuracy > least, "{}: {accuracy}", stage.fidelity);
    }
    let error = Fidelity { side: (8, 7).into(), ..small }.check(&data).unwrap_err();
    assert!(error.to_string().contains("own 8x6 pixels, not 8x7"), "{error}");
    let error = Training::new(&architecture(), &data, &recipe, 0, &cpu()).unwrap_err().to_string();
    assert!(error.contains("8 pixels high, 6 wide"), "{error}");
}

#[test]
fn costs_follow_epochs_images_and_sides() {
    let data = digits();
    let full = Fidelity::full(&data, 27);
    let work = |fidelity: &Fidelity| {
        let adapted = architecture().at_resolution(fidelity.side).unwrap();
        fidelity.work(adapted.cost().unwrap().macs as f64, &data) / full.work(1.0, &data)
    };
    let macs = architecture().cost().unwrap().macs as f64;
    assert!((work(&full) - macs).abs() < 1e-6);
    let third = Fidelity { epochs: 9, ..full };
    assert!(work(&third) > macs / 3.0 && work(&third) < 0.34 * macs);
    assert!(work(&Fidelity { share: 0.1, ..full }) < 0.11 * macs);
    assert!(work(&Fidelity { side: 4.into(), ..full }) < 0.5 * macs);
    assert!(third.continues(&full) && !Fidelity { side: 4.into(), ..full }.continues(&full));
    let text = Fidelity { epochs: 1, share: 0.125, side: 6.into(), ..full }.to_string();
    assert_eq!(text, "1 epoch, 12.5 % of the images (random), 6 pixels");
}

#[test]
fn settings_out_of_range_are_named() {
    let data = digits();
    let full = Fidelity::full(&data, 3);
    let refuse = |fidelity: Fidelity| fidelity.check(&data).unwrap_err();
    assert!(matches!(refuse(Fidelity { epochs: 0, ..full }), FidelityError::Epochs));
    assert!(matches!(refuse(Fidelity { share: 1.5, ..full }), FidelityError::Share { .. }));
    let one = Fidelity { share: 1e-3, ..full };
    assert!(matches!(refuse(one), FidelityError::TooFew { .. }));
    assert!(matches!(refuse(Fidelity { share: f64::NAN, ..full }), FidelityError::Share { .. }));
    let error = refuse(Fidelity { side: 9.into(), ..full });
    assert!(error.to_string().contains("own 8 pixels, not 9"), "{error}");
}
