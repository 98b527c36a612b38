//! Searches under a declared ladder, and the command that chooses one.
#![allow(clippy::unwrap_used)]

use automl_fidelities::{self as fidelities, FidelitiesError, Ranking};
use automl_search::{Completion, Event, LadderSettings, Settings, ladder_toml, run};
use automl_study::StopFlag;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

fn settings(assignments: &[&str]) -> Settings {
    let common = ["device=cpu", "search.images=300", "search.max-params=3000"];
    let all: Vec<String> = common.iter().chain(assignments).map(|s| (*s).to_owned()).collect();
    Settings::load(None, &all).unwrap()
}

/// The ranking of a measurement that is not interrupted.
fn measure(settings: &Settings, file: Option<&Path>) -> Result<Ranking, FidelitiesError> {
    let done = fidelities::measure(settings, file, &StopFlag::default(), &|_| {})?;
    Ok(done.finished().unwrap())
}

const LADDER: &str = "fidelity.ladder=[{epochs = 1, share = 0.2, side = 4}, \
     {epochs = 2, share = 0.5, subset = \"herding-pixels\"}, {epochs = 4}]";

/// Candidates are judged at each setting on the way; those that are interrupted or paused go on.
#[test]
fn a_search_climbs_a_declared_ladder() {
    let folder = tempfile::tempdir().unwrap();
    let runs = format!("runs={}", folder.path().display());
    for scheduler in ["asha", "asha-stopping"] {
        let promotes = scheduler == "asha";
        let name = format!("study={scheduler}");
        let scheduler = format!("search.scheduler={scheduler}");
        let settings = settings(&[
            LADDER,
            &runs,
            &name,
            &scheduler,
            "search.trials=12",
            "search.front=1",
            "training.final-epochs=1",
            "search.sampler=prior",
            "workers=1",
        ]);
        let judged = Mutex::new(String::new());
        // What became of each trial, and after how many epochs, in order.
        let ends = Mutex::new(BTreeMap::<u64, Vec<(&str, u64)>>::new());
        let summary = run(&settings, &StopFlag::default(), &|event| match event {
            Event::Start(start) => judged.lock().unwrap().push_str(&start.judged),
            Event::Candidate { trial, state, epochs, .. } => {
                ends.lock().unwrap().entry(*trial).or_default().push((*state, *epochs));
            }
            _ => {}
        })
        .unwrap()
        .finished()
        .unwrap();
        assert_eq!((summary.front.len(), summary.trials), (1, 12));
        let judged = judged.into_inner().unwrap();
        assert!(judged.contains("herding-pixels") && judged.contains("4 pixels"), "{judged}");
        let ends = ends.into_inner().unwrap();
        let climbed: &[(&str, u64)] = if promotes {
            &[("paused", 1), ("paused", 2), ("complete", 4)]
        } else {
            &[("complete", 4)]
        };
        let left = if promotes { ("paused", 1) } else { ("pruned", 1) };
        assert!(ends.values().any(|trial| trial.as_slice() == climbed), "{ends:?}");
        assert!(ends.values().any(|trial| trial.as_slice() == [left]), "{ends:?}");
    }
}

/// A ladder with settings that differ in epochs only is one training that pauses.
#[test]
fn a_ladder_of_epochs_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let runs = format!("runs={}", folder.path().display());
    let best = |ladder: &[&str]| {
        let common = [
            &runs,
            "search.trials=6",
            "search.front=1",
            "training.final-epochs=1",
            "search.sampler=prior",
            "workers=1",
        ];
        let settings = settings(&[ladder, &common].concat());
        let seen = Mutex::new(Vec::new());
        let outcome = run(&settings, &StopFlag::default(), &|event| {
            if let Event::Candidate { trial, state: "complete", epochs, accuracy, .. } = event {
                seen.lock().unwrap().push((*trial, *epochs, *accuracy));
            }
        })
        .unwrap();
        assert!(outcome.finished().is_some());
        seen.into_inner().unwrap()
    };
    // Whoever gets to the top has the accuracy of an unbroken training.
    let unbroken = best(&["training.epochs=4", "training.min-epochs=4"]);
    let resumed = best(&["fidelity.ladder=[{epochs = 1}, {epochs = 4}]"]);
    assert_eq!(unbroken.len(), 6);
    assert!(!resumed.is_empty());
    assert!(resumed.iter().all(|complete| unbroken.contains(complete)), "{resumed:?} {unbroken:?}");
}

/// Costs, correlations and the ladder are a function of the settings.
#[test]
fn fidelities_are_compared_alike_on_any_number_of_threads() {
    let compare = |workers: &str| {
        let settings = settings(&[
            "training.epochs=3",
            "fidelity.architectures=6",
            "fidelity.candidates=[{epochs = 2}, {epochs = 2, share = 0.3, side = 4}]",
            workers,
        ]);
        measure(&settings, None).unwrap()
    };
    let ranking = compare("workers=2");
    assert_eq!((ranking.architectures, ranking.settings.len()), (6, 4));
    let full = ranking.settings.last().unwrap();
    assert_eq!(full.cost, 1.0);
    // Of the first full training with the second.
    assert!(full.tau.is_some_and(|tau| tau.abs() <= 1.0) && full.error.is_some());
    assert!(ranking.settings.windows(2).all(|pair| pair[0].cost < pair[1].cost));
    assert!(ranking.settings[0].name.contains("30 % of the images (random), 4 pixels"));
    assert_eq!(ranking.settings[1].name, "epoch 1 of the full training");
    let known = |ranking: &Ranking| {
        let rows: Vec<_> = ranking.settings.iter().map(|s| (s.cost, s.tau, s.error)).collect();
        (rows, ranking.null, ranking.ladder())
    };
    assert_eq!(known(&ranking), known(&compare("workers=1")));
    // What it prefers is a ladder that a search takes.
    let text = ladder_toml(&ranking.ladder());
    let read: Settings = toml::from_str(&text).unwrap();
    assert_eq!(read.fidelity.ladder, ranking.ladder());
    assert!(
        matches!(ladder_toml(&LadderSettings::Epochs).as_str(), text if text.contains("epochs"))
    );
}

/// What is known is not measured again, and a measurement can be extended.
#[test]
fn measured_trainings_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("measured.jsonl");
    let compare = |count: u64, candidates: &str| {
        let (count, candidates) = (
            format!("fidelity.architectures={count}"),
            format!("fidelity.candidates=[{candidates}]"),
        );
        let settings = settings(&["training.epochs=2", &count, &candidates]);
        let ranking = measure(&settings, Some(&file)).unwrap();
        (ranking, std::fs::read_to_string(&file).unwrap().lines().count())
    };
    let (first, lines) = compare(5, "{epochs = 1, side = 4}");
    assert_eq!((first.architectures, lines), (5, 15));
    // The measured times are the same too.
    assert_eq!(compare(5, "{epochs = 1, side = 4}"), (first, lines));
    let (more, lines) = compare(6, "{epochs = 1, side = 4}, {epochs = 1, share = 0.5}");
    assert_eq!((more.architectures, lines), (6, 15 + 3 + 6));
    // A setting of which only the end is known becomes the full one, whose curve is needed.
    let settings = settings(&[
        "training.epochs=4",
        "fidelity.architectures=5",
        "fidelity.candidates=[{epochs = 2}]",
    ]);
    let other = folder.path().join("longer.jsonl");
    measure(&settings, Some(&other)).unwrap();
    let mut shorter = settings.clone();
    shorter.training.epochs = Some(2);
    shorter.fidelity.candidates = Some(Vec::new());
    let fresh = measure(&shorter, None).unwrap();
    let kept = measure(&shorter, Some(&other)).unwrap();
    let taus =
        |ranking: &Ranking| ranking.settings.iter().map(|setting| setting.tau).collect::<Vec<_>>();
    assert_eq!(taus(&kept), taus(&fresh));
}

#[test]
fn too_little_time_and_wrong_settings_are_named() {
    let measured = |assignments: &[&str]| measure(&settings(assignments), None).unwrap_err();
    let error = measured(&["fidelity.candidates=[{epochs = 1, side = 9}]"]);
    assert!(error.to_string().contains("own 8 pixels, not 9"), "{error}");
    let small = ["search.max-params=1", "fidelity.architectures=5"];
    assert!(matches!(measured(&small), FidelitiesError::TooFew { .. }));
    let stopped = StopFlag::default();
    stopped.set();
    let settings = settings(&["training.epochs=1"]);
    let done = fidelities::measure(&settings, None, &stopped, &|_| {}).unwrap();
    assert_eq!(done, Completion::Interrupted);
}
