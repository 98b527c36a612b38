//! A search with a sampler, a scheduler and a space of the user's own, on the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_search::{ArchitectureSpace, Device, Event, Search, SearchOutcome, Settings};
use automl_space::{Config, Key, Space};
use automl_study::{
    Fidelity, History, Job, ProposeError, RandomSampler, Run, Sampler, Scheduler, State, StopFlag,
    TrialId, Verdict, View,
};
use rand::Rng;
use std::path::Path;
use std::sync::Mutex;

fn settings(runs: &Path) -> Settings {
    let mut settings = Settings { runs: runs.to_owned(), ..Settings::default() };
    settings.device = Device::Cpu;
    settings.workers = Some(1);
    settings.search.trials = 3;
    settings.search.final_networks = 1;
    settings.training.epochs = Some(3);
    settings.training.final_epochs = Some(1);
    settings
}

/// Networks of two convolutions.
#[derive(Debug)]
struct Widths {
    space: Space,
    width: Key<i64>,
}

impl ArchitectureSpace for Widths {
    fn space(&self) -> &Space {
        &self.space
    }

    fn architecture(&self, config: &Config) -> Architecture {
        let width = 8 * config[self.width] as usize;
        let layers = [
            Layer::once(Block::conv(width, 3, 2, Activation::Relu)),
            Layer::once(Block::conv(2 * width, 3, 2, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        Architecture::new(1, 8, layers)
    }
}

fn widths() -> Widths {
    let mut space = Space::builder();
    let width = space.int("width", 1..=6).add().unwrap();
    Widths { space: space.build().unwrap(), width }
}

/// Widens the networks from trial to trial.
#[derive(Debug)]
struct Widening;

impl Sampler for Widening {
    fn propose(&mut self, view: &View<'_>, _: &mut dyn Rng) -> Result<Config, ProposeError> {
        let width = view.space.int_key("width").unwrap();
        let config = (0..)
            .map(|seed| view.space.sample_prior(&mut automl_numeric::stream(seed, 0, "widening")));
        let wanted = 1 + view.number.0 as i64;
        Ok(config.into_iter().find(|config| config[width] == wanted).unwrap())
    }
}

/// Prunes every trial after two epochs but the second one.
#[derive(Debug)]
struct OnlyTheSecond;

impl Scheduler for OnlyTheSecond {
    fn next_job(&mut self, history: &History) -> Job {
        match history.in_state(State::Paused).next() {
            Some(trial) => Job::Resume { trial: trial.number, target: Fidelity(3) },
            None => Job::Start(Run::to(Fidelity(3))),
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        match history.get(trial).map_or(0, |trial| trial.fidelity().0) {
            3 => Verdict::Complete,
            2 if trial != TrialId(1) => Verdict::Stop,
            _ => Verdict::Continue,
        }
    }
}

#[test]
fn own_sampler_scheduler_and_space() {
    let runs = tempfile::tempdir().unwrap();
    let ends = Mutex::new(Vec::new());
    let outcome = Search::builder(settings(runs.path()))
        .space(widths())
        .sampler(Widening)
        .scheduler(OnlyTheSecond)
        .observer(|event| {
            if let Event::Candidate { trial, state, epochs, params, loss, .. } = event {
                assert!(loss.is_some());
                ends.lock().unwrap().push((*trial, *state, *epochs, *params));
            }
        })
        .run()
        .unwrap();
    let params = |width: i64| {
        let space = widths();
        let prior = (0..)
            .map(|seed| space.space.sample_prior(&mut automl_numeric::stream(seed, 0, "width")));
        let config = prior.into_iter().find(|config| config[space.width] == width).unwrap();
        space.architecture(&config).cost().unwrap().parameters
    };
    let expected = [(0, "pruned", 2), (1, "complete", 3), (2, "pruned", 2)];
    let expected = expected.map(|(trial, state, epochs)| {
        (trial, state, epochs, params(1 + i64::try_from(trial).unwrap()))
    });
    assert_eq!(ends.into_inner().unwrap(), expected);
    let summary = outcome.finished().unwrap();
    assert_eq!((summary.trials, summary.front.len()), (3, 1));
}

#[test]
fn a_stop_and_limits_are_outcomes() {
    let runs = tempfile::tempdir().unwrap();
    let stop = StopFlag::new();
    stop.set();
    let outcome = Search::builder(settings(runs.path()))
        .sampler(RandomSampler::from_prior())
        .stop(&stop)
        .run()
        .unwrap();
    let SearchOutcome::Interrupted(Some(summary)) = &outcome else { panic!("{outcome}") };
    assert_eq!(summary.trials, 0);
    assert_eq!(outcome.to_string(), "interrupted; what was recorded goes on with --study digits-1");
    let mut tight = settings(runs.path());
    tight.search.max_params = Some(1);
    let outcome = Search::builder(tight).space(widths()).run().unwrap();
    assert!(matches!(outcome, SearchOutcome::NoneWithinLimits { .. }), "{outcome}");
    let message = "no network was found with at most 1 parameters: the smallest of the space needs";
    assert!(outcome.to_string().starts_with(message), "{outcome}");
    assert!(outcome.to_string().contains("raise search.max-params"), "{outcome}");
}
