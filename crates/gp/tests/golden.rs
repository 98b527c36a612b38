//! Proposals in numbers, in the table `golden.txt` beside this file.
//!
//! A line has the name of a case and the proposals of three seeds, each as one number, a weighted sum
//! of its coordinates. `AUTOML_GOLDEN=write` writes the table anew, which is right only where a change
//! of proposals is intended.
#![allow(clippy::unwrap_used)]

use automl_gp::{AcquisitionName, GpConfig, GpSampler, TurboConfig};
use automl_numeric::stream;
use automl_space::{Config, Prior, Space};
use automl_study::part::{SamplerConfig, StudyContext};
use automl_study::{
    Direction, Fidelity, History, Ladder, Report, Sampler, Source, SourceTrial, Sources, State,
    Trial, TrialId, View,
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

/// Every kind of parameter, with conditions, a prior and a constraint.
fn mixed() -> Space {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["plain", "gated", "wide"]).add().unwrap();
    let rate = Prior::Normal { mean: -5.0, sd: 1.5 };
    builder.float("rate", 1e-4..=1.0).log().prior(rate).add().unwrap();
    builder.int("layers", 1..=8).add().unwrap();
    builder.ordinal("batch", [8, 16, 32, 64]).add().unwrap();
    builder.float("gate", 0.0..=1.0).when(kind, "gated").add().unwrap();
    builder.int("width", 1..=200).when(kind, "wide").add().unwrap();
    builder.require("layers * batch <= 256").unwrap();
    builder.build().unwrap()
}

fn cube() -> Space {
    let mut builder = Space::builder();
    for name in ["x", "y", "z"] {
        builder.float(name, 0.0..=1.0).add().unwrap();
    }
    builder.build().unwrap()
}

fn number(space: &Space, config: &Config) -> f64 {
    let point = space.encode(config);
    let coordinate = |i: usize| if point.active[i] { point.unit[i] } else { -1.0 };
    (0..space.len()).map(|i| (i as f64 + 2.0).sqrt() * coordinate(i)).sum()
}

/// A kind of study.
#[derive(Clone, Copy)]
struct Kind {
    objectives: usize,
    constrained: bool,
    on_ladder: bool,
    failures: bool,
    pending: u64,
    noise: f64,
}

const PLAIN: Kind = Kind {
    objectives: 1,
    constrained: false,
    on_ladder: false,
    failures: false,
    pending: 0,
    noise: 0.0,
};

fn history(space: &Space, len: u64, kind: Kind) -> History {
    let mut history = History::new(vec![Direction::Minimize; kind.objectives]);
    for number in 0..len {
        let mut rng = stream(7, number, "history");
        let config = space.sample(&mut rng);
        let unit = space.encode(&config).unit;
        let toward = |c: f64| {
            let terms = unit.iter().enumerate();
            terms.map(|(i, u)| (u - c - 0.05 * i as f64).powi(2)).sum::<f64>()
        };
        let wave = 0.05 * (9.0 * unit[1]).sin() + kind.noise * rng.random::<f64>();
        let centers = &[0.3, 0.6, 0.1, 0.8][..kind.objectives];
        let values: Vec<f64> = centers.iter().map(|c| (3.0 * toward(*c)).exp() + wave).collect();
        let mut trial = Trial::waiting(number, config);
        trial.state = match number % 7 {
            _ if number + kind.pending >= len => State::Running,
            3 if kind.failures => State::Failed,
            2 | 5 if kind.on_ladder => State::Paused,
            _ => State::Complete,
        };
        let top = match trial.state {
            State::Paused => 1 + 2 * (number % 2),
            State::Complete if kind.on_ladder => 9,
            _ => 0,
        };
        for step in [1, 3, 9].into_iter().filter(|step| *step <= top) {
            let values = values.iter().map(|v| v * (1.0 + 1.0 / step as f64)).collect();
            trial.reports.push(Report { fidelity: Fidelity(step), values });
        }
        if trial.state == State::Complete {
            trial.values = values;
            (trial.started, trial.finished) = (Some(0), Some((1e6 * (3.0 * unit[2]).exp()) as i64));
            if kind.constrained {
                trial.constraints = vec![unit[1] - 0.6, 0.2 - unit[2]];
            }
        }
        history.push(trial).unwrap();
    }
    history
}

type Maker = Box<dyn Fn(&StudyContext<'_>) -> Box<dyn Sampler>>;

fn maker(config: impl SamplerConfig) -> Maker {
    Box::new(move |study| config.build(study).unwrap())
}

fn proposals(space: &Space, make: &Maker, len: u64, kind: Kind) -> Vec<f64> {
    let history = history(space, len, kind);
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let propose = |seed: u64| {
        let view = View {
            space,
            history: &history,
            number: TrialId(len),
            seed,
            planned_trials: None,
            ladder: kind.on_ladder.then_some(&ladder),
            target: kind.on_ladder.then_some(Fidelity(9)),
        };
        let mut sampler = make(&StudyContext::new(space));
        let config = sampler.propose(&view, &mut stream(seed, len, "propose")).unwrap();
        number(space, &config)
    };
    (0..3).map(propose).collect()
}

/// Samplers that differ from the default in one option.
fn samplers() -> Vec<(&'static str, Maker)> {
    let (g, t) = (GpConfig::default, TurboConfig::default);
    let bound = AcquisitionName::LowerConfidenceBound;
    vec![
        ("gp", maker(g())),
        ("gp startup", maker(GpConfig { startup: 40, ..g() })),
        ("gp bound", maker(GpConfig { acquisition: bound, ..g() })),
        ("gp bound beta", maker(GpConfig { acquisition: bound, beta: 0.1, ..g() })),
        ("gp thompson", maker(GpConfig { acquisition: AcquisitionName::Thompson, ..g() })),
        ("gp components", maker(GpConfig { components: 1, ..g() })),
        ("gp candidates", maker(GpConfig { candidates: 16, ..g() })),
        ("gp starts", maker(GpConfig { candidates: 16, starts: 1, ..g() })),
        ("gp rows", maker(GpConfig { max_rows: 16, ..g() })),
        ("gp seconds", maker(GpConfig { per_second: true, ..g() })),
        ("turbo", maker(t())),
        ("turbo initial", maker(TurboConfig { initial_side: 0.1, ..t() })),
        ("turbo restart", maker(TurboConfig { min_side: 0.3, failures: 1, ..t() })),
        ("turbo largest", maker(TurboConfig { max_side: 0.8, successes: 1, ..t() })),
    ]
}

/// Two earlier studies: one with its optimum near that of [`history`], one with its optimum elsewhere,
/// which did not know the second parameter.
fn sources(space: &Space, objectives: usize) -> Sources {
    let study = |name: &str, seed: u64, away: f64| {
        let trial = |i: u64| {
            let config = space.sample(&mut stream(seed, i, "source"));
            let unit = space.encode(&config).unit;
            let toward = |c: f64| unit.iter().map(|u| (u - c - away).powi(2)).sum::<f64>();
            let losses = [0.3, 0.6][..objectives].iter().map(|c| toward(*c)).collect();
            let violation = if i % 5 == 4 { unit[0] } else { 0.0 };
            SourceTrial { config, losses, violation, complete: i % 4 != 3 }
        };
        let known = (0..space.len()).map(|i| away == 0.0 || i != 1).collect();
        Source { name: name.into(), known, trials: (0..30).map(trial).collect() }
    };
    Sources::new(Vec::new(), vec![study("near", 11, 0.0), study("far", 12, 0.5)])
}

/// The same trials with constraints of which none is satisfied, with NaN and infinite losses and trials
/// that were set aside, or under maximization.
fn changed(history: &History, how: &str) -> History {
    let direction = if how == "maximize" { Direction::Maximize } else { history.directions()[0] };
    let mut new = History::new(vec![direction; history.directions().len()]);
    for trial in history.trials() {
        let mut trial = trial.clone();
        let (number, complete) = (trial.number.0, trial.state == State::Complete);
        match (how, number % 6) {
            ("infeasible", k) if complete => trial.constraints = vec![1.0 + k as f64, -0.5],
            ("trouble", 1) if complete => trial.values.fill(f64::NAN),
            ("trouble", 2) if complete && number < 9 => trial.values.fill(f64::NEG_INFINITY),
            ("trouble", 3) if complete => trial.constraints = vec![f64::NAN],
            ("trouble", 4) => trial = trial.set_aside("made up"),
            _ => {}
        }
        new.push(trial).unwrap();
    }
    new
}

/// Sources, troubled histories, and numbers of rows at which budgets and models change.
fn further_lines(space: &Space, of: &str) -> Vec<(String, Vec<f64>)> {
    let mut lines = Vec::new();
    let mut add = |name: String, history: &History, from: &Sources| {
        let propose = |seed: u64| {
            let (number, planned_trials, ladder, target) = (history.next_id(), None, None, None);
            let view = View { space, history, number, seed, planned_trials, ladder, target };
            let mut sampler = GpSampler::default();
            sampler.warm_start(from);
            let config = sampler.propose(&view, &mut stream(seed, number.0, "propose")).unwrap();
            crate::number(space, &config)
        };
        lines.push((name, (0..3).map(propose).collect()));
    };
    for (objectives, len) in [(1, 2), (1, 5), (1, 8), (1, 20), (2, 5), (2, 20)] {
        let history = history(space, len, Kind { objectives, ..PLAIN });
        let case = format!("gp {of} sources objectives={objectives} trials={len}");
        add(case, &history, &sources(space, objectives));
    }
    for how in ["infeasible", "trouble", "maximize"] {
        for objectives in [1, 2] {
            let plain = history(space, 36, Kind { objectives, ..PLAIN });
            add(
                format!("gp {of} {how} objectives={objectives}"),
                &changed(&plain, how),
                &Sources::default(),
            );
        }
    }
    let many = history(space, 250, PLAIN);
    add(format!("gp {of} trials=250"), &many, &Sources::default());
    let few = history(space, 3, PLAIN);
    add(format!("gp {of} trials=3"), &few, &Sources::default());
    let turbo = maker(TurboConfig::default());
    let constrained = Kind { constrained: true, ..PLAIN };
    lines.push((format!("turbo {of} constrained"), proposals(space, &turbo, 30, constrained)));
    lines
}

/// A space that is gone through.
fn finite_lines() -> Vec<(String, Vec<f64>)> {
    let mut builder = Space::builder();
    builder.int("a", 0..=5).add().unwrap();
    builder.choice("b", ["p", "q", "r"]).add().unwrap();
    builder.ordinal("c", [1, 2, 4]).add().unwrap();
    let finite = builder.build().unwrap();
    let mut lines = further_lines(&finite, "finite");
    let make = maker(GpConfig::default());
    lines.push(("gp finite".into(), proposals(&finite, &make, 20, PLAIN)));
    let thompson =
        maker(GpConfig { acquisition: AcquisitionName::Thompson, ..GpConfig::default() });
    lines.push(("gp thompson finite".into(), proposals(&finite, &thompson, 20, PLAIN)));
    lines
}

#[test]
fn proposals_are_as_before() {
    let mut lines = Vec::new();
    let spaces = [(mixed(), "mixed"), (cube(), "cube")];
    for (space, of) in &spaces {
        for (name, make) in &samplers() {
            lines.push((format!("{name} {of}"), proposals(space, make, 26, PLAIN)));
        }
        let make = maker(GpConfig::default());
        for (name, kind) in [
            ("two objectives", Kind { objectives: 2, ..PLAIN }),
            ("three objectives", Kind { objectives: 3, ..PLAIN }),
            ("four objectives", Kind { objectives: 4, ..PLAIN }),
            ("four constrained", Kind { constrained: true, objectives: 4, pending: 3, ..PLAIN }),
            ("constrained", Kind { constrained: true, ..PLAIN }),
            ("constrained front", Kind { constrained: true, objectives: 2, ..PLAIN }),
            ("fidelities", Kind { on_ladder: true, ..PLAIN }),
            ("failures", Kind { failures: true, ..PLAIN }),
            ("pending", Kind { pending: 4, ..PLAIN }),
            ("pending front", Kind { pending: 4, objectives: 2, ..PLAIN }),
            ("noise", Kind { noise: 1.0, ..PLAIN }),
        ] {
            lines.push((format!("gp {of} {name}"), proposals(space, &make, 30, kind)));
        }
        let fantasies = maker(GpConfig { fantasies: 2, ..GpConfig::default() });
        let kind = Kind { pending: 4, ..PLAIN };
        lines.push((format!("gp {of} fantasies"), proposals(space, &fantasies, 30, kind)));
        lines.push((format!("gp {of} many"), proposals(space, &make, 110, PLAIN)));
    }
    for (space, of) in &spaces {
        lines.extend(further_lines(space, of));
    }
    lines.extend(finite_lines());
    compare(&lines);
}
