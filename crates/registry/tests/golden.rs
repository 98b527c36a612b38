//! Golden tables of what samplers propose and schedulers decide, by their registry names.
//!
//! The tables lie beside this file in `golden/`: one case per line, its name before ` | `, its
//! result behind it. Numbers have nine significant digits and are compared with a relative
//! tolerance of 1e-6 (the mathematical functions of other machines); everything else is compared
//! exactly. `AUTOML_GOLDEN=write` writes the tables anew, which is right only where a change of
//! proposals or decisions is intended.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_registry::{self, PartSpec, samplers, schedulers};
use automl_space::{Config, Prior, Space};
use automl_study::part::StudyContext;
use automl_study::{
    Assignment, Direction, Fidelity, History, Ladder, Next, Outcome, Report, State, Study, Trial,
    TrialId, Verdict, View, attribute,
};
use rand::RngExt;
use std::fmt::Write as _;
use std::path::Path;

const SEED: u64 = 11;
const TOLERANCE: f64 = 1e-6;

/// Compares the lines with the table of this name, or writes them where the environment says so.
fn compare(table: &str, lines: &[String]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(table);
    if std::env::var("AUTOML_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        return;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{table}: {e}"));
    let golden: Vec<&str> = text.lines().collect();
    let differences: Vec<String> =
        golden.iter().zip(lines).filter_map(|(golden, line)| difference(golden, line)).collect();
    assert!(differences.is_empty(), "{table}:\n{}", differences.join("\n"));
    let cases = |line: &str| line.split(" | ").next().unwrap_or_default().to_owned();
    let (known, now): (Vec<_>, Vec<_>) =
        (golden.iter().map(|l| cases(l)).collect(), lines.iter().map(|l| cases(l)).collect());
    assert_eq!(known, now, "{table}: the cases differ");
}

/// How a line differs from the golden one: the case, the first word that differs, and both words.
fn difference(golden: &str, line: &str) -> Option<String> {
    let (case, expected) = golden.split_once(" | ").unwrap_or((golden, ""));
    let (now_case, found) = line.split_once(" | ").unwrap_or((line, ""));
    if case != now_case {
        return Some(format!("the case {case:?} is now {now_case:?}"));
    }
    let (expected, found) =
        (expected.split(' ').collect::<Vec<_>>(), found.split(' ').collect::<Vec<_>>());
    let place = (0..expected.len().max(found.len()))
        .find(|&i| !matches!((expected.get(i), found.get(i)), (Some(a), Some(b)) if agree(a, b)))?;
    let word = |words: &[&str]| words.get(place).map_or("nothing", |w| w).to_owned();
    Some(format!("{case}: word {place} was {}, is {}", word(&expected), word(&found)))
}

/// Whether two words `name=value` are the same, numbers with a decimal exponent up to the tolerance.
fn agree(expected: &str, found: &str) -> bool {
    let number = |word: &str| -> Option<(String, f64)> {
        let (name, value) = word.split_once('=')?;
        if value.contains('e') { Some((name.to_owned(), value.parse().ok()?)) } else { None }
    };
    match (number(expected), number(found)) {
        (Some((a, x)), Some((b, y))) => a == b && (x - y).abs() <= TOLERANCE * x.abs().max(y.abs()),
        _ => expected == found,
    }
}

/// Every kind of parameter, with a condition, priors and a constraint.
fn mixed() -> Space {
    let mut builder = Space::builder();
    let weights = Prior::Weights { weights: vec![3.0, 2.0, 1.0] };
    let kind = builder.choice("kind", ["plain", "gated", "wide"]).prior(weights).add().unwrap();
    let rate = Prior::Normal { mean: -5.0, sd: 1.5 };
    builder.float("rate", 1e-4..=1.0).log().prior(rate).add().unwrap();
    builder.int("layers", 1..=8).add().unwrap();
    builder.int("units", 16..=256).log().add().unwrap();
    builder.ordinal("batch", [8, 16, 32, 64]).add().unwrap();
    builder.float("share", 0.0..=1.0).step(0.25).add().unwrap();
    builder.float("gate", 0.0..=1.0).when(kind, "gated").add().unwrap();
    builder.require("layers * units <= 1024").unwrap();
    builder.build().unwrap()
}

/// A made-up pair of objectives of the mixed space, with neither exponential nor logarithm.
fn objectives(space: &Space, config: &Config) -> [f64; 2] {
    let value = |name: &str| {
        let index = space.index_of(name).unwrap();
        config.value(index).map(|value| value.as_f64())
    };
    let at = |name: &str| value(name).unwrap();
    let error = (at("rate").sqrt() - 0.1).abs()
        + (at("layers") - 5.0).powi(2) / 40.0
        + 3.0 / at("units").sqrt()
        + (at("batch") - 1.0).abs() / 10.0
        + (at("share") - 0.5).powi(2)
        + at("kind") / 9.0
        + value("gate").map_or(0.15, |gate| (gate - 0.7).powi(2));
    [error, at("layers") * at("units")]
}

/// The values at one step of a curve that falls to `values`, the first with a small disturbance.
fn at_step(values: &[f64], number: u64, step: u64) -> Vec<f64> {
    let noise: f64 = stream(SEED, number, "golden curve").random();
    let factor = 1.0 + (0.6 + 0.4 * noise) / (step as f64).sqrt();
    let curve = |(i, value): (usize, &f64)| if i == 0 { value * factor } else { *value };
    values.iter().enumerate().map(curve).collect()
}

fn ladder() -> Ladder {
    Ladder::new("epoch", 1, 27, true).unwrap()
}

fn setting<'a>(
    space: &'a Space,
    objectives: usize,
    ladder: Option<&'a Ladder>,
) -> StudyContext<'a> {
    StudyContext {
        space,
        objectives,
        constraints: 0,
        planned_trials: Some(60),
        ladder,
        total_cost: None,
        trial_limit: None,
    }
}

/// A history of `len` trials: most are complete, some failed, were pruned or (on a ladder) paused,
/// and the last two run.
fn history(space: &Space, len: u64, count: usize, on_ladder: bool, constrained: bool) -> History {
    let mut history = History::new(vec![Direction::Minimize; count]);
    for number in 0..len {
        let mut rng = stream(SEED, number, "golden history");
        let config =
            std::iter::repeat_with(|| space.sample(&mut rng)).find(|c| space.allows(c)).unwrap();
        let values = objectives(space, &config)[..count].to_vec();
        let (state, top) = match number % 10 {
            _ if number + 2 >= len => (State::Running, if number + 1 == len { 0 } else { 3 }),
            2 | 6 if on_ladder => (State::Paused, if number % 4 == 2 { 1 } else { 3 }),
            3 => (State::Failed, 0),
            5 => (State::Pruned, 3),
            8 => (State::Pruned, 9),
            _ => (State::Complete, 27),
        };
        let mut trial = Trial { state, ..Trial::waiting(number, config) };
        if on_ladder || state == State::Pruned {
            for step in [1, 3, 9, 27].into_iter().filter(|step| *step <= top) {
                trial.reports.push(Report {
                    fidelity: Fidelity(step),
                    values: at_step(&values, number, step),
                });
            }
        }
        if on_ladder {
            trial.attributes.insert(attribute::UNTIL.to_owned(), top.max(1).into());
        }
        match state {
            State::Complete => trial.values = at_step(&values, number, 27),
            State::Pruned => trial.values = trial.reports.last().unwrap().values.clone(),
            _ => {}
        }
        if constrained && state == State::Complete {
            trial.constraints = vec![values[0] - 0.9, if number % 4 == 0 { 0.2 } else { -1.0 }];
        }
        history.push(trial).unwrap();
    }
    history
}

/// The active parameters as words `name=value`.
fn words(space: &Space, config: &Config) -> String {
    let mut text = String::new();
    for (index, param) in space.params().iter().enumerate() {
        let Some(value) = config.value(index) else { continue };
        let separator = if text.is_empty() { "" } else { " " };
        match (param.domain(), space.literal(config, index).unwrap()) {
            (automl_space::Domain::Float(_), _) => {
                write!(text, "{separator}{}={:.8e}", param.name(), value.as_f64()).unwrap();
            }
            (_, literal) => write!(text, "{separator}{}={literal}", param.name()).unwrap(),
        }
    }
    text
}

/// Objectives, whether there is a ladder, whether there are black-box constraints.
type Kind = (usize, bool, bool);

/// One proposal of a fresh sampler after a history of `len` trials, for a study of this seed.
fn proposal(name: &str, seed: u64, len: u64, (count, on_ladder, constrained): Kind) -> String {
    let (space, ladder) = (mixed(), ladder());
    let ladder = on_ladder.then_some(&ladder);
    let history = history(&space, len, count, on_ladder, constrained);
    let case = format!(
        "{name} seed={seed} trials={len} objectives={count} ladder={on_ladder} \
         constrained={constrained}"
    );
    let mut setting = setting(&space, count, ladder);
    setting.constraints = if constrained { 2 } else { 0 };
    let Ok(mut sampler) = automl_registry::sampler(&PartSpec::named(name), &setting) else {
        return format!("{case} | refused");
    };
    let target = on_ladder.then_some(Fidelity(if len > 20 { 9 } else { 1 }));
    let view = View {
        space: &space,
        history: &history,
        number: TrialId(len),
        seed,
        planned_trials: setting.planned_trials,
        ladder,
        target,
    };
    let config = sampler.propose(&view, &mut stream(seed, len, "propose")).unwrap();
    assert!(space.check(&config).is_ok() && space.allows(&config), "{case}");
    format!("{case} | {}", words(&space, &config))
}

#[test]
fn proposals_of_every_sampler() {
    let mut lines = Vec::new();
    for name in samplers().iter().map(|entry| entry.name) {
        for kind in [(1, false), (2, false), (1, true), (2, true)] {
            let kind = (kind.0, kind.1, false);
            // Several seeds: some samplers leave a share of the proposals to chance.
            for (len, seeds) in [(0, 1), (12, 1), (40, 4)] {
                lines.extend((SEED..SEED + seeds).map(|seed| proposal(name, seed, len, kind)));
            }
        }
        lines.push(proposal(name, SEED, 40, (1, false, true)));
    }
    compare("proposals.txt", &lines);
}

/// One open job and the step at which its trial stands.
struct Open {
    job: Assignment,
    step: u64,
}

/// A study with several workers; their jobs take turns in a fixed order.
struct Run<'a> {
    sampler: &'a str,
    scheduler: &'a str,
    workers: usize,
    objectives: usize,
    constrained: bool,
    trials: u64,
}

impl Run<'_> {
    fn case(&self) -> String {
        let Run { sampler, scheduler, workers, objectives, constrained, .. } = self;
        format!(
            "{sampler} with {scheduler} workers={workers} objectives={objectives} \
             constrained={constrained}"
        )
    }

    fn study(&self, space: &Space) -> Study {
        let ladder = ladder();
        let mut setting = setting(space, self.objectives, Some(&ladder));
        setting.planned_trials = Some(self.trials);
        setting.trial_limit = Some(self.trials);
        setting.constraints = usize::from(self.constrained);
        let (sampler, scheduler) = automl_registry::pair(
            &PartSpec::named(self.sampler),
            &PartSpec::named(self.scheduler),
            &setting,
        )
        .unwrap();
        let mut study = Study::builder(space.clone())
            .directions(vec![Direction::Minimize; self.objectives])
            .seed(SEED)
            .planned_trials(self.trials)
            .sampler(sampler)
            .scheduler(ladder.clone(), scheduler.unwrap())
            .build()
            .unwrap();
        study.set_trial_limit(Some(self.trials));
        study
    }

    /// What was decided, in order, and the study at its end. A job fails now and then.
    fn play(&self, space: &Space) -> (Vec<String>, Study) {
        let mut study = self.study(space);
        let (mut decided, mut open) = (Vec::new(), Vec::<Open>::new());
        for turn in 0.. {
            while open.len() < self.workers {
                match study.next_job().unwrap() {
                    Next::Run(job) => {
                        let until = job.target.unwrap();
                        let trial = study.history().get(job.number).unwrap();
                        let bracket = trial.run().and_then(|run| run.bracket);
                        decided.push(match (job.fidelity.0, bracket) {
                            (0, Some(bracket)) => {
                                format!("start {} to {until} in bracket {bracket};", job.number)
                            }
                            (0, _) => format!("start {} to {until};", job.number),
                            (from, _) => format!("resume {} from {from} to {until};", job.number),
                        });
                        open.push(Open { step: job.fidelity.0, job });
                    }
                    Next::Wait => {
                        decided.push("wait;".into());
                        break;
                    }
                    Next::Finished => {
                        decided.push("finished;".into());
                        break;
                    }
                }
            }
            if open.is_empty() {
                break;
            }
            let place = turn * 7 % open.len();
            let (number, until) = (open[place].job.number, open[place].job.target.unwrap());
            if turn % 61 == 16 {
                study.tell(number, Outcome::failed("made up")).unwrap();
                decided.push(format!("{number} fails;"));
                open.remove(place);
                continue;
            }
            let step = study.next_milestone(open[place].step, until).0;
            let goal = objectives(space, &open[place].job.config)[..self.objectives].to_vec();
            let values = at_step(&goal, number.0, step);
            let constraints = if self.constrained { vec![goal[0] - 0.9] } else { Vec::new() };
            if self.constrained {
                study.constrain(number, constraints.clone()).unwrap();
            }
            let verdict = study.report(number, step, values.clone()).unwrap();
            decided.push(format!("{number} at {step} {};", word(verdict)));
            match verdict {
                Verdict::Continue => open[place].step = step,
                Verdict::Pause | Verdict::Stop => drop(open.remove(place)),
                Verdict::Complete => {
                    study.tell(number, Outcome::Complete { values, constraints }).unwrap();
                    open.remove(place);
                }
            }
        }
        let mut ends: Vec<u64> = study.unpromotable().into_iter().map(u64::from).collect();
        ends.sort_unstable();
        decided.push(format!("dead ends {ends:?}"));
        (decided, study)
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Continue => "continues",
        Verdict::Pause => "pauses",
        Verdict::Stop => "stops",
        Verdict::Complete => "completes",
    }
}

/// FNV-1a of the decisions.
fn hash(decided: &[String]) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    decided.concat().bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn decisions_of_every_scheduler() {
    let space = mixed();
    let mut lines = Vec::new();
    for scheduler in schedulers().iter().map(|entry| entry.name) {
        for (workers, objectives, constrained) in
            [(1, 1, false), (2, 1, false), (3, 1, false), (2, 2, false), (2, 1, true)]
        {
            let sampler = if scheduler == "pbt" { "pbt" } else { "random" };
            let run = Run { sampler, scheduler, workers, objectives, constrained, trials: 30 };
            let (decided, _) = run.play(&space);
            let first = decided[..decided.len().min(40)].join(" ");
            let (count, hash) = (decided.len(), hash(&decided));
            lines.push(format!("{} | {first} ... {count} in all, hash {hash:016x}", run.case()));
        }
    }
    compare("decisions.txt", &lines);
}

/// Whole studies on the ladder, in which the proposals of a sampler depend on the decisions of a
/// scheduler.
#[test]
fn studies_of_pairs() {
    let space = mixed();
    let mut lines = Vec::new();
    for (sampler, scheduler, objectives) in [
        ("auto", "asha", 1),
        ("auto", "asha", 2),
        ("auto", "bohb", 1),
        ("auto", "none", 1),
        ("auto", "priorband", 2),
        ("pbt", "pbt", 1),
        ("rung-gp", "hyperband", 1),
        ("tpe", "asha", 2),
    ] {
        let run =
            Run { sampler, scheduler, workers: 3, objectives, constrained: false, trials: 24 };
        let (decided, study) = run.play(&space);
        let hash = hash(&decided);
        lines.push(format!("{} decisions | hash {hash:016x}", run.case()));
        for trial in study.history().trials() {
            let (case, number) = (run.case(), trial.number);
            lines.push(format!("{case} trial={number} | {}", words(&space, &trial.config)));
        }
    }
    compare("studies.txt", &lines);
}

/// Ask and tell with three trials under way, told out of order.
#[test]
fn asks_with_pending_trials() {
    let space = mixed();
    let mut lines = Vec::new();
    for name in ["auto", "tpe"] {
        for count in [1, 2] {
            let setting = setting(&space, count, None);
            let mut study = Study::builder(space.clone())
                .directions(vec![Direction::Minimize; count])
                .seed(SEED)
                .planned_trials(60)
                .sampler(automl_registry::sampler(&PartSpec::named(name), &setting).unwrap())
                .build()
                .unwrap();
            let mut open = Vec::new();
            for turn in 0..30_usize {
                let asked = study.ask().unwrap();
                let case = format!("{name} objectives={count} trial={}", asked.number);
                lines.push(format!("{case} | {}", words(&space, &asked.config)));
                open.push(asked);
                if open.len() == 3 {
                    let told = open.remove(turn * 7 % 3);
                    let outcome = match told.number.0 % 9 {
                        4 => Outcome::failed("made up"),
                        7 => Outcome::Pruned,
                        _ => objectives(&space, &told.config)[..count].to_vec().into(),
                    };
                    study.tell(told.number, outcome).unwrap();
                }
            }
        }
    }
    compare("asks.txt", &lines);
}
