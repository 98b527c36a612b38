//! A search for networks and recipes together, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_candidates::{ArchitectureSpace, RecipeSpace};
use automl_data::{DataSplits, Dataset};
use automl_search::{Device, NetworkRecord, Search, Settings};
use automl_space::{Config, Key, Space};
use automl_storage::SqliteStorage;
use automl_study::{Direction, Storage};
use std::path::Path;
use std::sync::Arc;

/// Networks of two widths.
#[derive(Debug)]
struct Widths {
    space: Space,
    width: Key<usize>,
}

impl Widths {
    fn new() -> Self {
        let mut space = Space::builder();
        let width = space.ordinal("width", [8, 16]).add().unwrap();
        Self { space: space.build().unwrap(), width }
    }
}

impl ArchitectureSpace for Widths {
    fn space(&self) -> &Space {
        &self.space
    }

    fn architecture(&self, config: &Config) -> Architecture {
        let width = 8 * (1 + config[self.width]);
        let layers = [
            Layer::once(Block::conv(width, 3, 2, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        Architecture::new(1, 8, layers)
    }
}

fn settings(runs: &Path, trials: u64) -> Settings {
    let mut settings = Settings { runs: runs.to_owned(), ..Settings::default() };
    settings.study = Some("joint".into());
    settings.device = Device::Cpu;
    settings.workers = Some(1);
    settings.search.trials = trials;
    settings.search.tune_recipe = true;
    settings.search.images = Some(300);
    settings.search.final_networks = 2;
    settings.training.epochs = Some(2);
    settings.training.final_epochs = Some(1);
    settings
}

/// Two networks are tried with eight recipes, the first two with that of the settings; the recipe of a
/// final training is that of its trial on all data, and is recorded. The study goes on.
#[test]
fn networks_are_trained_by_the_recipes_of_their_trials() {
    let runs = tempfile::tempdir().unwrap();
    let search = |trials| {
        let builder = Search::builder(settings(runs.path(), trials)).space(Widths::new());
        builder.run().unwrap().finished().unwrap()
    };
    assert_eq!(search(8).trials, 8);
    let settings = settings(runs.path(), 8);
    let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
    let few = data.subset(300.0 / data.train.len() as f64, 0);
    let usual = settings.training.recipe(&few, 2);
    let joint = RecipeSpace::new(Arc::new(Widths::new()), &usual).unwrap();
    let path = runs.path().join("joint/study.db");
    let directions = [Direction::Maximize, Direction::Minimize];
    let trials = SqliteStorage::open(&path, "joint").unwrap();
    let trials = { trials }.attach(joint.space(), &directions).unwrap();
    let recipes: Vec<_> = trials.iter().map(|trial| joint.tuned(&trial.config, &usual)).collect();
    for recipe in &recipes[..2] {
        assert!((recipe.learning_rate / usual.learning_rate - 1.0).abs() < 1e-6);
        assert_eq!(recipe.optimizer, usual.optimizer);
    }
    assert!(recipes[2..].iter().any(|recipe| recipe.learning_rate != usual.learning_rate));
    let mut seen = 0;
    for trial in &trials {
        let folder = runs.path().join(format!("joint/front/trial-{}", trial.number.0));
        let Ok(record) = NetworkRecord::read(&folder) else { continue };
        let expected = joint.tuned(&trial.config, &settings.training.recipe(&data, 1));
        let own = record.recipe.unwrap();
        assert_eq!(own.regularization, expected.regularization);
        assert_eq!((own.optimizer, own.batch), (expected.optimizer, expected.batch));
        assert!((own.learning_rate / expected.learning_rate - 1.0).abs() < 1e-9);
        seen += 1;
    }
    // Each network once, with its best recipe.
    assert_eq!(seen, 2);
    assert_eq!(search(10).trials, 10);
}
