//! A sampler and a scheduler that go together.

use super::{ChooseError, sampler, scheduler};
use automl_study::part::StudyContext;
use automl_study::{Sampler, Scheduler};

/// The schedulers that are one half of a method, whose other half is the sampler of that name.
const HALVES: &[&str] = &["bohb", "pbt", "priorband"];

/// A sampler and a scheduler; none where the study has no fidelities.
pub type Parts = (Box<dyn Sampler>, Option<Box<dyn Scheduler>>);

/// The sampler and the scheduler of these names, for one study.
///
/// - The sampler `auto` is that of the method where the scheduler is `bohb`, `pbt` or `priorband`.
/// - The scheduler `auto` is `pbt` where the sampler is.
/// - Otherwise each is what [`sampler`] and [`scheduler`] make of its name.
///
/// # Errors
/// What [`sampler`] and [`scheduler`] refuse, and [`ChooseError::Pair`] for `pbt` with a part of
/// another name: the two decide together who goes on with whose configuration.
pub fn pair(
    sampler_name: &str,
    scheduler_name: &str,
    setting: &StudyContext<'_>,
) -> Result<Parts, ChooseError> {
    let (proposes, decides) = matched(sampler_name, scheduler_name);
    let parts = (sampler(proposes, setting)?, scheduler(decides, setting)?);
    if (proposes == "pbt") != (decides == "pbt") {
        return Err(ChooseError::Pair {
            sampler: sampler_name.to_owned(),
            scheduler: scheduler_name.to_owned(),
        });
    }
    Ok(parts)
}

/// The names with `auto` replaced where the other one decides it.
fn matched<'a>(sampler: &'a str, scheduler: &'a str) -> (&'a str, &'a str) {
    match (sampler, scheduler) {
        ("auto", half) if HALVES.contains(&half) => (half, half),
        ("pbt", "auto") => ("pbt", "pbt"),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Space;
    use automl_study::Ladder;

    #[test]
    fn auto_follows_the_other_half() {
        assert_eq!(matched("auto", "auto"), ("auto", "auto"));
        assert_eq!(matched("auto", "asha"), ("auto", "asha"));
        assert_eq!(matched("auto", "bohb"), ("bohb", "bohb"));
        assert_eq!(matched("auto", "priorband"), ("priorband", "priorband"));
        assert_eq!(matched("auto", "pbt"), ("pbt", "pbt"));
        assert_eq!(matched("pbt", "auto"), ("pbt", "pbt"));
        assert_eq!(matched("bohb", "auto"), ("bohb", "auto"));
        assert_eq!(matched("tpe", "bohb"), ("tpe", "bohb"));
    }

    #[test]
    fn half_a_population_is_refused() {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
        let setting = StudyContext {
            space: &space,
            objectives: 1,
            constraints: 0,
            planned_trials: None,
            ladder: Some(&ladder),
            total_cost: None,
            trial_limit: None,
        };
        let chosen = |sampler, scheduler| pair(sampler, scheduler, &setting).map(|_| ());
        for (sampler, scheduler) in [("pbt", "hyperband"), ("pbt", "none"), ("tpe", "pbt")] {
            let error = ChooseError::Pair { sampler: sampler.into(), scheduler: scheduler.into() };
            assert_eq!(chosen(sampler, scheduler), Err(error));
        }
        for (sampler, scheduler) in [("pbt", "pbt"), ("auto", "pbt"), ("pbt", "auto")] {
            assert_eq!(chosen(sampler, scheduler), Ok(()));
        }
        assert!(matches!(chosen("magic", "pbt"), Err(ChooseError::Unknown { .. })));
        let without = StudyContext { ladder: None, ..setting };
        assert!(pair("auto", "pbt", &without).is_err());
        assert!(pair("pbt", "auto", &without).is_err());
    }
}
