//! A sampler and a scheduler that go together.

use crate::error::find;
use crate::{PartError, PartSpec, sampler, samplers, scheduler, schedulers};
use automl_study::part::{StudyContext, Supports};
use automl_study::{Sampler, Scheduler};
use std::borrow::Cow;

/// Schedulers that are one half of a method; the other half is the sampler of that name.
const HALVES: &[&str] = &["bohb", "pbt", "priorband"];

/// The option that sampler and scheduler share.
const ETA: &str = "eta";

/// A sampler and a scheduler; no scheduler where the study has no fidelities.
pub type Parts = (Box<dyn Sampler>, Option<Box<dyn Scheduler>>);

/// The sampler and the scheduler of these names, for one study.
///
/// - The sampler `auto` is that of the method where the scheduler is `bohb`, `pbt` or `priorband`.
/// - The scheduler `auto` is `pbt` where the sampler is.
/// - An option `eta` of the scheduler counts for the sampler as well, unless that has its own.
/// - Otherwise each is what [`sampler`] and [`scheduler`] make of its name.
///
/// # Examples
/// ```
/// use automl_registry::{PartSpec, pair};
/// use automl_space::Space;
/// use automl_study::part::StudyContext;
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let (sampler, scheduler) =
///     pair(&PartSpec::named("gp"), &PartSpec::named("auto"), &StudyContext::new(&space))?;
/// assert!(scheduler.is_none(), "the study has no fidelities");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What [`sampler`] and [`scheduler`] refuse, and [`PartError::Pair`] for `pbt` with a part of
/// another name or other options: the two halves have to make the same decisions.
pub fn pair(
    sampler_spec: &PartSpec,
    scheduler_spec: &PartSpec,
    study: &StudyContext<'_>,
) -> Result<Parts, PartError> {
    let (proposes, decides) = matched(sampler_spec, scheduler_spec);
    let parts = (sampler(&proposes, study)?, scheduler(&decides, study)?);
    agree(&proposes, &decides)?;
    Ok(parts)
}

/// Checks names, options and their agreement before there is a study of `objectives` objectives
/// with fidelities.
///
/// # Errors
/// As [`pair`].
pub fn check_pair(
    sampler_spec: &PartSpec,
    scheduler_spec: &PartSpec,
    objectives: usize,
) -> Result<(), PartError> {
    let (proposes, decides) = matched(sampler_spec, scheduler_spec);
    let entry = find("sampler", &proposes.name, samplers())?;
    let scheduler = find("scheduler", &decides.name, schedulers())?;
    let refused = |kind| move |source| PartError::Part { kind, source };
    // First the scheduler, which may share its `eta` with the sampler.
    scheduler.check(&decides.options).map_err(refused("scheduler"))?;
    entry.check(&proposes.options).map_err(refused("sampler"))?;
    let supports = Supports { without_fidelity: true, ..entry.supports };
    supports.check_counts(entry.name, objectives, true).map_err(refused("sampler"))?;
    agree(&proposes, &decides)
}

/// Refuses half of population-based training.
fn agree(proposes: &PartSpec, decides: &PartSpec) -> Result<(), PartError> {
    let halves = (proposes.name == "pbt", decides.name == "pbt");
    let alike = proposes.options == decides.options;
    if halves.0 == halves.1 && (!halves.0 || alike) {
        return Ok(());
    }
    Err(PartError::Pair { sampler: proposes.clone(), scheduler: decides.clone() })
}

/// The parts with `auto` replaced where the other one decides it, and with a common `eta`.
fn matched<'a>(
    proposes: &'a PartSpec,
    decides: &'a PartSpec,
) -> (Cow<'a, PartSpec>, Cow<'a, PartSpec>) {
    match (proposes.name.as_str(), decides.name.as_str()) {
        ("auto" | "pbt", "pbt") if proposes.options.is_empty() => {
            (Cow::Borrowed(decides), Cow::Borrowed(decides))
        }
        ("pbt", "auto") => (Cow::Borrowed(proposes), Cow::Borrowed(proposes)),
        ("pbt", "pbt") if decides.options.is_empty() => {
            (Cow::Borrowed(proposes), Cow::Borrowed(proposes))
        }
        ("auto", half) if HALVES.contains(&half) => {
            let sampler = PartSpec { name: half.to_owned(), ..proposes.clone() };
            (Cow::Owned(with_eta(sampler, decides)), Cow::Borrowed(decides))
        }
        _ => (Cow::Owned(with_eta(proposes.clone(), decides)), Cow::Borrowed(decides)),
    }
}

/// The sampler with the scheduler's `eta` where it has such an option and none is given.
fn with_eta(proposes: PartSpec, decides: &PartSpec) -> PartSpec {
    let known = samplers().iter().find(|entry| entry.name == proposes.name);
    let has_eta = known.is_some_and(|entry| entry.options.iter().any(|o| o.field == ETA));
    match decides.options.get(ETA) {
        Some(eta) if has_eta && !proposes.options.contains_key(ETA) => {
            proposes.with(ETA, eta.clone())
        }
        _ => proposes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Space;
    use automl_study::Ladder;

    fn spec(text: &str) -> PartSpec {
        text.parse().unwrap()
    }

    #[test]
    fn auto_follows_the_other_half() {
        let matched = |sampler, scheduler| {
            let (sampler, scheduler) = (spec(sampler), spec(scheduler));
            let (proposes, decides) = matched(&sampler, &scheduler);
            (proposes.to_string(), decides.to_string())
        };
        for (given, expected) in [
            (("auto", "auto"), ("auto", "auto")),
            (("auto", "asha"), ("auto", "asha")),
            (("auto", "bohb"), ("bohb", "bohb")),
            (("auto", "priorband"), ("priorband", "priorband")),
            (("auto", "pbt"), ("pbt", "pbt")),
            (("pbt", "auto"), ("pbt", "pbt")),
            (("bohb", "auto"), ("bohb", "auto")),
            (("tpe", "bohb"), ("tpe", "bohb")),
            (("auto", "asha{eta=4}"), ("auto{eta=4}", "asha{eta=4}")),
            (("auto{eta=2}", "asha{eta=4}"), ("auto{eta=2}", "asha{eta=4}")),
            (("auto", "bohb{eta=4}"), ("bohb{eta=4}", "bohb{eta=4}")),
            (("tpe", "asha{eta=4}"), ("tpe", "asha{eta=4}")),
            (("auto", "pbt{members=8}"), ("pbt{members=8}", "pbt{members=8}")),
        ] {
            let expected = (expected.0.to_owned(), expected.1.to_owned());
            assert_eq!(matched(given.0, given.1), expected, "{given:?}");
        }
    }

    #[test]
    fn half_a_population_is_refused() {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
        let study = StudyContext { ladder: Some(&ladder), ..StudyContext::new(&space) };
        let chosen = |sampler, scheduler| {
            let (sampler, scheduler) = (spec(sampler), spec(scheduler));
            let checked = check_pair(&sampler, &scheduler, 1);
            let built = pair(&sampler, &scheduler, &study).map(|_| ());
            assert_eq!(checked, built);
            built
        };
        for (sampler, scheduler) in [
            ("pbt", "hyperband"),
            ("pbt", "none"),
            ("tpe", "pbt"),
            ("pbt{members=4}", "pbt{members=5}"),
        ] {
            let error = PartError::Pair { sampler: spec(sampler), scheduler: spec(scheduler) };
            assert_eq!(chosen(sampler, scheduler), Err(error));
        }
        for (sampler, scheduler) in [("pbt", "pbt"), ("auto", "pbt"), ("pbt{members=4}", "auto")] {
            assert_eq!(chosen(sampler, scheduler), Ok(()));
        }
        assert!(matches!(chosen("magic", "pbt"), Err(PartError::Unknown { .. })));
        let without = StudyContext { ladder: None, ..study };
        assert!(pair(&spec("auto"), &spec("pbt"), &without).is_err());
        assert!(pair(&spec("pbt"), &spec("auto"), &without).is_err());
    }
}
