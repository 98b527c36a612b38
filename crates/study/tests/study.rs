//! The promises of a study to its caller.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Constraint, Space};
use automl_study::History;
use automl_study::{
    AskError, Direction, Fidelity, FullFidelity, HistoryError, Job, Ladder, Next, Outcome,
    RandomSampler, Report, Run, Sampler, Scheduler, SobolSampler, State, StopFlag, Study,
    TellError, Trial, TrialId, Verdict, attribute,
};
use proptest::prelude::*;
use std::collections::HashSet;

fn line() -> Space {
    let mut builder = Space::builder();
    builder.float("x", -1.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

/// Pauses every trial at 2 and resumes the best paused one to 4.
#[derive(Debug)]
struct PauseAtTwo;

impl Scheduler for PauseAtTwo {
    fn next_job(&mut self, history: &History) -> Job {
        let paused = history.in_state(State::Paused).min_by(|a, b| {
            history.loss(&a.reports[1].values).total_cmp(&history.loss(&b.reports[1].values))
        });
        match paused {
            Some(trial) if history.count(State::Paused) >= 3 => {
                Job::Resume { trial: trial.number, target: Fidelity(4) }
            }
            _ => Job::Start(Run::to(Fidelity(2)).in_bracket(7)),
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        match history.get(trial).map_or(0, |trial| trial.fidelity().0) {
            2 => Verdict::Pause,
            4 => Verdict::Complete,
            _ => Verdict::Continue,
        }
    }
}

fn ladder() -> Ladder {
    Ladder::new("epoch", 1, 4, true).unwrap()
}

fn run(study: &mut Study) -> (u64, u64, u64) {
    match study.next_job().unwrap() {
        Next::Run(a) => (a.number.0, a.fidelity.0, a.target.unwrap().0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn paused_trials_resume_and_complete() {
    let mut study = Study::builder(line()).scheduler(ladder(), PauseAtTwo).build().unwrap();
    for number in 0..3 {
        assert_eq!(run(&mut study), (number, 0, 2));
        assert_eq!(study.report(number, 1, vec![9.0]).unwrap(), Verdict::Continue);
        let loss = (number as f64 - 1.0).abs();
        assert_eq!(study.report(number, 2, vec![loss]).unwrap(), Verdict::Pause);
    }
    assert_eq!(run(&mut study), (1, 2, 4));
    assert_eq!(study.history().get(1).unwrap().number_attribute(attribute::BRACKET), Some(7));
    assert_eq!(study.report(1, 3, vec![0.5]).unwrap(), Verdict::Continue);
    assert_eq!(study.report(1, 4, vec![0.25]).unwrap(), Verdict::Complete);
    study.tell(1, 0.25).unwrap();
    assert_eq!(study.best().unwrap().number, 1);
    // A finished trial never changes.
    let finished = |e: TellError| matches!(e, TellError::History(HistoryError::Finished { .. }));
    assert!(finished(study.tell(1, 0.1).unwrap_err()));
    assert!(finished(study.report(1, 5, vec![0.1]).unwrap_err()));
    assert!(finished(study.set_attribute(1, "note", 1.into()).unwrap_err()));
    assert_eq!(study.finalize().unwrap(), 2);
    assert_eq!(study.history().count(State::Pruned), 2);
    assert_eq!(study.history().get(0).unwrap().values, [1.0]);
}

#[test]
fn a_worker_that_dies_returns_its_trial() {
    let mut study = Study::builder(line()).scheduler(ladder(), PauseAtTwo).build().unwrap();
    // One died before its first report, one in the middle of its job.
    let (fresh, ..) = run(&mut study);
    let (started, ..) = run(&mut study);
    study.report(started, 1, vec![1.0]).unwrap();
    assert_eq!(study.recover().unwrap(), 2);
    assert_eq!(study.history().get(fresh).unwrap().state, State::Waiting);
    assert_eq!(study.history().get(started).unwrap().state, State::Paused);
    assert_eq!(run(&mut study), (started, 1, 2));
    assert_eq!(run(&mut study), (fresh, 0, 2));
    assert_eq!(study.history().len(), 2);
    // What was reported before is not recorded twice.
    assert_eq!(study.report(started, 1, vec![5.0]).unwrap(), Verdict::Continue);
    assert_eq!(study.history().get(started).unwrap().reports.len(), 1);
    assert_eq!(study.report(started, 2, vec![1.0]).unwrap(), Verdict::Pause);
}

/// A trial that starts again belongs to the bracket that starts it, or to none.
#[test]
fn a_trial_that_is_lost_before_its_first_report_may_change_its_bracket() {
    #[derive(Debug)]
    struct OneBracket;

    impl Scheduler for OneBracket {
        fn next_job(&mut self, history: &History) -> Job {
            Job::Start(Run { bracket: history.is_empty().then_some(7), ..Run::to(Fidelity(4)) })
        }

        fn verdict(&mut self, _: &History, _: TrialId) -> Verdict {
            Verdict::Complete
        }
    }

    let mut study = Study::builder(line()).scheduler(ladder(), OneBracket).build().unwrap();
    let bracket = |study: &Study| study.history().trials()[0].number_attribute(attribute::BRACKET);
    assert_eq!(run(&mut study), (0, 0, 4));
    assert_eq!(bracket(&study), Some(7));
    study.release(0).unwrap();
    assert_eq!(run(&mut study), (0, 0, 4));
    assert_eq!(bracket(&study), None);
}

#[test]
fn a_worker_that_dies_after_the_last_report_has_completed_its_trial() {
    let mut study =
        Study::builder(line()).scheduler(ladder(), FullFidelity::new(4)).build().unwrap();
    let (finished, ..) = run(&mut study);
    let (diverged, ..) = run(&mut study);
    study.report(finished, 4, vec![0.5]).unwrap();
    study.report(diverged, 4, vec![f64::NAN]).unwrap();
    assert_eq!(study.recover().unwrap(), 2);
    assert_eq!(study.best().unwrap().values, [0.5]);
    assert_eq!(study.history().get(diverged).unwrap().state, State::Failed);
}

#[test]
fn what_is_known_from_elsewhere_joins_the_history() {
    let space = line();
    let mut study = Study::builder(space.clone()).build().unwrap();
    let config = |x: f64| space.config([("x", automl_space::Choice::Float(x))]).unwrap();
    assert_eq!(study.add_trial(config(0.25), 2.0).unwrap(), 0);
    assert_eq!(study.add_trial(config(0.5), Outcome::failed("no luck")).unwrap(), 1);
    assert!(study.add_trial(config(0.5), [1.0, 2.0]).is_err());
    assert!(study.add_trial(Config::empty(1), 1.0).is_err());
    study.optimize(1, |_| 3.0).unwrap();
    assert_eq!(study.history().len(), 3);
    let best = study.best().unwrap();
    assert_eq!((best.number.0, best.config.clone()), (0, config(0.25)));
    assert!(best.started.is_some() && best.finished >= best.started);
    assert!(study.tell(0, 1.0).is_err());
}

/// Optuna counts steps from 0. A process that watches a trial sees the reports that a later one sees.
#[test]
fn a_first_step_of_zero_is_taken_over() {
    let mut watched = History::new(vec![Direction::Minimize]);
    let begun = Trial { state: State::Running, ..Trial::waiting(0, Config::empty(1)) };
    watched.push(begun.clone()).unwrap();
    let report = |step| Report { fidelity: Fidelity(step), values: vec![1.0] };
    for steps in [0..1, 0..3] {
        let record = Trial { reports: steps.map(report).collect(), ..begun.clone() };
        assert!(watched.update(record.clone()).unwrap());
        assert_eq!(watched.get(0), Some(&record));
        assert!(!watched.update(record).unwrap());
    }
    // Our own reports begin at 1.
    assert!(watched.check_report(0, &report(0)).is_err());
}

#[test]
fn bad_results_are_refused_and_change_nothing() {
    let mut study = Study::builder(line())
        .directions([Direction::Minimize, Direction::Maximize])
        .ladder(ladder())
        .build()
        .unwrap();
    let number = study.ask().unwrap().number;
    assert!(matches!(
        study.tell(number, vec![1.0]).unwrap_err(),
        TellError::History(HistoryError::Values { number: TrialId(0), found: 1, expected: 2 })
    ));
    assert!(matches!(
        study.report(number, 1, vec![1.0]).unwrap_err(),
        TellError::History(HistoryError::Values { .. })
    ));
    assert!(matches!(
        study.tell(9, vec![1.0, 1.0]).unwrap_err(),
        TellError::History(HistoryError::Unknown { number: TrialId(9) })
    ));
    assert_eq!(study.history().get(0).unwrap().state, State::Running);
    study.tell(number, vec![1.0, f64::NAN]).unwrap();
    assert_eq!(study.history().get(0).unwrap().state, State::Failed);
    let outside = Config::empty(1);
    assert!(study.enqueue(outside).is_err());
}

#[test]
fn panics_and_errors_are_failed_trials() {
    let mut study = Study::builder(line()).build().unwrap();
    let mut count = 0;
    study
        .optimize(4, |_| {
            count += 1;
            match count {
                1 => panic!("no luck"),
                2 => Err("out of memory"),
                _ => Ok(f64::from(count)),
            }
        })
        .unwrap();
    let reason = |n: u64| study.history().get(n).unwrap().attributes[attribute::REASON].to_string();
    assert!(reason(0).contains("no luck"));
    assert!(reason(1).contains("out of memory"));
    assert_eq!(study.best().unwrap().values, [3.0]);
}

#[test]
fn a_stop_flag_ends_the_loop_cleanly() {
    let flag = StopFlag::new();
    let mut study = Study::builder(line()).stop_flag(flag.clone()).build().unwrap();
    study
        .optimize_parallel(1000, 4, |config| {
            flag.set();
            config.value(0).unwrap().as_f64()
        })
        .unwrap();
    let history = study.history();
    assert!(history.len() <= 8 && history.finished() == history.len());
}

/// However many values inactive parameters would have.
#[test]
fn conditional_spaces_are_used_up() {
    let mut builder = Space::builder();
    let models = ["a", "b", "c", "d", "e"];
    let model = builder.choice("model", models).add().unwrap();
    for (name, own) in models.iter().flat_map(|name| (0..3).map(move |own| (*name, own))) {
        builder.int(&format!("{name}{own}"), 0..=2).when(model, name).add().unwrap();
    }
    let mut study = Study::builder(builder.build().unwrap()).build().unwrap();
    study.optimize(135, |_| 0.0).unwrap();
    assert_eq!(study.history().distinct(), 5 * 27);
}

/// A NaN would be feasible or not by chance, and no record could tell it from an infinity.
#[test]
fn constraints_that_are_no_number_are_violated() {
    let mut study = Study::builder(line()).build().unwrap();
    for given in [f64::NAN, f64::INFINITY] {
        let number = study.ask().unwrap().number;
        study.constrain(number, vec![given]).unwrap();
        assert_eq!(study.history().get(number).unwrap().constraints, [f64::INFINITY]);
        let outcome = Outcome::Complete { values: vec![1.0], constraints: vec![given] };
        study.tell(number, outcome).unwrap();
        let trial = study.history().get(number).unwrap();
        assert_eq!(trial.constraints, [f64::INFINITY]);
        assert!(!trial.is_feasible());
    }
}

#[test]
fn no_configuration_repeats_while_another_is_left() {
    let mut builder = Space::builder();
    builder.int("a", 0..=3).add().unwrap();
    let kind = builder.choice("kind", ["p", "q"]).add().unwrap();
    builder.int("b", 0..=2).when(kind, "q").add().unwrap();
    let space = builder.build().unwrap();
    let size = 4 * (1 + 3);
    for sampler in [true, false] {
        let mut builder = Study::builder(space.clone());
        builder = if sampler {
            builder.sampler(RandomSampler::uniform())
        } else {
            builder.sampler(SobolSampler::new())
        };
        let mut study = builder.build().unwrap();
        study.optimize(size, |_| 0.0).unwrap();
        assert_eq!(study.history().distinct() as u64, size);
        study.optimize(3, |_| 0.0).unwrap();
    }
}

#[test]
fn limits_stop_new_trials_but_not_paused_ones() {
    let mut study =
        Study::builder(line()).scheduler(ladder(), FullFidelity::new(4)).build().unwrap();
    study.set_trial_limit(Some(1));
    let (number, ..) = run(&mut study);
    assert_eq!(study.next_job().unwrap(), Next::Wait);
    study.report(number, 2, vec![1.0]).unwrap();
    study.release(number).unwrap();
    assert_eq!(run(&mut study), (number, 2, 4));
    study.tell(number, Outcome::Pruned).unwrap();
    assert_eq!(study.history().get(number).unwrap().values, [1.0]);
    assert_eq!(study.next_job().unwrap(), Next::Finished);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The same seed gives the same study on any number of threads, in whatever order they end.
    #[test]
    fn proposals_do_not_depend_on_threads(seed in any::<u64>(), threads in 1usize..5) {
        let configs = |threads| {
            let mut study = Study::builder(line())
                .seed(seed)
                .sampler(RandomSampler::uniform())
                .build()
                .unwrap();
            study.optimize_parallel(20, threads, |c| c.value(0).unwrap().as_f64()).unwrap();
            study.history().trials().iter().map(|t| t.config.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(configs(1), configs(threads));
    }

    /// Counts and the set of seen configurations agree with the trials, whatever happens.
    #[test]
    fn indexes_follow_the_trials(actions in proptest::collection::vec(0u8..7, 1..60), seed in 0u64..99) {
        let mut study = Study::builder(line()).seed(seed).ladder(ladder()).build().unwrap();
        for (i, action) in actions.into_iter().enumerate() {
            let running: Vec<TrialId> =
                study.history().in_state(State::Running).map(|t| t.number).collect();
            let pick = running.get(i % running.len().max(1)).copied();
            match (action, pick) {
                (0 | 1, _) => drop(study.ask().unwrap()),
                (2, Some(n)) => study.tell(n, 0.5).unwrap(),
                (3, Some(n)) => study.tell(n, Outcome::failed("test")).unwrap(),
                (4, Some(n)) => {
                    let step = study.history().get(n).unwrap().fidelity() + 1;
                    study.report(n, step, vec![1.0]).unwrap();
                }
                (5, Some(n)) => study.release(n).unwrap(),
                _ => drop(study.next_job().unwrap()),
            }
        }
        let history = study.history();
        for state in [State::Waiting, State::Running, State::Paused, State::Complete, State::Failed] {
            let counted = history.trials().iter().filter(|t| t.state == state).count();
            prop_assert_eq!(history.count(state), counted);
            prop_assert_eq!(history.in_state(state).count(), counted);
        }
        let distinct: HashSet<_> = history.trials().iter().map(|t| t.config.clone()).collect();
        prop_assert_eq!(history.distinct(), distinct.len());
        prop_assert!(!history.seen(&study.space().sample(&mut stream(seed, 999_999, "other"))));
    }
}

#[test]
fn a_trial_that_is_completed_for_its_worker_keeps_its_constraints() {
    let mut study =
        Study::builder(line()).scheduler(ladder(), FullFidelity::new(4)).build().unwrap();
    let (number, ..) = run(&mut study);
    study.constrain(number, vec![2.0]).unwrap();
    study.report(number, 4, vec![0.5]).unwrap();
    study.release(number).unwrap();
    let trial = study.history().get(number).unwrap();
    assert_eq!((trial.state, trial.constraints.as_slice()), (State::Complete, &[2.0][..]));
    assert!(study.best().is_none());
}

/// Values without constraints leave those that were recorded before.
#[test]
fn a_result_without_constraints_keeps_those_of_before() {
    let mut study = Study::builder(line()).build().unwrap();
    let number = study.ask().unwrap().number;
    study.constrain(number, vec![2.0]).unwrap();
    study.tell(number, 0.5).unwrap();
    assert_eq!(study.history().get(number).unwrap().constraints, [2.0]);
    let number = study.ask().unwrap().number;
    study.constrain(number, vec![2.0]).unwrap();
    study.tell(number, Outcome::Complete { values: vec![0.5], constraints: vec![-1.0] }).unwrap();
    assert_eq!(study.history().get(number).unwrap().constraints, [-1.0]);
}

/// Of a space of 4,096 points the constraints leave three: these are handed out once each, then
/// again, and never another. Where nothing is left, the error says so.
#[test]
fn what_the_constraints_forbid_is_never_handed_out() {
    let mut builder = Space::builder();
    let keys = ["a", "b"].map(|name| builder.int(name, 0..=63).add().unwrap());
    let free = builder.build().unwrap();
    let corner = |least: i64| {
        let excess = move |_: &Space, c: &Config| (least - c[keys[0]] - c[keys[1]]) as f64;
        free.with_constraint(Constraint::custom("corner", excess))
    };
    let samplers: [Box<dyn Sampler>; 2] =
        [Box::new(RandomSampler::uniform()), Box::new(SobolSampler::new())];
    for sampler in samplers {
        let mut study = Study::builder(corner(125)).sampler(sampler).build().unwrap();
        for asked in 1..=6 {
            let config = study.ask().unwrap().config;
            assert!(study.space().allows(&config));
            assert_eq!(study.history().distinct(), asked.min(3));
        }
    }
    let mut study = Study::builder(corner(127)).build().unwrap();
    let error = study.ask().unwrap_err();
    assert!(
        matches!(error, AskError::Forbidden { number: TrialId(0), violation } if violation >= 1.0)
    );
    assert!(study.history().is_empty());
}
