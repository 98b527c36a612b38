//! Options reach the parts.
#![allow(clippy::unwrap_used)]

use automl_registry::{PartSpec, pair, sampler, samplers, scheduler, schedulers};
use automl_space::Space;
use automl_study::part::StudyContext;
use automl_study::{Direction, Ladder, Next, Outcome, Study, Verdict};

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.float("y", 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

/// The jobs and proposals of a study of these parts, as text.
fn played(sampler: &str, scheduler: &str) -> String {
    let (space, ladder) = (space(), Ladder::new("epoch", 1, 64, true).unwrap());
    let study = StudyContext {
        ladder: Some(&ladder),
        planned_trials: Some(60),
        ..StudyContext::new(&space)
    };
    let parts = pair(&sampler.parse().unwrap(), &scheduler.parse().unwrap(), &study).unwrap();
    let mut study = Study::builder(space)
        .directions([Direction::Minimize])
        .seed(5)
        .sampler(parts.0)
        .scheduler(ladder, parts.1.unwrap())
        .build()
        .unwrap();
    let mut lines = String::new();
    while study.history().len() < 40 {
        let Next::Run(job) = study.next_job().unwrap() else { break };
        lines += &format!("{job:?}\n");
        let until = job.target.unwrap();
        for fidelity in [1, 4, 16, 64].into_iter().filter(|f| *f > job.fidelity.0 && *f <= until.0)
        {
            let loss = (job.number.0 as f64 * 0.37 + fidelity as f64 * 0.01) % 1.0;
            let verdict = study.report(job.number, fidelity, vec![loss]).unwrap();
            lines += &format!("{fidelity} {verdict:?}\n");
            if verdict == Verdict::Complete {
                let outcome = Outcome::Complete { values: vec![loss], constraints: Vec::new() };
                study.tell(job.number, outcome).unwrap();
            }
            if verdict != Verdict::Continue {
                break;
            }
        }
    }
    lines
}

/// An option that changes nothing would be a name only.
#[test]
fn options_change_what_a_part_does() {
    for (one, other) in [
        (("random", "asha"), ("random", "asha{eta=8}")),
        (("random", "hyperband"), ("random", "hyperband{eta=4}")),
        (("random", "sha"), ("random", "sha{trials=4}")),
        (("random", "median"), ("random", "median{min-trials=1}")),
        (("random", "percentile"), ("random", "percentile{share=0.9}")),
        (("pbt", "pbt{members=20}"), ("pbt", "pbt{members=4}")),
        (("pbt", "pbt"), ("pbt", "pbt{interval=32}")),
        (("tpe", "none"), ("tpe{startup=2}", "none")),
        (("bohb", "asha{eta=4}"), ("bohb{random-fraction=1}", "asha{eta=4}")),
        (("random", "freeze-thaw"), ("random", "freeze-thaw{startup=20}")),
    ] {
        assert!(played(one.0, one.1) != played(other.0, other.1), "{other:?} changes nothing");
        assert!(played(other.0, other.1) == played(other.0, other.1), "{other:?} differs");
    }
}

/// Every default given by name is the default.
#[test]
fn defaults_given_by_name_are_the_defaults() {
    let (space, ladder) = (space(), Ladder::new("epoch", 1, 27, true).unwrap());
    let study = StudyContext { ladder: Some(&ladder), ..StudyContext::new(&space) };
    for entry in samplers() {
        let spec = PartSpec { name: entry.name.into(), options: entry.defaults() };
        let given = format!("{:?}", sampler(&spec, &study).unwrap());
        let default = sampler(&PartSpec::named(entry.name), &study).unwrap();
        assert_eq!(given, format!("{default:?}"), "{}", entry.name);
        assert!(!entry.summary().is_empty());
    }
    for entry in schedulers() {
        let spec = PartSpec { name: entry.name.into(), options: entry.defaults() };
        let given = format!("{:?}", scheduler(&spec, &study).unwrap());
        let default = scheduler(&PartSpec::named(entry.name), &study).unwrap();
        assert_eq!(given, format!("{default:?}"), "{}", entry.name);
        assert!(!entry.summary().is_empty());
    }
}

/// A client that trains to exactly what it was asked for never goes below the lowest fidelity.
#[test]
fn no_scheduler_asks_for_less_than_the_lowest_fidelity() {
    for (low, high) in [(1, 9), (5, 40), (7, 8), (3, 3), (4, 100), (9, 81)] {
        for entry in schedulers() {
            for resumable in [true, false] {
                let space = space();
                let ladder = Ladder::new("epoch", low, high, resumable).unwrap();
                let context = StudyContext {
                    ladder: Some(&ladder),
                    planned_trials: Some(60),
                    ..StudyContext::new(&space)
                };
                let of = |sampler: &str| {
                    pair(&PartSpec::named(sampler), &PartSpec::named(entry.name), &context)
                };
                // Populations have a sampler of their own.
                let (sampler, scheduler) = of("random").or_else(|_| of("auto")).unwrap();
                let Some(scheduler) = scheduler else { continue };
                let builder = Study::builder(space).seed(3).sampler(sampler);
                let mut study = builder.scheduler(ladder, scheduler).build().unwrap();
                for _ in 0..80 {
                    let Next::Run(job) = study.next_job().unwrap() else { break };
                    let (number, until) = (job.number, job.target.unwrap());
                    let mut at = job.fidelity;
                    while at < until {
                        at = study.next_milestone(at, until);
                        let case = format!("{} from {low} to {high}", entry.name);
                        assert!((low..=high).contains(&at.0), "{case} asks for {at}");
                        let loss = (number.0 as f64 * 0.37) % 1.0 + 1.0 / at.0 as f64;
                        match study.report(number, at, vec![loss]).unwrap() {
                            Verdict::Continue => {}
                            Verdict::Complete => study.tell(number, loss).unwrap(),
                            Verdict::Pause | Verdict::Stop => break,
                        }
                    }
                }
                assert!(study.history().len() > 1, "{}", entry.name);
            }
        }
    }
}
