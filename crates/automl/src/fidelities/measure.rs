//! Trains architectures at every setting and compares the orders that come out.

use super::prefer::{self, Kind, Rung};
use super::{FidelitiesError, Measured, Progress, Ranking, Replayed, candidates};
use crate::latency::{self, TIMED};
use crate::search::plan::{ETA, Plan};
use crate::search::rungs::{Macs, fidelities, preparation};
use crate::search::setup::is_over;
use crate::search::{LadderSettings, RungSettings, SearchError, Settings, open_data};
use automl_models::Architecture;
use automl_space::stream;
use automl_study::StopFlag;
use automl_train::{
    Data, Fidelity, Part, Stage, Timing, TrainError, Training, kendall, kendall_error, one_thread,
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
    let curve = curve(&full);
    // Relative to the last one.
    let all = [&curve[..], &compared].concat();
    let mut costs = macs.relative_costs(&all, data);
    costs.rotate_left(curve.len());
    Ok(rank(&compared, &curve, &costs, &outcomes, &parameters, data, settings.seed))
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

    /// A training that ended early stays where it was.
    fn accuracy_after(&self, epochs: u64) -> f64 {
        let index = usize::try_from(epochs).unwrap_or(usize::MAX).saturating_sub(1);
        self.curve.get(index).copied().unwrap_or_else(|| self.accuracy())
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

/// Correlations, costs and the ladder; `outcomes` is `[architectures, settings]`, and `costs` those
/// of the settings and of the points on the curve of the full one.
fn rank(
    compared: &[Fidelity],
    curve: &[Fidelity],
    costs: &[f64],
    outcomes: &[Vec<Outcome>],
    parameters: &[f64],
    data: &Data,
    seed: u64,
) -> Ranking {
    let top = compared.len() - 1;
    let full = compared[top];
    let seconds = |setting: usize| -> f64 { outcomes.iter().map(|row| row[setting].seconds).sum() };
    let settings = compared.iter().enumerate().map(|(setting, fidelity)| {
        let kind = if setting == top {
            Kind::Curve
        } else if fidelity.continues(&full) {
            Kind::Epochs
        } else {
            Kind::Other
        };
        let accuracies = outcomes.iter().map(|row| row[setting].accuracy()).collect();
        (fidelity, kind, accuracies, Some(seconds(setting) / seconds(top)))
    });
    let points = curve.iter().map(|fidelity| {
        let at = |row: &Vec<Outcome>| row[top].accuracy_after(fidelity.epochs);
        (fidelity, Kind::Curve, outcomes.iter().map(at).collect(), None)
    });
    let mut rows: Vec<(&Fidelity, Rung, Option<f64>)> = settings
        .chain(points)
        .zip(costs)
        .map(|((fidelity, kind, accuracies, time), &cost)| {
            (fidelity, Rung { cost, accuracies, kind }, time)
        })
        .collect();
    // By cost; the full setting, which is its unit, stays the last.
    let last = rows.remove(top);
    rows.sort_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
    rows.push(last);

    let rungs: Vec<Rung> = rows.iter().map(|(_, rung, _)| rung.clone()).collect();
    let truth = &rungs[top + curve.len()].accuracies;
    let measured: Vec<Measured> = rows
        .iter()
        .map(|(fidelity, Rung { cost, accuracies, kind }, time)| Measured {
            rung: rung(fidelity, data.side),
            name: match kind {
                Kind::Curve if fidelity.epochs < full.epochs => {
                    format!("epoch {} of the full training", fidelity.epochs)
                }
                _ => fidelity.to_string(),
            },
            cost: *cost,
            time: *time,
            tau: kendall(accuracies, truth),
            error: kendall_error(accuracies, truth),
        })
        .collect();
    // Epochs alone, as searches compare by default: from a ninth of the epochs on.
    let lowest = full.epochs.div_ceil(9);
    let reference: Vec<usize> = (0..rows.len())
        .filter(|&i| rungs[i].kind == Kind::Curve && rows[i].0.epochs >= lowest)
        .collect();
    let mut rng = stream(seed, 0, "ladders");
    let (preferred, reference) = prefer::ladder(&rungs, &reference, ETA, &mut rng);
    Ranking {
        architectures: outcomes.len(),
        null: kendall(parameters, truth),
        preferred: if preferred.ladder == reference.ladder { Vec::new() } else { preferred.ladder },
        settings: measured,
        by_preferred: Replayed { cost: preferred.cost, accuracy: preferred.accuracy },
        by_epochs: Replayed { cost: reference.cost, accuracy: reference.accuracy },
    }
}

/// Points of the full training at which a search may compare candidates: after a 27th, a ninth and
/// a third of the epochs.
fn curve(full: &Fidelity) -> Vec<Fidelity> {
    let mut epochs: Vec<u64> = [27, 9, 3].map(|part| full.epochs.div_ceil(part)).to_vec();
    epochs.dedup();
    epochs.retain(|&epochs| epochs < full.epochs);
    epochs.into_iter().map(|epochs| Fidelity { epochs, ..*full }).collect()
}

fn rung(fidelity: &Fidelity, side: usize) -> RungSettings {
    RungSettings {
        epochs: fidelity.epochs,
        share: fidelity.share,
        subset: fidelity.subset.to_string(),
        side: (fidelity.side < side).then_some(fidelity.side),
    }
}
