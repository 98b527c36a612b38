//! A run from its settings to its summary.

use crate::folder::Folder;
use crate::plan::{Plan, RunContext};
use crate::summary::{Best, BestTrial, table};
use crate::tuner::Tuner;
use crate::{TuneError, TuneEvent, TuneSettings, record};
use automl_storage::SqliteStorage;
use automl_study::{Next, State, StopFlag, Storage, Study, StudyBuilder};
use std::path::PathBuf;

/// The result of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TuneOutcome {
    /// The name of the study.
    pub study: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether nothing is left to do: the stop flag and the time limit end a run before.
    pub is_finished: bool,
    /// Trials that are complete, pruned or failed.
    pub finished: u64,
    /// Failed trials.
    pub failed: u64,
    /// Trials that wait at a lower fidelity.
    pub paused: u64,
    /// The best trial, or with several objectives the Pareto front; empty before the first complete,
    /// feasible trial.
    pub best: Vec<BestTrial>,
    /// The trial to use in place of the best one, where losses are noisy and another one is expected to
    /// be better ([`automl_study::Study::recommend`]).
    pub recommended: Option<BestTrial>,
    /// The best ten trials as a table of text.
    pub table: String,
}

/// Runs a program with the proposals of a study until its trials are done, the time is over, or the
/// stop flag is set. A study of this name is continued, or joined while other processes work on it.
///
/// In the folder of the study lie `study.db` (unless another storage is set), `best.json`, and for
/// each trial `trials/<number>/` with `output.log`, `config.json` and `checkpoint/`.
///
/// # Examples
/// ```
/// use automl_study::StopFlag;
/// use automl_tune::{SpaceFile, TuneSettings, tune};
///
/// let folder = tempfile::tempdir()?;
/// let space = SpaceFile::read(None, &["x=float(0,1)".into()])?.space;
/// let command = ["sh", "-c", "echo '{{\"loss\": {x}}}'"].map(str::to_owned).to_vec();
/// let mut settings = TuneSettings::new(space, command);
/// settings.trials = 3;
/// settings.runs = folder.path().into();
/// let outcome = tune(&settings, &StopFlag::new(), &|event| println!("{event}"))?;
/// assert!(outcome.is_finished && outcome.best.len() == 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`TuneError`]: settings that cannot be used, before anything starts; a storage or a file that
/// fails; trials that all fail. Recorded trials stay.
pub fn tune(
    settings: &TuneSettings,
    stop: &StopFlag,
    observer: &(dyn Fn(&TuneEvent) + Sync),
) -> Result<TuneOutcome, TuneError> {
    let plan = Plan::new(settings)?;
    let folder = Folder::open(&settings.runs, settings.study.as_deref())?;
    let (mut study, left_out) = match begin(&plan, &folder, stop) {
        Ok(begun) => begun,
        Err(error) => {
            folder.discard();
            return Err(error);
        }
    };
    folder.share()?;
    if let Some(url) = &settings.storage {
        folder.point_to(url)?;
    }
    study.set_trial_limit(Some(settings.trials));
    observer(&TuneEvent::Start {
        study: folder.name.clone(),
        folder: folder.path.clone(),
        known: study.history().len() as u64,
        trials: settings.trials,
        slots: settings.slots(),
    });
    let notes = plan.hints().into_iter().chain(left_out);
    notes.for_each(|note| observer(&TuneEvent::Note(note)));
    let tuner = Tuner::new(&plan, &folder, study, stop, observer);
    let is_finished = tuner.run(settings.slots())?;
    let mut study = tuner.into_study();
    study.refresh().map_err(automl_study::AskError::from)?;
    let (mut best, mut recommended) = (Vec::new(), None);
    if let Some(found) = Best::of(&study, &plan, &folder) {
        let found = found.recommending(&mut study, &plan, &folder)?;
        found.write(&folder)?;
        (best, recommended) = found.into_trials();
    }
    Ok(TuneOutcome {
        is_finished,
        finished: study.history().finished() as u64,
        failed: study.history().count(State::Failed) as u64,
        paused: study.history().count(State::Paused) as u64,
        best,
        recommended,
        table: table(&study, &plan),
        study: folder.name,
        folder: folder.path,
    })
}

/// Opens the storage and recovers trials of former processes; returns the study and what of a warm start
/// was left out.
fn begin(
    plan: &Plan<'_>,
    folder: &Folder,
    stop: &StopFlag,
) -> Result<(Study, Vec<String>), TuneError> {
    let settings = plan.settings;
    let storage: Box<dyn Storage> = match &settings.storage {
        Some(url) => automl_storage::open(url, &folder.name)?,
        None => Box::new(SqliteStorage::open(folder.record()?, &folder.name)?),
    };
    let (builder, left_out) = builder(plan, &folder.name)?;
    let mut study = builder.storage(storage).stop_flag(stop.clone()).build()?;
    record::agree(&mut study, &folder.name, settings)?;
    // A process with the record in a folder of its own knows that no other process works on it.
    if settings.storage.is_none() && folder.alone {
        study.recover_all()?
    } else {
        study.recover()?
    };
    Ok((study, left_out))
}

/// The command of the first trial, as a line for a shell: all settings are checked, and nothing is
/// run or written.
///
/// # Errors
/// [`TuneError`] for settings that cannot be used.
pub fn preview(settings: &TuneSettings) -> Result<String, TuneError> {
    let plan = Plan::new(settings)?;
    let name = settings.study.as_deref().unwrap_or("tune-1");
    let mut study = builder(&plan, name)?.0.build()?;
    let Next::Run(assignment) = study.next_job()? else { return Ok(String::new()) };
    let folder = crate::folder::TrialFolder::planned(&settings.runs.join(name), 0);
    let context = RunContext {
        number: 0,
        config: &assignment.config,
        slot: 0,
        target: assignment.target.map(|target| target.0),
        folder: &folder,
        has_parent: false,
    };
    Ok(plan.render(&plan.values(&context), &assignment.config).line())
}

/// The builder of the study of this name, and the earlier studies that do not fit.
fn builder(plan: &Plan<'_>, name: &str) -> Result<(StudyBuilder, Vec<String>), TuneError> {
    let settings = plan.settings;
    let (sampler, scheduler) = plan.parts()?;
    let mut builder = Study::builder(settings.space.clone())
        .directions(plan.directions())
        .sampler(sampler)
        .planned_trials(settings.trials);
    if let Some(seed) = settings.seed {
        builder = builder.seed(seed);
    }
    let mut left_out = Vec::new();
    if !settings.warm_start.is_empty() {
        let (specs, runs) = (&settings.warm_start, &settings.runs);
        let found = automl_transfer::read(specs, runs, name, &settings.space, &plan.directions())?;
        left_out = found.left_out;
        builder = builder.warm_start(found.sources);
    }
    let builder = match (plan.ladder.clone(), scheduler) {
        (Some(ladder), Some(scheduler)) => builder.scheduler(ladder, scheduler),
        (Some(ladder), None) => builder.ladder(ladder),
        (None, _) => builder,
    };
    Ok((builder, left_out))
}
