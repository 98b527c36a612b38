//! The main job from settings to summary.

use super::cost_diversity::CostDiversitySampler;
use super::deduplicate::DeduplicatingSampler;
use super::executor::Executor;
use super::finish::Finish;
use super::folder::StudyFolder;
use super::learn::Learning;
use super::learn_recipe::RecipeLearning;
use super::plan::{ETA, Plan};
use super::resume;
use super::scores::{self, ProxyFilterSampler};
use super::setup::{Setup, is_over};
use super::{SearchError, rungs, timing};
use crate::{Device, Event, LadderSettings, Settings, Start, Summary, ZeroCostProxy};
use automl_data::{DataSplits, Dataset};
use automl_storage::SqliteStorage;
use automl_study::part::StudyContext;
use automl_study::{Direction, Sampler, State, StopFlag, Storage, Study};
use automl_train::{DeviceChoice, SelectedDevice};
use std::sync::PoisonError;
use std::time::Instant;

/// The share of a time limit that the search itself may use; the rest is for the final training.
const SEARCH_SHARE: f64 = 0.4;

/// The share of a time limit by which a recipe must be learnt.
const RECIPE_SHARE: f64 = 0.1;

/// The share of a time limit by which a latency table must be made.
const LATENCY_SHARE: f64 = 0.2;

/// Searches for light networks as the settings say, and tells `observer` what happens.
///
/// `stop` ends the search cleanly: what runs is put back, what was recorded stays, and the same
/// study can be continued, with the settings that it began with where others are not given. The
/// networks of the front lie in `runs/<study>/front/`, the summary in `runs/<study>/summary.json`.
///
/// # Errors
/// [`SearchError`]: settings, data or devices that do not do, or files that cannot be written.
/// What was recorded before stays.
pub fn run(
    settings: &Settings,
    stop: &StopFlag,
    observer: &(dyn Fn(&Event) + Sync),
) -> Result<Summary, SearchError> {
    let start = Instant::now();
    settings.check()?;
    let given = settings;
    let (begun, taken) = resume::settings(given)?;
    let settings = &begun;
    taken.into_iter().for_each(|note| observer(&Event::Note(note)));
    let (device, images) = open_data(settings)?;
    // A limit beyond what the clock can show is none.
    let limit = settings.search.timeout.map(|span| span.0);
    let by = |share: f64| limit.and_then(|limit| start.checked_add(limit.mul_f64(share)));
    let (deadline, search_deadline) = (by(1.0), by(SEARCH_SHARE));
    if let LadderSettings::List(list) = &settings.fidelity.ladder {
        rungs::preparation(list).into_iter().for_each(|note| observer(&Event::Note(note)));
    }
    let over = || is_over(stop, search_deadline);
    let mut plan = Plan::new(settings, images, &device.device, &over)
        .map_err(|error| error.before_search(settings, stop))?;
    let data = &settings.data;
    let waits = || {
        let note = "waiting for the process that begins or ends the study in this folder";
        observer(&Event::Note(note.into()));
    };
    let (runs, study) = (&settings.runs, settings.study.as_deref());
    let mut folder = StudyFolder::open(runs, study, &data.dataset, stop, &waits)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = settings.workers.unwrap_or(if device.is_gpu { 1 } else { cores });
    let directions = [Direction::Maximize, Direction::Minimize];
    let mut record = open_record(settings, &folder)?;
    let is_new = !record.begin(&directions)?;
    let mut joined = resume::join(given, settings, &mut *record, is_new)?;
    joined.taken.take().into_iter().for_each(|note| observer(&Event::Note(note)));
    // What follows may take minutes and be interrupted: the study goes on as it began.
    if is_new || joined.known && folder.fresh {
        resume::keep(&begun, &folder.path)?;
    }
    plan.search_by(&joined.settings);
    let mut settings = joined.settings.clone();
    if settings.search.learn_recipe {
        let setup = Setup {
            settings: &settings,
            plan: &plan,
            folder: &folder,
            device: &device.device,
            stop,
            observer,
        };
        let training =
            RecipeLearning { setup, deadline: by(RECIPE_SHARE) }.run(&mut *record, workers)?;
        folder.filled = true;
        plan.train_by(&training)?;
        settings.training = training;
    }
    let settings = &settings;
    if settings.search.wants_latency() {
        let setup = Setup {
            settings,
            plan: &plan,
            folder: &folder,
            device: &device.device,
            stop,
            observer,
        };
        let profile = timing::profile(setup, &mut *record, by(LATENCY_SHARE))
            .map_err(|error| error.before_search(settings, stop))?;
        folder.filled = true;
        observer(&Event::Note(format!("latency {}", profile.report)));
        plan.time_by(settings, profile.table)?;
    }
    let setting = StudyContext {
        space: &plan.space,
        objectives: directions.len(),
        constraints: 0,
        planned_trials: Some(plan.trials),
        ladder: Some(&plan.rungs.ladder),
        total_cost: None,
        trial_limit: Some(plan.trials),
    };
    let (sampler, scheduler) =
        automl_registry::pair(&settings.search.sampler, &settings.search.scheduler, &setting)?;
    let sampler = DeduplicatingSampler::new(sampler, plan.networks.clone());
    let (networks, caps) = (plan.networks.clone(), plan.caps.clone());
    let sampler =
        CostDiversitySampler::new(sampler, networks, caps, settings.search.cost_objective);
    let sampler: Box<dyn Sampler> = match scores::score(settings.search.zero_cost_proxy) {
        Some(score) => {
            Box::new(ProxyFilterSampler::new(sampler, score, &plan, settings.seed, &over))
        }
        None => Box::new(sampler),
    };
    let mut builder = Study::builder(plan.space.clone())
        .directions(directions)
        .seed(settings.seed)
        .planned_trials(plan.trials)
        .sampler(sampler)
        .stop_flag(stop.clone())
        .storage(record);
    builder = match scheduler {
        Some(scheduler) => builder.scheduler(plan.rungs.ladder.clone(), scheduler),
        None => builder.ladder(plan.rungs.ladder.clone()),
    };
    let mut study = builder.build()?;
    // Who is alone in the folder of the record is alone in the study.
    if folder.alone && settings.storage.is_none() {
        study.recover_all()?;
    } else {
        study.recover()?;
    }
    let others = !folder.alone || study.history().count(State::Running) > 0;
    if let Some(record) = study.storage() {
        joined.settle(record, others)?;
    }
    folder.keep()?;
    study.set_trial_limit(Some(plan.trials));

    let setup =
        Setup { settings, plan: &plan, folder: &folder, device: &device.device, stop, observer };
    let one_thread_each = !device.is_gpu;
    observer(&Event::Start(Start {
        study: folder.name.clone(),
        folder: folder.path.clone(),
        data: plan.describe(),
        device: device.description.clone(),
        workers,
        known: study.history().len() as u64,
        trials: plan.trials,
        judged: plan.rungs.describe(ETA),
        limits: plan.caps.describe(),
    }));

    if settings.search.search_and_learn {
        Learning { setup, deadline: search_deadline }.run(&mut study, workers)?;
    }
    let executor = Executor::new(setup, study, search_deadline, start);
    executor.run(workers, one_thread_each)?;
    let mut study = executor.study.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut finished = !stop.is_set();
    if finished && search_deadline.is_none_or(|deadline| Instant::now() < deadline) {
        // Every candidate that was worth it has been promoted: the paused ones are done.
        let may_close = match study.storage() {
            Some(record) => resume::may_close(settings, record)?,
            None => true,
        };
        if may_close {
            study.finalize()?;
        }
    }

    if finished && !folder.is_last()? {
        let note = "others are still at work in the study's folder: the last one trains the front";
        observer(&Event::Note(note.into()));
        finished = false;
    }
    study.refresh()?;
    let finish = Finish { setup, seed: study.seed(), deadline };
    let front =
        if finished { finish.run(study.history(), workers, one_thread_each)? } else { Vec::new() };
    // The final training may have been interrupted too.
    let finished = finished && !stop.is_set();
    let scored = settings.search.scores || settings.search.zero_cost_proxy != ZeroCostProxy::None;
    let scores = (finished && scored)
        .then(|| {
            let over = || is_over(stop, deadline);
            scores::table(&plan, study.history(), study.seed(), &over)
        })
        .flatten();
    let summary = Summary {
        study: folder.name.clone(),
        dataset: data.dataset.clone(),
        trials: study.history().trials().iter().filter(|t| t.started.is_some()).count() as u64,
        seconds: start.elapsed().as_secs_f64(),
        device: device.description,
        front,
        scores,
    };
    if finished {
        free_checkpoints(&study, &folder);
        let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
        super::write_file(&folder.path.join("summary.json"), &text)?;
    }
    Ok(summary)
}

/// The record of the study, where the settings say or in its folder.
fn open_record(settings: &Settings, folder: &StudyFolder) -> Result<Box<dyn Storage>, SearchError> {
    match &settings.storage {
        Some(url) => Ok(automl_storage::open(url, &folder.name)?),
        None => Ok(Box::new(SqliteStorage::open(folder.path.join("study.db"), &folder.name)?)),
    }
}

/// The device, and the data in its parts.
pub(crate) fn open_data(settings: &Settings) -> Result<(SelectedDevice, DataSplits), SearchError> {
    settings.check()?;
    let device = automl_train::choose(match settings.device {
        Device::Auto => DeviceChoice::Auto,
        Device::Cpu => DeviceChoice::Cpu,
        Device::Gpu => DeviceChoice::Gpu,
    })?;
    let data = &settings.data;
    let dataset = Dataset::load(&data.dataset, data.dir.as_deref(), data.side)?;
    Ok((device, DataSplits::split(&dataset, data.validation, settings.seed)?))
}

/// Trials that are still paused keep theirs, for a continuation; final trainings are over.
fn free_checkpoints(study: &Study, folder: &StudyFolder) {
    for trial in study.history().trials() {
        folder.free_final_checkpoint(trial.number.0);
        if trial.state.is_finished() {
            folder.free_checkpoint(trial.number.0);
        }
    }
}
