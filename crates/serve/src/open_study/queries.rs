//! What is known so far: the best trial, the front, all trials, and the importance of parameters.

use super::OpenStudy;
use super::params::{number, values, written};
use crate::request::Page;
use automl_report::importance_among;
use automl_space::Domain;
use automl_study::Trial;
use serde_json::{Map, Value, json};

impl OpenStudy {
    /// The best complete, feasible trial; null without one.
    pub(crate) fn best(&self) -> Result<Value, String> {
        self.has_best()?;
        Ok(json!({ "best": self.study.best().map(|trial| self.shown(trial)) }))
    }

    /// The trial to use: where losses are noisy, the best one under the sampler's model.
    pub(crate) fn recommend(&mut self) -> Result<Value, String> {
        self.has_best()?;
        let number = self.study.recommend().map(|trial| trial.number);
        let trial = number.and_then(|number| self.study.history().get(number));
        Ok(json!({ "recommend": trial.map(|trial| self.shown(trial)) }))
    }

    /// Refuses several objectives.
    fn has_best(&self) -> Result<(), String> {
        match self.study.history().directions().len() {
            1 => Ok(()),
            n => Err(format!("of {n} objectives there is no best trial: ask for the front")),
        }
    }

    /// The trials that no other one dominates.
    pub(crate) fn front(&self) -> Value {
        let front = self.study.front().into_iter().map(|trial| self.shown(trial));
        json!({ "front": front.collect::<Vec<_>>() })
    }

    /// A part of the trials, in order of their numbers.
    pub(crate) fn trials(&self, page: &Page) -> Value {
        let limit = page.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let trials = self.study.history().trials();
        let shown = trials.iter().filter(|trial| trial.number.0 >= page.since);
        let shown = shown.filter(|trial| {
            page.state.as_ref().is_none_or(|state| json!(trial.state) == json!(state))
        });
        let shown: Vec<Value> = shown.take(limit).map(|trial| self.shown(trial)).collect();
        json!({ "trials": shown })
    }

    /// The share of each parameter in what makes trials good in an objective.
    pub(crate) fn importance(&self, objective: usize) -> Result<Value, String> {
        let directions = self.study.history().directions();
        let Some(direction) = directions.get(objective) else {
            let most = directions.len() - 1;
            return Err(format!("\"objective\" must lie between 0 and {most}, not {objective}"));
        };
        let params = self.study.space().params();
        let domains: Vec<&Domain> = params.iter().map(|param| param.domain()).collect();
        let trials = self.study.history().trials();
        let ranking = importance_among(&domains, trials, *direction, objective);
        let share =
            |of: &automl_report::Importance| (params[of.param].name().to_owned(), json!(of.share));
        Ok(json!({ "importance": ranking.iter().map(share).collect::<Map<_, _>>() }))
    }

    /// A trial as JSON: number, state and parameters, then what was told of it.
    fn shown(&self, trial: &Trial) -> Value {
        let params = written(self.study.space(), &trial.config);
        let mut shown = json!({ "id": trial.number, "state": trial.state, "params": params });
        let mut set = |(name, value): (&str, Value)| shown[name] = value;
        if !trial.values.is_empty() {
            set(values(&trial.values));
        }
        if !trial.constraints.is_empty() {
            set(("constraints", trial.constraints.iter().copied().map(number).collect()));
        }
        if !trial.reports.is_empty() {
            set(("fidelity", json!(trial.fidelity())));
            let report = |report: &automl_study::Report| {
                let (name, told) = values(&report.values);
                json!({ "fidelity": report.fidelity, name: told })
            };
            set(("reports", trial.reports.iter().map(report).collect()));
        }
        if let Some(parent) = trial.run().and_then(|run| run.warm_start) {
            set(("parent", json!(parent)));
        }
        shown
    }
}
