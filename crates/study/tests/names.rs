//! What the parts of a study promise, in numbers.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::Space;
use automl_study::{
    Direction, Fidelity, FullFidelity, History, Ladder, Next, Outcome, RandomSampler, Sampler,
    SobolSampler, State, Study, Trial, View, sobol_point,
};

fn line() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

fn view<'a>(space: &'a Space, history: &'a History, planned_trials: Option<u64>) -> View<'a> {
    let number = history.next_id();
    View { space, history, number, seed: 3, planned_trials, ladder: None, target: None }
}

/// The start-up design takes at most a quarter of the planned trials, but two.
#[test]
fn the_startup_design_is_a_quarter_at_most() {
    let (space, history) = (line(), History::new(vec![Direction::Minimize]));
    for (planned, wanted, expected) in
        [(None, 10, 10), (Some(20), 10, 5), (Some(100), 10, 10), (Some(4), 10, 2), (Some(1), 1, 1)]
    {
        assert_eq!(view(&space, &history, planned).startup_trials(wanted), expected, "{planned:?}");
    }
}

/// The best trial is the feasible one with the best value in the direction of the study; pruned and
/// failed trials do not count. The front has what no feasible trial dominates.
#[test]
fn the_best_is_feasible_and_follows_the_direction() {
    for (direction, best) in [(Direction::Minimize, 0.2), (Direction::Maximize, 0.8)] {
        let mut study = Study::builder(line()).direction(direction).build().unwrap();
        for (value, constraint) in [(0.5, -1.0), (0.1, 0.5), (0.2, 0.0), (0.9, 2.0), (0.8, -3.0)] {
            let number = study.ask().unwrap().number;
            let outcome = Outcome::Complete { values: vec![value], constraints: vec![constraint] };
            study.tell(number, outcome).unwrap();
        }
        let number = study.ask().unwrap().number;
        study.tell(number, Outcome::failed("made up")).unwrap();
        assert_eq!(study.best().unwrap().values, [best]);
    }
    let directions = [Direction::Minimize, Direction::Maximize];
    let mut study = Study::builder(line()).directions(directions).build().unwrap();
    for (values, constraint) in [
        ([1.0, 1.0], 0.0),
        ([2.0, 3.0], 0.0),
        ([2.0, 2.0], 0.0),
        ([0.0, 9.0], 1.0),
        ([1.0, 1.0], 0.0),
    ] {
        let number = study.ask().unwrap().number;
        let outcome = Outcome::Complete { values: values.to_vec(), constraints: vec![constraint] };
        study.tell(number, outcome).unwrap();
    }
    let front: Vec<u64> = study.front().iter().map(|trial| trial.number.0).collect();
    assert_eq!(front, [0, 1, 4]);
}

/// A proposal that was tried is replaced by another one while there is one, also of waiting and running
/// trials.
#[test]
fn tried_configurations_are_replaced() {
    let mut builder = Space::builder();
    builder.int("n", 0..=4).add().unwrap();
    let space = builder.build().unwrap();
    let mut history = History::new(vec![Direction::Minimize]);
    for (i, state) in
        [State::Complete, State::Running, State::Failed, State::Waiting].iter().enumerate()
    {
        let unit = (i as f64 + 0.5) / 5.0;
        let mut trial = Trial::waiting(history.next_id(), space.decode(&[unit]));
        trial.state = *state;
        history.push(trial).unwrap();
    }
    for seed in 0..20 {
        let view = view(&space, &history, None);
        let proposal = space.decode(&[0.1 + 0.2 * (seed % 4) as f64]);
        let other = view.deduplicated(proposal, &mut stream(seed, 0, "test"));
        assert_eq!(other, space.decode(&[0.9]));
        for mut sampler in
            [Box::new(RandomSampler::uniform()) as Box<dyn Sampler>, Box::new(SobolSampler::new())]
        {
            let config = sampler.propose(&view, &mut stream(seed, 1, "test")).unwrap();
            assert_eq!(config, space.decode(&[0.9]));
        }
    }
}

/// Points of different seeds, numbers and coordinates differ; 64 points have one in each 64th part of
/// each axis, and 16 blocks of two axes have four.
#[test]
fn quasi_random_points_depend_on_seed_number_and_coordinate() {
    let (a, b) = (sobol_point(5, 3, 1), sobol_point(5, 3, 2));
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() > 1e-6), "{a:?} {b:?}");
    assert_ne!(a, sobol_point(6, 3, 1));
    assert!((a[0] - a[1]).abs() > 1e-6);
    assert_eq!(a[..2], sobol_point(5, 2, 1)[..]);
    let mut blocks = [0; 16];
    for i in 0..64 {
        let p = sobol_point(i, 2, 7);
        blocks[(p[0] * 4.0) as usize * 4 + (p[1] * 4.0) as usize] += 1;
    }
    assert_eq!(blocks, [4; 16]);
}

/// A study of at most five trials starts five, not one less or more, and then waits or ends.
#[test]
fn no_more_trials_start_than_the_limit() {
    let ladder = Ladder::new("epoch", 1, 4, true).unwrap();
    let mut study =
        Study::builder(line()).scheduler(ladder, FullFidelity::new(Fidelity(4))).build().unwrap();
    study.set_trial_limit(Some(5));
    let mut open = Vec::new();
    for _ in 0..5 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!("a trial may start") };
        open.push(job.number);
    }
    assert!(matches!(study.next_job().unwrap(), Next::Wait));
    for number in open {
        study.report(number, 4, vec![0.5]).unwrap();
        study.tell(number, 0.5).unwrap();
    }
    assert!(matches!(study.next_job().unwrap(), Next::Finished));
    assert_eq!(study.history().len(), 5);
}

/// A resumed training pays what is added, any other the whole; rungs are the top divided by powers of
/// eta, rounded to the nearest.
#[test]
fn ladders_cost_what_is_trained() {
    let (resumed, anew) =
        (Ladder::new("epoch", 2, 50, true).unwrap(), Ladder::new("epoch", 2, 50, false).unwrap());
    assert_eq!((resumed.cost_between(10, 30), anew.cost_between(10, 30)), (20.0, 30.0));
    assert_eq!(resumed.cost_between(30, 10), 0.0);
    assert_eq!(resumed.rungs(3.0), [6, 17, 50]);
    assert_eq!(resumed.rungs(2.0), [3, 6, 13, 25, 50]);
    assert_eq!(anew.rungs(50.0), [50]);
}

/// Running, waiting and failed trials count where they should.
#[test]
fn a_history_counts_by_state() {
    let space = line();
    let mut study = Study::builder(space.clone()).build().unwrap();
    let numbers: Vec<_> = (0..4).map(|_| study.ask().unwrap().number).collect();
    study.tell(numbers[0], 1.0).unwrap();
    study.tell(numbers[1], Outcome::failed("made up")).unwrap();
    study.tell(numbers[2], Outcome::Pruned).unwrap();
    study.enqueue(space.decode(&[0.123])).unwrap();
    let history = study.history();
    assert_eq!((history.finished(), history.len()), (3, 5));
    for (state, count) in [
        (State::Complete, 1),
        (State::Failed, 1),
        (State::Pruned, 1),
        (State::Running, 1),
        (State::Waiting, 1),
        (State::Paused, 0),
    ] {
        assert_eq!(history.count(state), count, "{state:?}");
    }
    // What is queued comes first.
    assert_eq!(study.ask().unwrap().number, 4);
}
