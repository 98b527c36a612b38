//! Proposals in numbers, in the table `golden.txt` beside this file.
//!
//! A line has the name of a case and the proposals of six seeds, each as one number, a weighted sum of
//! its coordinates. `AUTOML_GOLDEN=write` writes the table anew, which is right only where a change of
//! proposals is intended.
#![allow(clippy::unwrap_used)]

use automl_evolution::{
    CmaEsConfig, CmaEsSampler, Nsga2Config, Nsga2Sampler, PolicyGradientConfig,
    PolicyGradientSampler, RegularizedEvolutionConfig, RegularizedEvolutionSampler,
};
use automl_numeric::stream;
use automl_space::{Config, Prior, Space};
use automl_study::part::PartConfig;
use automl_study::{
    Direction, Fidelity, History, Report, Sampler, Source, SourceTrial, Sources, State, Trial,
    TrialId, View,
};
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

/// Every kind of parameter, with a condition, a prior and a constraint.
fn mixed() -> Space {
    let mut builder = Space::builder();
    let kind = builder.choice("kind", ["plain", "gated", "wide"]).add().unwrap();
    let rate = Prior::Normal { mean: -5.0, sd: 1.5 };
    builder.float("rate", 1e-4..=1.0).log().prior(rate).add().unwrap();
    builder.int("layers", 1..=8).add().unwrap();
    builder.int("units", 4..=64).log().add().unwrap();
    builder.ordinal("batch", [8, 16, 32, 64]).add().unwrap();
    builder.float("gate", 0.0..=1.0).when(kind, "gated").add().unwrap();
    builder.choice("free", ["p", "q"]).add().unwrap();
    builder.require("layers * batch <= 256").unwrap();
    builder.build().unwrap()
}

/// Continuous parameters alone.
fn cube() -> Space {
    let mut builder = Space::builder();
    for name in ["x", "y", "z", "w"] {
        builder.float(name, 0.0..=1.0).add().unwrap();
    }
    builder.build().unwrap()
}

fn number(space: &Space, config: &Config) -> f64 {
    let point = space.encode(config);
    let coordinate = |i: usize| if point.active[i] { point.unit[i] } else { -1.0 };
    (0..space.len()).map(|i| (i as f64 + 2.0).sqrt() * coordinate(i)).sum()
}

/// `len` trials of which the later ones gather around a place; some failed, were pruned or paused.
fn history(space: &Space, len: u64, objectives: usize, constrained: bool) -> History {
    let mut history = History::new(vec![Direction::Minimize; objectives]);
    for number in 0..len {
        let mut rng = stream(7, number, "history");
        let (far, near) = (space.sample(&mut rng), space.decode(&vec![0.4; space.len()]));
        let near = space.mutate(&near, 0.7, 0.15, &mut rng);
        let config = if number % 3 == 0 || number < len / 3 { far } else { near };
        let unit = space.encode(&config).unit;
        let toward = |c: f64| {
            let terms = unit.iter().enumerate();
            terms.map(|(i, u)| (1.0 + i as f64) * (u - c - 0.05 * i as f64).powi(2)).sum::<f64>()
        };
        let centers = [0.3, 0.6, 0.1, 0.8, 0.45];
        let values: Vec<f64> = centers[..objectives].iter().map(|c| toward(*c)).collect();
        let mut trial = Trial::waiting(number, config);
        trial.state = match number % 13 {
            3 => State::Failed,
            5 => State::Pruned,
            8 => State::Paused,
            _ if number + 1 == len => State::Running,
            _ => State::Complete,
        };
        if matches!(trial.state, State::Pruned | State::Paused) {
            trial.reports.push(Report { fidelity: Fidelity(3), values: values.clone() });
        }
        if trial.state == State::Complete {
            trial.values = values;
            if constrained {
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
    make: &dyn Fn() -> Box<dyn Sampler>,
    len: u64,
    objectives: usize,
    constrained: bool,
) -> Vec<f64> {
    let history = history(space, len, objectives, constrained);
    let propose = |seed: u64| {
        let view = View {
            space,
            history: &history,
            number: TrialId(len),
            seed,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        let config = make().propose(&view, &mut stream(seed, len, "propose")).unwrap();
        number(space, &config)
    };
    (0..6).map(propose).collect()
}

type Maker = Box<dyn Fn() -> Box<dyn Sampler>>;

/// Name of a case, its sampler, and the most objectives that are tried.
type Case = (&'static str, Maker, usize);

fn cma(name: &'static str, config: CmaEsConfig) -> Case {
    (name, Box::new(move || Box::new(CmaEsSampler::new(config.clone()))), 1)
}

fn nsga2(name: &'static str, config: Nsga2Config) -> Case {
    (name, Box::new(move || Box::new(Nsga2Sampler::new(config.clone()))), 5)
}

fn evolution(name: &'static str, config: RegularizedEvolutionConfig) -> Case {
    (name, Box::new(move || Box::new(RegularizedEvolutionSampler::new(config.clone()))), 3)
}

fn reinforce(name: &'static str, config: PolicyGradientConfig) -> Case {
    (name, Box::new(move || Box::new(PolicyGradientSampler::new(config.clone()))), 1)
}

/// Samplers that differ from the default in one option.
fn cases() -> Vec<Case> {
    let c = CmaEsConfig::default;
    let n = || Nsga2Config { population: 20, ..Default::default() };
    let e = RegularizedEvolutionConfig::default;
    let p = PolicyGradientConfig::default;
    vec![
        cma("cmaes", c()),
        cma("cmaes startup", CmaEsConfig { startup: 25, ..c() }),
        cma("cmaes sigma", CmaEsConfig { sigma: 0.4, ..c() }),
        cma("cmaes population", CmaEsConfig { population: Some(14), ..c() }),
        cma("cmaes diagonal", CmaEsConfig { max_full_dimensions: 1, ..c() }),
        nsga2("nsga2", n()),
        nsga2("nsga2 population", Nsga2Config { population: 31, ..n() }),
        nsga2("nsga2 crossover rate", Nsga2Config { crossover_rate: 0.2, ..n() }),
        nsga2("nsga2 crossover index", Nsga2Config { crossover_index: 1.0, ..n() }),
        nsga2("nsga2 mutation rate", Nsga2Config { mutation_rate: Some(0.9), ..n() }),
        nsga2("nsga2 mutation index", Nsga2Config { mutation_index: 3.0, ..n() }),
        evolution("evolution", e()),
        evolution("evolution population", RegularizedEvolutionConfig { population: 5, ..e() }),
        evolution("evolution tournament", RegularizedEvolutionConfig { tournament: 2, ..e() }),
        evolution("evolution step", RegularizedEvolutionConfig { mutation_step: 0.1, ..e() }),
        reinforce("reinforce", p()),
        reinforce("reinforce rate", PolicyGradientConfig { learning_rate: 0.2, ..p() }),
        reinforce("reinforce batch", PolicyGradientConfig { batch: 12, ..p() }),
        reinforce("reinforce window", PolicyGradientConfig { window: 20, ..p() }),
        reinforce("reinforce epochs", PolicyGradientConfig { epochs: 1, ..p() }),
        reinforce("reinforce clip", PolicyGradientConfig { clip: 0.02, ..p() }),
        reinforce("reinforce entropy", PolicyGradientConfig { entropy: 0.5, ..p() }),
        reinforce("reinforce exploration", PolicyGradientConfig { exploration: 0.9, ..p() }),
        reinforce("reinforce startup", PolicyGradientConfig { startup: 90, ..p() }),
    ]
}

/// Two earlier studies, of which the second one ranks configurations the other way round.
fn sources(space: &Space, objectives: usize, sign: f64) -> Sources {
    let trial = |i: u64| {
        let config = space.sample(&mut stream(11, i, "source"));
        let unit = space.encode(&config).unit;
        let toward = |c: f64| sign * unit.iter().map(|u| (u - c).powi(2)).sum::<f64>();
        let losses = [0.3, 0.6][..objectives].iter().map(|c| toward(*c)).collect();
        let violation = if i % 5 == 4 { unit[0] } else { 0.0 };
        SourceTrial { config, losses, violation, complete: i % 4 != 3 }
    };
    let (known, trials) = (vec![true; space.len()], (0..230).map(trial).collect());
    Sources::new(Vec::new(), vec![Source { name: "earlier".into(), known, trials }])
}

/// Runs with restarts and warm starts, constraints on several objectives, sources.
fn further_lines(space: &Space, of: &str) -> Vec<(String, Vec<f64>)> {
    let mut lines = Vec::new();
    let (c, e) = (CmaEsConfig::default, RegularizedEvolutionConfig::default);
    let n = || Nsga2Config { population: 20, ..Default::default() };
    // Of random trials the best one comes early, so that the runs stagnate, the small ones several times.
    for (name, len, config) in [
        ("cmaes", 900, c()),
        ("cmaes population=4", 1600, CmaEsConfig { population: Some(4), ..c() }),
    ] {
        let (_, make, _) = cma(name, config);
        lines.push((format!("{name} {of} trials={len}"), proposals(space, &*make, len, 1, false)));
    }
    for (name, config) in [
        ("warm start", CmaEsConfig { warm_start: 60, ..c() }),
        ("warm start too large", CmaEsConfig { warm_start: 80, ..c() }),
        ("warm start diagonal", CmaEsConfig { warm_start: 60, max_full_dimensions: 1, ..c() }),
    ] {
        let (_, make, _) = cma(name, config);
        for len in [75, 110] {
            lines.push((
                format!("cmaes {name} {of} {len}"),
                proposals(space, &*make, len, 1, false),
            ));
        }
    }
    for (name, make, most) in [nsga2("nsga2", n()), evolution("evolution", e())] {
        for objectives in 2..=most {
            let numbers = proposals(space, &*make, 75, objectives, true);
            lines.push((format!("{name} {of} constrained objectives={objectives}"), numbers));
        }
    }
    for objectives in 1..=3 {
        let make = || Box::<PolicyGradientSampler>::default() as Box<dyn Sampler>;
        for len in [30, 110] {
            let numbers = proposals(space, &make, len, objectives, false);
            lines.push((format!("reinforce {of} objectives={objectives} trials={len}"), numbers));
        }
    }
    for (objectives, sign) in [(1, 1.0), (1, -1.0), (2, 1.0)] {
        let make = || -> Box<dyn Sampler> {
            let mut sampler = PolicyGradientSampler::default();
            sampler.warm_start(&sources(space, objectives, sign));
            Box::new(sampler)
        };
        for len in [0, 5, 60] {
            let case =
                format!("reinforce {of} sources={sign} objectives={objectives} trials={len}");
            lines.push((case, proposals(space, &make, len, objectives, false)));
        }
    }
    lines
}

#[test]
fn proposals_are_as_before() {
    let mut lines = Vec::new();
    let spaces = [(&mixed(), "mixed"), (&cube(), "cube")];
    for (space, of) in spaces {
        for (name, make, most) in cases() {
            for objectives in 1..=most {
                let numbers = proposals(space, &*make, 75, objectives, false);
                lines.push((format!("{name} {of} objectives={objectives}"), numbers));
            }
            if name.starts_with("reinforce ") {
                continue;
            }
            for len in [3, 12, 110] {
                let numbers = proposals(space, &*make, len, 1, false);
                lines.push((format!("{name} {of} trials={len}"), numbers));
            }
            let numbers = proposals(space, &*make, 75, 1, true);
            lines.push((format!("{name} {of} constrained"), numbers));
        }
    }
    lines.extend(spaces.into_iter().flat_map(|(space, of)| further_lines(space, of)));
    compare(&lines);
}

/// The defaults are those that the tables of the options say.
#[test]
fn defaults_are_as_documented() {
    let default = |options: serde_json::Map<String, serde_json::Value>, name: &str| {
        options[name].as_f64().unwrap_or(-1.0)
    };
    for (summary, options) in [
        (CmaEsConfig::SUMMARY, CmaEsConfig::default().options()),
        (Nsga2Config::SUMMARY, Nsga2Config::default().options()),
        (RegularizedEvolutionConfig::SUMMARY, RegularizedEvolutionConfig::default().options()),
        (PolicyGradientConfig::SUMMARY, PolicyGradientConfig::default().options()),
    ] {
        let rows = summary.lines().filter_map(|line| line.trim_start().strip_prefix("| `"));
        let mut count = 0;
        for row in rows {
            let mut cells = row.split('|').map(str::trim);
            let name = cells.next().unwrap().trim_end_matches('`');
            let documented = cells.next().unwrap().parse().unwrap_or(-1.0);
            assert_eq!(default(options.clone(), name), documented, "{name}");
            count += 1;
        }
        assert_eq!(count, options.len());
    }
}
