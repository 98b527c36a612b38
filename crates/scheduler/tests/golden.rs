//! Proposals and decisions in numbers, in the table `golden.txt` beside this file.
//!
//! A line of a sampler has the proposals of six seeds, each as one number, a weighted sum of its
//! coordinates. A line of a scheduler has a study of 90 jobs on three workers: the number of trials,
//! how many of them are complete, stopped and paused, the fidelity trained in all, and a check sum of
//! the jobs in their order; a line named `watched` has check sums of jobs, verdicts and dead ends of a
//! longer study. `AUTOML_GOLDEN=write` writes the table anew, which is right only where a
//! change is intended.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_scheduler::{
    Asha, AshaStopping, AsyncHyperband, BohbConfig, CostBalancedAsha, FreezeThaw, Hyperband,
    MedianConfig, Pasha, PercentileStopping, Population, PriorBandConfig, RungGpConfig,
    SuccessiveHalving,
};
use automl_space::{Config, Prior, Space};
use automl_study::part::{SamplerConfig, SchedulerConfig, StudyContext};
use automl_study::{
    Direction, Fidelity, History, Ladder, Next, Outcome, RandomSampler, Report, Sampler, Scheduler,
    Source, SourceTrial, Sources, State, Study, Trial, TrialId, Verdict, View,
};
use rand::RngExt;
use std::fmt::Write as _;
use std::path::Path;

/// Compares the lines with the table, numbers up to a relative difference of 1e-6.
fn compare(lines: &[(String, Vec<f64>)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.txt");
    let mut text = String::new();
    for (case, numbers) in lines {
        write!(text, "{case} |").unwrap();
        numbers.iter().for_each(|x| write!(text, " {x:.8e}").unwrap());
        text.push('\n');
    }
    if std::env::var("AUTOML_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    let split = |line: &str| -> (String, Vec<f64>) {
        let (case, numbers) = line.split_once(" |").unwrap();
        (case.to_owned(), numbers.split_whitespace().map(|x| x.parse().unwrap()).collect())
    };
    let agree = |a: &(String, Vec<f64>), b: &(String, Vec<f64>)| {
        let close = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-6 * x.abs().max(y.abs()).max(1e-6);
        a.0 == b.0 && a.1.len() == b.1.len() && a.1.iter().zip(&b.1).all(close)
    };
    let (golden, now): (Vec<_>, Vec<_>) =
        (golden.lines().map(split).collect(), text.lines().map(split).collect());
    let differing: Vec<_> = golden.iter().zip(&now).filter(|(a, b)| !agree(a, b)).collect();
    assert!(differing.is_empty(), "the table and now: {differing:#?}");
    assert_eq!(golden.len(), now.len());
}

fn mixed() -> Space {
    let mut builder = Space::builder();
    let weights = Prior::Weights { weights: vec![3.0, 2.0, 1.0] };
    let kind = builder.choice("kind", ["plain", "gated", "wide"]).prior(weights).add().unwrap();
    let rate = Prior::Normal { mean: -5.0, sd: 1.5 };
    builder.float("rate", 1e-4..=1.0).log().prior(rate).add().unwrap();
    builder.int("layers", 1..=8).add().unwrap();
    builder.ordinal("batch", [8, 16, 32, 64]).add().unwrap();
    builder.float("gate", 0.0..=1.0).when(kind, "gated").add().unwrap();
    builder.require("layers * batch <= 256").unwrap();
    builder.build().unwrap()
}

fn number(space: &Space, config: &Config) -> f64 {
    let point = space.encode(config);
    let coordinate = |i: usize| if point.active[i] { point.unit[i] } else { -1.0 };
    (0..space.len()).map(|i| (i as f64 + 2.0).sqrt() * coordinate(i)).sum()
}

/// The losses of a configuration at a step; curves of some trials cross.
fn losses(space: &Space, config: &Config, number: u64, step: u64, objectives: usize) -> Vec<f64> {
    let unit = space.encode(config).unit;
    let noise: f64 = stream(9, number, "curve").random();
    let toward = |c: f64| {
        let terms = unit.iter().enumerate();
        terms.map(|(i, u)| (u - c - 0.05 * i as f64).powi(2)).sum::<f64>()
    };
    let factor = 1.0 + (0.3 + 2.0 * noise) / (step as f64).powf(0.4 + noise);
    [0.3, 0.6, 0.1][..objectives].iter().map(|c| factor * (0.2 + toward(*c))).collect()
}

/// `len` trials on the rungs 1, 3, 9 and 27, in all states.
fn history(space: &Space, len: u64, objectives: usize) -> History {
    let mut history = History::new(vec![Direction::Minimize; objectives]);
    for number in 0..len {
        let config = space.sample(&mut stream(7, number, "history"));
        let (state, top) = match number % 9 {
            _ if number + 2 >= len => (State::Running, 0),
            3 => (State::Failed, 1),
            0 | 5 => (State::Complete, 27),
            2 => (State::Paused, 9),
            6 => (State::Pruned, 3),
            _ => (State::Paused, 1),
        };
        let mut trial = Trial { state, ..Trial::waiting(number, config) };
        for step in [1, 3, 9, 27].into_iter().filter(|step| *step <= top) {
            let values = losses(space, &trial.config, number, step, objectives);
            trial.reports.push(Report { fidelity: Fidelity(step), values });
        }
        if state == State::Complete {
            trial.values = trial.reports.last().unwrap().values.clone();
        }
        history.push(trial).unwrap();
    }
    history
}

fn context<'a>(space: &'a Space, ladder: &'a Ladder, objectives: usize) -> StudyContext<'a> {
    StudyContext { objectives, ladder: Some(ladder), ..StudyContext::new(space) }
}

type SamplerMaker = Box<dyn Fn(&StudyContext<'_>) -> Box<dyn Sampler>>;

fn maker(config: impl SamplerConfig) -> SamplerMaker {
    Box::new(move |study| config.build(study).unwrap())
}

fn proposal_lines() -> Vec<(String, Vec<f64>)> {
    let (space, ladder) = (mixed(), Ladder::new("epoch", 1, 27, true).unwrap());
    let b = BohbConfig::default;
    let samplers = [
        ("bohb", maker(b())),
        ("bohb eta", maker(BohbConfig { eta: 2.0, ..b() })),
        ("bohb random", maker(BohbConfig { random_fraction: 0.9, ..b() })),
        ("bohb share", maker(BohbConfig { good_share: 0.5, ..b() })),
        ("bohb candidates", maker(BohbConfig { candidates: 2, ..b() })),
        ("priorband", maker(PriorBandConfig::default())),
        ("priorband eta", maker(PriorBandConfig { eta: 2.0 })),
        ("rung-gp", maker(RungGpConfig::default())),
    ];
    let mut lines = Vec::new();
    for (name, make) in &samplers {
        for (len, objectives, target) in [(0, 1, 1), (25, 1, 1), (90, 1, 1), (90, 1, 9), (90, 2, 3)]
        {
            let history = history(&space, len, objectives);
            let propose = |seed: u64| {
                let view = View {
                    space: &space,
                    history: &history,
                    number: TrialId(len),
                    seed,
                    planned_trials: None,
                    ladder: Some(&ladder),
                    target: Some(Fidelity(target)),
                };
                let mut sampler = make(&context(&space, &ladder, objectives));
                let config = sampler.propose(&view, &mut stream(seed, len, "propose")).unwrap();
                number(&space, &config)
            };
            let case = format!("{name} trials={len} objectives={objectives} target={target}");
            lines.push((case, (0..6).map(propose).collect()));
        }
    }
    lines
}

/// A study of 90 jobs on three workers, which end in a fixed disorder; some jobs fail.
fn play(
    ladder: &Ladder,
    objectives: usize,
    constrained: bool,
    sampler: Box<dyn Sampler>,
    scheduler: Box<dyn Scheduler>,
) -> Vec<f64> {
    let space = mixed();
    let mut study = Study::builder(space.clone())
        .directions(vec![Direction::Minimize; objectives])
        .sampler(sampler)
        .scheduler(ladder.clone(), scheduler)
        .build()
        .unwrap();
    let (mut open, mut jobs, mut spent) = (Vec::new(), 0_u64, 0_u64);
    let mut check = 0_u64;
    for turn in 0.. {
        while open.len() < 3 && jobs < 90 {
            let Next::Run(job) = study.next_job().unwrap() else { break };
            let until = job.target.unwrap().0;
            for word in [job.number.0, job.fidelity.0, until] {
                check = (check * 31 + word + 1) % 1_000_003;
            }
            jobs += 1;
            open.push((job.number.0, job.fidelity.0, until));
        }
        if open.is_empty() {
            break;
        }
        let place = turn * 7 % open.len();
        let (number, from, until) = open[place];
        if turn % 47 == 20 {
            study.tell(number, Outcome::failed("made up")).unwrap();
            open.remove(place);
            continue;
        }
        let step = study.next_milestone(from, until).0;
        let config = study.history().get(number).unwrap().config.clone();
        let values = losses(&space, &config, number, step, objectives);
        spent += step - from;
        let mut constraints = Vec::new();
        if constrained {
            constraints = vec![values[0] - 1.5];
            study.constrain(number, constraints.clone()).unwrap();
        }
        match study.report(number, step, values.clone()).unwrap() {
            Verdict::Continue => open[place].1 = step,
            Verdict::Complete => {
                study.tell(number, Outcome::Complete { values, constraints }).unwrap();
                open.remove(place);
            }
            Verdict::Pause | Verdict::Stop => drop(open.remove(place)),
        }
    }
    let ends = study.unpromotable().len() as f64;
    let history = study.history();
    let count = |state| history.count(state) as f64;
    vec![
        history.len() as f64,
        count(State::Complete),
        count(State::Pruned) + 1e3 * count(State::Paused),
        spent as f64,
        check as f64,
        ends,
    ]
}

fn decision_lines() -> Vec<(String, Vec<f64>)> {
    let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
    let space = mixed();
    let median = |share: Option<f64>| -> Box<dyn Scheduler> {
        let percentile = match share {
            Some(share) => PercentileStopping::new(&ladder, share).unwrap(),
            None => PercentileStopping::median(&ladder),
        };
        Box::new(percentile)
    };
    let scheduler = |name: &str| -> Box<dyn Scheduler> {
        match name {
            "asha" => Box::new(Asha::new(&ladder, 3.0).unwrap()),
            "asha eta=2 limit=60" => Box::new(Asha::new(&ladder, 2.0).unwrap().with_limit(60)),
            "asha-stopping" => Box::new(AshaStopping::new(&ladder, 3.0).unwrap()),
            "async-hyperband" => Box::new(AsyncHyperband::new(&ladder, 3.0).unwrap()),
            "hyperband" => Box::new(Hyperband::new(&ladder, 3.0).unwrap()),
            "hyperband limit=40" => Box::new(Hyperband::new(&ladder, 3.0).unwrap().with_limit(40)),
            "sha" => Box::new(SuccessiveHalving::new(&ladder, 3.0).unwrap()),
            "sha trials=12" => Box::new(SuccessiveHalving::with_trials(&ladder, 2.0, 12).unwrap()),
            "pasha" => Box::new(Pasha::new(&ladder, 3.0).unwrap()),
            "median" => median(None),
            "percentile" => median(Some(0.25)),
            "median patience" => {
                let config = MedianConfig { warmup: Some(4), min_trials: 8 };
                config.build(&context(&space, &ladder, 1)).unwrap()
            }
            _ => Box::new(FreezeThaw::new(&space, &ladder)),
        }
    };
    let mut lines = Vec::new();
    for name in [
        "asha",
        "asha eta=2 limit=60",
        "asha-stopping",
        "async-hyperband",
        "hyperband",
        "hyperband limit=40",
        "sha",
        "sha trials=12",
        "pasha",
        "median",
        "percentile",
        "median patience",
        "freeze-thaw",
    ] {
        for (objectives, constrained) in [(1, false), (2, false), (1, true)] {
            let sampler = Box::new(RandomSampler::uniform());
            let numbers = play(&ladder, objectives, constrained, sampler, scheduler(name));
            lines.push((format!("{name} objectives={objectives} {constrained}"), numbers));
        }
    }
    for (members, interval) in [(5, 3), (10, 1)] {
        let population = Population::new(&ladder, members, interval).unwrap();
        let sampler = Box::new(population.sampler(RandomSampler::from_prior()));
        let numbers = play(&ladder, 1, false, sampler, Box::new(population.scheduler()));
        lines.push((format!("pbt members={members} interval={interval}"), numbers));
    }
    lines
}

/// What a study of [`watched`] is made of.
#[derive(Clone, Copy)]
struct Play {
    objectives: usize,
    workers: usize,
    constrained: bool,
    /// Whether curves are rough enough to cross each other again and again.
    rough: bool,
    /// The most trials, for the study.
    limit: Option<u64>,
}

/// A study of 150 jobs of which every verdict counts: check sums of the jobs, of the verdicts, and of
/// the trials that could not be promoted any more after every tenth job.
fn watched(
    ladder: &Ladder,
    play: Play,
    first: Vec<Config>,
    sampler: Box<dyn Sampler>,
    scheduler: Box<dyn Scheduler>,
) -> Vec<f64> {
    let space = mixed();
    let mut study = Study::builder(space.clone())
        .directions(vec![Direction::Minimize; play.objectives])
        .sampler(sampler)
        .scheduler(ladder.clone(), scheduler)
        .warm_start(Sources::new(first, Vec::new()))
        .build()
        .unwrap();
    study.set_trial_limit(play.limit);
    let (mut open, mut started, mut sums) = (Vec::new(), 0, [0_u64; 3]);
    let add = |sum: &mut u64, word: u64| *sum = (*sum * 31 + word + 1) % 1_000_003;
    for turn in 0.. {
        while open.len() < play.workers && started < 150 {
            let Next::Run(job) = study.next_job().unwrap() else { break };
            let until = job.target.unwrap().0;
            let bracket = study.history().get(job.number).unwrap().run().unwrap().bracket;
            for word in [job.number.0, job.fidelity.0, until, bracket.map_or(0, |b| b + 1)] {
                add(&mut sums[0], word);
            }
            started += 1;
            open.push((job.number.0, job.fidelity.0, until));
            if started % 10 == 0 {
                let mut ends = study.unpromotable();
                ends.sort_unstable();
                ends.into_iter().for_each(|number| add(&mut sums[2], number.0));
            }
        }
        if open.is_empty() {
            break;
        }
        let place = turn * 7 % open.len();
        let (number, from, until) = open[place];
        if turn % 61 == 20 {
            study.tell(number, Outcome::failed("made up")).unwrap();
            open.remove(place);
            continue;
        }
        let step = study.next_milestone(from, until).0;
        let config = study.history().get(number).unwrap().config.clone();
        let mut values = losses(&space, &config, number, step, play.objectives);
        if play.rough {
            values.iter_mut().for_each(|v| *v += 0.3 * stream(8, number, "rough").random::<f64>());
            values[0] += 0.2 * stream(8, 100 * number + step, "rough").random::<f64>();
        }
        if turn % 53 == 30 {
            values[0] = f64::NAN;
        }
        let mut constraints = Vec::new();
        if play.constrained {
            constraints = vec![values[0] - 1.5];
            study.constrain(number, constraints.clone()).unwrap();
        }
        let verdict = study.report(number, step, values.clone()).unwrap();
        for word in [number, step, verdict as u64] {
            add(&mut sums[1], word);
        }
        match verdict {
            Verdict::Continue => open[place].1 = step,
            Verdict::Complete => {
                study.tell(number, Outcome::Complete { values, constraints }).unwrap();
                open.remove(place);
            }
            Verdict::Pause | Verdict::Stop => drop(open.remove(place)),
        }
    }
    let history = study.history();
    let count = |state| history.count(state) as f64;
    let [jobs, verdicts, ends] = sums.map(|sum| sum as f64);
    let paused = count(State::Paused);
    vec![history.len() as f64, count(State::Complete), paused, jobs, verdicts, ends]
}

fn watched_lines() -> Vec<(String, Vec<f64>)> {
    let space = mixed();
    let mut lines = Vec::new();
    let plain = Play { objectives: 1, workers: 4, constrained: false, rough: false, limit: None };
    let plays = [
        ("plain", plain),
        ("alone", Play { workers: 1, ..plain }),
        ("rough", Play { rough: true, ..plain }),
        ("three objectives", Play { objectives: 3, constrained: true, ..plain }),
        ("limit", Play { limit: Some(45), ..plain }),
    ];
    for resumable in [true, false] {
        let ladder = Ladder::new("epoch", 1, 30, resumable).unwrap();
        let scheduler = |name: &str, limit: Option<u64>| -> Box<dyn Scheduler> {
            match name {
                "asha" => Box::new(Asha::new(&ladder, 3.0).unwrap().with_limit(limit)),
                "balanced" => {
                    Box::new(CostBalancedAsha::new(&ladder, 3.0).unwrap().with_limit(limit))
                }
                "stopping" => Box::new(AshaStopping::new(&ladder, 2.5).unwrap()),
                "async" => Box::new(AsyncHyperband::new(&ladder, 2.0).unwrap()),
                "hyperband" => Box::new(Hyperband::new(&ladder, 2.0).unwrap().with_limit(limit)),
                "halving" => {
                    let halving = SuccessiveHalving::with_trials(&ladder, 3.0, 20).unwrap();
                    Box::new(halving.with_limit(limit))
                }
                "pasha" => Box::new(Pasha::new(&ladder, 2.0).unwrap()),
                "percentile" => Box::new(PercentileStopping::new(&ladder, 0.7).unwrap()),
                _ => Box::new(FreezeThaw::new(&space, &ladder).with_limit(limit)),
            }
        };
        let names = [
            "asha",
            "balanced",
            "stopping",
            "async",
            "hyperband",
            "halving",
            "pasha",
            "percentile",
            "freeze-thaw",
        ];
        for name in names {
            // The model of the curves is slow.
            let kinds = if name == "freeze-thaw" { &plays[4..] } else { &plays[..] };
            for (kind, play) in kinds {
                let sampler = Box::new(RandomSampler::uniform());
                let made = scheduler(name, play.limit);
                let numbers = watched(&ladder, *play, Vec::new(), sampler, made);
                lines.push((format!("watched {name} {resumable} {kind}"), numbers));
            }
            // Two first configurations, of which a warm start makes a hurdle.
            let first = vec![space.decode(&[0.4; 5]), space.decode(&[0.1, 0.5, 0.5, 0.5, 0.5])];
            let kinds = if name == "freeze-thaw" { vec![] } else { vec![plays[0], plays[3]] };
            for (kind, play) in kinds {
                let sampler = Box::new(RandomSampler::uniform());
                let made = scheduler(name, None);
                let numbers = watched(&ladder, play, first.clone(), sampler, made);
                lines.push((format!("watched {name} {resumable} {kind} after a start"), numbers));
            }
        }
        for (members, limit) in [(6, None), (8, Some(30))] {
            let population = Population::new(&ladder, members, 4).unwrap().with_limit(limit);
            for (kind, play) in &plays[..3] {
                let sampler = Box::new(population.sampler(RandomSampler::from_prior()));
                let (play, made) = (Play { limit, ..*play }, Box::new(population.scheduler()));
                let numbers = watched(&ladder, play, Vec::new(), sampler, made);
                lines.push((format!("watched pbt {members} {resumable} {kind}"), numbers));
            }
        }
    }
    lines
}

/// The processes of rungs with a source.
fn source_lines() -> Vec<(String, Vec<f64>)> {
    let (space, ladder) = (mixed(), Ladder::new("epoch", 1, 27, true).unwrap());
    let trial = |i: u64| {
        let config = space.sample(&mut stream(11, i, "source"));
        let losses = losses(&space, &config, i, 27, 1);
        SourceTrial { config, losses, violation: 0.0, complete: true }
    };
    let (known, trials) = (vec![true; space.len()], (0..30).map(trial).collect());
    let source = Source { name: "earlier".into(), known, trials };
    let sources = Sources::new(Vec::new(), vec![source]);
    let mut lines = Vec::new();
    for len in [25, 26, 90] {
        let history = history(&space, len, 1);
        let propose = |seed: u64| {
            let view = View {
                space: &space,
                history: &history,
                number: TrialId(len),
                seed,
                planned_trials: None,
                ladder: Some(&ladder),
                target: Some(Fidelity(1)),
            };
            let mut sampler = RungGpConfig::default().build(&context(&space, &ladder, 1)).unwrap();
            sampler.warm_start(&sources);
            let config = sampler.propose(&view, &mut stream(seed, len, "propose")).unwrap();
            number(&space, &config)
        };
        lines.push((format!("rung-gp sources trials={len}"), (0..6).map(propose).collect()));
    }
    lines
}

#[test]
fn proposals_and_decisions_are_as_before() {
    compare(&[proposal_lines(), decision_lines(), watched_lines(), source_lines()].concat());
}
