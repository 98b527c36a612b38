//! What the schedulers that stop keep to.
#![allow(clippy::unwrap_used)]

mod common;

use automl_numeric::order;
use automl_scheduler::{AshaStopping, PercentileStopping};
use automl_study::{Fidelity, Job, Ladder, Next, Run, Scheduler, State, Study, Verdict};
use common::Machine;
use proptest::prelude::*;

fn events() -> impl Strategy<Value = Vec<common::Event>> {
    proptest::collection::vec((0u8..10, any::<u8>()), 1..250)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn asha_stopping(
        seed in any::<u64>(), eta in 2u32..5, max in 1u64..40, objectives in 1usize..3,
        events in events(), constrained in any::<bool>(), resumes in any::<bool>(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let make = || -> Box<dyn Scheduler> {
            Box::new(AshaStopping::new(&ladder, f64::from(eta)).unwrap())
        };
        let machine = Machine { objectives, constrained, ..Machine::new(&ladder, &make) };
        let study = machine.play(seed, &events, |decision| {
            assert_eq!(decision.job, Job::Start(Run::to(Fidelity(max))));
        });
        // A stopped trial stands at a rung, and NaN is never promoted from one.
        let rungs = ladder.rungs(f64::from(eta));
        for trial in study.history().trials() {
            if trial.state == State::Pruned {
                prop_assert!(rungs.contains(&trial.fidelity()));
            }
            for pair in trial.reports.windows(2) {
                prop_assert!(!rungs.contains(&pair[0].fidelity) || !pair[0].values[0].is_nan());
            }
        }
    }

    #[test]
    fn percentile(
        seed in any::<u64>(), share in 0.05f64..0.95, max in 1u64..12, objectives in 1usize..3,
        constrained in any::<bool>(), events in events(), resumes in any::<bool>(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let make = || -> Box<dyn Scheduler> {
            Box::new(PercentileStopping::new(&ladder, share).unwrap().with_patience(2, 3))
        };
        let machine = Machine { objectives, constrained, ..Machine::new(&ladder, &make) };
        let study = machine.play(seed, &events, |_| {});
        for trial in study.history().in_state(State::Pruned) {
            prop_assert!(trial.fidelity() >= 2);
        }
        let complete = study.history().trials().iter().filter(|t| {
            t.state == State::Complete && t.is_feasible()
        });
        if complete.count() < 3 {
            prop_assert_eq!(study.history().count(State::Pruned), 0);
        }
    }

    /// One worker, one rung: a trial that continues was among the best `floor(n / eta)`, at least one.
    #[test]
    fn stopped_outside_the_best(losses in proptest::collection::vec(0u8..50, 1..40)) {
        let ladder = Ladder::new("epoch", 1, 3, true).unwrap();
        let mut study = Study::builder(common::space())
            .scheduler(ladder.clone(), AshaStopping::new(&ladder, 3.0).unwrap())
            .build()
            .unwrap();
        let mut seen: Vec<f64> = Vec::new();
        for loss in losses {
            let Next::Run(job) = study.next_job().unwrap() else { panic!() };
            let loss = f64::from(loss);
            let better = seen.iter().filter(|other| order::compare(**other, loss).is_le()).count();
            seen.push(loss);
            let expected = better < (seen.len() / 3).max(1);
            let verdict = study.report(job.number, 1, vec![loss]).unwrap();
            prop_assert_eq!(verdict, if expected { Verdict::Continue } else { Verdict::Stop });
            if expected {
                study.tell(job.number, loss).unwrap();
            }
        }
    }
}

/// Golovin et al. (2017), section 3.2.2: the best so far against the median of running averages.
#[test]
fn the_median_is_of_running_averages() {
    let ladder = Ladder::new("epoch", 1, 3, true).unwrap();
    let run = |study: &mut Study, losses: &[f64]| {
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        for (i, loss) in losses.iter().enumerate() {
            match study.report(job.number, i as u64 + 1, vec![*loss]).unwrap() {
                Verdict::Stop => return i + 1,
                Verdict::Complete => study.tell(job.number, *loss).unwrap(),
                _ => {}
            }
        }
        losses.len()
    };
    let median = PercentileStopping::median(&ladder).with_patience(2, 3);
    let mut study =
        Study::builder(common::space()).scheduler(ladder.clone(), median).build().unwrap();
    // Running averages at step 2: 3, 2, 1.
    for losses in [[4.0, 2.0, 0.0], [3.0, 1.0, 0.0], [1.0, 1.0, 0.0]] {
        assert_eq!(run(&mut study, &losses), 3);
    }
    // Better than the median at one of its steps, even if not at the last.
    assert_eq!(run(&mut study, &[1.9, 9.0, 0.0]), 3);
    assert_eq!(run(&mut study, &[9.0, 2.6, 0.0]), 2);
    assert_eq!(run(&mut study, &[f64::NAN, f64::NAN, 0.0]), 2);
}
