//! Trains architectures at every setting and compares the orders that come out.

use super::outcome::{self, Outcome};
use super::rank::{self, Measurements};
use super::record::Record;
use super::{FidelitiesError, Progress, Ranking, candidates};
use crate::engine::executor::lock;
use crate::engine::plan::Plan;
use crate::engine::rungs::{Macs, fidelities, preparation};
use crate::engine::setup::is_over;
use crate::latency::{self, TIMED};
use crate::{
    LadderSettings, Settings,
    engine::{SearchError, open_data},
};
use automl_arch::Architecture;
use automl_numeric::stream;
use automl_study::StopFlag;
use automl_train::{Fidelity, PreparedFidelity, SelectedDevice, Timing, TrainError, one_thread};
use rand::RngExt;
use serde_json::json;
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The fewest architectures whose order means anything.
const LEAST: usize = 5;

/// How many draws are made for each architecture at most.
const DRAWS: u64 = 20;

/// Trains about 30 architectures of the block space at each of the settings
/// `fidelity.candidates` and, twice, at the full one, `training.epochs` on all of the search's images,
/// and says how well each setting ranks them and which ladder to prefer. Trainings that `file` holds
/// are not done again; the others are added to it.
///
/// Where the time limit ends it early, the architectures count that were trained at every setting.
/// Except for the measured times, and for networks that `search.max-latency` lets pass by measured
/// times, the result is a function of the settings.
///
/// # Errors
/// [`FidelitiesError`]: settings, data or devices that do not do, too little time, or a stop.
pub fn measure(
    settings: &Settings,
    file: Option<&Path>,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Ranking, FidelitiesError> {
    let start = Instant::now();
    let deadline = settings.search.timeout.and_then(|span| start.checked_add(span.0));
    let over = || is_over(stop, deadline);
    let early = |error: SearchError| match error.before_search(settings, stop) {
        SearchError::Stopped => FidelitiesError::Stopped,
        error => error.into(),
    };
    let (device, data) = open_data(settings)?;
    let record = file.map(Record::open).transpose()?.unwrap_or_default();
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
    let stages = PreparedFidelity::prepare(&compared, data, recipe, seed, &device.device, &over)
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

    let work = Work { settings, plan: &plan, stages: &stages, device: &device, record: &record };
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::default();
    let failure: Mutex<Option<SearchError>> = Mutex::new(None);
    let failed = || lock(&failure).is_some();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let work = || {
                    while !failed() {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(architecture) = architectures.get(index) else { break };
                        match work.train(architecture, index as u64, &|| over() || failed()) {
                            Ok(outcomes) => {
                                let mut results = lock(&results);
                                results.push((index, outcomes));
                                let (done, elapsed) = (results.len() as u64, start.elapsed());
                                observer(&Progress::Architecture { done, elapsed });
                            }
                            Err(SearchError::Train(TrainError::Stopped { .. })) => break,
                            Err(error) => {
                                lock(&failure).get_or_insert(error);
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
    let curve = rank::curve(&full);
    // Relative to the last one.
    let all = [&curve[..], &compared].concat();
    let mut costs = macs.relative_costs(&all, data);
    costs.rotate_left(curve.len());
    let (costs, outcomes, parameters) = (&costs, &outcomes, &parameters);
    let (settings, seed) = (&compared, settings.seed);
    Ok(Measurements { settings, costs, outcomes, parameters, data, seed }.rank())
}

/// What is trained, and where it is written down.
struct Work<'a> {
    settings: &'a Settings,
    plan: &'a Plan,
    /// The full setting is the last.
    stages: &'a [PreparedFidelity],
    device: &'a SelectedDevice,
    record: &'a Record,
}

impl Work<'_> {
    /// The outcomes of a network at each setting, and last at the full one with other weights.
    fn train(
        &self,
        architecture: &Architecture,
        index: u64,
        over: &dyn Fn() -> bool,
    ) -> Result<Vec<Outcome>, SearchError> {
        let weights = |name| stream(self.settings.seed, index, name).random();
        let (weights, others): (u64, u64) = (weights("weights"), weights("other weights"));
        let full = &self.stages[self.stages.len() - 1..];
        let all = self.stages.iter().map(|stage| (stage, weights));
        all.chain(full.iter().map(|stage| (stage, others)))
            .map(|(stage, weights)| self.outcome(stage, architecture, weights, over))
            .collect()
    }

    fn outcome(
        &self,
        stage: &PreparedFidelity,
        architecture: &Architecture,
        weights: u64,
        over: &dyn Fn() -> bool,
    ) -> Result<Outcome, SearchError> {
        // The curve of the full setting is the ladder `epochs`.
        let is_full = stage.fidelity == self.stages[self.stages.len() - 1].fidelity;
        let training = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "images": self.plan.describe(),
            "data": self.settings.data,
            "device": if self.device.is_gpu { &self.device.description } else { "CPU" },
            "seed": self.settings.seed,
            "setting": rank::rung(&stage.fidelity, self.plan.search_data.side),
            "every-epoch": is_full,
            "recipe": stage.recipe,
            "network": architecture.fingerprint().map_err(TrainError::from)?,
            "weights": weights,
        });
        if let Some(known) = self.record.known(&training) {
            return Ok(known);
        }
        let mut run = stage.training(architecture, weights, &self.device.device)?;
        let outcome = outcome::train(&mut run, is_full, over)?;
        self.record.keep(training, &outcome)?;
        Ok(outcome)
    }
}

/// The settings with the ladder's highest fidelity as the full setting, and without the ladder.
fn by_epochs(settings: &Settings) -> Settings {
    let mut by_epochs = settings.clone();
    by_epochs.training.epochs = Some(settings.search_epochs());
    by_epochs.fidelity.ladder = LadderSettings::Epochs;
    by_epochs
}

/// Different networks from the prior that keep within the caps.
fn draw(plan: &Plan, wanted: usize, seed: u64) -> Result<Vec<Architecture>, FidelitiesError> {
    let mut prints = HashSet::new();
    let mut architectures = Vec::new();
    for number in 0..DRAWS * wanted as u64 {
        let config = plan.space.sample_prior(&mut stream(seed, number, "architectures"));
        let architecture = plan.networks.architecture(&config);
        let Ok(network) = architecture.graph() else { continue };
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
