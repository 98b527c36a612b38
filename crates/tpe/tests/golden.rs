//! Proposals and densities in numbers, in the table `golden.txt` beside this file.
//!
//! A line has the name of a case and six numbers. A proposal is one number, a weighted sum of its
//! coordinates; a case of proposals has those of six seeds. `AUTOML_GOLDEN=write` writes the table
//! anew, which is right only where a change of proposals is intended.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Prior, Space};
use automl_study::{
    Direction, Fidelity, History, Ladder, Report, Sampler, Source, SourceTrial, Sources, State,
    Trial, TrialId, View,
};
use automl_tpe::{Bandwidth, ParzenEstimator, TpeConfig, TpeSampler};
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

/// Every kind of parameter, with a condition, priors and a constraint.
fn mixed() -> Space {
    let mut builder = Space::builder();
    let weights = Prior::Weights { weights: vec![3.0, 2.0, 1.0] };
    let kind = builder.choice("kind", ["plain", "gated", "wide"]).prior(weights).add().unwrap();
    let rate = Prior::Normal { mean: -5.0, sd: 1.5 };
    builder.float("rate", 1e-4..=1.0).log().prior(rate).add().unwrap();
    builder.int("layers", 1..=8).add().unwrap();
    builder.ordinal("batch", [8, 16, 32, 64]).add().unwrap();
    builder.float("gate", 0.0..=1.0).when(kind, "gated").add().unwrap();
    builder.choice("free", ["p", "q"]).add().unwrap();
    builder.require("layers * batch <= 256").unwrap();
    builder.build().unwrap()
}

/// Continuous parameters alone, as the density evaluates them together.
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

/// A kind of study: objectives, black-box constraints, fidelities.
#[derive(Clone, Copy)]
struct Kind {
    objectives: usize,
    constrained: bool,
    on_ladder: bool,
    pending: u64,
}

const PLAIN: Kind = Kind { objectives: 1, constrained: false, on_ladder: false, pending: 2 };

/// `len` trials in all states, the last ones without a report.
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
        let values: Vec<f64> =
            [0.3, 0.6, 0.1, 0.8, 0.45][..kind.objectives].iter().map(|c| toward(*c)).collect();
        let mut trial = Trial::waiting(number, config);
        trial.state = match number % 11 {
            _ if number + kind.pending >= len => State::Running,
            3 => State::Failed,
            5 => State::Pruned,
            2 | 8 if kind.on_ladder => State::Paused,
            _ => State::Complete,
        };
        let top = match trial.state {
            State::Pruned => 3,
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
            if kind.constrained {
                trial.constraints = vec![unit[1] - 0.6, 0.2 - unit[2]];
            }
        }
        history.push(trial).unwrap();
    }
    history
}

/// Six proposals after such a history.
fn proposals(
    space: &Space,
    sampler: impl Fn() -> TpeSampler,
    len: u64,
    kind: Kind,
    target: u64,
) -> Vec<f64> {
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
            target: kind.on_ladder.then_some(Fidelity(target)),
        };
        let config = sampler().propose(&view, &mut stream(seed, len, "propose")).unwrap();
        number(space, &config)
    };
    (0..6).map(propose).collect()
}

/// Configurations that differ from the default in one option, which has an effect after 60 trials.
fn configs() -> Vec<(&'static str, TpeConfig)> {
    let d = TpeConfig::default;
    vec![
        ("default", d()),
        ("startup", TpeConfig { startup: 200, ..d() }),
        ("good-share", TpeConfig { good_share: 0.3, ..d() }),
        ("max-good", TpeConfig { max_good: 2, ..d() }),
        ("front-share", TpeConfig { front_share: 0.4, ..d() }),
        ("max-front", TpeConfig { max_front: 2, ..d() }),
        ("max-bad", TpeConfig { max_bad: 7, ..d() }),
        ("candidates", TpeConfig { candidates: 3, ..d() }),
        ("rank-weights", TpeConfig { rank_weights: 0.2, ..d() }),
        ("prior-weight", TpeConfig { prior_weight: 6.0, ..d() }),
        ("independent-share", TpeConfig { independent_share: 1.0, ..d() }),
        ("random-fraction", TpeConfig { random_fraction: 0.9, ..d() }),
    ]
}

fn proposal_lines() -> Vec<(String, Vec<f64>)> {
    let (mixed, cube) = (mixed(), cube());
    let mut lines = Vec::new();
    for (name, config) in configs() {
        let make = || TpeSampler::new(config.clone());
        let two = Kind { objectives: 2, ..PLAIN };
        let rungs = Kind { on_ladder: true, ..PLAIN };
        lines.push((format!("{name} mixed"), proposals(&mixed, make, 60, PLAIN, 9)));
        lines.push((format!("{name} two objectives"), proposals(&mixed, make, 60, two, 9)));
        lines.push((format!("{name} low fidelity"), proposals(&mixed, make, 60, rungs, 1)));
    }
    let default = || TpeSampler::new(TpeConfig::default());
    for objectives in 1..=5 {
        let kind = Kind { objectives, ..PLAIN };
        for len in [9, 11, 70, 300] {
            let line = proposals(&cube, default, len, kind, 9);
            lines.push((format!("cube objectives={objectives} trials={len}"), line));
        }
    }
    for (space, name) in [(&mixed, "mixed"), (&cube, "cube")] {
        let constrained = Kind { constrained: true, ..PLAIN };
        lines.push((format!("{name} constrained"), proposals(space, default, 60, constrained, 9)));
        let several = Kind { objectives: 2, ..constrained };
        lines
            .push((format!("{name} constrained front"), proposals(space, default, 60, several, 9)));
        let busy = Kind { pending: 25, ..PLAIN };
        lines.push((format!("{name} pending"), proposals(space, default, 60, busy, 9)));
        let high = Kind { on_ladder: true, ..PLAIN };
        lines.push((format!("{name} high fidelity"), proposals(space, default, 60, high, 9)));
        let crowd = Kind { pending: 90, ..PLAIN };
        lines.push((format!("{name} crowd"), proposals(space, default, 140, crowd, 9)));
    }
    let widths = || {
        let good = Bandwidth { min_width: 0.1, min_cells: 1.0, ..Bandwidth::GOOD };
        default().with_bandwidths(good, Bandwidth { choice_prior: 3.0, ..Bandwidth::BAD })
    };
    lines.push(("bandwidths".into(), proposals(&mixed, widths, 60, PLAIN, 9)));
    lines
}

/// Two earlier studies: one with its optima near those of [`history`], one with its optima elsewhere,
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

/// The history with what a study may also have: NaN, trials stopped before their first report,
/// violated constraints, and a trial that was set aside.
fn troubled(history: &History) -> History {
    let mut new = History::new(history.directions().to_vec());
    for trial in history.trials() {
        let mut trial = trial.clone();
        let number = trial.number.0;
        if number % 9 == 4 && trial.state == State::Complete {
            trial.values.fill(f64::NAN);
        }
        if number % 7 == 5 && trial.state == State::Pruned {
            trial.reports.clear();
        }
        if number % 3 == 1 && trial.state == State::Complete {
            trial.constraints = vec![0.1 * number as f64, -1.0];
        }
        if number % 10 == 7 {
            trial = trial.set_aside("made up");
        }
        new.push(trial).unwrap();
    }
    new
}

/// Studies with sources, with trouble, in another direction, and with a planned number of trials.
fn further_lines() -> Vec<(String, Vec<f64>)> {
    let mut lines = Vec::new();
    let mut add = |name: String, space: &Space, history: &History, from: &Sources, planned| {
        let propose = |seed: u64| {
            let (number, ladder, target) = (history.next_id(), None, None);
            let planned_trials = planned;
            let view = View { space, history, number, seed, planned_trials, ladder, target };
            let mut sampler = TpeSampler::default();
            sampler.warm_start(from);
            let config = sampler.propose(&view, &mut stream(seed, number.0, "propose")).unwrap();
            crate::number(space, &config)
        };
        lines.push((name, (0..6).map(propose).collect()));
    };
    let none = Sources::default();
    for (name, space) in [("mixed", mixed()), ("cube", cube())] {
        for (objectives, len) in [(1, 0), (1, 4), (1, 5), (1, 6), (1, 20), (1, 80), (2, 5), (2, 20)]
        {
            let history = history(&space, len, Kind { objectives, pending: 1, ..PLAIN });
            let case = format!("sources {name} objectives={objectives} trials={len}");
            add(case, &space, &history, &sources(&space, objectives), None);
        }
        for objectives in [1, 2] {
            let plain = history(&space, 60, Kind { objectives, ..PLAIN });
            let case = format!("trouble {name} objectives={objectives}");
            add(case, &space, &troubled(&plain), &none, None);
            let mut other = History::new(vec![Direction::Maximize; objectives]);
            plain.trials().iter().for_each(|trial| other.push(trial.clone()).unwrap());
            add(format!("maximize {name} objectives={objectives}"), &space, &other, &none, None);
        }
        for (len, planned) in [(7, 32), (8, 32), (9, 32), (9, 36)] {
            let history = history(&space, len, Kind { pending: 1, ..PLAIN });
            let case = format!("planned={planned} {name} trials={len}");
            add(case, &space, &history, &none, Some(planned));
        }
    }
    lines
}

/// Log densities at six points after 3, 20 and 120 observations.
fn density_lines() -> Vec<(String, Vec<f64>)> {
    let mut lines = Vec::new();
    for (name, space) in [("mixed", mixed()), ("cube", cube())] {
        for (rule, bandwidth) in
            [("default", Bandwidth::default()), ("good", Bandwidth::GOOD), ("bad", Bandwidth::BAD)]
        {
            for count in [0_u64, 3, 20, 120] {
                let draw = |i: u64| space.sample_prior(&mut stream(3, i, "observation"));
                let configs: Vec<Config> = (0..count).map(draw).collect();
                let configs: Vec<&Config> = configs.iter().collect();
                let weights: Vec<f64> = (0..count / 2).map(|i| 2.0 + i as f64).collect();
                let p = ParzenEstimator::new(&space, &configs, &weights, 0.7, 0.4, bandwidth);
                let at = |i: u64| space.sample(&mut stream(4, i, "point"));
                let logs = (0..6).map(|i| p.log_density(&at(i))).collect();
                lines.push((format!("density {name} {rule} {count}"), logs));
                let wide = |i: u64| p.sample_wider(&space, 2.5, &mut stream(5, i, "draw"));
                let draws = (0..6).map(|i| number(&space, &wide(i))).collect();
                lines.push((format!("draws {name} {rule} {count}"), draws));
            }
        }
    }
    lines
}

#[test]
fn proposals_and_densities_are_as_before() {
    compare(&[proposal_lines(), density_lines(), further_lines()].concat());
}
