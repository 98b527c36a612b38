//! Requests, spaces, settings and records.

use crate::corpus::{files, folder, texts};
use crate::target::Target;
use automl_settings::Settings;
use automl_space::{Measure, Space};
use automl_storage::{JournalStorage, StudyRecord};
use automl_study::{Direction, Storage, Study};
use std::fs;
use std::path::Path;

/// Lines of the protocol, as a client sends them.
pub(crate) const PROTOCOL: Target = Target {
    name: "protocol",
    count: 400,
    read: |bytes, _| drop(automl_serve::serve(bytes, std::io::sink())),
    corpus: || {
        let requests = |file: &Vec<u8>| {
            let text = String::from_utf8_lossy(file).into_owned();
            let sent = text.lines().filter_map(|line| line.strip_prefix("> "));
            // The first ones: what follows them only takes time.
            sent.take(8).collect::<Vec<_>>().join("\n").into_bytes()
        };
        let names = ["conditional.txt", "constraints.txt", "fidelities.txt"];
        names
            .iter()
            .flat_map(|name| files(&[&format!("automl/testdata/serve/{name}")]))
            .map(|file| requests(&file))
            .chain(texts(&[
                "{\"cmd\":\"init\",\"protocol\":1,\"sampler\":\"sobol\",\"space\":[{\"name\":\"x\",\
                 \"type\":\"float\",\"low\":0,\"high\":1}]}\n{\"cmd\":\"ask\"}\n\
                 {\"cmd\":\"tell\",\"id\":0,\"value\":0.5}\n{\"cmd\":\"best\"}",
            ]))
            .collect()
    },
};

/// Spaces in JSON.
pub(crate) const SPACE: Target = Target {
    name: "space",
    count: 4000,
    read: |bytes, _| {
        let Ok(json) = serde_json::from_slice(bytes) else { return };
        if let Ok(space) = Space::from_json(&json) {
            space.sample(&mut automl_numeric::stream(0, 0, "fuzz"));
        }
    },
    corpus: || {
        texts(&[
            "[{\"name\":\"x\",\"type\":\"float\",\"low\":0.001,\"high\":1,\"log\":true},\
             {\"name\":\"n\",\"type\":\"int\",\"low\":1,\"high\":9,\"step\":2}]",
            "{\"parameters\":[{\"name\":\"b\",\"type\":\"categorical\",\"choices\":[\"a\",2,true]},\
             {\"name\":\"d\",\"type\":\"int\",\"low\":1,\"high\":12,\"condition\":{\"parent\":\"b\",\
             \"values\":[\"a\"]}}],\"constraints\":[{\"expression\":\"d != 7\"}]}",
        ])
    },
};

/// ConfigSpace's JSON.
pub(crate) const CONFIGSPACE: Target = Target {
    name: "configspace",
    count: 4000,
    read: |bytes, _| {
        let Ok(json) = serde_json::from_slice(bytes) else { return };
        drop(Space::from_configspace(&json));
    },
    corpus: || {
        let mut corpus = folder("space/testdata/configspace");
        corpus.extend(files(&["space/testdata/configspace.json"]));
        corpus
    },
};

/// Formulas.
pub(crate) const EXPRESSION: Target = Target {
    name: "expression",
    count: 10_000,
    read: |bytes, _| {
        let text = String::from_utf8_lossy(bytes);
        drop(Measure::parse(&text, &["accuracy", "macs", "x"]));
    },
    corpus: || {
        texts(&[
            "accuracy - 0.1 * log(macs) + min(x, 3) ^ 2",
            "-(x * (accuracy + 2e3)) / max(1, macs)",
            "((((((x))))))",
        ])
    },
};

/// Settings files.
pub(crate) const SETTINGS: Target = Target {
    name: "settings",
    count: 2000,
    read: |bytes, folder| {
        let path = folder.join("settings.toml");
        if fs::write(&path, bytes).is_ok() {
            drop(Settings::load(Some(&path), &[]));
        }
    },
    corpus: || vec![automl_settings::to_toml(&Settings::default()).into_bytes()],
};

/// Assignments of the command line, one a line.
pub(crate) const ASSIGNMENTS: Target = Target {
    name: "assignments",
    count: 2000,
    read: |bytes, _| {
        let text = String::from_utf8_lossy(bytes);
        let assignments: Vec<String> = text.lines().map(str::to_owned).collect();
        drop(Settings::load(None, &assignments));
    },
    corpus: || {
        texts(&["training.epochs=20\nseed=3\nsearch.trials=7", "search.sampler=tpe{gamma=0.2}"])
    },
};

/// Journal files.
pub(crate) const JOURNAL: Target = Target {
    name: "journal",
    count: 1000,
    read: |bytes, folder| {
        let path = folder.join("study.log");
        if fs::write(&path, bytes).is_err() {
            return;
        }
        drop(StudyRecord::read(&format!("journal:///{}", path.display()), None));
        if let (Ok(mut storage), Some(space)) = (JournalStorage::open(&path, "fuzz"), space()) {
            drop(storage.attach(&space, &[Direction::Minimize]));
        }
    },
    corpus: || journal().into_iter().collect(),
};

fn space() -> Option<Space> {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().ok()?;
    builder.build().ok()
}

fn journal() -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().ok()?;
    let path = folder.path().join("study.log");
    write(&path)?;
    fs::read(path).ok()
}

/// A journal with a few trials.
fn write(path: &Path) -> Option<()> {
    let storage = JournalStorage::open(path, "fuzz").ok()?;
    let mut study = Study::builder(space()?).storage(storage).build().ok()?;
    for value in [0.5, f64::INFINITY, 0.25] {
        let number = study.ask().ok()?.number;
        study.report(number, 1, vec![value]).ok()?;
        study.tell(number, value).ok()?;
    }
    Some(())
}
