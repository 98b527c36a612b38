//! Population-based training.

use crate::ranking::{Key, RungResult};
use crate::rungs::pause_at_end;
use crate::setting::{self, SettingError};
use crate::top_share::TopShare;
use automl_numeric::stream;
use automl_space::{Config, Domain, Param, Space, Value};
use automl_study::part::{
    OptionError, PartConfig, SamplerConfig, SchedulerConfig, StudyContext, Supports,
};
use automl_study::{
    Cursor, Fidelity, History, Job, Ladder, ProposeError, RandomSampler, Sampler, Scheduler, State,
    Trial, TrialId, Verdict, View, attribute,
};
use rand::{Rng, RngExt};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Population-based training (PBT): hyperparameters change while the population trains.
///
/// Every member pauses after each interval of training and is compared with those of its population that
/// have reached the same fidelity. A member of the worst fifth is replaced (exploit): a new trial
/// continues from the checkpoint of a member of the best fifth ([`Population::parent`]) with a
/// perturbation of that member's configuration (explore). A member that fails is replaced likewise, as
/// long as its population lasts. After a complete population the next one begins.
///
/// Scheduler and sampler belong together: [`Population::scheduler`] and [`Population::sampler`]. An
/// executor without copies of checkpoints trains the new trial from scratch. The first of several
/// objectives counts, and infeasible trials come last. A decision takes `O(log n)` plus the time to list
/// a population.
///
/// # Examples
/// The worst of five members is replaced by a perturbed copy of the best one:
/// ```
/// use automl_scheduler::Population;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, RandomSampler, Study, TrialId};
///
/// let mut space = Space::builder();
/// space.float("learning_rate", 1e-4..=1.0).log().add()?;
/// let ladder = Ladder::new("epoch", 1, 4, true)?;
/// let population = Population::new(&ladder, 5, 1)?;
/// let mut study = Study::builder(space.build()?)
///     .sampler(population.sampler(RandomSampler::from_prior()))
///     .scheduler(ladder, population.scheduler())
///     .build()?;
/// for loss in [0.3, 0.1, 0.2, 0.5, 0.4] {
///     let Next::Run(job) = study.next_job()? else { panic!("the population is not full") };
///     study.report(job.number, 1, vec![loss])?;
/// }
/// let Next::Run(job) = study.next_job()? else { panic!("a member is replaced") };
/// assert_eq!((job.number, job.target), (TrialId(5), Some(2.into())));
/// let child = study.history().get(job.number).expect("the trial runs");
/// assert_eq!(Population::parent(child), Some(TrialId(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Jaderberg et al. (2017), "Population Based Training of Neural Networks", algorithm 1, with truncation
/// selection (a fifth at each end) and perturbation by factors of 0.8 and 1.2 or, with probability 1/4,
/// a new draw.
#[derive(Clone, Debug)]
pub struct Population {
    members: usize,
    rungs: Vec<Rung>,
    fidelities: Vec<Fidelity>,
    /// Initial members, which have no parent and did not fail before the first comparison. In order
    /// of their numbers, each `members` of them make a population.
    roots: BTreeSet<TrialId>,
    /// The first root of the current population, which is the last one, full or not. Trials with
    /// lower numbers belong to earlier populations and are no longer compared.
    first: TrialId,
    places: BTreeMap<TrialId, Place>,
    /// The number of trials that replaced this one.
    children: HashMap<TrialId, u32>,
    limit: Option<u64>,
    cursor: Cursor,
}

/// The end of one interval.
#[derive(Clone, Debug)]
struct Rung {
    /// All but the worst share of the current population.
    keep: TopShare<(Key, TrialId)>,
    /// The best share of the current population.
    best: TopShare<(Key, TrialId)>,
    /// Trials that are paused here and not replaced, best first.
    paused: BTreeSet<(Key, TrialId)>,
    /// Trials that failed after this and are not replaced.
    failed: BTreeSet<TrialId>,
}

/// The state of a trial within its population.
#[derive(Clone, Debug, Default, PartialEq)]
struct Place {
    root: bool,
    keys: Vec<Option<Key>>,
    paused: Option<usize>,
    failed: Option<usize>,
    replaces: Option<TrialId>,
}

/// The next action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// A new trial replaces another one.
    Exploit { rung: usize, parent: TrialId, replaced: TrialId },
    /// A paused trial continues.
    Resume { rung: usize, trial: TrialId },
    /// An initial member starts, because the population is not full.
    Root,
}

impl Population {
    /// Creates a population of `members` trials, compared after every `interval` of fidelity.
    ///
    /// # Errors
    /// [`SettingError::TooFew`] for fewer than two members or an interval of zero.
    pub fn new(ladder: &Ladder, members: u64, interval: u64) -> Result<Self, SettingError> {
        if members < 2 {
            let name = "members of a population";
            return Err(SettingError::TooFew { name, least: 2, found: members });
        }
        if interval == 0 {
            let name = "the interval of a population";
            return Err(SettingError::TooFew { name, least: 1, found: 0 });
        }
        let share = setting::share("of a population that is replaced", 0.2)?;
        let first = interval.max(ladder.min().0).min(ladder.max().0);
        let step = usize::try_from(interval).unwrap_or(usize::MAX);
        let mut fidelities: Vec<Fidelity> =
            (first..ladder.max().0).step_by(step).map(Fidelity).collect();
        fidelities.push(ladder.max());
        let rung = Rung {
            keep: TopShare::new(|n, share| n - (n as f64 * share).floor() as usize, share),
            best: TopShare::new(|n, share| ((n as f64 * share).ceil() as usize).max(1), share),
            paused: BTreeSet::new(),
            failed: BTreeSet::new(),
        };
        Ok(Self {
            members: usize::try_from(members).unwrap_or(usize::MAX),
            rungs: vec![rung; fidelities.len()],
            fidelities,
            roots: BTreeSet::new(),
            first: TrialId(0),
            places: BTreeMap::new(),
            children: HashMap::new(),
            limit: None,
            cursor: Cursor::default(),
        })
    }

    /// Sets the limit of trials of the study ([`Study::set_trial_limit`]), if there is one.
    ///
    /// At the limit no member is replaced, and all but the worst continue. Must be called before
    /// [`Population::scheduler`] and [`Population::sampler`].
    ///
    /// [`Study::set_trial_limit`]: automl_study::Study::set_trial_limit
    #[must_use]
    pub fn with_limit(mut self, trials: impl Into<Option<u64>>) -> Self {
        self.limit = trials.into();
        self
    }

    /// The scheduler of this population.
    pub fn scheduler(&self) -> PopulationScheduler {
        PopulationScheduler { population: self.clone() }
    }

    /// The sampler of this population; `inner` proposes its initial members.
    pub fn sampler<S: Sampler>(&self, inner: S) -> PopulationSampler<S> {
        PopulationSampler { population: self.clone(), inner }
    }

    /// The parent of a trial: the trial with the checkpoint and configuration that it continues. The
    /// bracket attribute records it, above the 32 bits with the replaced trial.
    pub fn parent(trial: &Trial) -> Option<TrialId> {
        Some(TrialId(trial.number_attribute(attribute::BRACKET)? >> 32))
    }

    /// The trial that this one replaced.
    fn replaced(trial: &Trial) -> Option<TrialId> {
        Some(TrialId(trial.number_attribute(attribute::BRACKET)? & 0xffff_ffff))
    }

    fn follow(&mut self, history: &History) {
        let (changes, cursor) = history.since(self.cursor);
        self.cursor = cursor;
        for change in changes {
            if let Some(trial) = history.get(change.trial) {
                self.place(history, trial);
            }
        }
        self.turn();
    }

    /// Restarts the comparisons if the next population has begun.
    fn turn(&mut self) {
        let before = self.roots.len().saturating_sub(1);
        let first =
            self.roots.iter().nth_back(before % self.members).copied().unwrap_or(TrialId(0));
        if first == std::mem::replace(&mut self.first, first) {
            return;
        }
        for (rung, slot) in self.rungs.iter_mut().enumerate() {
            slot.keep.clear();
            slot.best.clear();
            for (number, place) in self.places.range(first..) {
                if let Some(key) = place.keys.get(rung).copied().flatten() {
                    slot.keep.insert((key, *number));
                    slot.best.insert((key, *number));
                }
            }
        }
    }

    fn place(&mut self, history: &History, trial: &Trial) {
        let new = self.read(history, trial);
        let old = self.places.get(&trial.number).cloned().unwrap_or_default();
        if new == old {
            return;
        }
        if new.root {
            self.roots.insert(trial.number);
        } else {
            self.roots.remove(&trial.number);
        }
        for (rung, slot) in self.rungs.iter_mut().enumerate() {
            let key = |place: &Place| place.keys.get(rung).copied().flatten();
            let (before, after) = (key(&old), key(&new));
            if before != after {
                if let Some(key) = before {
                    slot.keep.remove(&(key, trial.number));
                    slot.best.remove(&(key, trial.number));
                }
                if let Some(key) = after
                    && trial.number >= self.first
                {
                    slot.keep.insert((key, trial.number));
                    slot.best.insert((key, trial.number));
                }
            }
        }
        if let Some(rung) = old.paused {
            let key = old.keys[rung].unwrap_or(Key::worst());
            self.rungs[rung].paused.remove(&(key, trial.number));
        }
        if old.replaces != new.replaces {
            if let Some(number) = old.replaces {
                self.children.entry(number).and_modify(|children| *children -= 1);
            }
            if let Some(number) = new.replaces {
                *self.children.entry(number).or_default() += 1;
            }
        }
        let touched = [Some(trial.number), old.replaces, new.replaces];
        self.places.insert(trial.number, new);
        for number in touched.into_iter().flatten() {
            self.refresh(number);
        }
    }

    /// Lists a trial where it is paused or failed, unless it was replaced.
    fn refresh(&mut self, number: TrialId) {
        let Some(place) = self.places.get(&number) else { return };
        let open = self.children.get(&number).is_none_or(|children| *children == 0);
        for (rung, slot) in self.rungs.iter_mut().enumerate() {
            let key = place.keys.get(rung).copied().flatten().unwrap_or(Key::worst());
            if open && place.paused == Some(rung) {
                slot.paused.insert((key, number));
            } else {
                slot.paused.remove(&(key, number));
            }
            if open && place.failed == Some(rung) {
                slot.failed.insert(number);
            } else {
                slot.failed.remove(&number);
            }
        }
    }

    fn read(&self, history: &History, trial: &Trial) -> Place {
        let keys = (0..self.fidelities.len())
            .map(|rung| {
                let below = self.fidelities.get(rung + 1).copied().unwrap_or(Fidelity::MAX);
                RungResult::within(history, trial, self.fidelities[rung], below)
                    .map(|result| Key::of(&result))
            })
            .collect();
        let ours = trial.attributes.contains_key(attribute::UNTIL);
        let started = ours && (trial.state != State::Waiting || !trial.reports.is_empty());
        let replaces = Self::replaced(trial).filter(|_| started);
        let reached = self.fidelities.iter().rposition(|fidelity| trial.fidelity() >= *fidelity);
        let failed = matches!(trial.state, State::Pruned | State::Failed);
        // A failed trial stands where its job began: a root before the first comparison, which leaves
        // its place open, and a replacement at the rung of the trial that it replaced.
        let target = trial.target().unwrap_or(Fidelity::ZERO);
        let began = self.fidelities.iter().rposition(|fidelity| *fidelity < target);
        let stands = reached.max(began);
        Place {
            root: started && replaces.is_none() && !(failed && stands.is_none()),
            keys,
            paused: reached.filter(|_| trial.state == State::Paused),
            failed: stands.filter(|_| failed),
            replaces,
        }
    }

    /// Whether the limit of trials is reached and none waits to start again.
    fn is_full(&self, history: &History) -> bool {
        self.limit.is_some_and(|limit| history.len() as u64 >= limit)
            && history.count(State::Waiting) == 0
    }

    /// Whether a trial is above the share that is replaced at a rung, or belongs to an earlier
    /// population.
    fn stays(&self, rung: &Rung, at: &(Key, TrialId)) -> bool {
        at.1 < self.first || at.0.is_number() && rung.keep.is_best(at)
    }

    /// The worst paused trial at the lowest rung among those above the share that is replaced.
    fn survivor(&self) -> Option<Due> {
        let below_top = self.rungs.iter().take(self.rungs.len() - 1);
        below_top.enumerate().find_map(|(rung, slot)| {
            let &(_, trial) = slot.paused.iter().rev().find(|at| self.stays(slot, at))?;
            Some(Due::Resume { rung, trial })
        })
    }

    /// The next action at the lowest rung that has one.
    fn due(&self, history: &History) -> Option<Due> {
        if self.is_full(history) {
            return self.survivor();
        }
        if !self.roots.len().is_multiple_of(self.members) {
            return Some(Due::Root);
        }
        // Failures that were not replaced while their population lasted ended with it.
        let below_top = self.rungs.iter().take(self.rungs.len() - 1);
        below_top.enumerate().find_map(|(rung, slot)| {
            let fork = |replaced: TrialId| {
                let parent = self.parent_for(history, rung, replaced)?;
                Some(Due::Exploit { rung, parent, replaced })
            };
            if let Some(due) =
                slot.failed.range(self.first..).next().and_then(|failed| fork(*failed))
            {
                return Some(due);
            }
            // The worst first: the best must still be here to be copied.
            let &(key, trial) = slot.paused.last()?;
            let stays = self.stays(slot, &(key, trial));
            let replacement = if stays { None } else { fork(trial) };
            Some(replacement.unwrap_or(Due::Resume { rung, trial }))
        })
    }

    /// A random trial of the best share at a rung, among those with their newest checkpoint there.
    fn parent_for(&self, history: &History, rung: usize, replaced: TrialId) -> Option<TrialId> {
        let slot = &self.rungs[rung];
        let is_here = |number: TrialId| {
            number != replaced
                && self.children.get(&number).is_none_or(|children| *children == 0)
                && history.get(number).is_some_and(|trial| {
                    !matches!(trial.state, State::Pruned | State::Failed)
                        && trial.fidelity() < self.fidelities[rung + 1]
                })
        };
        let parents: Vec<TrialId> = slot
            .best
            .best()
            .filter(|(key, number)| key.is_number() && is_here(*number))
            .map(|(_, number)| *number)
            .collect();
        let mut rng = stream(rung as u64, replaced.0, "population");
        (!parents.is_empty()).then(|| parents[rng.random_range(0..parents.len())])
    }
}

/// The scheduler of a [`Population`].
///
/// # Examples
/// A member pauses after each interval of training:
/// ```
/// use automl_scheduler::Population;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 10, true)?;
/// let scheduler = Population::new(&ladder, 4, 2)?.scheduler();
/// let mut study = Study::builder(space.build()?).scheduler(ladder, scheduler).build()?;
/// let Next::Run(job) = study.next_job()? else { panic!("the population is not full") };
/// assert_eq!(job.target, Some(2.into()));
/// assert_eq!(study.report(job.number, 2, vec![0.5])?, Verdict::Pause);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PopulationScheduler {
    population: Population,
}

impl Scheduler for PopulationScheduler {
    fn next_job(&mut self, history: &History) -> Job {
        let population = &mut self.population;
        population.follow(history);
        let fidelities = &population.fidelities;
        let start = Job::Start { target: fidelities[0], bracket: None };
        match population.due(history) {
            Some(Due::Exploit { rung, parent, replaced }) => Job::Start {
                target: fidelities[rung + 1],
                bracket: Some(parent.0 << 32 | replaced.0 & 0xffff_ffff),
            },
            Some(Due::Resume { rung, trial }) => {
                Job::Resume { trial, target: fidelities[rung + 1] }
            }
            Some(Due::Root) => start,
            None if history.count(State::Running) > 0 => Job::Wait,
            None => start,
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        pause_at_end(
            history,
            trial,
            self.population.fidelities.last().copied().unwrap_or(Fidelity(1)),
        )
    }

    /// The paused trials that were replaced by a trial with a report: a replacement that loses its
    /// worker before its first report gives the place back.
    fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        self.population.follow(history);
        let is_paused = |number: &TrialId| {
            history.get(*number).is_some_and(|trial| trial.state == State::Paused)
        };
        let replaced = self.population.places.iter().filter_map(|(child, place)| {
            let child = history.get(*child)?;
            let stays = child.state.is_finished() || !child.reports.is_empty();
            place.replaces.filter(|number| stays && is_paused(number))
        });
        replaced.collect::<BTreeSet<TrialId>>().into_iter().collect()
    }
}

/// The sampler of a [`Population`].
///
/// # Examples
/// The initial members come from the inner sampler:
/// ```
/// use automl_scheduler::Population;
/// use automl_space::Space;
/// use automl_study::{Ladder, RandomSampler, Study};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let ladder = Ladder::new("epoch", 1, 10, true)?;
/// let population = Population::new(&ladder, 4, 2)?;
/// let sampler = population.sampler(RandomSampler::from_prior());
/// let mut study = Study::builder(space.clone())
///     .sampler(sampler)
///     .scheduler(ladder, population.scheduler())
///     .build()?;
/// let mut random = Study::builder(space).sampler(RandomSampler::from_prior()).build()?;
/// for _ in 0..4 {
///     assert_eq!(study.ask()?.config, random.ask()?.config);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PopulationSampler<S> {
    population: Population,
    inner: S,
}

impl<S: Sampler> Sampler for PopulationSampler<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        self.population.follow(view.history);
        let parent = match self.population.due(view.history) {
            Some(Due::Exploit { parent, .. }) => view.history.get(parent),
            _ => None,
        };
        match parent {
            Some(parent) => {
                let config = perturbed(view.space, &parent.config, rng);
                Ok(view.deduplicated(config, rng))
            }
            None => self.inner.propose(view, rng),
        }
    }
}

/// Multiplies each number by 0.8 or 1.2 and moves each ordered choice one up or down, or draws anew
/// with probability 1/4. Nominal choices change by a new draw alone.
fn perturbed(space: &Space, config: &Config, rng: &mut dyn Rng) -> Config {
    let attempt = |rng: &mut dyn Rng| {
        space.build_config(|index, param| match config.value(index) {
            Some(value) if rng.random::<f64>() >= 0.25 => scaled(param, value, rng),
            _ => param.sample_prior(rng),
        })
    };
    for _ in 0..32 {
        let config = attempt(rng);
        if space.allows(&config) {
            return config;
        }
    }
    config.clone()
}

fn scaled(param: &Param, value: Value, rng: &mut dyn Rng) -> Value {
    let up = rng.random::<bool>();
    let factor = if up { 1.2 } else { 0.8 };
    match value {
        Value::Float(x) => param.domain().nearest(x * factor).unwrap_or(value),
        Value::Int(x) => {
            let target = x as f64 * factor;
            let above = if x < 0 { !up } else { up };
            let away = if above { target.ceil() } else { target.floor() };
            match param.domain().nearest(away) {
                Some(near) if near == value => neighbour(param, value, above),
                near => near.unwrap_or(value),
            }
        }
        Value::Category(_) => neighbour(param, value, up),
    }
}

/// The next value above or below; the value itself at the bounds or without an order.
fn neighbour(param: &Param, value: Value, above: bool) -> Value {
    let target = match (param.domain(), value) {
        (Domain::Int(d), Value::Int(x)) if above => Value::Int(x.saturating_add(d.step())),
        (Domain::Int(d), Value::Int(x)) => Value::Int(x.saturating_sub(d.step())),
        (domain, Value::Category(x)) if domain.is_ordered() => {
            Value::Category(if above { x + 1 } else { x.saturating_sub(1) })
        }
        _ => value,
    };
    if param.domain().contains(target) { target } else { value }
}

automl_study::options! {
    /// Population-based training: bad members are replaced by perturbed copies of good ones.
    ///
    /// Sampler and scheduler of this name belong together and have the same options.
    /// Jaderberg et al. (2017), "Population Based Training of Neural Networks".
    pub struct PopulationConfig = "pbt" {
        /// Members of a population.
        pub members: u64 = 20, in at_least(2.0);
        /// Fidelity between comparisons; by default a tenth of the highest.
        pub interval: Option<u64> = None, in at_least(1.0);
    }
}

impl PopulationConfig {
    fn population(&self, study: &StudyContext<'_>) -> Result<Population, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let interval = self.interval.unwrap_or_else(|| (ladder.max().0 / COMPARISONS).max(1));
        let population = Population::new(ladder, self.members, interval);
        let population = population.map_err(|error| error.of(Self::NAME))?;
        Ok(population.with_limit(study.trial_limit))
    }
}

impl SamplerConfig for PopulationConfig {
    const SUPPORTS: Supports = Supports::WITH_FIDELITY;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Ok(Box::new(self.population(study)?.sampler(RandomSampler::from_prior())))
    }
}

impl SchedulerConfig for PopulationConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        Ok(Box::new(self.population(study)?.scheduler()))
    }
}

/// Comparisons between the start and the highest fidelity, unless an interval is given.
const COMPARISONS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a value of a parameter becomes.
    fn reached(param: &Param, from: Value) -> BTreeSet<i64> {
        let mut rng = stream(0, 0, "test");
        let number = |value| match value {
            Value::Int(x) => x,
            Value::Category(choice) => choice as i64,
            Value::Float(x) => panic!("{x}"),
        };
        (0..50).map(|_| number(scaled(param, from, &mut rng))).collect()
    }

    /// Integers move by a fifth, and by a step of their grid at least.
    #[test]
    fn integers_move() {
        let mut builder = Space::builder();
        builder.int("below", -9..=9).add().unwrap();
        builder.int("coarse", 16..=64).step(16).add().unwrap();
        let space = builder.build().unwrap();
        let [below, coarse] = space.params() else { panic!() };
        assert_eq!(reached(below, Value::Int(-3)), BTreeSet::from([-4, -2]));
        assert_eq!(reached(below, Value::Int(5)), BTreeSet::from([4, 6]));
        assert_eq!(reached(below, Value::Int(0)), BTreeSet::from([-1, 1]));
        assert_eq!(reached(coarse, Value::Int(16)), BTreeSet::from([16, 32]));
        assert_eq!(reached(coarse, Value::Int(32)), BTreeSet::from([16, 48]));
    }

    /// Of ordered choices the next one up or down is taken, of others the same.
    #[test]
    fn choices_move_where_they_have_an_order() {
        let mut builder = Space::builder();
        builder.ordinal("size", ["s", "m", "l"]).add().unwrap();
        builder.choice("kind", ["a", "b", "c"]).add().unwrap();
        let space = builder.build().unwrap();
        let [size, kind] = space.params() else { panic!() };
        assert_eq!(reached(size, Value::Category(1)), BTreeSet::from([0, 2]));
        assert_eq!(reached(size, Value::Category(0)), BTreeSet::from([0, 1]));
        assert_eq!(reached(kind, Value::Category(1)), BTreeSet::from([1]));
    }
}
