//! What asynchronous successive halving promises, as a machine of random events.
#![allow(clippy::unwrap_used)]

use automl_scheduler::Asha;
use automl_space::{Space, stream};
use automl_study::{
    Direction, History, Job, Ladder, Next, Outcome, RandomSampler, Scheduler, State, Study, Trial,
    Verdict, attribute, pareto,
};
use proptest::prelude::*;
use rand::RngExt;
use std::collections::{BTreeMap, HashSet};

fn study(ladder: &Ladder, eta: f64, objectives: usize) -> Study {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    Study::builder(builder.build().unwrap())
        .directions(vec![Direction::Minimize; objectives])
        .sampler(RandomSampler::uniform())
        .scheduler(ladder.clone(), Asha::new(ladder, eta).unwrap())
        .build()
        .unwrap()
}

/// Trials that have reached a rung, or failed on the way to it.
fn reached(history: &History, fidelity: u64) -> Vec<&Trial> {
    let here = |t: &&Trial| {
        let failed =
            t.state == State::Failed && t.number_attribute(attribute::UNTIL) == Some(fidelity);
        t.report_at(fidelity).is_some() || failed
    };
    history.trials().iter().filter(here).collect()
}

fn promoted(history: &History, fidelity: u64) -> usize {
    let beyond = |t: &&Trial| {
        t.report_at(fidelity).is_some() && t.number_attribute(attribute::UNTIL).unwrap() > fidelity
    };
    history.trials().iter().filter(beyond).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn laws(
        seed in any::<u64>(),
        eta in 2u32..5,
        max in 1u64..40,
        objectives in 1usize..3,
        events in proptest::collection::vec(0u8..10, 1..250),
    ) {
        let ladder = Ladder::new("epoch", 1, max, true).unwrap();
        let eta = f64::from(eta);
        let rungs = ladder.rungs(eta);
        let mut study = study(&ladder, eta, objectives);
        let mut rng = stream(seed, 0, "events");
        let mut runs: HashSet<(u64, u64)> = HashSet::new();
        let mut open: BTreeMap<u64, u64> = BTreeMap::new();
        for event in events {
            // A restart at any point goes on with the same decision.
            let fresh = Asha::new(&ladder, eta).unwrap().next_job(study.history());
            let pick = open.keys().nth(event as usize % open.len().max(1)).copied();
            match (event, pick) {
                (0..=5, _) | (_, None) => {
                    let before = study.history().clone();
                    let Next::Run(job) = study.next_job().unwrap() else { panic!("ASHA never waits") };
                    let until = job.until.unwrap();
                    prop_assert!(rungs.contains(&until));
                    prop_assert!(runs.insert((job.number, until)), "a trial ran twice at a rung");
                    match fresh {
                        Job::Start { until: first, .. } => {
                            prop_assert_eq!((first, job.from), (rungs[0], 0));
                        }
                        Job::Resume { trial, until: next } => {
                            prop_assert_eq!((trial, next), (job.number, until));
                            let rung = rungs[rungs.iter().position(|r| *r == next).unwrap() - 1];
                            let all = reached(&before, rung);
                            let allowed = (all.len() as f64 / eta).floor() as usize;
                            prop_assert!(promoted(study.history(), rung) <= allowed);
                            if objectives == 1 {
                                // Among the best n / eta of its rung at this moment; NaN is last.
                                let loss = |t: &Trial| t.report_at(rung).map_or(f64::NAN, |r| r.values[0]);
                                let own = loss(before.get(trial).unwrap());
                                prop_assert!(!own.is_nan());
                                let better = all.iter().filter(|t| pareto::compare(loss(t), own).is_lt()).count();
                                prop_assert!(better < allowed);
                            }
                        }
                        other => prop_assert!(false, "{other:?}"),
                    }
                    open.insert(job.number, until);
                }
                (9, Some(number)) => {
                    study.tell(number, Outcome::failed("crash")).unwrap();
                    open.remove(&number);
                }
                (_, Some(number)) => {
                    let until = open.remove(&number).unwrap();
                    let mut value = || if rng.random_bool(0.1) { f64::NAN } else { rng.random::<f64>() };
                    let values: Vec<f64> = (0..objectives).map(|_| value()).collect();
                    let verdict = study.report(number, until, values.clone()).unwrap();
                    if until == *rungs.last().unwrap() {
                        prop_assert_eq!(verdict, Verdict::Complete);
                        study.tell(number, values).unwrap();
                    } else {
                        prop_assert_eq!(verdict, Verdict::Pause);
                    }
                }
            }
        }
        for trial in study.history().trials() {
            let running = open.contains_key(&trial.number);
            prop_assert_eq!(trial.state == State::Running, running);
        }
    }
}

#[test]
fn the_best_of_three_go_on() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let mut study = study(&ladder, 3.0, 1);
    for loss in [0.3, 0.1, 0.2] {
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        assert_eq!((job.from, job.until), (0, Some(1)));
        study.report(job.number, 1, vec![loss]).unwrap();
    }
    let Next::Run(job) = study.next_job().unwrap() else { panic!() };
    assert_eq!((job.number, job.from, job.until), (1, 1, Some(3)));
    // One of three is enough for now, so a new one starts.
    let Next::Run(job) = study.next_job().unwrap() else { panic!() };
    assert_eq!((job.number, job.until), (3, Some(1)));
}

#[test]
fn a_front_is_promoted_in_several_objectives() {
    let ladder = Ladder::new("epoch", 1, 3, true).unwrap();
    let mut study = study(&ladder, 2.0, 2);
    let mut numbers = Vec::new();
    for values in [[0.0, 1.0], [0.9, 0.9], [1.0, 0.0], [0.95, 0.95]] {
        // Started by hand, so that all are judged together.
        let job = study.ask().unwrap();
        numbers.push((job.number, values));
    }
    for (number, values) in numbers {
        study.annotate(number, attribute::UNTIL, 1.into()).unwrap();
        study.report(number, 1, values.to_vec()).unwrap();
    }
    let mut resumed = Vec::new();
    for _ in 0..2 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        resumed.push(job.number);
    }
    assert_eq!(resumed, [0, 2]);
}
