//! CMA-ES as a sampler: the distribution is replayed from the trials.

use super::axes::Axes;
use super::config::CmaEsConfig;
use super::run::Run;
use crate::individual::{Individual, TrialFingerprint, is_prefix};
use automl_space::{Config, Space};
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext, Supports};
use automl_study::{ProposeError, Sampler, View};
use rand::Rng;

impl SamplerConfig for CmaEsConfig {
    const SUPPORTS: Supports = Supports::ONE_OBJECTIVE;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Self::SUPPORTS.check(Self::NAME, study)?;
        self.check()?;
        Ok(Box::new(CmaEsSampler::new(self.clone())))
    }
}

/// The covariance matrix adaptation evolution strategy (CMA-ES) over mixed, conditional spaces.
///
/// A generation consists of the next [`population`](CmaEsConfig::population) evaluated trials (finished
/// or paused) in order of their numbers, whichever sampler proposed them. So the distribution is a
/// function of the trials, and is replayed from them where no cached state is valid. Running trials
/// count once they end.
///
/// - **Numbers** live in the unit cube with the distribution `N(m, sigma^2 C)` of [`CmaEs`](crate::CmaEs). Draws outside
///   of the cube are moved to its border.
/// - **Discrete numbers**: a value stands for a cell of the unit interval and enters as a draw from the
///   distribution truncated to the cell; a margin keeps the neighboring values possible.
/// - **Choices** have categorical distributions, updated by natural gradients.
/// - **Inactive numbers** enter as random draws, as if the objective ignored them.
/// - **Warm start**: with [`warm_start`](CmaEsConfig::warm_start) the first distribution is the normal
///   one nearest to a mixture of kernels of width 0.1 around the best tenth of so many known trials:
///   their mean, and their covariance plus `0.01 I`.
/// - **Restarts**: a run that has converged or stagnated is replaced by one at a random place. Populations
///   that double and small ones take turns by what they have cost (BIPOP).
///
/// # Errors
/// [`propose`](Sampler::propose) refuses studies with several objectives.
///
/// # Source
/// [`CmaEs`](crate::CmaEs); Hamano et al. (2022), "CMA-ES with Margin: Lower-Bounding Marginal Probability for
/// Mixed-Integer Black-Box Optimization", section 4; Hamano et al. (2024), "CatCMA: Stochastic Optimization
/// for Mixed-Category Problems"; Hansen (2009), "Benchmarking a BI-Population CMA-ES on the BBOB-2009
/// Function Testbed"; Nomura et al. (2021), "Warm Starting CMA-ES for Hyperparameter Optimization", AAAI,
/// section 4. The paper of the margin remembers the point of a cell; here it is drawn anew, since a trial
/// records the value only.
///
/// # Examples
/// ```
/// use automl_evolution::{CmaEsConfig, CmaEsSampler};
/// use automl_space::Space;
/// use automl_study::Study;
///
/// let mut space = Space::builder();
/// let x = space.float("x", -5.0..=5.0).add()?;
/// let n = space.int("n", 1..=20).add()?;
/// let sampler = CmaEsSampler::new(CmaEsConfig { population: Some(8), ..CmaEsConfig::default() });
/// let mut study = Study::builder(space.build()?).sampler(sampler).build()?;
/// study.optimize(200, |config| (config[x] - 1.0).powi(2) + (config[n] - 7).pow(2) as f64)?;
/// assert!(study.best().expect("trials have finished").values[0] < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CmaEsSampler {
    config: CmaEsConfig,
    cache: Option<Cache>,
}

/// Runs of a study after its latest generations.
#[derive(Clone, Debug)]
struct Cache {
    space: Space,
    seed: u64,
    axes: Axes,
    /// Oldest first.
    snapshots: Vec<Snapshot>,
}

/// A run and the individuals behind it.
#[derive(Clone, Debug)]
struct Snapshot {
    read: Vec<TrialFingerprint>,
    last: Option<Config>,
    run: Run,
}

/// The number of cached snapshots: late results invalidate only the latest few.
const CACHED_SNAPSHOTS: usize = 8;

/// Draws from the distribution before a uniform one.
const MAX_DRAWS: usize = 64;

impl CmaEsSampler {
    /// A sampler with these options, which are not checked; a population below 4 acts as 4.
    pub fn new(config: CmaEsConfig) -> Self {
        Self { config, cache: None }
    }

    /// The number of trials before the first generation.
    fn startup(&self, view: &View<'_>) -> usize {
        match self.config.warm_start {
            0 => view.startup_trials(self.config.startup),
            known => known,
        }
    }

    /// The cache of the view's study.
    fn cache(&mut self, view: &View<'_>) -> &mut Cache {
        let belongs = |cache: &Cache| cache.seed == view.seed && cache.space == *view.space;
        self.cache.take_if(|cache| !belongs(cache));
        self.cache.get_or_insert_with(|| Cache {
            space: view.space.clone(),
            seed: view.seed,
            axes: Axes::new(view.space),
            snapshots: Vec::new(),
        })
    }
}

impl Sampler for CmaEsSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        if view.history.directions().len() > 1 {
            let what = "several objectives".to_owned();
            return Err(ProposeError::Unsupported { sampler: "CMA-ES", what });
        }
        let startup = self.startup(view);
        let all = Individual::all(view.history);
        if view.number < startup as u64 || all.is_empty() {
            return Ok(view.startup_proposal(rng));
        }
        let config = self.config.clone();
        let cache = self.cache(view);
        let run = cache.replay(&all, startup, &config);
        let mut last = None;
        for _ in 0..MAX_DRAWS {
            let config = run.sample(&cache.axes, view.space, rng);
            if view.space.allows(&config) {
                if !view.history.seen(&config) {
                    return Ok(config);
                }
                last = Some(config);
            }
        }
        let config = last.unwrap_or_else(|| view.space.sample(rng));
        Ok(view.deduplicated(config, rng))
    }

    fn prepare(&mut self, view: &View<'_>) {
        let startup = self.startup(view);
        let all = Individual::all(view.history);
        if view.history.directions().len() <= 1 && !all.is_empty() {
            let config = self.config.clone();
            self.cache(view).replay(&all, startup, &config);
        }
    }
}

impl Cache {
    /// The run after all full generations.
    fn replay(&mut self, all: &[Individual<'_>], startup: usize, config: &CmaEsConfig) -> Run {
        let is_valid = |snapshot: &Snapshot| {
            let last = snapshot.read.len().checked_sub(1);
            is_prefix(&snapshot.read, all)
                && last.is_none_or(|i| snapshot.last.as_ref() == Some(&all[i].trial.config))
        };
        while self.snapshots.last().is_some_and(|snapshot| !is_valid(snapshot)) {
            self.snapshots.pop();
        }
        let (mut run, mut read) = match self.snapshots.last() {
            Some(snapshot) => (snapshot.run.clone(), snapshot.read.len()),
            None => {
                let read = startup.min(all.len());
                let run = Run::first(&self.axes, &self.space, &all[..read], config);
                if read < startup {
                    return run;
                }
                (run, read)
            }
        };
        while read + run.population <= all.len() {
            let generation = &all[read..read + run.population];
            read += run.population;
            run.update(&self.axes, generation, self.seed, config);
            self.snapshots.push(Snapshot {
                read: all[..read].iter().map(Individual::fingerprint).collect(),
                last: Some(all[read - 1].trial.config.clone()),
                run: run.clone(),
            });
            if self.snapshots.len() > CACHED_SNAPSHOTS {
                self.snapshots.remove(0);
            }
        }
        run
    }
}
