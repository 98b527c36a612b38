use super::*;
use crate::Curves;
use automl_registry::PartSpec;
use automl_study::part::StudyContext;
use automl_study::{Direction, Ladder, State};

fn simulate(scheduler: &str, sampler: &str, cluster: &Cluster, objectives: usize) -> Summary {
    let curves = Curves::new("power", 1).unwrap();
    let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
    let setting = StudyContext {
        space: curves.space(),
        objectives,
        constraints: 0,
        planned_trials: None,
        ladder: Some(&ladder),
        total_cost: None,
        trial_limit: None,
    };
    let mut study = Study::builder(curves.space().clone())
        .directions(vec![Direction::Minimize; objectives])
        .sampler(automl_registry::sampler(&PartSpec::named(sampler), &setting).unwrap())
        .scheduler(
            ladder.clone(),
            automl_registry::scheduler(&PartSpec::named(scheduler), &setting).unwrap().unwrap(),
        )
        .build()
        .unwrap();
    let summary = cluster.run(&mut study, &curves).unwrap();
    // Every job that was handed out has come back.
    assert_eq!(study.history().count(State::Running), 0);
    summary
}

fn cluster() -> Cluster {
    Cluster {
        workers: 20,
        jobs: 300,
        runtimes: Runtimes::log_normal(0.5).unwrap(),
        stragglers: 0.01,
        straggle: 10.0,
        crashes: 0.05,
        restart: 0.5,
        seed: 3,
    }
}

#[test]
fn every_scheduler_keeps_the_workers_busy() {
    for name in automl_registry::schedulers().iter().map(|entry| entry.name) {
        let sampler = if name == "pbt" { "pbt" } else { "random" };
        let summary = simulate(name, sampler, &cluster(), 1);
        assert_eq!(summary.jobs, 300);
        // A population waits for its last member before the next one begins.
        let least = if name == "pbt" { 0.3 } else { 0.9 };
        assert!(summary.utilisation > least, "{name}: {}", summary.utilisation);
        assert!(summary.crashes > 0 || name != "asha");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let runs = [0, 0, 1].map(|seed| {
        let summary = simulate("hyperband", "tpe", &Cluster { seed, ..cluster() }, 2);
        (summary.ended, summary.states, summary.crashes)
    });
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[test]
fn settings_out_of_range_are_refused() {
    let curves = Curves::new("power", 1).unwrap();
    let mut study = Study::builder(curves.space().clone()).build().unwrap();
    assert!(cluster().run(&mut study, &curves).is_err());
    let ladder = Ladder::new("epoch", 1, 3, true).unwrap();
    let mut study = Study::builder(curves.space().clone()).ladder(ladder).build().unwrap();
    assert!(Cluster { workers: 0, ..cluster() }.run(&mut study, &curves).is_err());
    assert!(Cluster { crashes: 1.5, ..cluster() }.run(&mut study, &curves).is_err());
}
