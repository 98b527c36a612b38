//! A machine of random events that drives a study with any scheduler, and laws that all keep.
#![allow(clippy::too_many_lines, reason = "tables of cases")]
#![allow(clippy::unwrap_used, dead_code, missing_debug_implementations)]

use automl_numeric::pareto;
use automl_numeric::stream;
use automl_space::Space;
use automl_study::{
    Direction, Fidelity, History, Job, Ladder, Next, Outcome, RandomSampler, Report, Sampler,
    Scheduler, State, Study, Trial, TrialId, Verdict,
};
use rand::RngExt;
use std::collections::{BTreeMap, HashSet};

/// What happens next: the number of a case and which trial it befalls.
pub(crate) type Event = (u8, u8);

/// A scheduler under test, made anew whenever it restarts.
pub(crate) struct Machine<'a> {
    pub(crate) ladder: Ladder,
    pub(crate) objectives: usize,
    pub(crate) make: &'a dyn Fn() -> Box<dyn Scheduler>,
    pub(crate) sampler: Box<dyn Sampler>,
    /// Whether every report comes with the value of a constraint.
    pub(crate) constrained: bool,
    /// The most trials that are started.
    pub(crate) limit: Option<u64>,
}

/// One decision as it was taken.
pub(crate) struct Decision<'a> {
    /// Before the job was handed out.
    pub(crate) before: &'a History,
    pub(crate) job: Job,
}

pub(crate) fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.choice("kind", ["a", "b", "c"]).add().unwrap();
    builder.build().unwrap()
}

impl<'a> Machine<'a> {
    pub(crate) fn new(ladder: &Ladder, make: &'a dyn Fn() -> Box<dyn Scheduler>) -> Self {
        Self {
            ladder: ladder.clone(),
            objectives: 1,
            make,
            sampler: Box::new(RandomSampler::uniform()),
            constrained: false,
            limit: None,
        }
    }

    /// Plays the events and checks after each:
    /// a scheduler that starts on the trials as a storage gives them back decides the same (jobs
    /// and verdicts); no trial is trained twice to the same fidelity, unless its worker died; the
    /// job that is handed out is the one that was decided; a trial is running exactly while it is
    /// open; an unpromotable trial is not resumed.
    pub(crate) fn play(
        self,
        seed: u64,
        events: &[Event],
        mut law: impl FnMut(&Decision<'_>),
    ) -> Study {
        let Self { ladder, objectives, make, sampler, constrained, limit } = self;
        let mut study = Study::builder(space())
            .directions(vec![Direction::Minimize; objectives])
            .sampler(sampler)
            .scheduler(ladder.clone(), make())
            .build()
            .unwrap();
        study.set_trial_limit(limit);
        let mut rng = stream(seed, 0, "events");
        let mut runs: HashSet<(TrialId, Fidelity)> = HashSet::new();
        let mut open: BTreeMap<TrialId, Fidelity> = BTreeMap::new();
        let mut dead: HashSet<TrialId> = HashSet::new();
        let is_full = |history: &History, decided: &Job| {
            matches!(decided, Job::Start(_))
                && limit.is_some_and(|limit| history.len() as u64 >= limit)
        };
        for &(case, which) in events {
            let pick =
                open.iter().nth(usize::from(which) % open.len().max(1)).map(|(a, b)| (*a, *b));
            match (case, pick) {
                (0..=4, _) | (_, None) => {
                    let before = study.history().clone();
                    let decided = make().next_job(&stored(&before));
                    let interrupted = before.trials().iter().any(|t| {
                        let until = t.target().unwrap_or(Fidelity::ZERO);
                        t.state == State::Paused && t.fidelity() < until
                    });
                    match study.next_job().unwrap() {
                        Next::Run(job) => {
                            let until = job.target.unwrap();
                            assert!(until > job.fidelity && until <= ladder.max());
                            if !interrupted {
                                match decided {
                                    Job::Start(run) => assert_eq!(until, run.target),
                                    Job::Resume { trial, target: to } => {
                                        assert_eq!((job.number, until), (trial, to));
                                    }
                                    other => panic!("{other:?} but {job:?}"),
                                }
                                law(&Decision { before: &before, job: decided });
                            }
                            assert!(runs.insert((job.number, until)), "ran twice to one fidelity");
                            assert!(!dead.contains(&job.number), "came back from a dead end");
                            open.insert(job.number, until);
                        }
                        Next::Wait => {
                            assert!(decided == Job::Wait || is_full(&before, &decided));
                            assert!(!open.is_empty(), "waits for nobody");
                        }
                        Next::Finished => {
                            assert!(decided == Job::Finished || is_full(&before, &decided));
                            assert!(open.is_empty());
                        }
                    }
                }
                (9, Some((number, _))) => {
                    study.tell(number, Outcome::failed("crash")).unwrap();
                    open.remove(&number);
                }
                (8, Some((number, until))) => {
                    study.release(number).unwrap();
                    runs.remove(&(number, until));
                    open.remove(&number);
                }
                (_, Some((number, until))) => {
                    let from = study.history().get(number).unwrap().fidelity();
                    let step = study.next_milestone(from, until);
                    let mut value =
                        || if rng.random_bool(0.1) { f64::NAN } else { rng.random::<f64>() };
                    let values: Vec<f64> = (0..objectives).map(|_| value()).collect();
                    if constrained {
                        let violated = rng.random_bool(0.4);
                        let constraint: f64 =
                            if violated { rng.random_range(0.0..2.0) } else { -1.0 };
                        study.constrain(number, vec![constraint.round()]).unwrap();
                    }
                    // A scheduler that starts now gives the same verdict.
                    let mut after = stored(study.history());
                    after
                        .report(number, Report { fidelity: step, values: values.clone() })
                        .unwrap();
                    let expected = make().verdict(&after, number);
                    let verdict = study.report(number, step, values.clone()).unwrap();
                    assert_eq!(verdict, expected);
                    match verdict {
                        Verdict::Complete => {
                            let constraints =
                                study.history().get(number).unwrap().constraints.clone();
                            study.tell(number, Outcome::Complete { values, constraints }).unwrap();
                            open.remove(&number);
                        }
                        Verdict::Pause | Verdict::Stop => {
                            open.remove(&number);
                        }
                        Verdict::Continue => assert!(step < until, "a job must end"),
                    }
                }
            }
            dead.extend(study.unpromotable());
            for trial in study.history().trials() {
                let running = open.contains_key(&trial.number);
                assert_eq!(trial.state == State::Running, running);
            }
        }
        // Freed checkpoints belong to paused trials in every view.
        let sorted = |mut numbers: Vec<TrialId>| {
            numbers.sort_unstable();
            numbers
        };
        let ends = sorted(make().unpromotable(&stored(study.history())));
        for number in &ends {
            assert_eq!(study.history().get(*number).unwrap().state, State::Paused);
        }
        assert_eq!(sorted(study.unpromotable()), ends);
        study
    }
}

/// The history that a storage gives back: the same trials, and a log that knows only how they are
/// now.
fn stored(history: &History) -> History {
    let mut stored = History::new(history.directions().to_vec());
    for trial in history.trials() {
        stored.push(trial.clone()).unwrap();
    }
    stored
}

/// Trials that have reached a rung, or failed on the way to it.
pub(crate) fn reached(trials: &[&Trial], fidelity: Fidelity) -> Vec<TrialId> {
    let here = |t: &&&Trial| {
        let until = t.target();
        let failed = t.state == State::Failed && until == Some(fidelity);
        t.report_at(fidelity).is_some() || failed
    };
    trials.iter().filter(here).map(|t| t.number).collect()
}

/// Trials that went on from a rung.
pub(crate) fn promoted(trials: &[&Trial], fidelity: Fidelity) -> usize {
    let beyond = |t: &&&Trial| t.report_at(fidelity).is_some() && t.target().unwrap() > fidelity;
    trials.iter().filter(beyond).count()
}

/// How many of the trials at a rung are better than one of them: those with a number before those
/// with a NaN, then by the violation of the constraints, then by non-domination rank among those
/// that violate them alike.
pub(crate) fn better(
    history: &History,
    trials: &[TrialId],
    number: TrialId,
    fidelity: Fidelity,
) -> usize {
    let losses = |number: TrialId| {
        let report = history.get(number).unwrap().report_at(fidelity);
        let worst = vec![f64::NAN; history.directions().len()];
        report.map_or(worst, |report| history.losses(&report.values))
    };
    let class = |number: TrialId| {
        let is_nan = losses(number).iter().any(|loss| loss.is_nan());
        (is_nan, history.get(number).unwrap().violation())
    };
    let own = class(number);
    let alike: Vec<TrialId> = trials.iter().copied().filter(|other| class(*other) == own).collect();
    let ranks = pareto::ranks(&alike.iter().map(|other| losses(*other)).collect::<Vec<_>>());
    let rank = ranks[alike.iter().position(|other| *other == number).unwrap()];
    let ahead = trials.iter().filter(|other| class(**other) < own).count();
    ahead + ranks.iter().filter(|other| **other < rank).count()
}

/// Whether a trial has a NaN at a rung.
pub(crate) fn has_nan(history: &History, number: TrialId, fidelity: Fidelity) -> bool {
    let report = history.get(number).unwrap().report_at(fidelity);
    report.is_none_or(|report| report.values.iter().any(|value| value.is_nan()))
}
