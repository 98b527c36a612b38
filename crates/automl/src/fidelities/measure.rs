//! Trains architectures at every setting and compares the orders that come out.

use super::prefer::{self, Candidate};
use super::{CandidateCosts, FidelitiesError, Measured, Progress, Ranking, candidates};
use crate::latency::{self, TIMED};
use crate::search::plan::{ETA, Plan};
use crate::search::rungs::{Macs, fidelities, preparation};
use crate::search::setup::is_over;
use crate::search::{LadderSettings, RungSettings, SearchError, Settings, open_data};
use automl_models::Architecture;
use automl_space::stream;
use automl_study::StopFlag;
use automl_train::{
    Fidelity, Part, Stage, Timing, TrainError, Training, kendall, kendall_error, one_thread,
};
use rand::RngExt;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The fewest architectures whose order means anything.
const LEAST: usize = 5;

/// How many draws are made for each architecture at most.
const DRAWS: u64 = 20;

/// Trains about 30 architectures of the block space at each of the settings
/// `fidelity.candidates` and at the full one, `training.epochs` on all of the search's images, and
/// says how well each setting ranks them and which ladder to prefer.
///
/// Where the time limit ends it early, the architectures count that were trained at every setting.
/// Except for the measured times, and for networks that `search.max-latency` lets pass by measured
/// times, the result is a function of the settings.
///
/// # Errors
/// [`FidelitiesError`]: settings, data or devices that do not do, too little time, or a stop.
pub fn measure(
    settings: &Settings,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Ranking, FidelitiesError> {
    let start = Instant::now();
    let deadline = settings.search.timeout.map(|span| start + span.0);
    let over = || is_over(stop, deadline);
    let early = |error: SearchError| match error.before_search(settings, stop) {
        SearchError::Stopped => FidelitiesError::Stopped,
        error => error.into(),
    };
    let (device, data) = open_data(settings)?;
    let mut plan = Plan::new(&by_epochs(settings), data, &device.device, &over)?;
    if settings.search.max_latency.is_some() {
        observer(&Progress::Note(format!("timing {TIMED} networks for the latency table")));
        let (networks, timing) = (&plan.networks, Timing::default());
        let (seed, device) = (settings.seed, &device.device);
        let profile = latency::profile(networks, &|_| true, TIMED, &timing, seed, device, &over)
            .map_err(|error| early(error.into()))?;
        plan.time_by(settings, profile.table)?;
    }
    let data = &plan.search_data;
    let full = Fidelity::full(data, plan.recipe.epochs);
    let rungs = match &settings.fidelity.candidates {
        Some(given) => given.clone(),
        None => candidates::default(full.epochs, data.side),
    };
    let mut compared = fidelities(&rungs, data)?;
    compared.push(full);
    preparation(&rungs).into_iter().for_each(|note| observer(&Progress::Note(note)));
    let (recipe, seed) = (&plan.recipe, settings.seed);
    let stages = Stage::prepare(&compared, data, recipe, seed, &device.device, &over)
        .map_err(|error| early(error.into()))?;
    let wanted = usize::try_from(settings.fidelity.architectures).unwrap_or(usize::MAX);
    let architectures = draw(&plan, wanted, settings.seed)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = settings.workers.unwrap_or(if device.is_gpu { 1 } else { cores });
    observer(&Progress::Start {
        data: plan.describe(),
        device: device.description.clone(),
        architectures: architectures.len() as u64,
        settings: stages.len(),
        workers,
    });

    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::default();
    let failure: Mutex<Option<SearchError>> = Mutex::new(None);
    let lock = || results.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let work = || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(architecture) = architectures.get(index) else { break };
                        let seed = stream(settings.seed, index as u64, "weights").random();
                        let all = stages.iter().enumerate().map(|(setting, stage)| {
                            let mut training =
                                stage.training(architecture, seed, &device.device)?;
                            // The full setting is the last: its curve is the ladder `epochs`.
                            train(&mut training, setting + 1 == stages.len(), &over)
                        });
                        match all.collect::<Result<Vec<_>, _>>() {
                            Ok(outcomes) => {
                                let mut results = lock();
                                results.push((index, outcomes));
                                let (done, elapsed) = (results.len() as u64, start.elapsed());
                                observer(&Progress::Architecture { done, elapsed });
                            }
                            Err(TrainError::Stopped { .. }) => break,
                            Err(error) => {
                                let mut failure =
                                    failure.lock().unwrap_or_else(PoisonError::into_inner);
                                failure.get_or_insert(error.into());
                                break;
                            }
                        }
                    }
                };
                if device.is_gpu { work() } else { one_thread(work) }
            });
        }
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error.into());
    }
    if stop.is_set() {
        return Err(FidelitiesError::Stopped);
    }
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    if results.len() < LEAST {
        return Err(FidelitiesError::Time { done: results.len(), least: LEAST });
    }
    let parameters: Vec<f64> = results
        .iter()
        .map(|(index, _)| architectures[*index].cost().map_or(0.0, |c| c.parameters as f64))
        .collect();
    let outcomes: Vec<Vec<Outcome>> = results.into_iter().map(|(_, outcomes)| outcomes).collect();
    let macs = Macs::new(&plan.networks, &plan.space);
    let costs = macs.relative_costs(&compared, data);
    Ok(rank(&compared, &costs, &outcomes, &parameters, data.side))
}

/// The settings with the ladder's highest fidelity as the full setting, and without the ladder.
fn by_epochs(settings: &Settings) -> Settings {
    let mut by_epochs = settings.clone();
    by_epochs.training.epochs = Some(settings.search_epochs());
    by_epochs.fidelity.ladder = LadderSettings::Epochs;
    by_epochs
}

/// What one training gave.
#[derive(Clone, Debug, Default)]
struct Outcome {
    /// Validation accuracy after each epoch at the full setting, after the last one elsewhere.
    curve: Vec<f64>,
    /// Seconds of training, and of one evaluation.
    seconds: f64,
}

impl Outcome {
    fn accuracy(&self) -> f64 {
        self.curve.last().copied().unwrap_or(0.0)
    }
}

/// Different networks from the prior that keep within the caps.
fn draw(plan: &Plan, wanted: usize, seed: u64) -> Result<Vec<Architecture>, FidelitiesError> {
    let mut prints = HashSet::new();
    let mut architectures = Vec::new();
    for number in 0..DRAWS * wanted as u64 {
        let config = plan.space.sample_prior(&mut stream(seed, number, "architectures"));
        let architecture = plan.networks.architecture(&config);
        let Ok(network) = architecture.canonical() else { continue };
        if plan.caps.allow(&network) && prints.insert(network.fingerprint()) {
            architectures.push(architecture);
        }
        if architectures.len() == wanted {
            return Ok(architectures);
        }
    }
    if architectures.len() < LEAST {
        return Err(FidelitiesError::TooFew { found: architectures.len(), wanted: LEAST });
    }
    Ok(architectures)
}

/// Trains to the end. A network that diverges has learnt nothing.
fn train(
    training: &mut Training,
    every_epoch: bool,
    over: &dyn Fn() -> bool,
) -> Result<Outcome, TrainError> {
    let mut outcome = Outcome::default();
    while training.epoch() < training.epochs() {
        match training.run_epoch(over) {
            Ok(report) => outcome.seconds += report.time.as_secs_f64(),
            Err(TrainError::Diverged { .. }) => {
                outcome.curve.push(0.0);
                break;
            }
            Err(error) => return Err(error),
        }
        let last = training.epoch() == training.epochs();
        if last || every_epoch {
            let start = Instant::now();
            outcome.curve.push(training.evaluate(Part::Validation).accuracy);
            if last {
                outcome.seconds += start.elapsed().as_secs_f64();
            }
        }
    }
    Ok(outcome)
}

/// Correlations, costs and the ladder; `outcomes` is `[architectures, settings]`.
fn rank(
    compared: &[Fidelity],
    costs: &[f64],
    outcomes: &[Vec<Outcome>],
    parameters: &[f64],
    side: usize,
) -> Ranking {
    let top = compared.len() - 1;
    let truth: Vec<f64> = outcomes.iter().map(|row| row[top].accuracy()).collect();
    let seconds = |setting: usize| -> f64 { outcomes.iter().map(|row| row[setting].seconds).sum() };
    let measured =
        |fidelity: &Fidelity, cost: f64, time: Option<f64>, accuracies: &[f64]| Measured {
            rung: rung(fidelity, side),
            name: fidelity.to_string(),
            cost,
            time,
            tau: kendall(accuracies, &truth),
            error: kendall_error(accuracies, &truth),
        };
    // By cost; the full setting, which is its unit, stays the last.
    let mut order: Vec<usize> = (0..top).collect();
    order.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]));
    order.push(top);
    let settings: Vec<Measured> = order
        .iter()
        .map(|&setting| {
            let accuracies: Vec<f64> = outcomes.iter().map(|row| row[setting].accuracy()).collect();
            let time = seconds(setting) / seconds(top);
            measured(&compared[setting], costs[setting], Some(time), &accuracies)
        })
        .collect();
    let full = compared[top];
    let epochs = [full.epochs.div_ceil(9), full.epochs.div_ceil(3)];
    let curve: Vec<Measured> = epochs
        .into_iter()
        .filter(|&epochs| epochs < full.epochs)
        .map(|epochs| {
            let at = |row: &Vec<Outcome>| {
                let curve = &row[top].curve;
                curve.get(epochs as usize - 1).copied().unwrap_or_else(|| row[top].accuracy())
            };
            let accuracies: Vec<f64> = outcomes.iter().map(at).collect();
            let cost = epochs as f64 / full.epochs as f64;
            measured(&Fidelity { epochs, ..full }, cost, None, &accuracies)
        })
        .collect();
    let null = kendall(parameters, &truth);
    let list: Vec<Candidate> =
        settings.iter().map(|s| Candidate { cost: s.cost, tau: s.tau.unwrap_or(-1.0) }).collect();
    // No rung may rank worse than what is there anyway.
    let first = curve.first().and_then(|point| point.tau);
    let floor = [null, first].into_iter().flatten().fold(0.0, f64::max);
    let mut preferred = prefer::ladder(&list, floor, ETA);
    let cost = |rungs: &[usize], value: &dyn Fn(&Measured) -> f64| {
        let resumable = rungs
            .windows(2)
            .all(|pair| compared[order[pair[0]]].continues(&compared[order[pair[1]]]));
        let costs: Vec<f64> = rungs.iter().map(|&index| value(&settings[index])).collect();
        prefer::candidate_cost(&costs, ETA, resumable)
    };
    let plain: Vec<f64> = curve.iter().map(|point| point.cost).chain([1.0]).collect();
    let by_epochs = prefer::candidate_cost(&plain, ETA, true);
    if cost(&preferred, &|s| s.cost) >= by_epochs {
        preferred.clear();
    }
    let candidate = CandidateCosts {
        preferred: cost(&preferred, &|s| s.cost),
        preferred_time: cost(&preferred, &|s| s.time.unwrap_or(s.cost)),
        epochs: by_epochs,
    };
    let architectures = outcomes.len();
    Ranking { architectures, settings, null, preferred, curve, candidate }
}

fn rung(fidelity: &Fidelity, side: usize) -> RungSettings {
    RungSettings {
        epochs: fidelity.epochs,
        share: fidelity.share,
        subset: fidelity.subset.to_string(),
        side: (fidelity.side < side).then_some(fidelity.side),
    }
}
