//! Several workers with a study object each on one record: nothing is done twice, nothing is lost.
#![allow(clippy::unwrap_used)]

mod common;

use automl_space::Space;
use automl_storage::MemoryStorage;
use automl_study::{
    AskError, Direction, Expired, Fidelity, FullFidelity, Heartbeat, History, HistoryError, Job,
    Ladder, Next, Outcome, RandomSampler, Report, Run, Scheduler, SharedStorage, State, Storage,
    StoreError, Study, TellError, Trial, TrialId, Verdict,
};
use common::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Runs a test on every kind of record, of which it opens as many handles as it likes.
fn each(test: impl Fn(&(dyn Fn() -> Box<dyn SharedStorage> + Sync))) {
    let memory = std::sync::Mutex::new(MemoryStorage::new());
    test(&|| Box::new(memory.lock().unwrap().clone()));
    for place in Place::all() {
        test(&|| place.open("test"));
    }
}

/// 6 x 6 points.
fn grid() -> Space {
    let mut builder = Space::builder();
    builder.int("a", 0..=5).add().unwrap();
    builder.int("b", 0..=5).add().unwrap();
    builder.build().unwrap()
}

fn ladder() -> Ladder {
    Ladder::new("epoch", 1, 9, true).unwrap()
}

/// Promotes the best paused trial of each rung, a third of those that reached it.
#[derive(Debug)]
struct Promote;

const RUNGS: [Fidelity; 3] = [Fidelity(1), Fidelity(3), Fidelity(9)];

/// How many trials reached a rung, and how many of them went on.
fn counts(history: &History, rung: usize) -> (usize, usize) {
    let reached = |trial: &&Trial| trial.report_at(RUNGS[rung]).is_some();
    let gone_on = |trial: &&Trial| trial.target() > Some(RUNGS[rung]);
    let reached: Vec<&Trial> = history.trials().iter().filter(reached).collect();
    (reached.len(), reached.into_iter().filter(gone_on).count())
}

impl Scheduler for Promote {
    fn next_job(&mut self, history: &History) -> Job {
        for rung in [1, 0] {
            let (reached, gone_on) = counts(history, rung);
            let best = history
                .in_state(State::Paused)
                .filter(|trial| trial.fidelity() == RUNGS[rung])
                .min_by(|a, b| a.last_values().unwrap()[0].total_cmp(&b.last_values().unwrap()[0]));
            if let Some(trial) = best.filter(|_| gone_on < reached / 3) {
                return Job::Resume { trial: trial.number, target: RUNGS[rung + 1] };
            }
        }
        Job::Start(Run::to(RUNGS[0]))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let trial = history.get(trial).unwrap();
        match (trial.fidelity(), trial.target()) {
            (Fidelity(9), _) => Verdict::Complete,
            (step, Some(until)) if step >= until => Verdict::Pause,
            _ => Verdict::Continue,
        }
    }
}

/// Four workers, each with a study of its own, ask until the space is used up: each of its points
/// is handed out once, under numbers without a gap.
#[test]
fn no_configuration_is_proposed_twice() {
    each(|open| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut study = Study::builder(grid())
                        .sampler(RandomSampler::uniform())
                        .storage(open())
                        .build()
                        .unwrap();
                    for _ in 0..9 {
                        let job = study.ask().unwrap();
                        study.tell(job.number, job.config.value(0).unwrap().as_f64()).unwrap();
                    }
                });
            }
        });
        let study = Study::builder(grid()).storage(open()).build().unwrap();
        assert_eq!(study.history().len(), 36);
        assert_eq!(study.history().distinct(), 36);
        assert_eq!(study.history().count(State::Complete), 36);
    });
}

/// The proposals of many workers that take turns are those of one.
#[test]
fn workers_that_take_turns_propose_what_one_would() {
    each(|open| {
        let alone = |storage: Option<Box<dyn SharedStorage>>| {
            let builder = Study::builder(grid()).seed(5).sampler(RandomSampler::uniform());
            match storage {
                Some(storage) => builder.storage(storage).build().unwrap(),
                None => builder.build().unwrap(),
            }
        };
        let mut one = alone(None);
        let mut many: Vec<Study> = (0..3).map(|_| alone(Some(open()))).collect();
        let mut order = 1;
        for turn in 0..30 {
            order = order * 5 % 7;
            let worker = &mut many[order % 3];
            let (ours, expected) = (worker.ask().unwrap(), one.ask().unwrap());
            assert_eq!((ours.number, &ours.config), (expected.number, &expected.config));
            worker.tell(ours.number, f64::from(turn)).unwrap();
            one.tell(expected.number, f64::from(turn)).unwrap();
        }
        for study in &mut many {
            study.refresh().unwrap();
            assert_eq!(study.history().trials().len(), 30);
            let values = |study: &Study| -> Vec<Vec<f64>> {
                study.history().trials().iter().map(|trial| trial.values.clone()).collect()
            };
            assert_eq!(values(study), values(&one));
        }
    });
}

/// Asynchronous halving on five workers: a rung promotes at most a third of those that reached it,
/// no trial is trained twice at once or to one fidelity twice, and all see the same in the end.
#[test]
fn promotions_keep_to_their_limit() {
    each(|open| {
        let jobs: Vec<(u64, u64, u64)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..5)
                .map(|_| {
                    scope.spawn(move || {
                        let mut study = Study::builder(grid())
                            .scheduler(ladder(), Promote)
                            .storage(open())
                            .build()
                            .unwrap();
                        study.set_trial_limit(Some(30));
                        let mut jobs = Vec::new();
                        loop {
                            match study.next_job().unwrap() {
                                Next::Run(job) => {
                                    let until = job.target.unwrap().0;
                                    jobs.push((job.number.0, job.fidelity.0, until));
                                    for step in job.fidelity.0 + 1..=until {
                                        let loss = (job.number.0 * 7 % 30) as f64 / step as f64;
                                        let verdict =
                                            study.report(job.number, step, vec![loss]).unwrap();
                                        if verdict == Verdict::Complete {
                                            study.tell(job.number, loss).unwrap();
                                        }
                                    }
                                    let history = study.history();
                                    for rung in [0, 1] {
                                        let (reached, gone_on) = counts(history, rung);
                                        assert!(gone_on <= reached / 3, "{gone_on} of {reached}");
                                    }
                                }
                                Next::Wait => std::thread::sleep(Duration::from_millis(1)),
                                Next::Finished => break jobs,
                            }
                        }
                    })
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        let distinct: BTreeSet<_> = jobs.iter().collect();
        assert_eq!(distinct.len(), jobs.len(), "a job was done twice");
        let mut study =
            Study::builder(grid()).scheduler(ladder(), Promote).storage(open()).build().unwrap();
        let history = study.history();
        assert_eq!((history.len(), history.count(State::Running)), (30, 0));
        assert_eq!((counts(history, 0), counts(history, 1)), ((30, 10), (10, 3)));
        assert_eq!(history.count(State::Complete), 3);
        assert_eq!(study.finalize().unwrap(), 27);
    });
}

fn worker(storage: Box<dyn SharedStorage>, heartbeat: Duration) -> Study {
    Study::builder(grid())
        .scheduler(ladder(), FullFidelity::new(9))
        .heartbeat(heartbeat)
        .storage(storage)
        .build()
        .unwrap()
}

fn run(study: &mut Study) -> (u64, u64) {
    match study.next_job().unwrap() {
        Next::Run(job) => (job.number.0, job.fidelity.0),
        other => panic!("{other:?}"),
    }
}

/// A worker that dies loses its trials to exactly one of the others, which finishes them; what comes
/// from it later is refused.
#[test]
fn a_dead_workers_trials_are_finished_by_another() {
    each(|open| {
        let beat = Duration::from_millis(400);
        // Its heart never beats: it is silent from the first claim on.
        let mut dead = worker(open(), Duration::from_secs(3600));
        assert_eq!(run(&mut dead), (0, 0));
        dead.report(0, 4, vec![0.5]).unwrap();
        assert_eq!(run(&mut dead), (1, 0));
        let mut first = worker(open(), beat);
        let mut second = worker(open(), beat);
        // It may be alive yet.
        assert_eq!((first.recover().unwrap(), second.recover().unwrap()), (0, 0));
        assert_eq!(run(&mut first), (2, 0));
        std::thread::sleep(4 * beat);
        let mut taken = vec![run(&mut first), run(&mut second)];
        taken.sort_unstable();
        assert_eq!(taken, [(0, 4), (1, 0)]);
        // The one that lives keeps its own.
        assert_eq!(first.history().get(2).unwrap().state, State::Running);
        for number in [0, 1] {
            let error = dead.report(number, 5, vec![9.0]).unwrap_err();
            assert!(matches!(error, TellError::LeaseLost { .. }), "{error}");
            let error = dead.tell(number, 9.0).unwrap_err();
            assert!(error.to_string().contains("its result is refused"), "{error}");
        }
        for (number, study) in [(0, &mut first), (1, &mut second)] {
            let ours = study.report(number, 9, vec![0.25]);
            let study = if ours.is_ok() { study } else { continue };
            study.tell(number, 0.25).unwrap();
        }
        drop(dead);
    });
}

/// A trial is its worker's for as long as that lives, however long it takes.
#[test]
fn a_heart_that_beats_keeps_its_trial() {
    each(|open| {
        let beat = Duration::from_millis(300);
        let mut slow = worker(open(), beat);
        assert_eq!(run(&mut slow), (0, 0));
        std::thread::sleep(6 * beat);
        let mut other = worker(open(), beat);
        assert_eq!(other.recover().unwrap(), 0);
        assert_eq!(run(&mut other), (1, 0));
        slow.report(0, 9, vec![0.5]).unwrap();
        slow.tell(0, 0.5).unwrap();
        other.refresh().unwrap();
        assert_eq!(other.history().get(0).unwrap().state, State::Complete);
        let error = other.tell(0, 1.0).unwrap_err();
        let finished =
            matches!(error, TellError::History(HistoryError::Finished { number: TrialId(0) }));
        assert!(finished, "{error}");
    });
}

/// A worker that ends in good order leaves its trials to the next one, and paused trials to
/// all.
#[test]
fn a_worker_that_leaves_returns_its_trials() {
    each(|open| {
        let mut first = worker(open(), Duration::from_secs(60));
        let mut second = worker(open(), Duration::from_secs(60));
        assert_eq!((run(&mut first), run(&mut second)), ((0, 0), (1, 0)));
        first.report(0, 2, vec![1.0]).unwrap();
        drop(first);
        let mut third = worker(open(), Duration::from_secs(60));
        assert_eq!(third.recover().unwrap(), 1);
        assert_eq!(run(&mut third), (0, 2));
        second.report(1, 3, vec![1.0]).unwrap();
        second.release(1).unwrap();
        assert_eq!(run(&mut third), (1, 3));
        assert!(matches!(second.tell(1, 1.0).unwrap_err(), TellError::NotRunning { .. }));
        // A worker that is alone takes everything.
        assert_eq!(second.recover_all().unwrap(), 2);
        assert!(matches!(
            third.tell(1, 1.0).unwrap_err(),
            TellError::LeaseLost { number: TrialId(1) }
        ));
        assert!(matches!(third.report(0, 9, vec![1.0]).unwrap_err(), TellError::NotRunning { .. }));
    });
}

/// A worker that leaves while others are at work leaves its trials to them.
#[test]
fn what_a_worker_leaves_goes_on_with_those_that_stay() {
    each(|open| {
        let beat = Duration::from_millis(300);
        let mut leaving = worker(open(), beat);
        let mut staying = worker(open(), beat);
        assert_eq!((run(&mut leaving), run(&mut staying)), ((0, 0), (1, 0)));
        leaving.report(0, 2, vec![1.0]).unwrap();
        drop(leaving);
        std::thread::sleep(2 * beat);
        assert_eq!(run(&mut staying), (0, 2));
        assert_eq!(staying.history().get(1).unwrap().state, State::Running);
    });
}

/// A record that is inconsistent is an error each time, not only when it is first seen.
#[test]
fn what_was_not_taken_in_is_taken_in_later() {
    let memory = MemoryStorage::new();
    let study = || Study::builder(grid()).ladder(ladder()).storage(memory.clone()).build().unwrap();
    let (mut reader, mut writer) = (study(), study());
    let job = writer.ask().unwrap();
    reader.refresh().unwrap();
    let mut record = memory.clone();
    record.report(job.number, &Report { fidelity: Fidelity(1), values: vec![0.5, 0.5] }).unwrap();
    writer.enqueue(grid().sample(&mut automl_numeric::stream(1, 0, "test"))).unwrap_err();
    for _ in 0..3 {
        let error = reader.ask().unwrap_err();
        assert!(error.to_string().contains("2 values for 1 objectives"), "{error}");
    }
}

/// Of several processes that set an attribute, all go by the first one's; also before there is a
/// space.
#[test]
fn an_attribute_is_set_once() {
    each(|open| {
        let begun: BTreeSet<String> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|number: u64| {
                    scope.spawn(move || {
                        let mut storage = open();
                        assert!(!storage.begin(&[Direction::Minimize]).unwrap());
                        let value = serde_json::json!({ "by": number, "x": 0.1 });
                        let kept = storage.attribute_or_insert("first", &value).unwrap();
                        storage.attach(&grid(), &[Direction::Minimize]).unwrap();
                        assert_eq!(storage.attribute("first").unwrap(), Some(kept.clone()));
                        kept.to_string()
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!(begun.len(), 1);
        let mut storage = open();
        let kept = storage.attribute("first");
        assert!(kept.is_err() || kept.unwrap().is_some());
        // Without a space, a study is any space's; then it is not.
        let mut builder = Space::builder();
        builder.int("other", 0..=5).add().unwrap();
        let other = builder.build().unwrap();
        storage.attach(&other, &[Direction::Minimize]).unwrap_err();
        assert!(storage.attach(&grid(), &[Direction::Minimize]).unwrap().is_empty());
        let config = grid().sample(&mut automl_numeric::stream(0, 0, "test"));
        storage.create(&Trial::waiting(0, config)).unwrap();
        assert!(open().begin(&[Direction::Minimize]).unwrap());
    });
}

/// The seed of a study is the first one's.
#[test]
fn all_have_the_seed_of_the_first() {
    each(|open| {
        let seed = |seed: Option<u64>| {
            let builder = Study::builder(grid()).storage(open());
            match seed {
                Some(seed) => builder.seed(seed).build().unwrap().seed(),
                None => builder.build().unwrap().seed(),
            }
        };
        assert_eq!((seed(Some(7)), seed(None), seed(Some(9)), seed(None)), (7, 7, 9, 7));
    });
}

/// A worker with late heartbeats of its own keeps its trials.
#[test]
fn a_worker_takes_nothing_from_itself() {
    each(|open| {
        // Its heart beats for the first time long after the trial counts as lost.
        let mut late = Study::builder(grid())
            .scheduler(ladder(), FullFidelity::new(9))
            .heartbeat(Duration::from_millis(10))
            .storage(Arrhythmic(open()))
            .build()
            .unwrap();
        assert_eq!(run(&mut late), (0, 0));
        std::thread::sleep(Duration::from_millis(100));
        late.refresh().unwrap();
        assert_eq!(late.history().get(0).unwrap().state, State::Running);
        assert_eq!(late.recover().unwrap(), 0);
        assert_eq!(late.recover_all().unwrap(), 1);
    });
}

/// A storage without working heartbeats.
#[derive(Debug)]
struct Arrhythmic(Box<dyn SharedStorage>);

impl Storage for Arrhythmic {
    fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
        self.0.attach(space, to)
    }
    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        self.0.create(trial)
    }
    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        self.0.report(number, report)
    }
    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        self.0.transition(from, trial)
    }
    fn attribute(&mut self, key: &str) -> Result<Option<serde_json::Value>, StoreError> {
        self.0.attribute(key)
    }
    fn set_attribute(&mut self, key: &str, value: &serde_json::Value) -> Result<(), StoreError> {
        self.0.set_attribute(key, value)
    }
    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}

impl SharedStorage for Arrhythmic {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        self.0.begin(directions)
    }
    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        self.0.trials_from(number)
    }
    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        self.0.create_next(trial)
    }
    fn attribute_or_insert(
        &mut self,
        key: &str,
        value: &serde_json::Value,
    ) -> Result<serde_json::Value, StoreError> {
        self.0.attribute_or_insert(key, value)
    }
    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        self.0.refresh()
    }
    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        self.0.resume(trial)
    }
    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.0.identify(worker, heartbeats);
    }
    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        None
    }
    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        self.0.expired(which)
    }
    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        self.0.reclaim(which, trial)
    }
    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        self.0.release_leases(trials)
    }
}

/// What another process changes is seen: new trials, reports, ends, and what leaves the pause.
#[test]
fn what_others_write_is_seen() {
    each(|open| {
        let study =
            || Study::builder(grid()).scheduler(ladder(), Promote).storage(open()).build().unwrap();
        let (mut writer, mut reader) = (study(), study());
        for number in 0..3 {
            assert!(matches!(writer.next_job().unwrap(), Next::Run(job) if job.number == number));
            writer.report(number, 1, vec![number as f64]).unwrap();
        }
        let failed = writer.ask().unwrap().number;
        writer.set_attribute(failed, "note", "x".into()).unwrap();
        writer.tell(failed, Outcome::failed("no luck")).unwrap();
        reader.refresh().unwrap();
        let same = |writer: &Study, reader: &Study| {
            assert_eq!(writer.history().trials(), reader.history().trials());
        };
        same(&writer, &reader);
        // From pause to pause without a refresh of the others.
        assert!(matches!(writer.next_job().unwrap(), Next::Run(job) if job.number == 0));
        writer.report(0, 3, vec![0.5]).unwrap();
        writer.enqueue(grid().sample(&mut automl_numeric::stream(1, 0, "test"))).unwrap();
        reader.refresh().unwrap();
        same(&writer, &reader);
        assert_eq!(reader.history().get(0).unwrap().fidelity(), 3);
        // What waits is handed out once.
        let (a, b) = (writer.ask().unwrap().number, reader.ask().unwrap().number);
        assert_eq!((a.0, b.0), (4, 5));
        assert_eq!(writer.finalize().unwrap(), 3);
        reader.refresh().unwrap();
        same(&writer, &reader);
    });
}

/// More departures than are named: everything is read again.
#[test]
fn a_long_absence_is_made_up_for() {
    each(|open| {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let study = || {
            let builder = Study::builder(space.clone()).ladder(ladder()).storage(open());
            builder.build().unwrap()
        };
        let (mut busy, mut absent) = (study(), study());
        for _ in 0..30 {
            let number = busy.ask().unwrap().number;
            busy.report(number, 1, vec![0.5]).unwrap();
            busy.release(number).unwrap();
        }
        absent.refresh().unwrap();
        // The first of them is lost and goes on, again and again.
        for _ in 0..300 {
            assert!(matches!(busy.next_job().unwrap(), Next::Run(job) if job.number == 0));
            busy.release(0).unwrap();
        }
        assert!(matches!(busy.next_job().unwrap(), Next::Run(job) if job.number == 0));
        busy.report(0, 2, vec![0.25]).unwrap();
        absent.refresh().unwrap();
        assert_eq!(busy.history().trials(), absent.history().trials());
    });
}

/// A claim is one worker's, also of a trial that another worker only knows as paused.
#[test]
fn a_promotion_that_others_forestalled_is_decided_anew() {
    each(|open| {
        let mut storage = open();
        storage.attach(&grid(), &[Direction::Minimize]).unwrap();
        let mut trials = Vec::new();
        for number in 0..3u64 {
            let config = grid().sample(&mut automl_numeric::stream(number, 0, "test"));
            let mut trial = Trial::waiting(number, config);
            trial.state = State::Running;
            assert!(storage.create_next(&trial).unwrap());
            assert!(!storage.create_next(&trial).unwrap());
            let report = Report { fidelity: Fidelity(1), values: vec![1.0] };
            storage.report(TrialId(number), &report).unwrap();
            // Only a worker that has read the report may go on from it.
            trial.reports.push(report);
            trial.state = State::Paused;
            assert!(storage.transition(State::Running, &trial).unwrap());
            trial.state = State::Running;
            trials.push(trial);
        }
        let mut other = open();
        assert_eq!(other.attach(&grid(), &[Direction::Minimize]).unwrap().len(), 3);
        storage.refresh().unwrap();
        assert!(other.resume(&trials[0]).unwrap());
        // Neither the same trial nor another, before it has looked.
        assert!(!storage.resume(&trials[1]).unwrap());
        assert!(!storage.resume(&trials[0]).unwrap());
        let seen: BTreeMap<TrialId, State> =
            storage.refresh().unwrap().into_iter().map(|t| (t.number, t.state)).collect();
        assert_eq!(seen[&TrialId(0)], State::Running);
        assert!(storage.resume(&trials[1]).unwrap());
        assert!(storage.transition(State::Paused, &trials[2]).unwrap());
    });
}

/// A worker that is wrongly declared alone still proposes nothing twice.
#[test]
fn a_wrong_claim_to_be_alone_does_no_harm() {
    each(|open| {
        let study = || Study::builder(grid()).storage(open()).alone().build().unwrap();
        let (mut a, mut b) = (study(), study());
        let mut numbers = Vec::new();
        for _ in 0..9 {
            numbers.push(a.ask().unwrap().number);
            numbers.push(b.ask().unwrap().number);
        }
        assert_eq!(numbers, (0..18).collect::<Vec<_>>());
        a.refresh().unwrap();
        let asked: Result<_, AskError> = a.ask();
        assert_eq!(asked.unwrap().number, 18);
        drop((a, b));
        assert_eq!(study().history().distinct(), 19);
    });
}

/// A worker that comes back after its lease is told that the trial is another's, for reports that its
/// successor has already made too.
#[test]
fn a_late_report_is_refused_even_if_it_is_known() {
    each(|open| {
        let study = || {
            let builder = Study::builder(grid()).ladder(ladder()).storage(open());
            builder.build().unwrap()
        };
        let mut late = study();
        let Next::Run(job) = late.next_job().unwrap() else { panic!("a trial can start") };
        late.report(job.number, 1, vec![0.4]).unwrap();
        let mut next = study();
        assert_eq!(next.recover_all().unwrap(), 1);
        let Next::Run(again) = next.next_job().unwrap() else { panic!("it goes on") };
        assert_eq!(again.number, job.number);
        next.report(again.number, 2, vec![0.3]).unwrap();
        for fidelity in [1, 2] {
            let error = late.report(job.number, fidelity, vec![0.9]).unwrap_err();
            assert!(error.is_lease_lost(), "{error}");
        }
        let trial = next.history().get(job.number).unwrap();
        assert_eq!(trial.last_values(), Some(&[0.3][..]));
        next.report(again.number, 3, vec![0.2]).unwrap();
    });
}

/// A worker of the same name takes up what its predecessor left running; another one does not.
#[test]
fn a_named_worker_takes_up_its_trial() {
    each(|open| {
        let study = |name: &str| {
            let builder = Study::builder(grid()).ladder(ladder()).storage(open());
            builder.worker(name).build().unwrap()
        };
        let mut first = study("one");
        let Next::Run(job) = first.next_job().unwrap() else { panic!("a trial can start") };
        first.report(job.number, 1, vec![0.4]).unwrap();
        // Killed: its trial still has a fresh heartbeat.
        std::mem::forget(first);
        let mut other = study("two");
        other.recover().unwrap();
        assert!(other.take_up(job.number).unwrap_err().is_lease_lost());
        let mut second = study("one");
        second.recover().unwrap();
        let taken = second.take_up(job.number).unwrap();
        assert_eq!((taken.config, taken.fidelity), (job.config, Fidelity(1)));
        second.report(job.number, 2, vec![0.3]).unwrap();
        second.tell(job.number, 0.2).unwrap();
        for study in [&mut second, &mut other] {
            assert!(study.take_up(job.number).is_err());
            assert!(study.take_up(7).is_err());
        }
        let busy = other.storage().unwrap().shared().unwrap().busy(Duration::from_secs(9)).unwrap();
        assert!(busy.is_empty());
        let running = other.ask().unwrap().number;
        let busy =
            second.storage().unwrap().shared().unwrap().busy(Duration::from_secs(9)).unwrap();
        assert_eq!(busy, [running]);
    });
}
