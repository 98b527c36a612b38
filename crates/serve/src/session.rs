//! The state of one connection: no study yet, or an open one.

use super::open_study::OpenStudy;
use super::record;
use super::request::{Init, Request, SpaceSource, parse};
use automl_space::Space;
use automl_storage::StudyRecord;
use automl_study::Study;
use automl_study::part::StudyContext;
use serde_json::{Value, json};
use std::path::Path;

/// Answers requests one by one.
#[derive(Debug, Default)]
pub(super) struct Session {
    open: Option<OpenStudy>,
}

impl Session {
    /// The reply to one line; `None` ends the session.
    pub(super) fn answer(&mut self, line: &str) -> Option<Value> {
        let reply = match parse(line) {
            Ok(Request::Quit) => return None,
            Ok(Request::Init(init)) => self.init(*init),
            Ok(Request::Ask(id)) => self.study().and_then(|open| open.ask(id)),
            Ok(Request::Tell(tell)) => self.study().and_then(|open| open.tell(tell)),
            Ok(Request::Enqueue(params)) => self.study().and_then(|open| open.enqueue(&params)),
            Ok(Request::Add(added)) => self.study().and_then(|open| open.add(added)),
            Ok(Request::Best) => self.study().and_then(|open| open.best()),
            Ok(Request::Recommend) => self.study().and_then(OpenStudy::recommend),
            Ok(Request::Front) => self.study().map(|open| open.front()),
            Ok(Request::Trials(page)) => self.study().map(|open| open.trials(&page)),
            Ok(Request::Importance(objective)) => {
                self.study().and_then(|open| open.importance(objective))
            }
            Err(error) => Err(error),
        };
        Some(reply.unwrap_or_else(|error| json!({ "error": error })))
    }

    /// Prepares the next proposal once a result has been confirmed, while the client reads on.
    pub(super) fn work_ahead(&mut self) {
        if let Some(open) = &mut self.open {
            open.work_ahead();
        }
    }

    fn study(&mut self) -> Result<&mut OpenStudy, String> {
        self.open.as_mut().ok_or_else(|| "there is no study yet: send init first".into())
    }

    fn init(&mut self, init: Init) -> Result<Value, String> {
        if self.open.is_some() {
            return Err("the study has already begun: one process serves one study".into());
        }
        let space = space(&init)?;
        let has_fidelity = init.fidelity.is_some();
        let begun = record::settings(&init);
        let is_stored = init.storage.is_some();
        let (ladder, total_cost) = match init.fidelity {
            Some(fidelity) => (Some(fidelity.ladder), fidelity.total_cost),
            None => (None, None),
        };
        let setting = StudyContext {
            space: &space,
            objectives: init.directions.len(),
            constraints: init.constraints,
            planned_trials: init.budget,
            ladder: ladder.as_ref(),
            total_cost,
            trial_limit: None,
        };
        let (sampler, scheduler) = automl_registry::pair(&init.sampler, &init.scheduler, &setting)
            .map_err(|e| e.to_string())?;
        let mut left_out = Vec::new();
        let mut builder =
            Study::builder(space.clone()).directions(init.directions.clone()).sampler(sampler);
        if !init.warm_start.is_empty() {
            let (specs, runs) = (&init.warm_start, Path::new("runs"));
            let found = automl_transfer::read(specs, runs, &init.study, &space, &init.directions)
                .map_err(|e| e.to_string())?;
            left_out = found.left_out;
            builder = builder.warm_start(found.sources);
        }
        if let Some(seed) = init.seed {
            builder = builder.seed(seed);
        }
        if let Some(budget) = init.budget {
            builder = builder.planned_trials(budget);
        }
        if let Some(ladder) = ladder {
            builder = match scheduler {
                Some(scheduler) => builder.scheduler(ladder, scheduler),
                None => builder.ladder(ladder),
            };
        }
        if let Some(url) = &init.storage {
            let storage = automl_storage::open(url, &init.study).map_err(|e| e.to_string())?;
            builder = builder.storage(storage);
        }
        if !init.shared {
            builder = builder.alone();
        }
        if let Some(worker) = &init.worker {
            builder = builder.worker(worker);
        }
        let mut study = builder.build().map_err(|e| e.to_string())?;
        if is_stored {
            record::check(&mut study, &begun, init.seed, init.shared)?;
        }
        study.recover().map_err(|e| e.to_string())?;
        let mut open = OpenStudy::new(study, init.constraints, has_fidelity);
        if init.verdicts {
            open.say_verdicts();
        }
        self.open = Some(open);
        let mut reply = json!({ "ok": true });
        if !left_out.is_empty() {
            reply["left_out"] = json!(left_out);
        }
        Ok(reply)
    }
}

/// The space that was given, or that of a study in the storage.
fn space(init: &Init) -> Result<Space, String> {
    let name = match &init.space {
        SpaceSource::Given(space) => return Ok(space.clone()),
        SpaceSource::Stored(name) => name,
    };
    let url = init.storage.as_deref().unwrap_or_default();
    let record = StudyRecord::read(url, Some(name)).map_err(|e| e.to_string())?;
    record.space.ok_or_else(|| format!("the study {name:?} has no record of its space"))
}
