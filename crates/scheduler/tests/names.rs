//! What the names of the methods promise, where a scheduler or sampler without the part does something
//! else.
//!
//! Counts are of `N` proposals of independent streams; the comments give the share with and without the
//! part, and the bounds lie at least four standard errors, `4 sqrt(p (1 - p) / N)`, from both.
#![allow(clippy::unwrap_used)]

mod common;

use automl_numeric::stream;
use automl_scheduler::{
    Asha, AshaStopping, AsyncHyperband, BohbSampler, CostBalancedAsha, Hyperband, Pasha,
    PercentileStopping, Population, PriorBandSampler, SuccessiveHalving,
};
use automl_space::{Config, Prior, Space};
use automl_study::{
    Direction, Fidelity, History, Job, Ladder, Next, Outcome, RandomSampler, Report, Sampler,
    Scheduler, Sources, State, Study, Trial, TrialId, Verdict, View, attribute,
};
use rand::RngExt;
use std::collections::BTreeMap;

/// Proposals of a test; the standard error of a share is at most 3.5 %.
const N: u64 = 200;

fn ladder(max: u64) -> Ladder {
    Ladder::new("epoch", 1, max, true).unwrap()
}

fn study(max: u64, scheduler: impl Scheduler + 'static) -> Study {
    Study::builder(common::space()).scheduler(ladder(max), scheduler).build().unwrap()
}

/// Trains so many jobs with one worker, with reports at every milestone.
fn train(study: &mut Study, jobs: usize, loss: impl Fn(u64, u64) -> f64) {
    train_all(study, jobs, |number, step| vec![loss(number, step)]);
}

/// The same with several objectives.
fn train_all(study: &mut Study, jobs: usize, losses: impl Fn(u64, u64) -> Vec<f64>) {
    for _ in 0..jobs {
        let Next::Run(job) = study.next_job().unwrap() else { return };
        let (mut step, until) = (job.fidelity, job.target.unwrap());
        while step < until {
            step = study.next_milestone(step, until);
            let values = losses(job.number.0, step.0);
            let verdict = study.report(job.number, step, values.clone()).unwrap();
            match verdict {
                Verdict::Complete => study.tell(job.number, values).unwrap(),
                Verdict::Stop => break,
                _ => {}
            }
        }
    }
}

/// The maximum fidelity grows exactly where the ranking changes between the two highest open rungs:
/// not at all for a stable ranking, by one rung for one that settles there, and to the top for one
/// that never does.
#[test]
fn progressive_asha_grows_while_the_ranking_changes() {
    let reached = |loss: fn(u64, u64) -> f64| {
        let mut study = study(27, Pasha::new(&ladder(27), 3.0).unwrap());
        train(&mut study, 150, loss);
        study.history().trials().iter().map(|trial| trial.fidelity().0).max().unwrap()
    };
    assert_eq!(reached(|number, _| (number * 7 % 40) as f64), 3);
    // Two orders that have nothing to do with each other, the second from the third epoch on.
    let settles = |number: u64, step: u64| {
        if step < 3 { (number * 11 % 37) as f64 } else { (number * 7 % 40) as f64 }
    };
    assert_eq!(reached(settles), 9);
    // Lines in the logarithm of the step, of all slopes: two of them cross once at most, so that the
    // differences are no noise.
    let never = |number: u64, step: u64| {
        (number * 7 % 41) as f64 + (number * 11 % 37) as f64 * (step as f64).ln()
    };
    assert_eq!(reached(never), 27);
}

/// Of several objectives the ranking is that of the fronts, which has no noise: losses that cross at every
/// step, farther apart than there are fronts, change it at each rung.
#[test]
fn fronts_have_no_noise() {
    let pasha = Pasha::new(&ladder(27), 3.0).unwrap();
    let mut study = Study::builder(common::space())
        .directions(vec![Direction::Minimize; 2])
        .scheduler(ladder(27), pasha)
        .build()
        .unwrap();
    let losses = |number: u64, step: u64| -> Vec<f64> {
        let draw = |of: &str| 1e3 * stream(number, step, of).random::<f64>();
        vec![draw("first"), draw("second")]
    };
    train_all(&mut study, 150, losses);
    assert_eq!(study.history().trials().iter().map(|trial| trial.fidelity().0).max(), Some(27));
}

/// Exploit: of ten members the two worst are replaced, the worst first, by children of the two best,
/// which go on from their parents' checkpoints. Explore: three quarters of the numbers are those of the
/// parent times 0.8 or 1.2, the others are drawn anew.
#[test]
fn bad_members_are_replaced_by_changed_copies_of_good_ones() {
    let mut builder = Space::builder();
    let keys: Vec<_> =
        (0..20).map(|i| builder.float(&format!("x{i}"), 0.0..=1000.0).add().unwrap()).collect();
    let space = builder.build().unwrap();
    let (mut kept, mut numbers) = (0, 0);
    for seed in 0..5 {
        let population = Population::new(&ladder(20), 10, 2).unwrap();
        let mut study = Study::builder(space.clone())
            .seed(seed)
            .sampler(population.sampler(RandomSampler::uniform()))
            .scheduler(ladder(20), population.scheduler())
            .build()
            .unwrap();
        let loss = |number: u64, _: u64| (number * 7 % 10) as f64;
        train(&mut study, 10, loss);
        for worst in [9.0, 8.0] {
            let Next::Run(job) = study.next_job().unwrap() else { panic!() };
            let child = study.history().get(job.number).unwrap();
            let run = child.run().unwrap();
            let (parent, replaced) = (run.warm_start.unwrap(), run.replaces.unwrap());
            assert_eq!(loss(replaced.0, 0), worst);
            assert!(loss(parent.0, 0) < 2.0, "{parent}");
            assert_eq!((job.fidelity, job.target), (Fidelity(0), Some(Fidelity(4))));
            let of = &study.history().get(parent).unwrap().config;
            for key in &keys {
                let ratio = child.config[*key] / of[*key];
                let is_bound = child.config[*key] == 1000.0;
                let is_kept = (ratio - 0.8).abs() < 1e-9 || (ratio - 1.2).abs() < 1e-9 || is_bound;
                kept += usize::from(is_kept);
                numbers += 1;
            }
            study.report(job.number, 4, vec![5.0]).unwrap();
        }
        // No other member is replaced: the rest goes on.
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        assert_eq!(job.fidelity, 2);
    }
    // 75 % of 200, and a standard error of 3 %.
    let share = kept as f64 / numbers as f64;
    assert!((0.63..0.87).contains(&share), "{share}");
}

fn propose(
    space: &Space,
    history: &History,
    ladder: &Ladder,
    target: u64,
    make: impl Fn() -> Box<dyn Sampler>,
) -> Vec<Config> {
    let one = |seed: u64| {
        let view = View {
            space,
            history,
            number: history.next_id(),
            seed,
            planned_trials: None,
            ladder: Some(ladder),
            target: Some(Fidelity(target)),
        };
        make().propose(&view, &mut stream(seed, 0, "propose")).unwrap()
    };
    (0..N).map(one).collect()
}

/// Trials with reports at all rungs up to the top.
fn trained(space: &Space, units: &[Vec<f64>], loss: impl Fn(&[f64], u64) -> f64) -> History {
    let mut history = History::new(vec![Direction::Minimize]);
    for unit in units {
        let mut trial = Trial::waiting(history.next_id(), space.decode(unit));
        for step in [1, 3, 9] {
            let values = vec![loss(unit, step)];
            trial.reports.push(Report { fidelity: Fidelity(step), values });
        }
        (trial.state, trial.values) = (State::Complete, vec![loss(unit, 9)]);
        history.push(trial).unwrap();
    }
    history
}

fn spread(n: u64, d: usize) -> Vec<Vec<f64>> {
    (0..n).map(|i| automl_study::sobol_point(i, d, 3)).collect()
}

/// The user's prior lies far from the good results, so nearly all proposals that are not uniform (90 %
/// at the top) come from the incumbent; without trust half of them come from the prior. Where the
/// results are those that the prior promised, it has its part.
#[test]
fn trust_in_the_prior_follows_the_results() {
    let near_prior = |optimum: f64| {
        let mut builder = Space::builder();
        let prior = Prior::Normal { mean: 0.8, sd: 0.06 };
        for name in ["a", "b", "c"] {
            builder.float(name, 0.0..=1.0).prior(prior.clone()).add().unwrap();
        }
        let space = builder.build().unwrap();
        let loss = |unit: &[f64], _| unit.iter().map(|u| (u - optimum).powi(2)).sum::<f64>();
        let history = trained(&space, &spread(60, 3), loss);
        let make = || Box::new(PriorBandSampler::new(3.0).unwrap()) as Box<dyn Sampler>;
        let all = propose(&space, &history, &ladder(9), 9, make);
        let is_near = |c: &&Config| c.values().flatten().all(|v| (v.as_f64() - 0.8).abs() < 0.2);
        all.iter().filter(is_near).count() as f64 / N as f64
    };
    let (misled, right) = (near_prior(0.2), near_prior(0.8));
    assert!(misled < 0.12 && right > 0.5, "{misled} {right}");
}

/// The lowest rung ranks the wrong way round: the model is that of the highest rung with enough
/// results. A third of the proposals is random, and so uniform.
#[test]
fn the_highest_rung_with_enough_results_is_modelled() {
    let mut builder = Space::builder();
    let key = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let loss = |unit: &[f64], step: u64| (unit[0] - if step < 9 { 0.2 } else { 0.8 }).abs();
    let history = trained(&space, &spread(60, 1), loss);
    let make = || Box::new(BohbSampler::new(3.0).unwrap()) as Box<dyn Sampler>;
    let all = propose(&space, &history, &ladder(9), 1, make);
    let share = |low: f64, high: f64| {
        let inside = all.iter().filter(|config| (low..high).contains(&config[key]));
        inside.count() as f64 / N as f64
    };
    // Two thirds, and a fifth of the random ones; the others are uniform.
    assert!((0.6..0.9).contains(&share(0.7, 0.9)), "{}", share(0.7, 0.9));
    assert!((0.02..0.2).contains(&share(0.1, 0.4)), "{}", share(0.1, 0.4));
}

/// The median is of feasible trials: every other one violates its constraint, has a lower loss, and stops none.
#[test]
fn infeasible_trials_have_no_part_in_the_median() {
    let median = PercentileStopping::median(&ladder(2)).with_patience(1, 3);
    let mut study = study(2, median);
    for number in 0..12 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!() };
        let (loss, constraint) = if number % 2 == 0 { (0.0, 1.0) } else { (0.5, -1.0) };
        for step in 1..=2 {
            let verdict = study.report(job.number, step, vec![loss]).unwrap();
            assert_ne!(verdict, Verdict::Stop, "{number}");
        }
        let outcome = Outcome::Complete { values: vec![loss], constraints: vec![constraint] };
        study.tell(job.number, outcome).unwrap();
    }
}

/// Each bracket of asynchronous Hyperband starts its share, 9 to 5 to 3 of 17 trials.
#[test]
fn brackets_are_opened_in_proportion_to_their_sizes() {
    let mut study = study(9, AsyncHyperband::new(&ladder(9), 3.0).unwrap());
    train(&mut study, 400, |number, step| (number * 7 % 41) as f64 + 1.0 / step as f64);
    let mut started = BTreeMap::new();
    let trials = study.history().trials();
    for trial in trials {
        *started.entry(trial.run().unwrap().bracket.unwrap()).or_insert(0.0) += 1.0;
    }
    for (bracket, size) in [(0, 9.0), (1, 5.0), (2, 3.0)] {
        let share = started[&bracket] / trials.len() as f64;
        assert!((share - size / 17.0).abs() < 0.02, "{bracket}: {share}");
    }
}

/// A round of synchronous halving promotes the best third of a full rung and no other trial, in
/// Hyperband within each bracket.
#[test]
fn the_best_third_of_a_full_rung_goes_on() {
    let mut halving = study(9, SuccessiveHalving::new(&ladder(9), 3.0).unwrap());
    let quality = |number: u64, _: u64| (number * 7 % 9) as f64;
    train(&mut halving, 13, quality);
    for trial in &halving.history().trials()[..9] {
        let reached = match quality(trial.number.0, 0) {
            0.0 => 9,
            1.0 | 2.0 => 3,
            _ => 1,
        };
        assert_eq!(trial.fidelity(), reached, "{}", trial.number);
    }
    let mut hyperband = study(9, Hyperband::new(&ladder(9), 3.0).unwrap());
    let quality = |number: u64, _: u64| (number * 7 % 17) as f64;
    train(&mut hyperband, 22, quality);
    for bracket in 0..3 {
        let race: Vec<&Trial> = hyperband
            .history()
            .trials()
            .iter()
            .filter(|trial| trial.run().unwrap().bracket == Some(bracket))
            .collect();
        for a in &race {
            for b in &race {
                if quality(a.number.0, 0) < quality(b.number.0, 0) {
                    assert!(a.fidelity() >= b.fidelity(), "{} {}", a.number, b.number);
                }
            }
        }
    }
}

/// A trial is judged where it reaches a rung and not in between, however much better others have been
/// at that rung since.
#[test]
fn trials_are_stopped_at_rungs_alone() {
    let mut study = study(9, AshaStopping::new(&ladder(9), 3.0).unwrap());
    let numbers = [0, 1].map(|_| {
        let Next::Run(job) = study.next_job().unwrap() else { panic!("a trial may start") };
        job.number
    });
    for (trial, step, loss, verdict) in [
        (0, 1, 0.5, Verdict::Continue),
        (1, 1, 0.4, Verdict::Continue),
        (0, 2, 0.9, Verdict::Continue),
        (1, 3, 0.3, Verdict::Continue),
        (0, 3, 0.8, Verdict::Stop),
    ] {
        assert_eq!(
            study.report(numbers[trial], step, vec![loss]).unwrap(),
            verdict,
            "{trial} {step}"
        );
    }
}

/// After a warm start nothing is promoted, and nothing goes on, that is worse at its rung than the first
/// configuration was there: every trial but that one is worse here.
#[test]
fn a_hurdle_holds_back_what_is_worse_than_the_first_configuration() {
    let reached = |scheduler: Box<dyn Scheduler>| {
        let space = common::space();
        let first = space.decode(&[0.25, 0.5]);
        let mut study = Study::builder(space)
            .scheduler(ladder(9), scheduler)
            .warm_start(Sources::new(vec![first], Vec::new()))
            .build()
            .unwrap();
        train(&mut study, 40, |number, step| number as f64 + 1.0 / step as f64);
        study.history().trials()[1..].iter().map(|trial| trial.fidelity().0).max().unwrap()
    };
    assert_eq!(reached(Box::new(Asha::new(&ladder(9), 3.0).unwrap())), 1);
    // The second of two trials is the first one that is judged against the hurdle.
    assert_eq!(reached(Box::new(AshaStopping::new(&ladder(9), 3.0).unwrap())), 1);
}

/// The first configurations are judged by the scheduler alone: the second best trial, one of them, goes on
/// although the best one, another of them, is ahead of it everywhere.
#[test]
fn a_first_configuration_meets_no_hurdle() {
    let space = common::space();
    let first = vec![space.decode(&[0.25, 0.5]), space.decode(&[0.75, 0.5])];
    let mut study = Study::builder(space)
        .scheduler(ladder(9), Asha::new(&ladder(9), 3.0).unwrap())
        .warm_start(Sources::new(first, Vec::new()))
        .build()
        .unwrap();
    train(&mut study, 40, |number, _| if number < 2 { 1.0 - number as f64 } else { 5.0 });
    assert!(study.history().trials()[0].fidelity() > Fidelity(1));
}

/// Where a promoted trial starts again, no trial starts at the top before the lower rungs have cost
/// as much as five full trainings.
#[test]
fn full_trainings_wait_for_a_first_judgment() {
    let ladder = Ladder::new("epoch", 1, 27, false).unwrap();
    let balanced = CostBalancedAsha::new(&ladder, 3.0).unwrap();
    let mut study =
        Study::builder(common::space()).scheduler(ladder.clone(), balanced).build().unwrap();
    let mut spent = 0.0;
    loop {
        let Next::Run(job) = study.next_job().unwrap() else { panic!("a job is due") };
        let target = job.target.unwrap();
        if job.fidelity == 0 && target == ladder.max() {
            break;
        }
        spent += ladder.cost(target);
        // No trial is promoted.
        study.report(job.number, target, vec![f64::NAN]).unwrap();
    }
    let full = ladder.cost(ladder.max());
    assert!((5.5 * full..6.0 * full).contains(&spent), "{}", spent / full);
}

/// Of the promotions that the brackets of asynchronous Hyperband have to offer, the one to the highest
/// fidelity comes first.
#[test]
fn the_promotion_to_the_highest_fidelity_comes_first() {
    let space = common::space();
    let mut history = History::new(vec![Direction::Minimize]);
    for number in 0..6_u64 {
        let (bracket, until) = if number < 3 { (0_u64, 1_u64) } else { (1, 3) };
        let mut trial = Trial::waiting(number, space.sample(&mut stream(number, 0, "test")));
        trial.state = State::Paused;
        trial.attributes.insert(attribute::BRACKET.to_owned(), bracket.into());
        trial.attributes.insert(attribute::UNTIL.to_owned(), until.into());
        trial.reports.push(Report { fidelity: Fidelity(until), values: vec![number as f64] });
        history.push(trial).unwrap();
    }
    let job = AsyncHyperband::new(&ladder(9), 3.0).unwrap().next_job(&history);
    assert_eq!(job, Job::Resume { trial: TrialId(3), target: Fidelity(9) });
}

/// The incumbent of PriorBand has no part before the first round is paid: nine trials at the lowest rung,
/// three that go on and one to the top cost 21 of 9 a full training, so that three of these do.
#[test]
fn the_incumbent_waits_for_a_paid_round() {
    let mut builder = Space::builder();
    let prior = Prior::Normal { mean: 0.8, sd: 0.05 };
    for name in ["a", "b"] {
        builder.float(name, 0.0..=1.0).prior(prior.clone()).add().unwrap();
    }
    let space = builder.build().unwrap();
    let near = |trials: usize| {
        let units: Vec<Vec<f64>> = (0..trials).map(|i| vec![0.2 + 0.01 * i as f64; 2]).collect();
        let history = trained(&space, &units, |unit, _| unit[0]);
        let make = || Box::new(PriorBandSampler::new(3.0).unwrap()) as Box<dyn Sampler>;
        let all = propose(&space, &history, &ladder(9), 9, make);
        // Half of the mutations change one of the two, half both, by a step of .25.
        let is_near = |c: &&Config| c.values().flatten().any(|v| (v.as_f64() - 0.2).abs() < 0.02);
        all.iter().filter(is_near).count() as f64 / N as f64
    };
    // One in ten is uniform.
    assert!(near(2) < 0.06 && near(3) > 0.3, "{} {}", near(2), near(3));
}
