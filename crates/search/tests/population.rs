//! Population-based training in a search: a child continues the training of its parent.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_registry::PartSpec;
use automl_search::{ArchitectureSpace, Device, Event, Search, Settings};
use automl_space::{Config, Key, Space};
use automl_storage::SqliteStorage;
use automl_study::{Direction, Storage, Trial};
use std::path::Path;
use std::sync::Mutex;

/// Networks of two convolutions, the second of one width.
#[derive(Debug)]
struct Widths {
    space: Space,
    width: Key<i64>,
}

impl Widths {
    fn new() -> Self {
        let mut space = Space::builder();
        let width = space.int("width", 4..=32).add().unwrap();
        Self { space: space.build().unwrap(), width }
    }
}

impl ArchitectureSpace for Widths {
    fn space(&self) -> &Space {
        &self.space
    }

    fn architecture(&self, config: &Config) -> Architecture {
        let layers = [
            Layer::once(Block::conv(8, 3, 2, Activation::Relu)),
            Layer::once(Block::conv(config[self.width] as usize, 3, 2, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        Architecture::new(1, 8, layers)
    }
}

/// Seven trials in populations of five, compared after every epoch of three.
fn settings(runs: &Path) -> Settings {
    let mut settings = Settings { runs: runs.to_owned(), ..Settings::default() };
    settings.device = Device::Cpu;
    settings.workers = Some(1);
    settings.search.trials = 7;
    settings.search.images = Some(300);
    settings.search.final_networks = 1;
    settings.search.scheduler = "pbt{members=5,interval=1}".parse::<PartSpec>().unwrap();
    settings.training.epochs = Some(3);
    settings.training.min_epochs = Some(1);
    settings.training.final_epochs = Some(1);
    settings
}

fn trials(runs: &Path) -> Vec<Trial> {
    let path = runs.join("digits-1/study.db");
    let mut storage = SqliteStorage::open(path, "digits-1").unwrap();
    let directions = [Direction::Maximize, Direction::Minimize];
    storage.attach(Widths::new().space(), &directions).unwrap()
}

/// A child reports from the epoch after its parent's, as only its parent's weights allow: from scratch
/// it would report its first epoch too.
#[test]
fn a_child_starts_from_the_checkpoint_of_its_parent() {
    let runs = tempfile::tempdir().unwrap();
    let (begun, notes) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let outcome = Search::builder(settings(runs.path()))
        .space(Widths::new())
        .observer(|event| match event {
            Event::Training { trial, from, .. } => begun.lock().unwrap().push((*trial, *from)),
            Event::Note(note) => notes.lock().unwrap().push(note.clone()),
            _ => {}
        })
        .run()
        .unwrap();
    assert!(outcome.finished().is_some());
    let trials = trials(runs.path());
    let children: Vec<&Trial> =
        trials.iter().filter(|t| t.run().is_some_and(|run| run.warm_start.is_some())).collect();
    assert!(!children.is_empty(), "no member was replaced");
    for child in children {
        let run = child.run().unwrap();
        let parent = &trials[run.warm_start.unwrap().index()];
        let first = child.reports[0].fidelity;
        assert!(first.0 > 1, "trial {} began with its first epoch", child.number);
        assert!(parent.report_at(first.0 - 1).is_some());
        assert!(begun.lock().unwrap().contains(&(child.number.0, first.0 - 1)));
    }
    let notes = notes.into_inner().unwrap();
    assert!(!notes.iter().any(|note| note.contains("from scratch")), "{notes:?}");
}
