//! Trials as comma-separated values.

use crate::StudyData;
use crate::data::{reason, seconds, state_name};
use automl_study::{Trial, attribute};
use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt::Write;

/// All trials as comma-separated values (RFC 4180), one row each.
///
/// Columns: `number`, `state`, `values_<objective>` (final values, else those of the last report),
/// `fidelity` of the last report, `started` and `finished` (UTC, ISO 8601), `seconds`, `feasible`,
/// `worker`, `reason`, then `params_<name>`. A cell is empty where a trial has no such value.
///
/// # Examples
/// ```
/// use automl_report::{StudyData, trials_csv};
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let n = space.int("n", 3..=3).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?.optimize(1, |config| config[n] as f64)?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// let csv = trials_csv(&data);
/// assert!(csv.starts_with("number,state,values_value,fidelity,started,"));
/// assert!(csv.ends_with(",3\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn trials_csv(data: &StudyData) -> String {
    let objectives = data.objectives().iter().map(|o| format!("values_{}", o.name));
    let middle = ["fidelity", "started", "finished", "seconds", "feasible", "worker", "reason"];
    let params = data.params().iter().map(|param| format!("params_{}", param.name));
    let header: Vec<String> = ["number", "state"]
        .map(str::to_owned)
        .into_iter()
        .chain(objectives)
        .chain(middle.map(str::to_owned))
        .chain(params)
        .collect();
    let mut csv = String::new();
    add(&mut csv, header);
    for trial in data.trials() {
        add(&mut csv, cells(data, trial));
    }
    csv
}

/// What a row says of a trial, beside its parameters.
pub(crate) struct Cells<'a> {
    pub(crate) trial: &'a Trial,
    /// The final values, else those of the last report.
    pub(crate) values: &'a [f64],
    pub(crate) fidelity: Option<u64>,
    pub(crate) seconds: Option<f64>,
    pub(crate) worker: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
}

pub(crate) fn row<'a>(data: &StudyData, trial: &'a Trial) -> Cells<'a> {
    let values = trial.last_values().unwrap_or_default();
    Cells {
        trial,
        values: &values[..values.len().min(data.objectives().len())],
        fidelity: trial.reports.last().map(|report| report.fidelity.0),
        seconds: seconds(trial),
        worker: trial.attributes.get(attribute::WORKER).and_then(|worker| worker.as_str()),
        reason: reason(trial),
    }
}

fn cells(data: &StudyData, trial: &Trial) -> Vec<String> {
    let Cells { values, fidelity, seconds, worker, reason, .. } = row(data, trial);
    let time = |micros: Option<i64>| {
        let time = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()).unwrap_or_default()
    };
    let mut cells = vec![trial.number.to_string(), state_name(trial.state).to_owned()];
    cells.extend(
        (0..data.objectives().len())
            .map(|at| values.get(at).map(f64::to_string).unwrap_or_default()),
    );
    cells.push(fidelity.map(|fidelity| fidelity.to_string()).unwrap_or_default());
    cells.extend([time(trial.started), time(trial.finished)]);
    cells.push(seconds.map(|s| s.to_string()).unwrap_or_default());
    cells.push(trial.is_feasible().to_string());
    cells.push(worker.unwrap_or_default().to_owned());
    cells.push(reason.unwrap_or_default().to_owned());
    cells.extend((0..data.params().len()).map(|param| {
        data.literal(trial, param).map(|literal| literal.to_string()).unwrap_or_default()
    }));
    cells
}

fn add(csv: &mut String, cells: Vec<String>) {
    let quoted: Vec<Cow<'_, str>> = cells.iter().map(|cell| quote(cell)).collect();
    let _ = write!(csv, "{}\r\n", quoted.join(","));
}

fn quote(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn separators_and_quotes_are_quoted() {
        assert_eq!(quote("plain"), "plain");
        assert_eq!(quote("a,b"), "\"a,b\"");
        assert_eq!(quote("a\"b\nc"), "\"a\"\"b\nc\"");
    }
}
