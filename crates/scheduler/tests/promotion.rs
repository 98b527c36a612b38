//! What the schedulers that promote keep to, as machines of random events.
#![allow(clippy::unwrap_used)]

mod common;

use automl_numeric::stream;
use automl_scheduler::{
    Asha, AsyncHyperband, Bracket, CostBalancedAsha, Hyperband, Pasha, SuccessiveHalving,
};
use automl_study::{
    Fidelity, History, Job, Ladder, Run, Scheduler, State, Trial, TrialId, attribute,
};
use common::{Machine, better, has_nan, promoted, reached};
use proptest::prelude::*;

/// Of those that reached the rung below `until`, at most `floor(n / eta)` have gone on or go now, and
/// the one that goes now is among so many best.
fn fair(
    history: &History,
    rungs: &[Fidelity],
    eta: f64,
    trial: TrialId,
    until: Fidelity,
    bracket: Option<u64>,
) {
    let rung = rungs[rungs.iter().position(|rung| *rung == until).unwrap() - 1];
    let race: Vec<&Trial> = history
        .trials()
        .iter()
        .filter(|t| bracket.is_none() || t.number_attribute(attribute::BRACKET) == bracket)
        .collect();
    let all = reached(&race, rung);
    let allowed = (all.len() as f64 / eta).floor() as usize;
    assert!(promoted(&race, rung) < allowed, "more than floor(n / eta) promotions");
    assert!(!has_nan(history, trial, rung), "NaN was promoted");
    assert!(better(history, &all, trial, rung) < allowed, "not among the best 1 / eta");
}

/// What one of so many brackets may cost: about `B = (s_max + 1) R`; rounding the number of trials up
/// adds at most `(s + 1) r`, rounding fidelities half a unit for each trial.
fn budget(ladder: &Ladder, brackets: usize, bracket: &Bracket) -> f64 {
    let rungs = bracket.sizes().len() as f64;
    let lowest = bracket.fidelities()[0].0 as f64;
    let trials: usize = bracket.sizes().iter().sum();
    brackets as f64 * ladder.max().0 as f64 + rungs * lowest + 0.5 * trials as f64
}

/// What a trial has cost: from report to report.
fn spent(ladder: &Ladder, trial: &Trial) -> f64 {
    let mut from = Fidelity::ZERO;
    let jobs = trial.reports.iter().map(|report| {
        ladder.cost_between(std::mem::replace(&mut from, report.fidelity), report.fidelity)
    });
    jobs.sum()
}

fn events() -> impl Strategy<Value = Vec<common::Event>> {
    proptest::collection::vec((0u8..10, any::<u8>()), 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn cost_balanced_asha(
        seed in any::<u64>(), eta in 2u32..5, max in 1u64..40, limit in proptest::option::of(1u64..60),
        events in events(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, false).unwrap();
        let eta = f64::from(eta);
        let make = || -> Box<dyn Scheduler> {
            Box::new(CostBalancedAsha::new(&ladder, eta).unwrap().with_limit(limit))
        };
        let rungs = ladder.rungs(eta);
        let machine = Machine { limit, ..Machine::new(&ladder, &make) };
        machine.play(seed, &events, |decision| match decision.job {
            Job::Start(Run { target, .. }) => assert!(target == rungs[0] || target == ladder.max()),
            Job::Resume { trial, target: until } => {
                fair(decision.before, &rungs, eta, trial, until, Some(0));
            }
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn asha(
        seed in any::<u64>(), eta in 2u32..5, max in 1u64..40, objectives in 1usize..4,
        limit in proptest::option::of(1u64..60), events in events(), constrained in any::<bool>(),
        resumes in any::<bool>(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let eta = f64::from(eta);
        let make = || -> Box<dyn Scheduler> {
            Box::new(Asha::new(&ladder, eta).unwrap().with_limit(limit))
        };
        let rungs = ladder.rungs(eta);
        let machine = Machine { objectives, constrained, limit, ..Machine::new(&ladder, &make) };
        machine.play(seed, &events, |decision| match decision.job {
            Job::Start(Run { target: until, .. }) => assert_eq!(until, rungs[0]),
            Job::Resume { trial, target: until } => fair(decision.before, &rungs, eta, trial, until, None),
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn pasha(
        seed in any::<u64>(), max in 1u64..40, objectives in 1usize..3, events in events(),
        constrained in any::<bool>(), resumes in any::<bool>(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let make = || -> Box<dyn Scheduler> { Box::new(Pasha::new(&ladder, 2.0).unwrap()) };
        let rungs = ladder.rungs(2.0);
        let machine = Machine { objectives, constrained, ..Machine::new(&ladder, &make) };
        machine.play(seed, &events, |decision| {
            if let Job::Resume { trial, target: until } = decision.job {
                fair(decision.before, &rungs, 2.0, trial, until, None);
                // No rung is opened before somebody has reached the one below.
                let below = rungs.iter().rev().find(|rung| **rung < until).unwrap();
                let somebody = decision.before.trials().iter().any(|t| t.fidelity() >= *below);
                assert!(somebody);
            }
        });
    }

    #[test]
    fn async_hyperband(
        seed in any::<u64>(), eta in 2u32..5, max in 1u64..40, objectives in 1usize..3,
        events in events(), constrained in any::<bool>(), resumes in any::<bool>(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let eta = f64::from(eta);
        let make = || -> Box<dyn Scheduler> { Box::new(AsyncHyperband::new(&ladder, eta).unwrap()) };
        let brackets = Bracket::hyperband(&ladder, eta).unwrap();
        let machine = Machine { objectives, constrained, ..Machine::new(&ladder, &make) };
        machine.play(seed, &events, |decision| match decision.job {
            Job::Start(Run { target: until, bracket, .. }) => {
                assert_eq!(until, brackets[bracket.unwrap() as usize].fidelities()[0]);
            }
            Job::Resume { trial, target: until } => {
                let trial = decision.before.get(trial).unwrap();
                let s = trial.number_attribute(attribute::BRACKET);
                let rungs = brackets[s.unwrap() as usize].fidelities();
                fair(decision.before, rungs, eta, trial.number, until, s);
            }
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn synchronous(
        seed in any::<u64>(), eta in 2u32..5, max in 1u64..30, objectives in 1usize..3,
        hyperband in any::<bool>(), limit in proptest::option::of(1u64..60), events in events(),
        constrained in any::<bool>(), resumes in any::<bool>(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let eta = f64::from(eta);
        let make = || -> Box<dyn Scheduler> {
            if hyperband {
                Box::new(Hyperband::new(&ladder, eta).unwrap().with_limit(limit))
            } else {
                Box::new(SuccessiveHalving::new(&ladder, eta).unwrap().with_limit(limit))
            }
        };
        let cycle = if hyperband {
            Bracket::hyperband(&ladder, eta).unwrap()
        } else {
            let trials = eta.powi(ladder.rungs(eta).len() as i32 - 1) as u64;
            vec![Bracket::halving(&ladder, eta, trials).unwrap()]
        };
        let machine = Machine { objectives, constrained, ..Machine::new(&ladder, &make) };
        let study = machine.play(seed, &events, |decision| {
            let Job::Resume { trial, target: until } = decision.job else { return };
            let history = decision.before;
            let round = history.get(trial).unwrap().number_attribute(attribute::BRACKET).unwrap();
            let bracket = &cycle[round as usize % cycle.len()];
            let at = bracket.fidelities().iter().position(|f| *f == until).unwrap();
            let rung = bracket.fidelities()[at - 1];
            let race: Vec<&Trial> = history
                .trials()
                .iter()
                .filter(|t| t.number_attribute(attribute::BRACKET) == Some(round))
                .collect();
            // No trial is promoted while another is still on the way to the rung.
            let on_the_way = |t: &&&Trial| {
                !t.state.is_finished() && t.target().unwrap() <= rung
                    && t.fidelity() < rung
                    && (at == 1 || t.target() == Some(rung))
            };
            assert_eq!(race.iter().filter(on_the_way).count(), 0);
            assert!(promoted(&race, rung) < bracket.sizes()[at]);
            assert!(!has_nan(history, trial, rung));
            let all = reached(&race, rung);
            assert!(better(history, &all, trial, rung) < bracket.sizes()[at]);
        });
        // No round is larger than its bracket, at any rung.
        let history = study.history();
        let rounds = history.trials().iter().filter_map(|t| t.number_attribute(attribute::BRACKET)).max();
        for round in 0..=rounds.unwrap_or(0) {
            let bracket = &cycle[round as usize % cycle.len()];
            let race: Vec<&Trial> = history
                .trials()
                .iter()
                .filter(|t| t.number_attribute(attribute::BRACKET) == Some(round))
                .collect();
            for (rung, size) in bracket.fidelities().iter().zip(bracket.sizes()) {
                prop_assert!(reached(&race, *rung).len() <= *size);
            }
            // What was spent on it, lost jobs aside, is no more than the paper allows.
            let spent: f64 = race.iter().map(|trial| spent(&ladder, trial)).sum();
            prop_assert!(spent <= bracket.cost(&ladder) + 1e-9);
            if hyperband && resumes {
                prop_assert!(spent <= budget(&ladder, cycle.len(), bracket));
            }
        }
        if let Some(limit) = limit {
            prop_assert!(history.len() as u64 <= limit);
        }
    }

    #[test]
    fn hyperband_budgets(max in 1u64..2000, min in 1u64..20, eta in 2u32..6) {
        prop_assume!(min <= max);
        let ladder = Ladder::new("epoch", min, max, false).unwrap();
        let eta = f64::from(eta);
        let brackets = Bracket::hyperband(&ladder, eta).unwrap();
        for bracket in &brackets {
            let bound = budget(&ladder, brackets.len(), bracket);
            prop_assert!(bracket.cost(&ladder) <= bound, "{} > {bound}", bracket.cost(&ladder));
            prop_assert_eq!(*bracket.fidelities().last().unwrap(), max);
        }
    }
}

/// Jobs worth thirty full trainings: the share of the cost at the highest fidelity.
fn full_share(scheduler: impl Scheduler + 'static, ladder: &Ladder) -> f64 {
    let mut study = automl_study::Study::builder(common::space())
        .scheduler(ladder.clone(), scheduler)
        .build()
        .unwrap();
    let (mut spent, mut full, mut rng) = (0.0, 0.0, stream(4, 0, "losses"));
    while spent < 30.0 * ladder.cost(ladder.max()) {
        let automl_study::Next::Run(job) = study.next_job().unwrap() else { panic!("waits") };
        let target = job.target.unwrap();
        let cost = ladder.cost_between(job.fidelity, target);
        spent += cost;
        let loss = rand::RngExt::random::<f64>(&mut rng);
        if target == ladder.max() {
            full += cost;
        }
        if study.report(job.number, target, vec![loss]).unwrap() == automl_study::Verdict::Complete
        {
            study.tell(job.number, loss).unwrap();
        }
    }
    full / spent
}

#[test]
fn the_highest_fidelity_gets_half_of_the_cost_where_trials_start_again() {
    let ladder = Ladder::new("epoch", 1, 27, false).unwrap();
    let balanced = full_share(CostBalancedAsha::new(&ladder, 3.0).unwrap(), &ladder);
    assert!((0.45..0.6).contains(&balanced), "{balanced}");
    let plain = full_share(Asha::new(&ladder, 3.0).unwrap(), &ladder);
    assert!(plain < 0.3, "{plain}");
}

#[test]
fn the_best_of_three_go_on() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let mut study = automl_study::Study::builder(common::space())
        .scheduler(ladder.clone(), Asha::new(&ladder, 3.0).unwrap())
        .build()
        .unwrap();
    let next = |study: &mut automl_study::Study| match study.next_job().unwrap() {
        automl_study::Next::Run(job) => (job.number.0, job.fidelity.0, job.target.unwrap().0),
        other => panic!("{other:?}"),
    };
    for loss in [0.3, 0.1, 0.2] {
        let (number, from, until) = next(&mut study);
        assert_eq!((from, until), (0, 1));
        study.report(number, 1, vec![loss]).unwrap();
    }
    assert_eq!(next(&mut study), (1, 1, 3));
    // One of three is enough for now, so a new one starts.
    assert_eq!(next(&mut study), (3, 0, 1));
}

#[test]
fn a_front_is_promoted_in_several_objectives() {
    let ladder = Ladder::new("epoch", 1, 4, true).unwrap();
    let mut study = automl_study::Study::builder(common::space())
        .directions(vec![automl_study::Direction::Minimize; 2])
        .scheduler(ladder.clone(), Asha::new(&ladder, 2.0).unwrap())
        .build()
        .unwrap();
    let numbers: Vec<TrialId> = (0..4).map(|_| study.ask().unwrap().number).collect();
    let values = [[0.0, 1.0], [0.9, 0.9], [1.0, 0.0], [0.95, 0.95]];
    for (number, values) in numbers.into_iter().zip(values) {
        study.set_attribute(number, attribute::UNTIL, 1.into()).unwrap();
        study.report(number, 1, values.to_vec()).unwrap();
    }
    let mut resumed = Vec::new();
    for _ in 0..2 {
        let automl_study::Next::Run(job) = study.next_job().unwrap() else { panic!() };
        resumed.push(job.number);
    }
    assert_eq!(resumed, [0, 2]);
}

/// A whole round with one worker: sizes and fidelities as in the paper, checkpoints freed.
#[test]
fn a_round_of_hyperband() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let mut study = automl_study::Study::builder(common::space())
        .scheduler(ladder.clone(), Hyperband::new(&ladder, 3.0).unwrap())
        .build()
        .unwrap();
    let mut jobs = Vec::new();
    for _ in 0..13 + 6 + 3 {
        let automl_study::Next::Run(job) = study.next_job().unwrap() else { panic!() };
        let until = job.target.unwrap();
        let loss = (job.number.0 as f64 * 0.618).fract();
        if study.report(job.number, until, vec![loss]).unwrap() == automl_study::Verdict::Complete {
            study.tell(job.number, loss).unwrap();
        }
        jobs.push((job.fidelity.0, until.0));
    }
    let count = |from, until| jobs.iter().filter(|job| **job == (from, until)).count();
    // Brackets (9, 3, 1), (5, 1) and (3).
    assert_eq!((count(0, 1), count(1, 3), count(3, 9)), (9, 3, 2));
    assert_eq!((count(0, 3), count(0, 9)), (5, 3));
    assert_eq!(study.history().count(State::Complete), 5);
    let paused: Vec<TrialId> = study.history().in_state(State::Paused).map(|t| t.number).collect();
    let mut ends = study.unpromotable();
    ends.sort_unstable();
    assert_eq!(ends, paused);
}

/// The last trial of a limited search loses its worker before its first report: it starts again,
/// also under a scheduler that starts anew, and the bracket is played to its end.
#[test]
fn a_lost_trial_starts_again_under_a_limit() {
    let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
    let halving = || SuccessiveHalving::new(&ladder, 3.0).unwrap().with_limit(27);
    let mut study = automl_study::Study::builder(common::space())
        .scheduler(ladder.clone(), halving())
        .build()
        .unwrap();
    study.set_trial_limit(Some(27));
    for number in 0..27 {
        let automl_study::Next::Run(job) = study.next_job().unwrap() else { panic!() };
        if number < 26 {
            study.report(job.number, 1, vec![number as f64]).unwrap();
        }
    }
    assert_eq!(study.recover().unwrap(), 1);
    let start = Job::Start(Run::to(Fidelity(1)).in_bracket(0));
    assert_eq!(halving().next_job(study.history()), start);
    let automl_study::Next::Run(job) = study.next_job().unwrap() else { panic!() };
    assert_eq!((job.number, job.target), (TrialId(26), Some(Fidelity(1))));
    study.report(26, 1, vec![26.0]).unwrap();
    let automl_study::Next::Run(job) = study.next_job().unwrap() else { panic!() };
    assert_eq!((job.number, job.target), (TrialId(0), Some(Fidelity(3))));
}

/// One worker trains what it is given; trial 1 is told two rungs higher than it was asked for.
fn with_a_skip(scheduler: impl Scheduler + 'static, jobs: usize) -> (Vec<(u64, u64)>, Vec<State>) {
    let mut study = automl_study::Study::builder(common::space())
        .scheduler(Ladder::new("epoch", 1, 9, true).unwrap(), scheduler)
        .build()
        .unwrap();
    let mut handed = Vec::new();
    for _ in 0..jobs {
        let automl_study::Next::Run(job) = study.next_job().unwrap() else { panic!("stalled") };
        let until = job.target.unwrap().0;
        handed.push((job.number.0, until));
        let step = if (job.number.0, until) == (1, 1) { 4 } else { until };
        let loss = job.number.0 as f64;
        if study.report(job.number, step, vec![loss]).unwrap() == automl_study::Verdict::Complete {
            study.tell(job.number, loss).unwrap();
        }
    }
    (handed, study.history().trials().iter().map(|trial| trial.state).collect())
}

/// A trial that skips a rung takes a place of its bracket at the next one and goes on from there.
#[test]
fn a_skipped_rung_does_not_stall_a_bracket() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let (jobs, states) = with_a_skip(SuccessiveHalving::new(&ladder, 3.0).unwrap(), 13);
    // Nine to the first rung; 0 and 2 join trial 1 at the second, of which 0 goes to the top.
    assert_eq!(jobs[9..12], [(0, 3), (2, 3), (0, 9)]);
    assert_eq!(jobs[12], (9, 1));
    assert_eq!((states[0], states[1]), (State::Complete, State::Paused));
}

/// Under ASHA it competes at its own rung and at none below.
#[test]
fn a_skipped_rung_is_no_promotion() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let (jobs, _) = with_a_skip(Asha::new(&ladder, 3.0).unwrap(), 10);
    // Three have reached the first rung once trial 3 has; two more promotions fill the second.
    let resumed: Vec<(u64, u64)> = jobs.into_iter().filter(|(_, until)| *until > 1).collect();
    assert_eq!(resumed, [(0, 3), (2, 3), (0, 9)]);
}

/// Trials of before use up the limit of a study that goes on under halving: the last round is cut to
/// what they leave, and played to its end.
#[test]
fn a_limit_counts_trials_of_other_schedulers() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let halving = SuccessiveHalving::new(&ladder, 3.0).unwrap().with_limit(12);
    let mut study = automl_study::Study::builder(common::space())
        .scheduler(ladder.clone(), halving)
        .build()
        .unwrap();
    study.set_trial_limit(Some(12));
    let config = |study: &automl_study::Study, n| study.space().sample(&mut stream(n, 0, "test"));
    for number in 0..6 {
        let config = config(&study, number);
        study.add_trial(config, 1.0).unwrap();
    }
    let mut jobs = Vec::new();
    while let automl_study::Next::Run(job) = study.next_job().unwrap() {
        let until = job.target.unwrap();
        jobs.push(until);
        let loss = job.number.0 as f64;
        if study.report(job.number, until, vec![loss]).unwrap() == automl_study::Verdict::Complete {
            study.tell(job.number, loss).unwrap();
        }
        // One more from elsewhere, while the round is on its way.
        if jobs.len() == 2 {
            let config = config(&study, 99);
            study.add_trial(config, 1.0).unwrap();
        }
    }
    // Of a round of nine that was cut to five, one is promoted and none reaches the top.
    assert_eq!(jobs, [1, 1, 1, 1, 1, 3]);
    assert_eq!(study.history().len(), 12);
}
