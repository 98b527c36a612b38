//! Operations as lines of a journal, written as Python writes JSON.

use super::replay::TrialRow;
use automl_optuna::codec;
use automl_optuna::constraints;
use automl_optuna::distribution::distribution;
use automl_optuna::draft::REPORT;
use automl_optuna::python::{fields, number, numbers, object, text, time};
use automl_space::Space;
use automl_study::{Report, State, Trial, attribute};
use serde_json::Value;

/// A writer of operations, with the name that tells its lines from those of others.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    name: String,
}

/// The number of a state.
fn state(state: State) -> usize {
    let name = codec::state_name(state);
    super::replay::STATES.iter().position(|known| *known == name).unwrap_or(0)
}

/// The values of a finished trial, unless one is NaN, which Optuna does not know.
fn values(trial: &Trial) -> Option<String> {
    let has = trial.state.is_finished() && !trial.values.is_empty();
    (has && !trial.values.iter().any(|v| v.is_nan())).then(|| numbers(&trial.values))
}

/// The parameters as they are fixed for a waiting trial.
fn fixed(space: &Space, trial: &Trial) -> String {
    let choices = space.describe(&trial.config);
    object(choices.map(|(name, choice)| (name.to_owned(), codec::literal(&choice).to_string())))
}

impl Writer {
    pub(super) fn new(name: String) -> Self {
        Self { name }
    }

    fn line(&self, code: u8, rest: &str) -> String {
        format!("{{\"op_code\":{code},\"worker_id\":{},{rest}}}", text(&self.name))
    }

    pub(super) fn create_study(&self, name: &str, directions: &[u64]) -> String {
        let directions = Value::from(directions.to_vec());
        self.line(0, &format!("\"study_name\":{},\"directions\":{directions}", text(name)))
    }

    pub(super) fn delete_study(&self, study: usize) -> String {
        self.line(1, &format!("\"study_id\":{study}"))
    }

    pub(super) fn study_attribute(&self, study: usize, key: &str, value: &Value) -> String {
        let is_system = key.starts_with("study:");
        self.attribute_of_study(study, is_system, key, &value.to_string())
    }

    /// An attribute of Optuna's own, or of a user.
    pub(super) fn attribute_of_study(
        &self,
        study: usize,
        is_system: bool,
        key: &str,
        value: &str,
    ) -> String {
        let (code, name) = if is_system { (3, "system_attr") } else { (2, "user_attr") };
        let pair = object([(key, value.to_owned())]);
        self.line(code, &format!("\"study_id\":{study},\"{name}\":{pair}"))
    }

    pub(super) fn user_attribute(&self, trial: usize, key: &str, value: &str) -> String {
        let pair = object([(key, value.to_owned())]);
        self.line(8, &format!("\"trial_id\":{trial},\"user_attr\":{pair}"))
    }

    fn system_attribute(&self, trial: usize, key: &str, value: &str) -> String {
        let pair = object([(key, value.to_owned())]);
        self.line(9, &format!("\"trial_id\":{trial},\"system_attr\":{pair}"))
    }

    /// A new trial from its parts as JSON.
    pub(super) fn trial<'a>(
        &self,
        study: usize,
        parts: impl IntoIterator<Item = (&'a str, String)>,
    ) -> String {
        self.line(4, &format!("\"study_id\":{study},{}", fields(parts)))
    }

    /// A new trial with everything that is known of it.
    pub(super) fn create_trial(
        &self,
        study: usize,
        space: &Space,
        names: &[String],
        trial: &Trial,
        more: Vec<(String, String)>,
    ) -> String {
        let waits = trial.state == State::Waiting;
        let params = space.params().iter().zip(trial.config.values()).filter(|_| !waits);
        let params: Vec<_> = params.filter_map(|(param, value)| Some((param, value?))).collect();
        let internal = params.iter().map(|(p, v)| (p.name().to_owned(), number(v.as_f64())));
        let stored =
            params.iter().map(|(p, _)| (p.name().to_owned(), text(&distribution(p.domain()))));
        let mut system: Vec<_> = constraints::attributes(&trial.constraints, names).collect();
        if waits {
            system.push(("fixed_params".to_owned(), fixed(space, trial)));
        }
        let mut user: Vec<_> =
            trial.attributes.iter().map(|(key, value)| (key.clone(), value.to_string())).collect();
        user.extend(trial.reports.iter().filter_map(several));
        if trial.state == State::Paused {
            user.push((attribute::PAUSED.to_owned(), "true".to_owned()));
        }
        user.extend(more);
        let first = |report: &Report| report.values.first().copied().unwrap_or(f64::NAN);
        let reports = trial.reports.iter().map(|r| (r.fidelity.to_string(), number(first(r))));
        let finished = trial.finished.map(|_| ("datetime_complete", time(trial.finished)));
        let parts = [
            ("datetime_start", time(trial.started)),
            ("state", state(trial.state).to_string()),
            ("values", values(trial).unwrap_or_else(|| "null".to_owned())),
            ("distributions", object(stored)),
            ("params", object(internal)),
            ("user_attrs", object(user)),
            ("system_attrs", object(system)),
            ("intermediate_values", object(reports)),
        ];
        self.trial(study, parts.into_iter().chain(finished))
    }

    /// A report; the values of several objectives are an attribute.
    pub(super) fn report(&self, trial: usize, report: &Report) -> Vec<String> {
        let first = number(report.values.first().copied().unwrap_or(f64::NAN));
        let step = report.fidelity;
        let rest = format!("\"trial_id\":{trial},\"step\":{step},\"intermediate_value\":{first}");
        let all = several(report).map(|(key, value)| self.user_attribute(trial, &key, &value));
        std::iter::once(self.line(7, &rest)).chain(all).collect()
    }

    /// What makes a stored trial the given one. Its state comes last, since a finished trial does not
    /// change any more.
    pub(super) fn update(
        &self,
        id: usize,
        row: &TrialRow,
        space: &Space,
        names: &[String],
        trial: &Trial,
        more: Vec<(String, String)>,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        if trial.state == State::Waiting {
            lines.push(self.system_attribute(id, "fixed_params", &fixed(space, trial)));
        } else if row.state == state(State::Waiting) {
            for (param, value) in space.params().iter().zip(trial.config.values()) {
                let Some(value) =
                    value.filter(|_| row.params.iter().all(|(known, _)| known != param.name()))
                else {
                    continue;
                };
                let (name, internal) = (text(param.name()), number(value.as_f64()));
                let stored = text(&distribution(param.domain()));
                lines.push(self.line(
                    5,
                    &format!(
                        "\"trial_id\":{id},\"param_name\":{name},\
                         \"param_value_internal\":{internal},\"distribution\":{stored}"
                    ),
                ));
            }
        }
        for (key, value) in constraints::attributes(&trial.constraints, names) {
            lines.push(self.system_attribute(id, &key, &value));
        }
        for (key, value) in &trial.attributes {
            if row.user.get(key) != Some(value) {
                lines.push(self.user_attribute(id, key, &value.to_string()));
            }
        }
        let (paused, was) = (
            trial.state == State::Paused,
            row.user.get(attribute::PAUSED) == Some(&Value::Bool(true)),
        );
        if paused != was {
            lines.push(self.user_attribute(id, attribute::PAUSED, &paused.to_string()));
        }
        lines.extend(more.iter().map(|(key, value)| self.user_attribute(id, key, value)));
        if state(trial.state) != row.state {
            let values = values(trial).unwrap_or_else(|| "null".to_owned());
            let mut rest =
                format!("\"trial_id\":{id},\"state\":{},\"values\":{values}", state(trial.state));
            if trial.state.is_finished() {
                rest += &format!(",\"datetime_complete\":{}", time(trial.finished));
            } else if trial.state != State::Waiting {
                rest += &format!(",\"datetime_start\":{}", time(trial.started));
            }
            lines.push(self.line(6, &rest));
        }
        lines
    }
}

/// The attribute with the values of a report of several objectives.
fn several(report: &Report) -> Option<(String, String)> {
    let key = || format!("{REPORT}{}", report.fidelity);
    (report.values.len() > 1).then(|| (key(), codec::numbers(&report.values).to_string()))
}
