//! The main job from settings to summary.

use super::executor::Executor;
use super::finish::Finish;
use super::folder::StudyFolder;
use super::learn::Learning;
use super::plan::{ETA, Plan};
use super::unique::UniqueNetworks;
use super::{Device, Event, SearchError, Settings, Start, Summary};
use crate::choose::{self, Setting};
use automl_storage::SqliteStorage;
use automl_study::{Direction, StopFlag, Study};
use automl_train::{Data, Dataset, DeviceChoice};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// The share of a time limit that the search itself may use; the rest is for the final training.
const SEARCH_SHARE: f64 = 0.4;

/// Searches for light networks as the settings say, and tells `observer` what happens.
///
/// `stop` ends the search cleanly: what runs is put back, what was recorded stays, and the same
/// study can be continued. The networks of the front lie in `runs/<study>/front/`, the summary in
/// `runs/<study>/summary.json`.
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
    let device = automl_train::choose(match settings.device {
        Device::Auto => DeviceChoice::Auto,
        Device::Cpu => DeviceChoice::Cpu,
        Device::Gpu => DeviceChoice::Gpu,
    })?;
    let data = &settings.data;
    let dataset = Dataset::load(&data.dataset, data.dir.as_deref(), data.side)?;
    let plan = Plan::new(settings, Data::split(&dataset, data.validation, settings.seed)?)?;
    drop(dataset);
    let folder = StudyFolder::open(&settings.runs, settings.study.as_deref(), &data.dataset)?;
    let storage = match &settings.storage {
        Some(url) => url.strip_prefix("sqlite:///").unwrap_or(url).into(),
        None => folder.path.join("study.db"),
    };

    let directions = [Direction::Maximize, Direction::Minimize];
    let setting = Setting {
        space: &plan.space,
        objectives: directions.len(),
        constraints: 0,
        budget: Some(plan.trials),
        ladder: Some(&plan.ladder),
        total_cost: None,
    };
    let sampler = choose::sampler(&settings.search.sampler, &setting)?;
    let scheduler = choose::scheduler(&settings.search.scheduler, &setting)?;
    let mut builder = Study::builder(plan.space.clone())
        .directions(directions)
        .seed(settings.seed)
        .budget(plan.trials)
        .sampler(UniqueNetworks::new(sampler, plan.blocks.clone()))
        .stop_flag(stop.clone())
        .storage(SqliteStorage::open(storage, &folder.name)?);
    builder = match scheduler {
        Some(scheduler) => builder.scheduler(plan.ladder.clone(), scheduler),
        None => builder.ladder(plan.ladder.clone()),
    };
    let mut study = builder.build()?;
    study.recover()?;
    study.set_trial_limit(Some(plan.trials));

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = settings.workers.unwrap_or(if device.is_gpu { 1 } else { cores });
    let one_thread_each = !device.is_gpu;
    observer(&Event::Start(Start {
        study: folder.name.clone(),
        folder: folder.path.clone(),
        data: describe(&plan),
        device: device.description.clone(),
        workers,
        known: study.history().len() as u64,
        trials: plan.trials,
        rungs: plan.ladder.rungs(ETA),
    }));

    let deadline = settings.search.timeout.map(|span| start + span.0);
    let search_deadline = settings.search.timeout.map(|span| start + span.0.mul_f64(SEARCH_SHARE));
    if settings.search.search_and_learn {
        let learning = Learning {
            settings,
            plan: &plan,
            device: &device.device,
            stop,
            deadline: search_deadline,
            observer,
        };
        learning.run(&mut study, workers)?;
    }
    let executor = Executor {
        settings,
        plan: &plan,
        folder: &folder,
        device: &device.device,
        study: Mutex::new(study),
        changed: Condvar::new(),
        stop,
        deadline: search_deadline,
        start,
        observer,
    };
    executor.run(workers, one_thread_each)?;
    let mut study = executor.study.into_inner().unwrap_or_else(PoisonError::into_inner);
    let finished = !stop.is_set();
    if finished && search_deadline.is_none_or(|deadline| Instant::now() < deadline) {
        // Every candidate that was worth it has been promoted: the paused ones are done.
        study.close()?;
    }

    let finish = Finish {
        settings,
        plan: &plan,
        folder: &folder,
        device: &device.device,
        seed: study.seed(),
        stop,
        deadline,
        observer,
    };
    let front =
        if finished { finish.run(study.history(), workers, one_thread_each)? } else { Vec::new() };
    let summary = Summary {
        study: folder.name.clone(),
        dataset: data.dataset.clone(),
        trials: study.history().len() as u64,
        seconds: start.elapsed().as_secs_f64(),
        device: device.description,
        front,
    };
    if finished {
        free_checkpoints(&study, &folder);
        let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
        super::write_file(&folder.path.join("summary.json"), &text)?;
    }
    Ok(summary)
}

/// Trials that are still paused keep theirs, for a continuation.
fn free_checkpoints(study: &Study, folder: &StudyFolder) {
    for trial in study.history().trials().iter().filter(|trial| trial.state.is_finished()) {
        folder.free_checkpoint(trial.number);
    }
}

fn describe(plan: &Plan) -> String {
    let data = &plan.data;
    let shape = format!("{}x{}x{}", data.side, data.side, data.channels);
    let searched = if plan.search_data.train.len() < data.train.len() {
        format!(" ({} of them in the search)", plan.search_data.train.len())
    } else {
        String::new()
    };
    format!(
        "{}: {} training{searched}, {} validation and {} test images of {shape} in {} classes",
        data.name,
        data.train.len(),
        data.validation.len(),
        data.test.len(),
        data.classes
    )
}
