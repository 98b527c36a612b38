//! The latency table: exact on networks that follow its formula, useful on measured ones.
#![allow(clippy::unwrap_used)]

use automl_arch::{Architecture, BlockSpace, BlockSpaceOptions};
use automl_numeric::stream;
use automl_train::{
    LatencyError, LatencyProfile, LatencyReport, LatencySample, LatencyTable, Operation,
    OperationKind, Timing, cpu, operations,
};
use rand::RngExt;
use rand::seq::SliceRandom;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Networks of the prior of the block space.
fn networks(count: u64) -> Vec<Architecture> {
    let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
    let space = BlockSpace::new(3, 32, 10, &options).unwrap();
    (0..count)
        .map(|draw| space.architecture(&space.space().sample_prior(&mut stream(2, draw, "test"))))
        .collect()
}

/// Device with the operation times of the formula, some of them doubled.
fn device(operations: &[Operation]) -> f64 {
    let time = |operation: &Operation| {
        let (call, mega_mac, mega_number, mega_weight) = match operation.kind {
            OperationKind::Convolution => (3.0, 90.0, 160.0, 300.0),
            OperationKind::Pointwise => (2.0, 60.0, 120.0, 100.0),
            OperationKind::Depthwise => (2.0, 200.0, 200.0, 0.0),
            OperationKind::Transcendental => (1.0, 0.0, 1600.0, 0.0),
            _ => (1.0, 0.0, 280.0, 50.0),
        };
        let millions = mega_mac * operation.macs()
            + mega_number * operation.numbers() as f64
            + mega_weight * operation.weights() as f64;
        call + millions / 1e6
    };
    20.0 + operations.iter().map(time).sum::<f64>()
}

#[test]
fn a_device_that_follows_the_formula_is_predicted() {
    let samples: Vec<LatencySample> = networks(160)
        .iter()
        .map(|network| {
            let operations = operations(&network.graph().unwrap());
            let microseconds = device(&operations);
            LatencySample { operations, microseconds }
        })
        .collect();
    let (seen, unseen) = samples.split_at(120);
    let table = LatencyTable::fit(seen).unwrap();
    let report = LatencyReport::new(&table, unseen);
    assert!(report.mean_error < 0.005 && report.kendall > 0.99, "{report}");
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<LatencyTable>(&text).unwrap(), table);
}

/// A few operations that do not follow their kind get their own time.
#[test]
fn the_table_learns_exceptions() {
    let pointwise = |inputs, outputs, side: usize| Operation {
        kind: OperationKind::Pointwise,
        inputs,
        outputs,
        kernel: 1,
        groups: 1,
        side: side.into(),
        output_side: side.into(),
    };
    let shapes = [pointwise(8, 16, 16), pointwise(16, 16, 16), pointwise(32, 8, 8)];
    let slow = pointwise(24, 24, 8);
    let mut rng = stream(3, 0, "test");
    let mut sample = || {
        let mut operations: Vec<Operation> =
            (0..rng.random_range(1..6)).map(|_| shapes[rng.random_range(0..3_usize)]).collect();
        let slows = rng.random_range(0..3);
        operations.extend(std::iter::repeat_n(slow, slows));
        let microseconds = device(&operations) + 15.0 * slows as f64;
        LatencySample { operations, microseconds }
    };
    let samples: Vec<LatencySample> = (0..200).map(|_| sample()).collect();
    let table = LatencyTable::fit(&samples).unwrap();
    let report = LatencyReport::new(&table, &samples);
    assert!(report.mean_error < 0.03, "{report}");
    let own = |operation| table.predict(&[operation]) - table.predict(&[]);
    assert!((own(slow) / (device(&[slow]) - device(&[]) + 15.0) - 1.0).abs() < 0.1);
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let sample = |microseconds| LatencySample { operations: Vec::new(), microseconds };
    let few = LatencyTable::fit(&vec![sample(1.0); 7]);
    assert_eq!(few, Err(LatencyError::TooFew { samples: 7 }));
    let mut samples = vec![sample(1.0); 9];
    samples[4].microseconds = -1.0;
    assert_eq!(LatencyTable::fit(&samples), Err(LatencyError::Time { microseconds: -1.0 }));
}

/// A stop ends the timing; what was timed by then makes the table if it is enough.
#[test]
fn timing_may_end_early() {
    let networks = networks(40);
    let timing = Timing { batch: 1, warmup: 0, repeats: 5 };
    let profile = |until: u64| {
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > until
        };
        LatencyProfile::measure(&networks, &timing, &cpu(), &stop)
    };
    assert_eq!(profile(5), Err(LatencyError::Stopped { timed: 5, needed: 32 }));
    assert_eq!(profile(33).unwrap().report.networks, 8);
    assert_eq!(profile(42).unwrap().report.networks, 10);
}

/// Every operation counts what the architecture's cost counts.
#[test]
fn operations_have_the_networks_multiply_accumulates() {
    for network in networks(60) {
        let network = network.graph().unwrap();
        let of_cost = |operation: &&Operation| operation.kind != OperationKind::Pool;
        let macs: f64 = operations(&network).iter().filter(of_cost).map(Operation::macs).sum();
        assert_eq!(macs as u64, network.cost().macs);
    }
}

/// A block of the measured table: side, inputs, channels of the excitation, outputs, kernel, stride,
/// in its name.
fn block(name: &str, middle: usize) -> Option<Vec<Operation>> {
    let mut parts = name.strip_prefix("MBInvertedResBlock_")?.split('_');
    let mut number = || parts.next()?.trim_start_matches(['k', 's']).parse::<usize>().ok();
    let (side, inputs, excite, outputs) = (number()?, number()?, number()?, number()?);
    let (kernel, stride) = (number()?, number()?);
    let act = if name.ends_with("swish") {
        OperationKind::Transcendental
    } else {
        OperationKind::Activation
    };
    let small = side / stride;
    let operation =
        |kind, inputs, outputs, kernel, groups, side: usize, output_side: usize| Operation {
            kind,
            inputs,
            outputs,
            kernel,
            groups,
            side: side.into(),
            output_side: output_side.into(),
        };
    let mut operations = vec![
        operation(OperationKind::Pointwise, inputs, middle, 1, 1, side, side),
        operation(act, middle, middle, 1, 1, side, side),
        operation(OperationKind::Depthwise, middle, middle, kernel, middle, side, small),
        operation(act, middle, middle, 1, 1, small, small),
        operation(OperationKind::Pointwise, middle, outputs, 1, 1, small, small),
    ];
    if excite > 0 {
        operations.push(operation(
            OperationKind::SqueezeExcite,
            middle,
            excite,
            1,
            1,
            small,
            small,
        ));
    }
    if stride == 1 && inputs == outputs {
        operations.push(operation(OperationKind::Sum, outputs, outputs, 1, 1, small, small));
    }
    Some(operations)
}

/// Blocks of MobileNets that others have timed on a processor and a graphics card (Hu et al. 2020,
/// "TF-NAS"): a third of them is predicted from the rest. Their table has measured widths, which are
/// multiples of 8 from the block's input channels on, and lines between them.
#[test]
fn measured_blocks_are_predicted() {
    let Ok(data) = std::env::var("AUTOML_DATA_DIR") else {
        eprintln!("skipped: AUTOML_DATA_DIR is not set");
        return;
    };
    for (file, most, least) in [("latency_cpu.json", 0.1, 0.8), ("latency_gpu.json", 0.1, 0.8)] {
        let path = std::path::Path::new(&data).join("mbconv-latency").join(file);
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {} is not there", path.display());
            return;
        };
        let table: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        let mut samples = Vec::new();
        for (name, times) in &table {
            let Some(times) = times.as_object() else { continue };
            let inputs: usize = name.split('_').nth(2).unwrap().parse().unwrap();
            for (middle, time) in times {
                let middle: usize = middle.parse().unwrap();
                if middle >= inputs && middle.is_multiple_of(8) {
                    let operations = block(name, middle).unwrap();
                    let microseconds = 1000.0 * time.as_f64().unwrap();
                    samples.push(LatencySample { operations, microseconds });
                }
            }
        }
        samples.shuffle(&mut stream(1, 0, "test"));
        let report = report(&samples);
        // The same with the multiply-accumulates of the whole block as its only operation.
        let plain: Vec<LatencySample> = samples.iter().map(by_macs_alone).collect();
        let plain = self::report(&plain);
        println!("{file}: {report}; by multiply-accumulates alone: {plain}");
        assert!(report.mean_error < most && report.kendall > least, "{file}: {report}");
        assert!(report.mean_error < 0.6 * plain.mean_error && report.kendall > plain.kendall);
    }
}

/// Predictions for a third of the samples from the others.
fn report(samples: &[LatencySample]) -> LatencyReport {
    let (unseen, seen) = samples.split_at(samples.len() / 3);
    LatencyReport::new(&LatencyTable::fit(seen).unwrap(), unseen)
}

fn by_macs_alone(sample: &LatencySample) -> LatencySample {
    let macs = sample.operations.iter().map(Operation::macs).sum::<f64>() as usize;
    let kind = OperationKind::Linear;
    let (outputs, kernel, groups) = (1, 1, 1);
    let (side, output_side) = (1.into(), 1.into());
    let whole = Operation { kind, inputs: macs, outputs, kernel, groups, side, output_side };
    LatencySample { operations: vec![whole], ..sample.clone() }
}
