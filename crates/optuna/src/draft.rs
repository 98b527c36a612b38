//! A trial of Optuna's format while its parts are collected.

use crate::codec;
use crate::constraints::Constraints;
use crate::distribution::difference;
use automl_space::{Choice, Config, Domain, Space};
use automl_study::{Fidelity, Report, State, Trial, attribute};
use serde_json::Value;

/// The prefix of the attribute that holds a report of several objectives.
pub const REPORT: &str = "automl:report:";

/// The attribute that holds the last heartbeat, where no table does.
pub const HEARTBEAT: &str = "automl:heartbeat";

/// A trial while its parts are collected; [`Draft::finish`] makes a [`Trial`] of them.
///
/// # Examples
/// ```
/// use automl_optuna::draft::{Draft, Fits};
/// use automl_space::Space;
/// use automl_study::State;
///
/// let mut builder = Space::builder();
/// builder.float("x", 0.0..=1.0).add()?;
/// let space = builder.build()?;
/// let mut fits = Fits::new(&space);
/// let read = |fits: &mut Fits, x: f64| {
///     let mut draft = Draft::new(0, &space, "COMPLETE".into(), (None, None));
///     draft.param(&space, fits, "x", x, None);
///     draft.value(3.0);
///     draft.finish(&space)
/// };
/// assert_eq!(read(&mut fits, 0.5).state, State::Complete);
/// // A value that the space does not hold sets its trial aside.
/// assert!(read(&mut fits, 1.5).is_set_aside());
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
#[derive(Debug)]
pub struct Draft {
    /// What is known of the trial.
    pub trial: Trial,
    /// The word for its state.
    pub state: String,
    /// The parameters that a queued trial fixes, by name.
    pub fixed: Option<Value>,
    /// The constraints among its attributes.
    pub constraints: Constraints,
    /// The first thing of another program that the space does not hold.
    pub misfit: Option<String>,
}

/// The distributions that parameters were last found to fit: they seldom change.
#[derive(Debug)]
pub struct Fits(Vec<Option<String>>);

impl Fits {
    /// None yet, for each parameter of the space.
    pub fn new(space: &Space) -> Self {
        Self(vec![None; space.len()])
    }
}

impl Draft {
    /// A trial with the parameters of a space, all inactive yet; `times` are start and end.
    pub fn new(
        number: u64,
        space: &Space,
        state: String,
        times: (Option<i64>, Option<i64>),
    ) -> Self {
        let mut draft = Self::without_space(number, state, times);
        draft.trial.config = Config::empty(space.len());
        draft
    }

    /// A trial without parameters yet; `times` are start and end.
    pub fn without_space(
        number: u64,
        state: String,
        (started, finished): (Option<i64>, Option<i64>),
    ) -> Self {
        let mut trial = Trial::waiting(number, Config::empty(0));
        (trial.started, trial.finished) = (started, finished);
        Self { trial, state, fixed: None, constraints: Constraints::default(), misfit: None }
    }

    /// Takes in the value of a parameter under a distribution.
    pub fn param(
        &mut self,
        space: &Space,
        fits: &mut Fits,
        name: &str,
        value: f64,
        stored: Option<&str>,
    ) {
        let Some(index) = space.index_of(name) else {
            self.misfit.get_or_insert(format!("the parameter {name:?} is not in the space"));
            return;
        };
        let domain = space.params()[index].domain();
        if let Some(stored) = stored
            && fits.0[index].as_deref() != Some(stored)
        {
            match difference(stored, domain) {
                None => fits.0[index] = Some(stored.to_owned()),
                Some(reason) => {
                    self.misfit.get_or_insert(format!("{name:?} has {reason}"));
                    return;
                }
            }
        }
        match codec::value(domain, value) {
            Some(value) => self.trial.config.set(index, Some(value)),
            None => {
                let reason =
                    format!("{name:?} has the value {value}, which the space does not hold");
                self.misfit.get_or_insert(reason);
            }
        }
    }

    /// Takes in the final value of the next objective.
    pub fn value(&mut self, value: f64) {
        self.trial.values.push(value);
    }

    /// Takes in an intermediate value, in the order of the steps; those of further objectives come
    /// from the attributes.
    pub fn report(&mut self, step: u64, first: f64, objectives: usize) {
        let mut values = vec![f64::NAN; objectives];
        if let Some(slot) = values.first_mut() {
            *slot = first;
        }
        self.trial.reports.push(Report { fidelity: Fidelity(step), values });
    }

    /// Takes in an attribute of the user, perhaps a report of several objectives.
    pub fn user_attribute(&mut self, key: String, json: Value) {
        let step = key.strip_prefix(REPORT).and_then(|step| step.parse().ok().map(Fidelity));
        match (step, codec::parse_numbers(&json)) {
            (Some(step), Some(values)) => {
                if let Some(report) = self.trial.reports.iter_mut().find(|r| r.fidelity == step) {
                    report.values = values;
                }
            }
            _ => {
                self.trial.attributes.insert(key, json);
            }
        }
    }

    /// Takes in an attribute of the system: constraints, and the fixed parameters of queued trials.
    pub fn system_attribute(&mut self, key: &str, text: &str) {
        match key {
            "fixed_params" => self.fixed = codec::parse_json(text),
            key => self.constraints.read(key, text),
        }
    }

    /// The names of the constraints that have some.
    pub fn constraint_names(&self) -> Vec<String> {
        self.constraints.names()
    }

    /// Sets the state, and the configuration of a trial that only has fixed parameters; sets aside what
    /// does not fit.
    ///
    /// Other programs may fix some parameters only, or parameters that are never used. Unknown and
    /// inactive names are ignored, and missing parameters get their defaults ([`Space::canonical`]), so
    /// that all readers of the trial see the same configuration.
    pub fn finish(self, space: &Space) -> Trial {
        let Self { mut trial, state, fixed, constraints, mut misfit } = self;
        trial.constraints = constraints.values();
        let paused = trial.attributes.remove(attribute::PAUSED) == Some(Value::Bool(true));
        trial.attributes.remove(attribute::WORKER);
        trial.attributes.remove(HEARTBEAT);
        match codec::state(&state, paused) {
            Some(known) => trial.state = known,
            None => misfit = Some(format!("the state {state:?} is unknown")),
        }
        // Another program chooses the parameters of a running trial one after the other.
        let is_open = matches!(trial.state, State::Waiting | State::Running);
        if is_open && let Some(fixed) = fixed.as_ref().and_then(Value::as_object) {
            for (name, given) in fixed {
                let Some(index) = space.index_of(name) else { continue };
                match fixed_value(space.params()[index].domain(), given) {
                    None => drop(misfit.get_or_insert(format!("{name:?} cannot have {given}"))),
                    Some(value) if trial.config.value(index).is_none() => {
                        trial.config.set(index, Some(value));
                    }
                    Some(_) => {}
                }
            }
        }
        if is_open && space.check(&trial.config).is_err() {
            trial.config = space.canonical(&trial.config);
        }
        match misfit {
            Some(reason) => {
                trial.config = space.canonical(&trial.config);
                trial.set_aside(&reason)
            }
            None => trial,
        }
    }
}

/// The value that a queued trial fixes. Booleans and integers are equal in Python.
fn fixed_value(domain: &Domain, given: &Value) -> Option<automl_space::Value> {
    let choice = serde_json::from_value::<Choice>(given.clone()).ok()?;
    domain.value_of(&choice).or_else(|| {
        let equal = match choice {
            Choice::Bool(x) => Choice::Int(x.into()),
            Choice::Int(x @ 0..=1) => Choice::Bool(x == 1),
            Choice::Float(x) if x == 0.0 || x == 1.0 => Choice::Bool(x == 1.0),
            _ => return None,
        };
        domain.value_of(&equal)
    })
}
