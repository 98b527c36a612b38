//! What each part of a warm start is worth: every test fails when its part is switched off.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automl_gp::GpSampler;
use automl_numeric::{pareto, stream};
use automl_scheduler::Asha;
use automl_space::{Config, Key, Space};
use automl_study::{
    Direction, History, Ladder, Next, RandomSampler, Sampler, Sources, State, Study, Trial, Verdict,
};
use automl_tpe::TpeSampler;
use automl_transfer::{Renames, WarmStart};
use rand::RngExt;

const PARAMETERS: usize = 4;

fn cube() -> (Space, Vec<Key<f64>>) {
    let mut builder = Space::builder();
    let key = |i: usize| builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
    let keys = (0..PARAMETERS).map(key).collect();
    (builder.build().unwrap(), keys)
}

/// A bowl, the optimum of which moves from task to task.
fn bowl(keys: &[Key<f64>], task: u64, config: &Config) -> f64 {
    let mut rng = stream(task, 0, "bowl");
    let square = |key: &Key<f64>| (config[*key] - 0.3 - 0.1 * rng.random::<f64>()).powi(2);
    keys.iter().map(square).sum()
}

/// A basin around the optimum of [`bowl`] in a plain.
fn basin(keys: &[Key<f64>], task: u64, config: &Config) -> f64 {
    1.0 - (-12.0 * bowl(keys, task, config)).exp()
}

/// A history of random trials of one task, with losses that are negated if `reversed`.
fn random_trials(space: &Space, losses: impl Fn(&Config) -> Vec<f64>, seed: u64) -> History {
    let mut rng = stream(seed, 0, "trials");
    let mut history: Option<History> = None;
    for number in 0..40 {
        let config = space.sample(&mut rng);
        let values = losses(&config);
        let new = || History::new(vec![Direction::Minimize; values.len()]);
        let history = history.get_or_insert_with(new);
        let trial = Trial { state: State::Complete, values, ..Trial::waiting(number, config) };
        history.push(trial).unwrap();
    }
    history.unwrap()
}

fn sources(space: &Space, histories: &[History]) -> Sources {
    let mut warm_start = WarmStart::new(space, histories[0].directions());
    for (i, history) in histories.iter().enumerate() {
        warm_start.add_history(&i.to_string(), space, history, &Renames::default()).unwrap();
    }
    warm_start.sources()
}

/// A loss by keys, task and configuration.
type Loss = fn(&[Key<f64>], u64, &Config) -> f64;

/// Four earlier bowls, all with the same sign.
fn bowls(sign: f64) -> (Space, Vec<Key<f64>>, Sources) {
    earlier(bowl, sign)
}

/// Earlier studies of four tasks, all with the same sign.
fn earlier(loss: Loss, sign: f64) -> (Space, Vec<Key<f64>>, Sources) {
    let (space, keys) = cube();
    let task = |t: u64| random_trials(&space, |c| vec![sign * loss(&keys, t, c)], t);
    let sources = sources(&space, &(1..=4).map(task).collect::<Vec<_>>());
    (space, keys, sources)
}

/// The mean over seeds of the best loss after `trials`, without the first configurations of a portfolio.
fn best(
    sampler: impl Fn() -> Box<dyn Sampler>,
    sources: Option<&Sources>,
    space: &Space,
    keys: &[Key<f64>],
    trials: u64,
) -> f64 {
    let run = |seed: u64| {
        let mut builder = Study::builder(space.clone()).sampler(sampler()).seed(seed);
        if let Some(sources) = sources {
            // Only what the sampler knows counts here.
            builder = builder.warm_start(Sources::new(Vec::new(), sources.studies().to_vec()));
        }
        let mut study = builder.build().unwrap();
        study.optimize(trials, |config| bowl(keys, 100 + seed, config)).unwrap();
        study.best().unwrap().values[0]
    };
    (0..5).map(run).sum::<f64>() / 5.0
}

#[test]
fn the_portfolio_comes_first_and_is_as_good_as_dozens_of_random_trials() {
    let (space, keys, sources) = bowls(1.0);
    assert_eq!(sources.first().len(), 4);
    let mut study = Study::builder(space.clone())
        .sampler(RandomSampler::uniform())
        .warm_start(sources.clone())
        .build()
        .unwrap();
    study.optimize(4, |config| bowl(&keys, 100, config)).unwrap();
    let proposed: Vec<&Config> = study.history().trials().iter().map(|t| &t.config).collect();
    assert!(proposed.into_iter().eq(sources.first()));
    let random = best(|| Box::new(RandomSampler::uniform()), None, &space, &keys, 24);
    assert!(study.best().unwrap().values[0] < random);
}

#[test]
fn the_portfolio_covers_sources_that_differ() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let at = |optimum: f64, seed| random_trials(&space, |c| vec![(c[x] - optimum).abs()], seed);
    // Three sources of one kind and one of another: the second point is for the latter.
    let histories = [at(0.1, 1), at(0.12, 2), at(0.14, 3), at(0.9, 4)];
    let sources = sources(&space, &histories);
    let first: Vec<f64> = sources.first()[..2].iter().map(|c| c[x]).collect();
    assert!((first[0] - 0.12).abs() < 0.1 && (first[1] - 0.9).abs() < 0.1, "{first:?}");
}

#[test]
fn the_portfolio_of_two_objectives_covers_the_front() {
    let (space, keys) = cube();
    let losses = |shift: f64| {
        let keys = keys.clone();
        move |c: &Config| {
            let rest: f64 = keys[1..].iter().map(|k| (c[*k] - 0.5).powi(2)).sum();
            vec![(c[keys[0]] - shift).powi(2) + rest, (c[keys[0]] - 1.0).powi(2) + rest]
        }
    };
    let histories = [0.0, 0.1, 0.2].map(|shift| random_trials(&space, losses(shift), 7));
    let sources = sources(&space, &histories);
    assert_eq!(sources.first().len(), 6);
    let spread: Vec<f64> = sources.first().iter().map(|c| c[keys[0]]).collect();
    let (low, high) =
        spread.iter().fold((1.0, 0.0), |(a, b): (f64, f64), x| (a.min(*x), b.max(*x)));
    assert!(low < 0.35 && high > 0.65, "{spread:?}");
    let volume = |configs: &[Config]| {
        let points: Vec<Vec<f64>> = configs.iter().map(|c| losses(0.05)(c)).collect();
        pareto::hypervolume(&points, &[1.0, 1.0])
    };
    let mut rng = stream(3, 0, "random");
    let random: Vec<Config> = (0..6).map(|_| space.sample(&mut rng)).collect();
    assert!(volume(sources.first()) > volume(&random));
}

#[test]
fn the_prior_mean_finds_in_six_trials_what_takes_three_times_as_many_without() {
    let (space, keys, sources) = bowls(1.0);
    let gp = || Box::new(GpSampler::default()) as Box<dyn Sampler>;
    let with = best(gp, Some(&sources), &space, &keys, 6);
    let without = best(gp, None, &space, &keys, 6);
    assert!(with < 0.3 * without, "{with} {without}");
}

#[test]
fn reversed_sources_are_found_out_by_the_gaussian_process() {
    let (space, keys, sources) = bowls(-1.0);
    let gp = || Box::new(GpSampler::default()) as Box<dyn Sampler>;
    let with = best(gp, Some(&sources), &space, &keys, 25);
    let without = best(gp, None, &space, &keys, 20);
    assert!(with < 2.0 * without + 1e-4, "{with} {without}");
}

/// The mean over seeds of the best loss in a basin after `trials`, from sources that predict the plain
/// around it to be good, all their first configurations included, or without.
fn best_in_basin(sampler: fn() -> Box<dyn Sampler>, misled: bool, trials: u64) -> f64 {
    let (space, keys, sources) = earlier(basin, -1.0);
    let run = |seed: u64| {
        let mut builder = Study::builder(space.clone()).sampler(sampler()).seed(seed);
        if misled {
            builder = builder.warm_start(sources.clone());
        }
        let mut study = builder.build().unwrap();
        study.optimize(trials, |config| basin(&keys, 100 + seed, config)).unwrap();
        study.best().unwrap().values[0]
    };
    (0..8).map(run).sum::<f64>() / 8.0
}

/// All results on the plain are equally bad, as they are predicted to be: only controls show that it is
/// better elsewhere.
#[test]
fn controls_lead_out_of_the_plain_that_sources_praise() {
    let samplers: [fn() -> Box<dyn Sampler>; 2] =
        [|| Box::new(GpSampler::default()), || Box::new(TpeSampler::default())];
    for (sampler, trials) in samplers.into_iter().zip([20, 30]) {
        let with = best_in_basin(sampler, true, trials + 5);
        let without = best_in_basin(sampler, false, trials);
        assert!(with < 1.2 * without + 1e-3, "{with} {without}");
    }
}

#[test]
fn densities_of_the_sources_lead_tpe_from_the_first_trials_on() {
    let (space, keys, sources) = bowls(1.0);
    let tpe = || Box::new(TpeSampler::default()) as Box<dyn Sampler>;
    let with = best(tpe, Some(&sources), &space, &keys, 8);
    let without = best(tpe, None, &space, &keys, 8);
    assert!(with < 0.75 * without, "{with} {without}");
}

#[test]
fn reversed_sources_are_found_out_by_tpe() {
    let (space, keys, sources) = bowls(-1.0);
    let tpe = || Box::new(TpeSampler::default()) as Box<dyn Sampler>;
    let with = best(tpe, Some(&sources), &space, &keys, 45);
    let without = best(tpe, None, &space, &keys, 40);
    assert!(with < 1.5 * without + 1e-3, "{with} {without}");
}

/// The number of promotions of 40 trials that are worse than the first configuration.
fn promotions(with_hurdle: bool) -> usize {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let asha = Asha::new(&ladder, 3.0).unwrap();
    let mut builder = Study::builder(space.clone())
        .sampler(RandomSampler::uniform())
        .scheduler(ladder, asha)
        .seed(5);
    if with_hurdle {
        builder = builder.warm_start(Sources::new(vec![space.decode(&[0.0])], Vec::new()));
    }
    let mut study = builder.build().unwrap();
    let mut promoted = 0;
    for _ in 0..60 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!("ASHA never waits") };
        let loss = job.config[x];
        promoted += usize::from(job.fidelity.0 > 0 && loss > 0.0);
        let target = job.target.unwrap();
        if study.report(job.number, target, vec![loss]).unwrap() == Verdict::Complete {
            study.tell(job.number, vec![loss]).unwrap();
        }
    }
    promoted
}

#[test]
fn only_what_is_as_good_as_the_first_configurations_is_promoted() {
    assert_eq!(promotions(true), 0);
    assert!(promotions(false) > 8);
}

#[test]
fn the_declared_default_is_the_very_first_trial() {
    let mut builder = Space::builder();
    let x = builder.float("x", 0.0..=1.0).default(0.77).add().unwrap();
    let space = builder.build().unwrap();
    let history = random_trials(&space, |c| vec![c[x]], 1);
    let sources = sources(&space, &[history]);
    let mut study = Study::builder(space).warm_start(sources.clone()).build().unwrap();
    assert_eq!(study.ask().unwrap().config[x], 0.77);
    assert_eq!(study.ask().unwrap().config, sources.first()[0]);
}

#[test]
fn a_parameter_that_is_new_changes_no_prediction_of_a_source() {
    let (old, keys) = cube();
    let history = random_trials(&old, |c| vec![bowl(&keys, 1, c)], 1);
    let mut builder = Space::builder();
    for i in 0..PARAMETERS {
        builder.float(&format!("x{i}"), 0.0..=1.0).add().unwrap();
    }
    builder.float("new", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let mut warm_start = WarmStart::new(&space, &[Direction::Minimize]);
    warm_start.add_history("old", &old, &history, &Renames::default()).unwrap();
    let source = &warm_start.studies()[0];
    let surrogate = automl_gp::SourceSurrogate::fit(&space, source, 0).unwrap();
    let at = |new: f64| surrogate.predict(&space, &space.decode(&[0.3, 0.3, 0.3, 0.3, new])).0;
    assert!((at(0.0) - at(1.0)).abs() < 1e-12);
}
