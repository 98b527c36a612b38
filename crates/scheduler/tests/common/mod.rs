//! A machine of random events that drives a study with any scheduler, and laws that all keep.
#![allow(clippy::unwrap_used, dead_code, missing_debug_implementations)]

use automl_space::{Space, stream};
use automl_study::{
    Direction, History, Job, Ladder, Next, Outcome, RandomSampler, Report, Sampler, Scheduler,
    State, Study, Trial, Verdict, attribute,
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
    /// Whether reports carry constraint values at the end.
    pub(crate) constrained: bool,
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
        }
    }

    /// Plays the events and checks after each:
    /// a scheduler that starts on the recorded history decides the same (jobs and verdicts); no
    /// trial is trained twice to the same fidelity, unless its worker died; the job that is
    /// handed out is the one that was decided; a trial is running exactly while it is open.
    pub(crate) fn play(
        self,
        seed: u64,
        events: &[Event],
        mut law: impl FnMut(&Decision<'_>),
    ) -> Study {
        let Self { ladder, objectives, make, sampler, constrained } = self;
        let mut study = Study::builder(space())
            .directions(vec![Direction::Minimize; objectives])
            .sampler(sampler)
            .scheduler(ladder.clone(), make())
            .build()
            .unwrap();
        let mut rng = stream(seed, 0, "events");
        let mut runs: HashSet<(u64, u64)> = HashSet::new();
        let mut open: BTreeMap<u64, u64> = BTreeMap::new();
        for &(case, which) in events {
            let pick =
                open.iter().nth(usize::from(which) % open.len().max(1)).map(|(a, b)| (*a, *b));
            match (case, pick) {
                (0..=4, _) | (_, None) => {
                    let before = study.history().clone();
                    let decided = make().next_job(&before);
                    let interrupted = before.trials().iter().any(|t| {
                        let until = t.number_attribute(attribute::UNTIL).unwrap_or(0);
                        t.state == State::Paused && t.step() < until
                    });
                    match study.next_job().unwrap() {
                        Next::Run(job) => {
                            let until = job.until.unwrap();
                            assert!(until > job.from && until <= ladder.max());
                            if !interrupted {
                                match decided {
                                    Job::Start { until: to, .. } => assert_eq!(until, to),
                                    Job::Resume { trial, until: to } => {
                                        assert_eq!((job.number, until), (trial, to));
                                    }
                                    other => panic!("{other:?} but {job:?}"),
                                }
                                law(&Decision { before: &before, job: decided });
                            }
                            assert!(runs.insert((job.number, until)), "ran twice to one fidelity");
                            open.insert(job.number, until);
                        }
                        Next::Wait => {
                            assert_eq!(decided, Job::Wait);
                            assert!(!open.is_empty(), "waits for nobody");
                        }
                        Next::Finished => {
                            assert_eq!(decided, Job::Finished);
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
                    let from = study.history().get(number).unwrap().step();
                    let step = study.next_report(from, until);
                    let mut value =
                        || if rng.random_bool(0.1) { f64::NAN } else { rng.random::<f64>() };
                    let values: Vec<f64> = (0..objectives).map(|_| value()).collect();
                    // A scheduler that starts now gives the same verdict.
                    let mut after = study.history().clone();
                    after.report(number, Report { step, values: values.clone() }).unwrap();
                    let expected = make().verdict(&after, number);
                    let verdict = study.report(number, step, values.clone()).unwrap();
                    assert_eq!(verdict, expected);
                    match verdict {
                        Verdict::Complete => {
                            let constraint = rng.random_range(-1.0..1.0);
                            let constraints =
                                if constrained { vec![constraint] } else { Vec::new() };
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
            for trial in study.history().trials() {
                let running = open.contains_key(&trial.number);
                assert_eq!(trial.state == State::Running, running);
            }
        }
        // Freed checkpoints belong to paused trials.
        for number in make().dead_ends(study.history()) {
            assert_eq!(study.history().get(number).unwrap().state, State::Paused);
        }
        study
    }
}

/// Trials that have reached a rung, or failed on the way to it.
pub(crate) fn reached(trials: &[&Trial], fidelity: u64) -> Vec<u64> {
    let here = |t: &&&Trial| {
        let until = t.number_attribute(attribute::UNTIL);
        let failed = t.state == State::Failed && until == Some(fidelity);
        t.report_at(fidelity).is_some() || failed
    };
    trials.iter().filter(here).map(|t| t.number).collect()
}

/// Trials that went on from a rung.
pub(crate) fn promoted(trials: &[&Trial], fidelity: u64) -> usize {
    let beyond = |t: &&&Trial| {
        t.report_at(fidelity).is_some() && t.number_attribute(attribute::UNTIL).unwrap() > fidelity
    };
    trials.iter().filter(beyond).count()
}

/// The first loss of a trial at a rung, NaN where it has none.
pub(crate) fn loss(history: &History, number: u64, fidelity: u64) -> f64 {
    let trial = history.get(number).unwrap();
    trial.report_at(fidelity).map_or(f64::NAN, |report| report.values[0])
}
