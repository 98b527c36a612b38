//! What simulated curves and workers promise, in numbers.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_simulate::{Cluster, Curves, Runtimes, Summary, Workload};
use automl_study::{Fidelity, FullFidelity, Ladder, Study};

/// Noisy curves are those of the power law with normal noise of deviation .02, drawn anew for each
/// trial and step.
#[test]
fn noise_has_its_deviation() {
    let (noisy, power) = (Curves::new("noisy", 4).unwrap(), Curves::new("power", 4).unwrap());
    let config = noisy.space().sample(&mut stream(1, 0, "test"));
    let reference = noisy.final_loss(&config);
    let noise: Vec<f64> = (0..2000).map(|i| noisy.loss(&config, i, 27, 27) - reference).collect();
    let mean = noise.iter().sum::<f64>() / 2000.0;
    let sd = (noise.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2000.0).sqrt();
    // Standard errors are .00045 and .0003.
    assert!(mean.abs() < 0.002 && (sd - 0.02).abs() < 0.0015, "{mean} {sd}");
    let steps: Vec<f64> = (1..9).map(|step| noisy.loss(&config, 1, step, 27)).collect();
    assert!(steps.windows(2).any(|pair| pair[0] < pair[1]));
    assert_eq!(power.loss(&config, 1, 3, 27), power.loss(&config, 2, 3, 27));
}

/// Curves fall, to the final loss at the highest fidelity; those that diverge do so at high learning
/// rates alone.
#[test]
fn curves_have_the_shape_of_their_family() {
    let mut rng = stream(2, 0, "test");
    for family in ["power", "exponential", "crossing"] {
        let curves = Curves::new(family, 3).unwrap();
        for _ in 0..50 {
            let config = curves.space().sample(&mut rng);
            let losses: Vec<f64> = (1..=27).map(|step| curves.loss(&config, 0, step, 27)).collect();
            assert!(losses.is_sorted_by(|a, b| a >= b), "{family}");
            assert_eq!(losses[26], curves.final_loss(&config));
            assert!((0.05..=1.0).contains(&losses[26]));
        }
    }
    let curves = Curves::new("diverging", 3).unwrap();
    let mut diverged = 0;
    for _ in 0..200 {
        let config = curves.space().sample(&mut rng);
        let high = curves.space().encode(&config).unit[0] > 0.83;
        let ended = curves.loss(&config, 0, 27, 27).is_nan();
        diverged += usize::from(ended);
        assert!(high || !ended);
        if ended {
            assert_eq!(curves.final_loss(&config), 1.5);
        }
    }
    assert!((15..50).contains(&diverged), "{diverged}");
}

fn simulate(change: impl FnOnce(&mut Cluster)) -> Summary {
    let mut cluster = Cluster {
        workers: 4,
        jobs: 400,
        runtimes: Runtimes::log_normal(0.0).unwrap(),
        stragglers: 0.0,
        straggle: 10.0,
        crashes: 0.0,
        restart: 0.0,
        seed: 3,
    };
    change(&mut cluster);
    let curves = Curves::new("power", 1).unwrap();
    let ladder = Ladder::new("epoch", 1, 5, true).unwrap();
    let mut study = Study::builder(curves.space().clone())
        .scheduler(ladder, FullFidelity::new(Fidelity(5)))
        .build()
        .unwrap();
    cluster.run(&mut study, &curves).unwrap()
}

/// 400 jobs of five epochs on four workers take 500 units of time; where all are stragglers, as many
/// times more as they are slower; a table of runtimes does not change the mean.
#[test]
fn time_is_that_of_the_jobs() {
    let plain = simulate(|_| {});
    assert!((plain.ended - 500.0).abs() < 1e-6, "{}", plain.ended);
    assert!((plain.utilisation_with_end - 1.0).abs() < 1e-9);
    let slow = simulate(|cluster| cluster.stragglers = 1.0);
    assert!((slow.ended - 5000.0).abs() < 1e-6, "{}", slow.ended);
    let some = simulate(|cluster| cluster.stragglers = 0.1);
    // A tenth is ten times slower: a factor of 1.9, of standard error .14.
    assert!((650.0..1300.0).contains(&some.ended), "{}", some.ended);
    let varied = simulate(|cluster| cluster.runtimes = Runtimes::log_normal(0.5).unwrap());
    assert!((450.0..560.0).contains(&varied.ended), "{}", varied.ended);
}

/// A fifth of the jobs crashes, and each crash costs the time of a restart.
#[test]
fn crashes_cost_their_share() {
    let summary = simulate(|cluster| cluster.crashes = 0.2);
    let share = summary.crashes as f64 / summary.jobs as f64;
    assert!((0.12..0.28).contains(&share), "{share}");
    let slow = simulate(|cluster| (cluster.crashes, cluster.restart) = (0.2, 20.0));
    assert!(slow.ended > summary.ended + 200.0, "{} {}", slow.ended, summary.ended);
}
