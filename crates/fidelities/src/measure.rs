//! Measurement of networks at every setting, and comparison of the orders that result.

use super::outcome::{self, Outcome};
use super::rank::{self, Measurements};
use super::record::Record;
use super::{FidelitiesError, Progress, Ranking, candidates};
use automl_numeric::stream;
use automl_search::latency::{self, TIMED};
use automl_search::shared::Plan;
use automl_search::shared::is_over;
use automl_search::shared::unless_stopped;
use automl_search::shared::{Candidate, Earlier, open_data};
use automl_search::shared::{Macs, fidelities, preparation};
use automl_search::shared::{Pool, lock};
use automl_search::{Completion, SearchError};
use automl_settings::{LadderSettings, Settings};
use automl_study::StopFlag;
use automl_train::{Fidelity, PreparedFidelity, SelectedDevice, Timing};
use rand::RngExt;
use serde_json::json;
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The fewest networks for a comparison of orders.
const LEAST: usize = 5;

/// The most draws for each network.
const DRAWS: u64 = 20;

/// Ranks cheap settings by how well they rank networks, and chooses the ladder to prefer.
///
/// Trains about 30 networks of the space at each of the settings `fidelity.candidates` and, twice, at
/// the full one, `training.epochs` on all of the search's images. Trainings that `file` holds are not
/// repeated; new ones are appended to it.
///
/// Where the time limit ends the measurement, only networks count that were trained at every setting.
/// Except for the measured times, and for networks that `search.max-latency` allows by measured
/// times, the result is a function of the settings.
///
/// # Errors
/// [`FidelitiesError`]: settings, data or device that cannot be used, or too little time.
///
/// # Examples
/// ```no_run
/// use automl_fidelities::{FidelitiesError, measure};
/// use automl_settings::{Settings, ladder_toml};
/// use automl_study::StopFlag;
///
/// let done = measure(&Settings::default(), None, &StopFlag::new(), &|_| {})?;
/// if let Some(ranking) = done.finished() {
///     println!("{}", ladder_toml(&ranking.ladder()));
/// }
/// # Ok::<(), FidelitiesError>(())
/// ```
pub fn measure(
    settings: &Settings,
    file: Option<&Path>,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Completion<Ranking>, FidelitiesError> {
    let start = Instant::now();
    let deadline = settings.search.timeout.and_then(|span| start.checked_add(span.0));
    let over = || is_over(stop, deadline);
    let note = |note: String| observer(&Progress::Note(note));
    let opened = open_data(settings, Earlier::Nothing, &note, stop)?;
    let Some((device, data)) = opened else { return Ok(Completion::Interrupted) };
    let record = file.map(Record::open).transpose()?.unwrap_or_default();
    let mut plan = Plan::new(&by_epochs(settings), data, None, &device.device, &over)?;
    if settings.search.max_latency.is_some() {
        observer(&Progress::Note(format!("timing {TIMED} networks for the latency table")));
        let (networks, timing) = (plan.candidates.networks(), Timing::default());
        let (seed, device) = (settings.seed, &device.device);
        let profile = latency::profile(networks, &|_| true, TIMED, &timing, seed, device, &over);
        let Some(profile) = unless_stopped(profile, settings, stop)? else {
            return Ok(Completion::Interrupted);
        };
        plan.time_by(settings, profile.table)?;
    }
    let compared = compared(settings, &plan)?;
    if let Some(note) = compared.note {
        observer(&Progress::Note(note));
    }
    let (data, recipe, seed) = (&plan.search_data, &plan.recipe, settings.seed);
    let stages =
        PreparedFidelity::prepare(&compared.settings, data, recipe, seed, &device.device, &over);
    let Some(stages) = unless_stopped(stages, settings, stop)? else {
        return Ok(Completion::Interrupted);
    };
    let wanted = usize::try_from(settings.fidelity.architectures).unwrap_or(usize::MAX);
    let candidates = draw(&plan, wanted, settings.seed)?;
    let pool = Pool::new(settings.workers, &device);
    observer(&Progress::Start {
        data: plan.describe(),
        device: device.description.clone(),
        architectures: candidates.len() as u64,
        settings: stages.len(),
        workers: pool.workers,
    });
    let work = Work { settings, plan: &plan, stages: &stages, device: &device, record: &record };
    let done = |done| observer(&Progress::Architecture { done, elapsed: start.elapsed() });
    let results = work.run(pool, &candidates, &over, &done)?;
    if stop.is_set() {
        return Ok(Completion::Interrupted);
    }
    if results.len() < LEAST {
        return Err(FidelitiesError::Time { done: results.len(), least: LEAST });
    }
    Ok(Completion::Finished(rank(settings, &plan, &compared.settings, &candidates, results)))
}

/// The settings that are compared.
struct Compared {
    /// The full setting is the last.
    settings: Vec<Fidelity>,
    /// A note where their preparation takes long.
    note: Option<String>,
}

fn compared(settings: &Settings, plan: &Plan) -> Result<Compared, SearchError> {
    let data = &plan.search_data;
    let full = Fidelity::full(data, plan.recipe.epochs);
    let rungs = match &settings.fidelity.candidates {
        Some(given) => given.clone(),
        None => candidates::default(full.epochs, data.side.shorter()),
    };
    let mut settings = fidelities(&rungs, data)?;
    settings.push(full);
    Ok(Compared { settings, note: preparation(&rungs) })
}

/// The ranking of what was measured, by index of the candidate.
fn rank(
    settings: &Settings,
    plan: &Plan,
    compared: &[Fidelity],
    candidates: &[Arc<Candidate>],
    results: Vec<(usize, Vec<Outcome>)>,
) -> Ranking {
    let data = &plan.search_data;
    let parameters: Vec<f64> =
        results.iter().map(|(index, _)| candidates[*index].cost.parameters as f64).collect();
    let outcomes: Vec<Vec<Outcome>> = results.into_iter().map(|(_, outcomes)| outcomes).collect();
    let macs = Macs::new(&plan.candidates, &plan.space);
    let curve = rank::curve(&Fidelity::full(data, plan.recipe.epochs));
    // Relative to the last one.
    let all = [&curve[..], compared].concat();
    let mut costs = macs.relative_costs(&all, data);
    costs.rotate_left(curve.len());
    let (costs, outcomes, parameters) = (&costs, &outcomes, &parameters);
    let (settings, seed) = (compared, settings.seed);
    Measurements { settings, costs, outcomes, parameters, data, seed }.rank()
}

/// The trainings to run, and their record.
struct Work<'a> {
    settings: &'a Settings,
    plan: &'a Plan,
    /// The full setting is the last.
    stages: &'a [PreparedFidelity],
    device: &'a SelectedDevice,
    record: &'a Record,
}

impl Work<'_> {
    /// Trains the candidates until all are done or the time is over; the outcomes by index of the
    /// candidate, rising.
    fn run(
        &self,
        pool: Pool,
        candidates: &[Arc<Candidate>],
        over: &(dyn Fn() -> bool + Sync),
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<(usize, Vec<Outcome>)>, SearchError> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::default();
        pool.run(|has_failed| {
            while !has_failed() {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(candidate) = candidates.get(index) else { break };
                match self.train(candidate, index as u64, &|| over() || has_failed()) {
                    Ok(outcomes) => {
                        let mut results = lock(&results);
                        results.push((index, outcomes));
                        done(results.len() as u64);
                    }
                    Err(error) if error.is_stop() => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })?;
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(index, _)| *index);
        Ok(results)
    }

    /// The outcomes of a network at each setting, and last at the full one with other weights.
    fn train(
        &self,
        candidate: &Candidate,
        index: u64,
        over: &dyn Fn() -> bool,
    ) -> Result<Vec<Outcome>, SearchError> {
        let weights = |name| stream(self.settings.seed, index, name).random();
        let (weights, others): (u64, u64) = (weights("weights"), weights("other weights"));
        let full = &self.stages[self.stages.len() - 1..];
        let all = self.stages.iter().map(|stage| (stage, weights));
        all.chain(full.iter().map(|stage| (stage, others)))
            .map(|(stage, weights)| self.outcome(stage, candidate, weights, over))
            .collect()
    }

    fn outcome(
        &self,
        stage: &PreparedFidelity,
        candidate: &Candidate,
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
            "network": candidate.id,
            "weights": weights,
        });
        if let Some(known) = self.record.known(&training) {
            return Ok(known);
        }
        let mut run = stage.training(&candidate.architecture, weights, &self.device.device)?;
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

/// Different networks from the prior within the limits.
fn draw(plan: &Plan, wanted: usize, seed: u64) -> Result<Vec<Arc<Candidate>>, FidelitiesError> {
    let mut ids = HashSet::new();
    let mut candidates = Vec::new();
    for number in 0..DRAWS * wanted as u64 {
        let config = plan.space.sample_prior(&mut stream(seed, number, "architectures"));
        let Ok(candidate) = plan.candidates.of(&config) else { continue };
        if plan.caps.allow(&candidate) && ids.insert(candidate.id) {
            candidates.push(candidate);
        }
        if candidates.len() == wanted {
            return Ok(candidates);
        }
    }
    if candidates.len() < LEAST {
        return Err(FidelitiesError::TooFew { found: candidates.len(), wanted: LEAST });
    }
    Ok(candidates)
}
