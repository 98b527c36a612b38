//! Freeze-thaw, population-based training, PriorBand and BOHB.
#![allow(clippy::unwrap_used)]

mod common;

use automl_numeric::stream;
use automl_scheduler::{
    Asha, BohbSampler, FreezeThaw, Hyperband, Population, PriorBandSampler, RungGpSampler,
};
use automl_space::{Prior, Space};
use automl_study::{
    Fidelity, History, Job, Ladder, Next, RandomSampler, Run, Sampler, Scheduler, State, Study,
    Trial, TrialId, Verdict, View, attribute,
};
use common::Machine;
use proptest::prelude::*;
use std::collections::HashSet;

fn events(most: usize) -> impl Strategy<Value = Vec<common::Event>> {
    proptest::collection::vec((0u8..10, any::<u8>()), 1..most)
}

/// A fresh sampler proposes what one does that has seen the study grow.
fn replays(study: &Study, ladder: &Ladder, make: impl Fn() -> Box<dyn Sampler>) {
    let all = study.history();
    let propose = |sampler: &mut dyn Sampler, count: usize| {
        let mut history = History::new(all.directions().to_vec());
        all.trials()[..count].iter().for_each(|trial| history.push(trial.clone()).unwrap());
        let number = TrialId(count as u64);
        let view = View {
            space: study.space(),
            history: &history,
            number,
            seed: 0,
            planned_trials: None,
            ladder: Some(ladder),
            target: Some(Fidelity(1)),
        };
        let config = sampler.propose(&view, &mut stream(0, number.0, "propose")).unwrap();
        study.space().check(&config).unwrap();
        config
    };
    let mut used = make();
    for part in [3, 2] {
        propose(&mut *used, all.len() / part);
    }
    assert_eq!(propose(&mut *used, all.len()), propose(&mut *make(), all.len()));
}

/// Plays events with a population: new members continue valid parents, and no trial runs outside
/// of it.
fn populate(
    seed: u64,
    max: u64,
    interval: u64,
    members: u64,
    limit: Option<u64>,
    events: &[common::Event],
) {
    let ladder = Ladder::new("epoch", 1, max, true).unwrap();
    let population = Population::new(&ladder, members, interval).unwrap().with_limit(limit);
    let make = || -> Box<dyn Scheduler> { Box::new(population.scheduler()) };
    let sampler = Box::new(population.sampler(RandomSampler::uniform()));
    let machine = Machine { sampler, limit, ..Machine::new(&ladder, &make) };
    let study = machine.play(seed, events, |decision| {
        if let Job::Start(Run { target: until, warm_start: Some(parent), .. }) = decision.job {
            // The parent's newest checkpoint is from where the new trial goes on.
            let parent = decision.before.get(parent).unwrap();
            assert!(parent.fidelity() > 0 && parent.fidelity() < until);
            assert!(!matches!(parent.state, State::Pruned | State::Failed));
        }
    });
    // No trial runs outside the population. (A trial that lost its worker at the very start may
    // be handed out again in another place.)
    let history = study.history();
    let started = history.trials().iter().filter(|trial| trial.state != State::Waiting);
    let replaced: HashSet<TrialId> = started.filter_map(|t| t.run()?.replaces).collect();
    let is_over = |trial: &Trial| {
        trial.state.is_finished()
            || trial.state == State::Paused && replaced.contains(&trial.number)
    };
    let open = history.trials().iter().filter(|trial| !is_over(trial)).count();
    let lost = events.iter().filter(|(case, _)| *case == 8).count();
    assert!(open <= members as usize + lost, "{open} of {members}");
    replays(&study, &ladder, || Box::new(population.sampler(RandomSampler::uniform())));
    // A study of an earlier version goes on.
    let mut packed = History::new(history.directions().to_vec());
    history.trials().iter().for_each(|trial| packed.push(in_one_number(trial)).unwrap());
    let parents = |history: &History| -> Vec<Option<TrialId>> {
        history.trials().iter().map(Population::parent).collect()
    };
    assert_eq!(parents(&packed), parents(history));
    assert_eq!(make().next_job(&packed), make().next_job(history));
    assert_eq!(make().unpromotable(&packed), make().unpromotable(history));
}

/// The trial as earlier versions recorded it: parent and replaced trial in one number, as the bracket.
fn in_one_number(trial: &Trial) -> Trial {
    let mut old = trial.clone();
    let number = |key| trial.number_attribute(key);
    let origin = (number(attribute::WARM_START), number(attribute::REPLACES));
    if let (Some(parent), Some(replaced)) = origin {
        old.attributes.insert(attribute::BRACKET.into(), (parent << 32 | replaced).into());
    }
    old.attributes.remove(attribute::WARM_START);
    old.attributes.remove(attribute::REPLACES);
    old
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn freeze_thaw(
        seed in any::<u64>(), max in 1u64..20, events in events(80), constrained in any::<bool>(),
        resumes in any::<bool>(), limit in proptest::option::of(1u64..30),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let make = || -> Box<dyn Scheduler> {
            Box::new(FreezeThaw::new(&common::space(), &ladder).with_limit(limit))
        };
        let machine = Machine { constrained, limit, ..Machine::new(&ladder, &make) };
        machine.play(seed, &events, |_| {});
    }

    #[test]
    fn population(
        seed in any::<u64>(), max in 1u64..20, interval in 1u64..8, members in 2u64..12,
        limit in proptest::option::of(1u64..40), events in events(250),
    ) {
        populate(seed, max, interval, members, limit, &events);
    }

    #[test]
    fn prior_band(
        seed in any::<u64>(), max in 1u64..30, events in events(150), resumes in any::<bool>(),
    ) {
        let ladder = Ladder::new("epoch", 1, max, resumes).unwrap();
        let make = || -> Box<dyn Scheduler> { Box::new(Hyperband::new(&ladder, 3.0).unwrap()) };
        let sampler = Box::new(PriorBandSampler::new(3.0).unwrap());
        let machine = Machine { sampler, ..Machine::new(&ladder, &make) };
        machine.play(seed, &events, |_| {});
    }
}

/// A member that fails without a trial to copy ends with its population: later ones have no
/// place for it.
#[test]
fn failures_go_with_their_population() {
    let (report, fail, next) = ((5, 0), (9, 0), (0, 0));
    // Both reach the first comparison and one goes on to the end before the other fails.
    let alone = [next, next, report, report, next, next, report, fail, next, report];
    // In the second population both stay at the first comparison, where one is the best so far.
    let together = [next, next, report, report, next, next, next];
    populate(1, 5, 2, 2, None, &[&alone[..], &together].concat());
}

/// BOHB: Hyperband's brackets, a third at random, the rest from the Parzen model.
#[test]
fn bohb_resumes() {
    resumes(|| BohbSampler::new(3.0).unwrap());
}

/// A process for each rung, which is drawn anew.
#[test]
fn processes_of_rungs_resume() {
    resumes(|| RungGpSampler::new(3.0).unwrap());
}

#[test]
fn a_fresh_priorband_proposes_the_same() {
    resumes(|| PriorBandSampler::new(3.0).unwrap());
}

/// On losses that are smooth at every rung the processes find the best place, in few trials.
#[test]
fn processes_of_rungs_learn() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let mut study = Study::builder(common::space())
        .sampler(RungGpSampler::new(3.0).unwrap())
        .scheduler(ladder.clone(), Asha::new(&ladder, 3.0).unwrap())
        .build()
        .unwrap();
    let mut late = Vec::new();
    while study.history().len() < 60 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        let x = study.space().encode(&job.config).unit[0];
        let until = job.target.unwrap();
        let loss = (x - 0.3).powi(2) + 1.0 / until.0 as f64;
        if study.report(job.number, until, vec![loss]).unwrap() == Verdict::Complete {
            study.tell(job.number, loss).unwrap();
        }
        if job.fidelity == 0 && job.number >= 30 {
            late.push((x - 0.3).abs());
        }
    }
    late.sort_by(f64::total_cmp);
    // A random place is .29 away on average.
    assert!(late[late.len() / 2] < 0.15, "{late:?}");
}

/// Every second run restarts after each trial and yet proposes the same configurations.
fn resumes<S: Sampler + 'static>(sampler: impl Fn() -> S) {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let run = |restart: bool| {
        let mut study = Study::builder(common::space())
            .sampler(sampler())
            .scheduler(ladder.clone(), Hyperband::new(&ladder, 3.0).unwrap())
            .build()
            .unwrap();
        let mut fresh = sampler();
        for _ in 0..60 {
            let before = study.history().clone();
            let Next::Run(job) = study.next_job().unwrap() else { panic!() };
            if restart && job.fidelity == 0 {
                fresh = sampler();
                let view = View {
                    space: study.space(),
                    history: &before,
                    number: job.number,
                    seed: study.seed(),
                    planned_trials: None,
                    ladder: Some(&ladder),
                    target: job.target,
                };
                let mut rng = stream(study.seed(), job.number.0, "propose");
                assert_eq!(fresh.propose(&view, &mut rng).unwrap(), job.config);
            }
            let x = study.space().encode(&job.config).unit[0];
            let until = job.target.unwrap();
            let loss = (x - 0.3).abs() + 1.0 / until.0 as f64;
            if study.report(job.number, until, vec![loss]).unwrap() == Verdict::Complete {
                study.tell(job.number, loss).unwrap();
            }
        }
        let _ = fresh;
        study.history().trials().iter().map(|t| t.config.clone()).collect::<Vec<_>>()
    };
    assert_eq!(run(false), run(true));
}

/// With a good prior PriorBand lands near it more often than chance, with a bad one it still finds
/// the optimum's neighbourhood.
#[test]
fn prior_band_mixes() {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let best = |mean: f64| {
        let mut builder = Space::builder();
        for name in ["a", "b", "c"] {
            builder.float(name, 0.0..=1.0).prior(Prior::Normal { mean, sd: 0.1 }).add().unwrap();
        }
        let space = builder.build().unwrap();
        let mut study = Study::builder(space)
            .sampler(PriorBandSampler::new(3.0).unwrap())
            .scheduler(ladder.clone(), Hyperband::new(&ladder, 3.0).unwrap())
            .build()
            .unwrap();
        let mut near = 0;
        for _ in 0..200 {
            let Next::Run(job) = study.next_job().unwrap() else { panic!() };
            let point = study.space().encode(&job.config).unit;
            let loss: f64 = point.iter().map(|x| (x - 0.2).powi(2)).sum();
            near += usize::from(job.fidelity == 0 && loss < 0.05);
            if study.report(job.number, job.target.unwrap(), vec![loss]).unwrap()
                == Verdict::Complete
            {
                study.tell(job.number, loss).unwrap();
            }
        }
        (study.best().unwrap().values[0], near as f64 / study.history().len() as f64)
    };
    let (good, misled) = (best(0.2), best(0.8));
    // A ball of that size has 4.7 % of the cube at most.
    assert!(good.0 < 0.01 && good.1 > 0.3, "{good:?}");
    assert!(misled.0 < 0.05, "{misled:?}");
}

/// Members that end well are near the optimum, where hardly any began.
#[test]
fn a_population_moves() {
    let ladder = Ladder::new("epoch", 1, 40, true).unwrap();
    let population = Population::new(&ladder, 10, 1).unwrap();
    let mut builder = Space::builder();
    let keys = ["a", "b", "c"].map(|name| builder.float(name, 0.001..=1.0).log().add().unwrap());
    let mut study = Study::builder(builder.build().unwrap())
        .sampler(population.sampler(RandomSampler::uniform()))
        .scheduler(ladder.clone(), population.scheduler())
        .build()
        .unwrap();
    let loss = |config: &automl_space::Config| -> f64 {
        keys.iter().map(|key| (config[*key] / 0.1).ln().abs()).sum()
    };
    while study.history().count(State::Complete) < 8 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        let (until, value) = (job.target.unwrap(), loss(&job.config));
        if study.report(job.number, until, vec![value]).unwrap() == Verdict::Complete {
            study.tell(job.number, value).unwrap();
        }
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let first = mean(study.history().trials()[..10].iter().map(|t| loss(&t.config)).collect());
    let last = mean(study.history().in_state(State::Complete).map(|t| t.values[0]).collect());
    assert!(last < 0.75 * first, "{first} {last}");
    let children = study.history().trials().iter().filter(|t| Population::parent(t).is_some());
    assert!(children.count() > 20);
}

/// On curves that decay to different asymptotes freeze-thaw spends more on the better ones.
#[test]
fn the_promising_are_thawed() {
    let ladder = Ladder::new("epoch", 1, 32, true).unwrap();
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let mut study = Study::builder(space.clone())
        .sampler(RandomSampler::uniform())
        .scheduler(ladder.clone(), FreezeThaw::new(&space, &ladder))
        .build()
        .unwrap();
    let mut epochs = 0;
    while epochs < 300 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        let (until, asymptote) = (job.target.unwrap(), (job.config[x] - 0.6).abs());
        let mut step = job.fidelity;
        loop {
            step = study.next_milestone(step, until);
            let loss = asymptote + 1.0 / (step.0 as f64 + 1.0);
            match study.report(job.number, step, vec![loss]).unwrap() {
                Verdict::Complete => study.tell(job.number, loss).unwrap(),
                Verdict::Continue => continue,
                _ => {}
            }
            break;
        }
        epochs += until.0 - job.fidelity.0;
    }
    let (mut good, mut bad) = ((0, 0), (0, 0));
    for trial in study.history().trials() {
        let slot = if (trial.config[x] - 0.6).abs() < 0.2 { &mut good } else { &mut bad };
        *slot = (slot.0 + trial.fidelity().0, slot.1 + 1);
    }
    let mean = |(steps, trials): (u64, u64)| steps as f64 / trials as f64;
    assert!(mean(good) > 1.5 * mean(bad), "{good:?} {bad:?}");
    assert!(study.history().count(State::Complete) >= 1);
}

/// Trains jobs with one worker until there are none or so many were done; whether some were left.
fn train(study: &mut Study, most: usize, loss: impl Fn(u64, u64) -> f64) -> bool {
    for _ in 0..most {
        let Next::Run(job) = study.next_job().unwrap() else { return false };
        let (mut step, until) = (job.fidelity, job.target.unwrap());
        while step < until {
            step = study.next_milestone(step, until);
            let value = loss(job.number.0, step.0);
            if study.report(job.number, step, vec![value]).unwrap() == Verdict::Complete {
                study.tell(job.number, value).unwrap();
            }
        }
    }
    true
}

/// One infinite loss does not keep the others from being thawed.
#[test]
fn an_infinite_loss_is_left_out() {
    let ladder = Ladder::new("epoch", 1, 8, true).unwrap();
    let mut study = Study::builder(common::space())
        .scheduler(ladder.clone(), FreezeThaw::new(&common::space(), &ladder))
        .build()
        .unwrap();
    let loss = |number: u64, step: u64| {
        if number == 2 { f64::INFINITY } else { (number % 5) as f64 + 1.0 / step as f64 }
    };
    assert!(train(&mut study, 60, loss));
    let trials = study.history().trials();
    assert!(trials.iter().any(|trial| trial.fidelity() > 1), "nobody was thawed");
    assert_eq!(trials[2].fidelity(), 1);
}

/// Of more than 64 trials the best are considered: whatever is resumed is among them.
#[test]
fn of_many_trials_the_best_are_considered() {
    let ladder = Ladder::new("epoch", 1, 8, true).unwrap();
    let scheduler = FreezeThaw::new(&common::space(), &ladder);
    let mut study = Study::builder(common::space())
        .scheduler(ladder.clone(), scheduler.clone().with_startup(1000))
        .build()
        .unwrap();
    let mut resumed = Vec::new();
    assert!(train(&mut study, 100, |number, _| number as f64));
    for _ in 0..12 {
        assert!(train(&mut study, 1, |number, _| number as f64));
        if let Job::Resume { trial, .. } = scheduler.clone().next_job(study.history()) {
            resumed.push(trial.0);
        }
    }
    assert!(!resumed.is_empty() && resumed.iter().all(|number| *number < 30), "{resumed:?}");
}

/// Where no trial may start and too few are known for a model, the best paused trial goes on.
#[test]
fn the_best_of_few_goes_on_where_no_trial_may_start() {
    let ladder = Ladder::new("epoch", 1, 4, true).unwrap();
    let scheduler = FreezeThaw::new(&common::space(), &ladder).with_limit(4);
    let mut study = Study::builder(common::space()).scheduler(ladder, scheduler).build().unwrap();
    study.set_trial_limit(Some(4));
    assert!(train(&mut study, 4, |number, _| if number == 2 { 0.0 } else { 1.0 + number as f64 }));
    let Next::Run(job) = study.next_job().unwrap() else { panic!("nothing goes on") };
    assert_eq!(job.number, TrialId(2));
}

/// Under a limit of trials freeze-thaw goes on with paused ones: few are all trained to the top.
#[test]
fn freeze_thaw_goes_on_when_no_trial_may_start() {
    let ladder = Ladder::new("epoch", 1, 4, true).unwrap();
    for limit in [3, 8] {
        let scheduler = FreezeThaw::new(&common::space(), &ladder).with_limit(limit);
        let mut study =
            Study::builder(common::space()).scheduler(ladder.clone(), scheduler).build().unwrap();
        study.set_trial_limit(Some(limit));
        assert!(!train(&mut study, 100, |number, step| number as f64 + 1.0 / step as f64));
        let complete = study.history().count(State::Complete) as u64;
        assert!(complete == limit || (limit == 8 && complete >= 1), "{complete} of {limit}");
    }
}

/// Under a limit of trials a population loses its worst without replacing them.
#[test]
fn a_population_goes_on_when_no_trial_may_start() {
    let ladder = Ladder::new("epoch", 1, 4, true).unwrap();
    let population = Population::new(&ladder, 5, 1).unwrap();
    for limit in [3, 5] {
        let population = population.clone().with_limit(limit);
        let mut study = Study::builder(common::space())
            .sampler(population.sampler(RandomSampler::uniform()))
            .scheduler(ladder.clone(), population.scheduler())
            .build()
            .unwrap();
        study.set_trial_limit(Some(limit));
        assert!(!train(&mut study, 100, |number, _| number as f64));
        // A fifth is replaced: none of three, one of five.
        assert_eq!(study.history().count(State::Complete) as u64, limit.min(4));
        assert_eq!(study.history().len() as u64, limit);
    }
}

/// A second population is compared with itself, however much better the first one was.
#[test]
fn each_population_is_compared_with_itself() {
    let ladder = Ladder::new("epoch", 1, 4, true).unwrap();
    let population = Population::new(&ladder, 5, 1).unwrap();
    let mut study = Study::builder(common::space())
        .sampler(population.sampler(RandomSampler::uniform()))
        .scheduler(ladder.clone(), population.scheduler())
        .build()
        .unwrap();
    let mut last_root = 0;
    while study.history().count(State::Complete) < 10 {
        assert!(train(&mut study, 1, |number, _| number as f64));
        let trials = study.history().trials();
        let roots = trials.iter().filter(|trial| Population::parent(trial).is_none());
        last_root = roots.map(|trial| trial.number.0).max().unwrap();
    }
    let first_root = last_root - 4;
    let parents = study.history().trials().iter().filter_map(Population::parent);
    let (second, first): (Vec<TrialId>, Vec<TrialId>) =
        parents.partition(|parent| *parent >= first_root);
    assert!(!first.is_empty() && !second.is_empty(), "{first:?} {second:?}");
}
