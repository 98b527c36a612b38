//! A study that several processes warm-start proposes what one process would.
#![allow(clippy::unwrap_used)]

mod common;

use automl_gp::GpSampler;
use automl_space::{Config, Space};
use automl_storage::StudyRecord;
use automl_study::{Study, StudyBuilder};
use automl_transfer::{Renames, WarmStart};
use common::Place;

fn space() -> Space {
    let mut builder = Space::builder();
    for name in ["x", "y", "z"] {
        builder.float(name, 0.0..=1.0).add().unwrap();
    }
    builder.build().unwrap()
}

fn loss(config: &Config) -> f64 {
    config.values().flatten().map(|value| (value.as_f64() - 0.3).powi(2)).sum()
}

/// The builder of a new study that learns from what is recorded of the earlier one now.
fn warm(place: &Place) -> StudyBuilder {
    let record = StudyRecord::read(&place.url(), Some("earlier")).unwrap();
    let mut warm_start = WarmStart::new(&space(), &record.directions);
    warm_start.add_record(&record, &Renames::default()).unwrap();
    Study::builder(space()).sampler(GpSampler::default()).seed(4).warm_start(warm_start.sources())
}

/// The configurations of twelve trials, each asked for by the next of the studies in turn.
fn proposals(studies: &mut [Study]) -> Vec<Config> {
    let next = |number: usize| {
        let study = &mut studies[number % studies.len()];
        let trial = study.ask().unwrap();
        study.tell(trial.number, loss(&trial.config)).unwrap();
        trial.config
    };
    (0..12).map(next).collect()
}

#[test]
fn three_processes_propose_what_one_would() {
    for place in Place::all() {
        let earlier = || Study::builder(space()).storage(place.open("earlier"));
        earlier().build().unwrap().optimize(25, loss).unwrap();
        let mut alone = warm(&place).build().unwrap();
        let expected = proposals(std::slice::from_mut(&mut alone));
        // The earlier study grows between the starts of the processes.
        let mut processes = Vec::new();
        for trials in [0, 5, 5] {
            earlier().build().unwrap().optimize(trials, |c| 1.0 - loss(c)).unwrap();
            processes.push(warm(&place).storage(place.open("new")).build().unwrap());
        }
        assert_eq!(proposals(&mut processes), expected);
        // So does a process that goes on without naming the earlier study.
        drop(processes);
        let goes_on = Study::builder(space()).sampler(GpSampler::default());
        let mut goes_on = goes_on.storage(place.open("new")).build().unwrap();
        assert_eq!(goes_on.ask().unwrap().config, alone.ask().unwrap().config);
    }
}

#[test]
fn another_warm_start_of_the_same_study_is_refused() {
    let place = Place::file();
    for name in ["earlier", "other"] {
        let study = Study::builder(space()).storage(place.open(name)).build();
        study.unwrap().optimize(10, loss).unwrap();
    }
    warm(&place).storage(place.open("new")).build().unwrap();
    let record = StudyRecord::read(&place.url(), Some("other")).unwrap();
    let mut warm_start = WarmStart::new(&space(), &record.directions);
    warm_start.add_record(&record, &Renames::default()).unwrap();
    let other = Study::builder(space()).storage(place.open("new"));
    let error = other.warm_start(warm_start.sources()).build().unwrap_err().to_string();
    assert!(error.contains("earlier") && error.contains("other"), "{error}");
}
