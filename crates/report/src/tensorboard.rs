//! Trials as TensorBoard events.

mod proto;
mod record;

use crate::data::state_name;
use crate::{ReportError, StudyData};
use automl_space::Choice;
use automl_study::{State, Trial};
use proto::Message;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Writes the trials as TensorBoard events, one run of the name `trial-<number>` each, and returns their
/// number.
///
/// Each report gives a scalar of each objective, with the fidelity as step; a trial without reports gives
/// its final values at step 0. Trials of a search have scalars of their last measurements too
/// (`validation_loss`, `seconds`, ...). The parameters, the settings of the training that are the same for all
/// trials (`training.learning-rate`, ...) and the state are those of the plugin `hparams`. A trial that has
/// not started has no run. Existing runs of the same names are replaced.
///
/// # Errors
/// [`ReportError::Write`] where a file cannot be written.
///
/// # Examples
/// ```
/// use automl_report::{StudyData, tensorboard};
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?.optimize(3, |config| config[x])?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// assert_eq!(tensorboard(&data, &folder.path().join("events"))?, 3);
/// assert!(folder.path().join("events/trial-2/events.out.tfevents.0.automl").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tensorboard(data: &StudyData, folder: &Path) -> Result<usize, ReportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Write { path, source }
    };
    let mut runs = 0;
    for trial in data.trials().iter().filter(|trial| trial.state != State::Waiting) {
        let run = folder.join(format!("trial-{}", trial.number));
        fs::create_dir_all(&run).map_err(failed(&run))?;
        let path = run.join("events.out.tfevents.0.automl");
        fs::write(&path, events(data, trial)).map_err(failed(&path))?;
        runs += 1;
    }
    Ok(runs)
}

/// The events of one trial.
fn events(data: &StudyData, trial: &Trial) -> Vec<u8> {
    let seconds = |micros: Option<i64>| micros.unwrap_or(0) as f64 / 1e6;
    let start = seconds(trial.started);
    let end = seconds(trial.finished.or(trial.started));
    let mut file = record::framed(&proto::version(start));
    let mut add = |time: f64, step: i64, value: Message| {
        file.extend(record::framed(&proto::event(time, step, value)));
    };
    let metrics: Vec<&str> = data.objectives().iter().map(|o| o.name.as_str()).collect();
    let params = (0..data.params().len()).filter_map(|at| {
        let name = data.params()[at].name.as_str();
        Some((name, data.literal(trial, at).map(|choice| hparam(&choice))?))
    });
    let fixed = data.settings().numbers("training");
    let fixed = fixed.iter().map(|(name, x)| (name.as_str(), Message::new().double(2, *x)));
    let params: Vec<(&str, Message)> = params.chain(fixed).collect();
    add(start, 0, proto::experiment(&metrics, params.iter().map(|(name, _)| *name)));
    add(start, 0, proto::session_start(start, state_name(trial.state), params));
    let last = trial.reports.len().max(1) as f64;
    for (at, report) in trial.reports.iter().enumerate() {
        // The times of reports are not recorded: they are spread over the time of the trial.
        let time = start + (end - start) * (at + 1) as f64 / last;
        for (name, value) in metrics.iter().zip(&report.values) {
            add(time, report.fidelity.0 as i64, proto::scalar(name, *value));
        }
    }
    let step = trial.reports.last().map_or(0, |report| report.fidelity.0 as i64);
    let measured = trial.attributes.get("automl:metrics").and_then(Value::as_object);
    for (name, value) in measured.into_iter().flatten() {
        if let Some(value) = value.as_f64().filter(|_| !metrics.contains(&name.as_str())) {
            add(end, step, proto::scalar(name, value));
        }
    }
    if trial.reports.is_empty() {
        for (name, value) in metrics.iter().zip(&trial.values) {
            add(end, 0, proto::scalar(name, *value));
        }
    }
    add(end, 0, proto::session_end(end, trial.state));
    file
}

/// A parameter's value as the plugin's.
fn hparam(choice: &Choice) -> Message {
    match choice {
        Choice::Bool(x) => Message::new().integer(4, u64::from(*x)),
        Choice::Int(x) => Message::new().double(2, *x as f64),
        Choice::Float(x) => Message::new().double(2, *x),
        Choice::Null | Choice::Str(_) => Message::new().text(3, &choice.to_string()),
    }
}
