//! The builder of a search.

use super::part::{MakeSampler, MakeScheduler, SamplerSource, SchedulerSource};
use crate::{Event, SearchError, SearchOutcome, Settings};
use automl_candidates::ArchitectureSpace;
use automl_study::StopFlag;
use std::fmt;
use std::sync::Arc;

/// The main job: data in, a Pareto front of trained networks out.
///
/// # Examples
/// ```no_run
/// use automl_search::{Event, Search, Settings};
/// use automl_study::RandomSampler;
///
/// let mut settings = Settings::default();
/// settings.search.trials = 30;
/// let outcome = Search::builder(settings)
///     .sampler(RandomSampler::from_prior())
///     .observer(|event| {
///         if let Event::Trained(network) = event {
///             println!("{} parameters, {:.2} %", network.params, 100.0 * network.test_accuracy);
///         }
///     })
///     .run()?;
/// println!("{outcome}");
/// # Ok::<(), automl_search::SearchError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Search;

impl Search {
    /// A search by settings, which name the data, the space and the parts.
    pub fn builder<'a>(settings: Settings) -> SearchBuilder<'a> {
        SearchBuilder {
            settings,
            sampler: None,
            scheduler: None,
            space: None,
            observer: Box::new(|_| ()),
            stop: StopFlag::new(),
        }
    }
}

/// Builder of a [`Search`]; each method replaces a part that the settings name.
#[must_use = "a search begins with `run`"]
pub struct SearchBuilder<'a> {
    pub(super) settings: Settings,
    pub(super) sampler: Option<MakeSampler>,
    pub(super) scheduler: Option<MakeScheduler>,
    pub(super) space: Option<Arc<dyn ArchitectureSpace>>,
    pub(super) observer: Box<dyn Fn(&Event) + Sync + 'a>,
    pub(super) stop: StopFlag,
}

impl fmt::Debug for SearchBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchBuilder")
            .field("settings", &self.settings)
            .field("space", &self.space)
            .finish_non_exhaustive()
    }
}

impl<'a> SearchBuilder<'a> {
    /// The sampler, or the configuration of one. The search wraps it so that costs are diverse and
    /// no network is tried twice.
    pub fn sampler<Kind>(mut self, sampler: impl SamplerSource<Kind>) -> Self {
        self.sampler = Some(sampler.into_make());
        self
    }

    /// The scheduler, or the configuration of one.
    pub fn scheduler<Kind>(mut self, scheduler: impl SchedulerSource<Kind>) -> Self {
        self.scheduler = Some(scheduler.into_make());
        self
    }

    /// The space of networks. Without limits in the settings, every network of it is allowed.
    pub fn space(mut self, space: impl ArchitectureSpace + 'static) -> Self {
        self.space = Some(Arc::new(space));
        self
    }

    /// A function that is called for each event, from any worker.
    pub fn observer(mut self, observer: impl Fn(&Event) + Sync + 'a) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// The flag that interrupts the search: running trials are released, recorded ones stay, and the
    /// study can be resumed by its name.
    pub fn stop(mut self, stop: &StopFlag) -> Self {
        self.stop = stop.clone();
        self
    }
}

/// Runs a search by settings: [`Search::builder`] with these settings, stop flag and observer.
///
/// # Errors
/// As [`SearchBuilder::run`].
pub fn run(
    settings: &Settings,
    stop: &StopFlag,
    observer: &(dyn Fn(&Event) + Sync),
) -> Result<SearchOutcome, SearchError> {
    Search::builder(settings.clone()).stop(stop).observer(observer).run()
}
