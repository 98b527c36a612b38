//! The main job from settings to summary.

use super::builder::SearchBuilder;
use super::estimate::Estimate;
use super::executor::Executor;
use super::finish::Finish;
use super::learn::Learning;
use super::objective::directions;
use super::plan::{ETA, Plan};
use super::pool::Pool;
use super::proxy_filter::ProxyFilterSampler;
use super::resume::{self, Resumed};
use super::scores;
use super::session::{Session, free_checkpoints};
use super::setup::Setup;
use super::supernet::Supernet;
use super::{learn_parts, learnt_recipe, rungs, so_far, timing};
use crate::data::{Earlier, check_record, open_data};
use crate::error::unless_stopped;
use crate::file::write_file;
use crate::{
    Event, LadderSettings, RecordError, SearchError, SearchOutcome, SearchSettings, Settings,
    SettingsError, Start, Summary, ZeroCostProxy,
};
use automl_candidates::{
    CostDiversitySampler, DeduplicatingSampler, Phase, TimeLimit, UsualRecipeSampler, is_over,
    smallest, warm_start,
};
use automl_data::{DataSplits, Manifest};
use automl_settings::study_name;
use automl_study::part::StudyContext;
use automl_study::{AskError, History, Sampler, SharedStorage, State, Study, attribute};
use automl_train::SelectedDevice;
use std::time::Instant;

/// Runs a search.
fn run(mut search: SearchBuilder<'_>) -> Result<SearchOutcome, SearchError> {
    let start = Instant::now();
    let interrupted = Ok(SearchOutcome::Interrupted(None));
    search.check()?;
    let Resumed { settings: begun, limits, note } = resume::settings(&search.settings)?;
    note.into_iter().for_each(|note| search.note(note));
    let known = resume::manifest(&begun)?;
    let earlier = Earlier::new(known.as_ref(), resume::has_begun(&begun));
    let observer = &*search.observer;
    let note = |note: String| observer(&Event::Note(note));
    let opened = open_data(&begun, earlier, &note, &search.stop)?;
    let Some((device, data)) = opened else { return interrupted };
    let (manifest, study_name) = (data.manifest(), study_name(&data.name));
    let identified = data.clone();
    let time = TimeLimit { start, limit: begun.search.timeout };
    let Some(mut plan) = search.plan(&begun, &limits, data, &device, time)? else {
        return interrupted;
    };
    let note = |note: &str| search.note(note.to_owned());
    let opened = Session::open(&search.settings, &begun, &study_name, &search.stop, &note)?;
    let Some((mut session, mut record)) = opened else { return interrupted };
    check_record(&mut *record, &identified, begun.data.accept_new_data)?;
    if known.as_ref().is_none_or(|known| known.identity != manifest.identity) {
        let manifest = known.iter().fold(manifest, Manifest::after);
        manifest.write(&session.folder.path)?;
    }
    plan.search_by(&session.settings);
    let estimate = Estimate::of(&plan);
    let (pool, warning) = estimate.pool(&session.settings, &device);
    warning.into_iter().for_each(|warning| search.note(warning));
    if !search.prepare(&mut session, &mut plan, &mut *record, &device, time)? {
        return interrupted;
    }
    let mut study = search.study(&session, &plan, record, time)?;
    session.begin(&mut study)?;
    study.set_trial_limit(Some(plan.trials));
    let setup = search.setup(&session, &plan, &device);
    let run = Run { setup, device: &device, pool, time, memory: estimate.total(pool.workers) };
    run.tell_start(&study);
    let supernet = run.learn()?;
    let run = Run { setup: Setup { supernet: supernet.as_ref(), ..setup }, ..run };
    match run.explore(study) {
        // Only the limits forbid candidates.
        Err(SearchError::Record(RecordError::Ask(AskError::Forbidden { .. }))) => {
            let smallest = smallest(&plan.candidates, &plan.caps);
            Ok(SearchOutcome::NoneWithinLimits { limits: plan.caps.describe(), smallest })
        }
        study => run.finish(study?),
    }
}

impl SearchBuilder<'_> {
    /// Runs the search. The networks of the front are saved in `runs/<study>/front/`, the summary in
    /// `runs/<study>/summary.json`.
    ///
    /// # Errors
    /// [`SearchError`]: settings, data or device that cannot be used, or a file that cannot be
    /// written. Recorded trials stay.
    pub fn run(self) -> Result<SearchOutcome, SearchError> {
        run(self)
    }

    fn note(&self, note: String) {
        (self.observer)(&Event::Note(note));
    }

    fn check(&self) -> Result<(), SearchError> {
        self.settings.check()?;
        if self.settings.search.search_and_learn
            && let Some(space) = &self.space
            && space.blocks().is_none()
            && space.elastic().is_none()
        {
            let reason = "a weight-sharing network exists for block and elastic spaces only".into();
            let (name, value) = ("search.search-and-learn", "true".into());
            return Err(SettingsError::Value { name, value, reason }.into());
        }
        Ok(())
    }

    /// The plan; `None` where the stop flag was set.
    fn plan(
        &self,
        settings: &Settings,
        limits: &SearchSettings,
        data: DataSplits,
        device: &SelectedDevice,
        time: TimeLimit,
    ) -> Result<Option<Plan>, SearchError> {
        if let LadderSettings::List(list) = &settings.fidelity.ladder {
            rungs::preparation(list).into_iter().for_each(|note| self.note(note));
        }
        let (stop, space) = (&self.stop, self.space.clone());
        let over = || is_over(stop, time.deadline(Phase::Trials));
        let plan = Plan::within(settings, limits, data, space, &device.device, &over);
        unless_stopped(plan, settings, stop)
    }

    fn setup<'b>(
        &'b self,
        session: &'b Session,
        plan: &'b Plan,
        device: &'b SelectedDevice,
    ) -> Setup<'b> {
        Setup {
            settings: &session.settings,
            plan,
            folder: &session.folder,
            supernet: None,
            device: &device.device,
            stop: &self.stop,
            observer: &*self.observer,
        }
    }

    /// Measures the latency table, where asked for; false where the stop flag was set.
    fn prepare(
        &self,
        session: &mut Session,
        plan: &mut Plan,
        record: &mut dyn SharedStorage,
        device: &SelectedDevice,
        time: TimeLimit,
    ) -> Result<bool, SearchError> {
        if session.settings.search.learn_recipe {
            // Of an earlier version: studies learn no recipe any more.
            let Session { settings, folder, .. } = &mut *session;
            let training = learnt_recipe::settings(record, &folder.path, &settings.training)?;
            plan.train_by(&training)?;
            settings.training = training;
        }
        if session.settings.search.wants_latency() {
            let setup = self.setup(session, plan, device);
            let profile = timing::profile(setup, record, time.deadline(Phase::Latency))?;
            let Some(profile) = profile else { return Ok(false) };
            session.folder.filled = true;
            self.note(format!("latency {}", profile.report));
            plan.time_by(&session.settings, profile.table)?;
        }
        Ok(true)
    }

    /// The study with its parts, over the record.
    fn study(
        &mut self,
        session: &Session,
        plan: &Plan,
        record: Box<dyn SharedStorage>,
        time: TimeLimit,
    ) -> Result<Study, SearchError> {
        let settings = &session.settings;
        let (sampler, scheduler) = self.parts(settings, plan)?;
        let candidates = || plan.candidates.clone();
        let sampler = UsualRecipeSampler::new(sampler, candidates());
        let sampler = DeduplicatingSampler::new(sampler, candidates());
        let objective = settings.search.cost_objective;
        let sampler =
            CostDiversitySampler::new(sampler, candidates(), plan.caps.clone(), objective);
        let over = || is_over(&self.stop, time.deadline(Phase::Trials));
        let sampler: Box<dyn Sampler> = match scores::score(settings.search.zero_cost_proxy) {
            Some(score) => {
                Box::new(ProxyFilterSampler::new(sampler, score, plan, settings.seed, &over))
            }
            None => Box::new(sampler),
        };
        let builder = Study::builder(plan.space.clone())
            .directions(directions(settings))
            .seed(settings.seed)
            .planned_trials(plan.trials)
            .sampler(sampler)
            .stop_flag(self.stop.clone())
            .storage(record);
        // A study that has trials keeps the warm start that it began with.
        let builder = if session.is_new {
            let own = (session.folder.name.as_str(), &plan.space, &directions(settings)[..]);
            let images = (plan.data.channels, plan.data.side);
            let (sources, left_out) =
                warm_start(&plan.candidates, &plan.caps, settings, own, images)?;
            left_out.into_iter().for_each(|note| self.note(note));
            builder.warm_start(sources)
        } else {
            builder
        };
        let ladder = plan.rungs.ladder.clone();
        let builder = match scheduler {
            Some(scheduler) => builder.scheduler(ladder, scheduler),
            None => builder.ladder(ladder),
        };
        Ok(builder.build()?)
    }

    /// The sampler and the scheduler: those that were handed over, or those of the settings.
    fn parts(
        &mut self,
        settings: &Settings,
        plan: &Plan,
    ) -> Result<automl_registry::Parts, SearchError> {
        let context = StudyContext {
            space: &plan.space,
            objectives: directions(settings).len(),
            constraints: 0,
            planned_trials: Some(plan.trials),
            ladder: Some(&plan.rungs.ladder),
            total_cost: None,
            trial_limit: Some(plan.trials),
        };
        let (named, scheduled) = (&settings.search.sampler, &settings.search.scheduler);
        let (mut sampler, mut scheduler) = automl_registry::pair(named, scheduled, &context)?;
        if let Some(make) = self.sampler.take() {
            sampler = make(&context)?;
        }
        if let Some(make) = self.scheduler.take() {
            scheduler = Some(make(&context)?);
        }
        Ok((sampler, scheduler))
    }
}

/// A search with an open study.
struct Run<'a> {
    setup: Setup<'a>,
    device: &'a SelectedDevice,
    pool: Pool,
    time: TimeLimit,
    /// Estimated bytes.
    memory: u64,
}

impl<'a> Run<'a> {
    /// Trains the network that candidates are parts of, in spaces that have one; `None` where the stop flag
    /// was set.
    fn learn(&self) -> Result<Option<Supernet<'a>>, SearchError> {
        let Some(space) = self.setup.plan.learned() else { return Ok(None) };
        let deadline = self.time.deadline(Phase::Learning);
        learn_parts::learn(self.setup, space, deadline, self.pool.workers)
    }
}

impl Run<'_> {
    fn tell_start(&self, study: &Study) {
        let Setup { plan, folder, .. } = self.setup;
        self.setup.tell(&Event::Start(Start {
            study: folder.name.clone(),
            folder: folder.path.clone(),
            data: plan.describe(),
            device: self.device.description.clone(),
            workers: self.pool.workers,
            memory: self.memory,
            known: study.history().len() as u64,
            trials: plan.trials,
            judged: match plan.learned() {
                Some(_) => "one training of all".into(),
                None => plan.rungs.describe(ETA),
            },
            limits: plan.caps.describe(),
        }));
    }

    /// Trains candidates until none is left, the time is over or the stop flag is set; whether none is left.
    fn explore(&self, mut study: Study) -> Result<(Study, bool), SearchError> {
        if self.setup.settings.search.finish {
            return Ok((study, false));
        }
        let phase = if self.setup.plan.learned().is_some() { Phase::Parts } else { Phase::Trials };
        let deadline = self.time.deadline(phase);
        if self.setup.settings.search.search_and_learn && self.setup.plan.learned().is_none() {
            Learning { setup: self.setup, deadline }.run(&mut study, self.pool.workers)?;
        }
        let executor = Executor::new(self.setup, study, deadline, self.time);
        executor.run(self.pool)?;
        let is_through = !executor.is_over();
        Ok((executor.into_study(), is_through))
    }

    /// Trains the front, unless the search was interrupted or another process is still at work.
    fn finish(&self, (mut study, is_through): (Study, bool)) -> Result<SearchOutcome, SearchError> {
        let Setup { settings, folder, stop, .. } = self.setup;
        if is_through && !stop.is_set() {
            // Paused trials that were worth a promotion have been promoted.
            let may_close = match study.storage() {
                Some(record) => resume::may_close(settings, record)?,
                None => true,
            };
            if may_close {
                study.finalize()?;
            }
        }
        let is_stopped = stop.is_set();
        let is_last = is_stopped || folder.is_last()?;
        study.refresh()?;
        let mut summary = self.summary(&study);
        if is_stopped {
            summary.so_far = so_far::front(self.setup, study.history());
            return Ok(SearchOutcome::Interrupted(Some(summary)));
        }
        if !is_last {
            let note =
                "others are still at work in the study's folder: the last one trains the front";
            self.setup.note(note.into());
            return Ok(SearchOutcome::Shared(self.timed(summary)));
        }
        let deadline = self.time.deadline(Phase::Final);
        let finish = Finish { setup: self.setup, seed: study.seed(), deadline };
        let Some(front) = finish.run(study.history(), self.pool)? else {
            return Ok(none_trained(study.history()));
        };
        summary.front = front;
        if stop.is_set() {
            return Ok(SearchOutcome::Interrupted(Some(self.timed(summary))));
        }
        if settings.search.scores || settings.search.zero_cost_proxy != ZeroCostProxy::None {
            let over = || is_over(stop, deadline);
            summary.scores = scores::table(self.setup.plan, study.history(), study.seed(), &over);
        }
        let summary = self.timed(summary);
        free_checkpoints(&study, folder);
        let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
        write_file(&folder.path.join("summary.json"), &text)?;
        Ok(SearchOutcome::Finished(summary))
    }

    /// The summary of a run without a front.
    fn summary(&self, study: &Study) -> Summary {
        let trials = study.history().trials();
        Summary {
            study: self.setup.folder.name.clone(),
            dataset: self.setup.settings.data.dataset.clone(),
            trials: trials.iter().filter(|trial| trial.started.is_some()).count() as u64,
            seconds: self.time.start.elapsed().as_secs_f64(),
            device: self.device.description.clone(),
            front: Vec::new(),
            so_far: Vec::new(),
            scores: None,
        }
    }

    /// The summary with the seconds up to now.
    fn timed(&self, summary: Summary) -> Summary {
        Summary { seconds: self.time.start.elapsed().as_secs_f64(), ..summary }
    }
}

/// The end of a search without candidates for the final training.
fn none_trained(history: &History) -> SearchOutcome {
    let last = history.in_state(State::Failed).last();
    let reason = last.and_then(|trial| trial.attributes.get(attribute::REASON)?.as_str());
    SearchOutcome::NoneTrained {
        failed: history.count(State::Failed),
        reason: reason.map(str::to_owned),
    }
}
