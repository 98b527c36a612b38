//! The result of a study: the best trials, with the commands that repeat them.

use crate::TuneError;
use crate::event::state_name;
use crate::folder::{self, Folder, TrialFolder};
use crate::plan::{Plan, RunContext};
use crate::record::SECONDS;
use automl_study::{State, Study, Trial, attribute};
use serde::Serialize;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::fmt::Write;

/// One trial with what is needed to repeat it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestTrial {
    /// The number of the trial.
    pub trial: u64,
    /// The objective values by name.
    pub values: Map<String, Value>,
    /// The active parameters.
    pub params: Map<String, Value>,
    /// The highest fidelity that was reported; absent without fidelities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<u64>,
    /// The command as a line for a shell, to the highest fidelity.
    pub command: String,
    /// The command word by word.
    pub words: Vec<String>,
}

/// The best trials: one, or with several objectives the Pareto front.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Best {
    study: String,
    best: Vec<BestTrial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommended: Option<BestTrial>,
}

impl Best {
    /// `None` before the first feasible, complete trial.
    pub(crate) fn of(study: &Study, plan: &Plan<'_>, folder: &Folder) -> Option<Self> {
        let trials = match plan.settings.objectives.len() {
            1 => study.best().into_iter().collect(),
            _ => study.front(),
        };
        let best: Vec<BestTrial> =
            trials.iter().map(|trial| best_trial(trial, plan, folder)).collect();
        (!best.is_empty()).then(|| Self { study: folder.name.clone(), best, recommended: None })
    }

    /// The same with the trial that the study recommends, which is noted among its attributes: of
    /// noisy losses the least is that of a lucky trial.
    ///
    /// # Errors
    /// [`TuneError`] if the storage fails.
    pub(crate) fn recommending(
        mut self,
        study: &mut Study,
        plan: &Plan<'_>,
        folder: &Folder,
    ) -> Result<Self, TuneError> {
        let [best] = &self.best[..] else { return Ok(self) };
        let Some(trial) = study.recommend().cloned() else { return Ok(self) };
        if trial.number.0 != best.trial {
            self.recommended = Some(best_trial(&trial, plan, folder));
        }
        if let Some(storage) = study.storage() {
            storage.set_attribute(attribute::RECOMMENDED, &trial.number.0.into())?;
        }
        Ok(self)
    }

    /// The best trials, and the recommended one where it is another.
    pub(crate) fn into_trials(self) -> (Vec<BestTrial>, Option<BestTrial>) {
        (self.best, self.recommended)
    }

    /// Writes `best.json`.
    pub(crate) fn write(&self, folder: &Folder) -> Result<(), TuneError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        folder::write(&folder.path.join("best.json"), &(text + "\n"))
    }
}

fn best_trial(trial: &Trial, plan: &Plan<'_>, folder: &Folder) -> BestTrial {
    let context = RunContext {
        number: trial.number.0,
        config: &trial.config,
        slot: 0,
        target: plan.ladder.as_ref().map(|ladder| ladder.max().0),
        folder: &TrialFolder::planned(&folder.path, trial.number.0),
        has_parent: false,
    };
    let command = plan.render(&plan.values(&context), &trial.config);
    let names = plan.settings.objectives.iter().map(|objective| objective.name.clone());
    BestTrial {
        trial: trial.number.0,
        values: names.zip(trial.values.iter().map(|value| (*value).into())).collect(),
        params: plan.config_json(&trial.config),
        fidelity: plan.ladder.is_some().then(|| trial.fidelity().0),
        command: command.line(),
        words: command.words,
    }
}

/// The number of trials of the table.
const ROWS: usize = 10;

/// The best trials as a table of text.
pub(crate) fn table(study: &Study, plan: &Plan<'_>) -> String {
    let objectives = &plan.settings.objectives;
    let params = plan.settings.space.params();
    let mut head: Vec<String> = vec!["trial".into(), "state".into()];
    head.extend(plan.ladder.as_ref().map(|ladder| ladder.name().to_owned()));
    head.extend(objectives.iter().map(|objective| objective.name.clone()));
    head.push("seconds".into());
    head.extend(params.iter().map(|param| param.name().to_owned()));
    let mut rows = vec![head];
    for trial in ranked(study).into_iter().take(ROWS) {
        let state = match trial.state {
            State::Complete if !trial.is_feasible() => "infeasible",
            state => state_name(state),
        };
        let mut row = vec![trial.number.to_string(), state.to_owned()];
        row.extend(plan.ladder.as_ref().map(|_| trial.fidelity().to_string()));
        row.extend(trial.last_values().unwrap_or_default().iter().map(|value| short(*value)));
        let seconds = trial.attributes.get(SECONDS).and_then(Value::as_f64);
        row.push(seconds.map_or_else(|| "-".into(), |seconds| format!("{seconds:.1}")));
        row.extend(params.iter().enumerate().map(|(at, param)| {
            let literal = trial.config.value(at).and_then(|value| param.domain().literal(value));
            match literal {
                Some(automl_space::Choice::Float(value)) => short(value),
                Some(literal) => literal.to_string(),
                None => "-".into(),
            }
        }));
        rows.push(row);
    }
    aligned(&rows)
}

/// Trials with values: complete feasible ones first, then by fidelity and by the first objective.
fn ranked(study: &Study) -> Vec<&Trial> {
    let history = study.history();
    let mut trials: Vec<&Trial> =
        history.trials().iter().filter(|trial| trial.last_values().is_some()).collect();
    let key = |trial: &Trial| {
        let rank = match trial.state {
            State::Complete if trial.is_feasible() => 0,
            _ if trial.is_feasible() => 1,
            _ => 2,
        };
        (rank, std::cmp::Reverse(trial.fidelity()))
    };
    let loss = |trial: &Trial| {
        let values = trial.last_values().unwrap_or_default();
        let first = history.directions().first().zip(values.first());
        first.map_or(f64::NAN, |(direction, value)| direction.loss(*value))
    };
    trials.sort_by(|a, b| match key(a).cmp(&key(b)) {
        Ordering::Equal => loss(a).total_cmp(&loss(b)),
        other => other,
    });
    trials
}

/// A number with at most six significant digits.
fn short(value: f64) -> String {
    let size = value.abs();
    if value != 0.0 && !(1e-3..1e6).contains(&size) && value.is_finite() {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.5}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Columns of equal width.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:>width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (1e-5, "1.000e-5"),
            (12.0, "12"),
            (3.25e7, "3.250e7"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
