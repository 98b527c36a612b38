//! The Gaussian-process sampler over a search space.

mod acquisition_builder;
mod among;
mod constraints;
mod fantasies;
mod many_objectives;
mod noise;
mod objective_surrogate;
mod recommendation;
mod single_objective;
mod two_objectives;

use crate::acquisition_optimizer::{AcquisitionOptimizer, OptimizerBudget};
use crate::features::Features;
use crate::observed_trials::ObservedTrials;
use crate::regression::{Kernel, KernelFamily, PriorMean, Priors};
use crate::surrogate::SurrogateCache;
use crate::transfer::{SourceModels, Trend};
use crate::trust_region::TrustRegion;
use crate::{Acquisition, GpOptions, TrustRegionOptions};
use acquisition_builder::{AcquisitionBuilder, FittedAcquisition};
use automl_numeric::order;
use automl_space::{Config, Space};
use automl_study::{ProposeError, Sampler, Sources, TrialId, View};
use rand::Rng;
use std::sync::Arc;

pub use recommendation::region_losses;

/// The most good trials that candidates are mutated from.
const MAX_PARENTS: usize = 5;

/// Observations up to which the optimizer's budget is that of the options.
const FULL_BUDGET_ROWS: f64 = 200.0;

/// Bayesian optimization with Gaussian processes.
///
/// - **Surrogate**: the output warping (linear, powers, logarithms), the kernel (Matern 5/2 or
///   squared exponential with a length scale for each parameter) and the input warping with the
///   largest evidence; while trials are few, models of nearly equal evidence are averaged.
///   Conditional parameters lie on arcs, categories have Hamming distances. The length-scale prior
///   grows with the square root of the dimension.
/// - **Trials**: reports at lower fidelities count, with the fidelity as an input of the kernel, and
///   are never taken for final values. Running trials count with fantasies of their outcomes
///   (q-batch proposals). Failed trials and black-box constraints have surrogates of their own, the
///   log probabilities of feasibility of which are added. Users' priors are added and fade.
/// - **Proposal**: quasi-random candidates and mutations of the best trials, improved by gradient
///   ascent (L-BFGS) on the continuous parameters alternated with a search over the discrete ones.
///   No configuration is proposed twice while others are left.
/// - **Several objectives**: two have log expected hypervolume improvement; three become one by
///   augmented Chebyshev weights drawn anew for each trial; more keep a surrogate each, and the expected
///   improvement of eight Chebyshev scalarizations is summed; where it is negligible the start-up design
///   goes on.
/// - **Earlier studies** ([`Sampler::warm_start`]): their surrogates, weighted by how well each has
///   ranked the results so far, are the prior mean of one or two objectives, and the start-up
///   design shrinks by the trust in them.
/// - **Cost**: hyperparameters are refitted when the trials have grown by a twelfth or less; in
///   between, observations are appended in `O(n^2)`. Up to 2,000 observations
///   ([`GpOptions::max_rows`]) count exactly; of more, half as many.
///
/// # Source
/// Ament et al. (2023), arXiv:2310.20708 (log EI); Hvarfner et al. (2024), arXiv:2402.02229
/// (length-scale priors); Snoek et al. (2014) (input warping); Snoek et al. (2012) (fantasies,
/// improvement per second); Gardner et al. (2014) (constraints); Letham et al. (2019) (noise);
/// Hvarfner et al. (2022), "piBO" (users' priors); Swersky et al. (2013), "Multi-Task Bayesian
/// Optimization" (fidelities); Knowles (2006), "ParEGO" (three objectives and more).
///
/// # Examples
/// ```
/// use automl_gp::GpSampler;
/// use automl_space::Space;
/// use automl_study::Study;
///
/// let mut space = Space::builder();
/// let x = space.float("x", -5.0..=10.0).add()?;
/// let y = space.float("y", 0.0..=15.0).add()?;
/// let mut study = Study::builder(space.build()?).sampler(GpSampler::default()).build()?;
/// study.optimize(30, |c| (c[x] - 1.0).powi(2) + (c[y] - 2.0).powi(2))?;
/// assert!(study.best().expect("trials have finished").values[0] < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct GpSampler {
    options: GpOptions,
    caches: SurrogateCaches,
    sources: SourceModels,
    /// The configurations that may be proposed; any where there are none.
    among: Vec<Config>,
}

/// Surrogates kept between proposals; all are functions of the trials.
#[derive(Debug, Default)]
struct SurrogateCaches {
    objectives: Vec<SurrogateCache>,
    constraints: Vec<SurrogateCache>,
    failures: SurrogateCache,
    cost: SurrogateCache,
}

impl GpSampler {
    /// Creates a sampler with these options.
    pub fn new(options: GpOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Creates a sampler with the trust region of TuRBO: for many dimensions and many trials.
    /// Proposals stay in a box around the best trial; the search restarts when the box has shrunk
    /// below its least side.
    ///
    /// # Source
    /// Eriksson et al. (2019), "Scalable Global Optimization via Local Bayesian Optimization"
    /// (TuRBO), arXiv:1910.01739.
    ///
    /// # Examples
    /// ```
    /// use automl_gp::GpSampler;
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// let x: Vec<_> = (0..8)
    ///     .map(|i| space.float(&format!("x{i}"), -1.0..=1.0).add())
    ///     .collect::<Result<_, _>>()?;
    /// let sampler = GpSampler::trust_region();
    /// let mut study = Study::builder(space.build()?).sampler(sampler).build()?;
    /// study.optimize(40, |c| x.iter().map(|x| c[*x] * c[*x]).sum::<f64>())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trust_region() -> Self {
        let trust_region = Some(TrustRegionOptions::default());
        Self::new(GpOptions { trust_region, ..GpOptions::default() })
    }

    /// The optimizer's budget, which shrinks as each evaluation costs more.
    fn budget(&self, rows: usize) -> OptimizerBudget {
        let share = (FULL_BUDGET_ROWS / rows.max(1) as f64).clamp(0.25, 1.0);
        OptimizerBudget {
            candidates: ((self.options.candidates as f64 * share) as usize).max(16),
            starts: ((self.options.starts as f64 * share).ceil() as usize).max(1),
            evaluations: 40,
        }
    }
}

/// The trials of the start-up design that are left to do: what the sources are trusted to know need
/// not be explored.
fn startup_after(startup: usize, trends: &[Trend]) -> usize {
    ((1.0 - least_trust(trends)) * startup as f64).ceil() as usize
}

/// Leaves the sources out for a control, and returns the prior mean of the first objective.
fn control(view: &View<'_>, trends: &mut Vec<Trend>) -> Option<Trend> {
    let evidence =
        || trends.iter().map(|trend| trend.results.evidence()).fold(f64::INFINITY, f64::min);
    if trends.is_empty() || !view.is_control(least_trust(trends), evidence) {
        return None;
    }
    std::mem::take(trends).into_iter().next()
}

/// The trust in the sources for the objective that they know least of; 0 without sources.
fn least_trust(trends: &[Trend]) -> f64 {
    trends.iter().map(|trend| trend.trust).reduce(f64::min).unwrap_or(0.0)
}

/// Whether a parameter has a user's prior.
fn has_prior(space: &Space) -> bool {
    space.params().iter().any(|p| p.prior().is_some())
}

/// The bounds of each unit position within a trust region; categories stay free.
fn region_bounds(
    region: &TrustRegion,
    space: &Space,
    center: &Config,
    lengths: &[f64],
) -> Vec<(f64, f64)> {
    let unit = space.encode(center).unit;
    let mut bounds = region.bounds(&unit, &lengths[..unit.len()]);
    for (bound, param) in bounds.iter_mut().zip(space.params()) {
        if !param.domain().is_ordered() {
            *bound = (0.0, 1.0);
        }
    }
    bounds
}

/// The best distinct configurations among the observations from `since` on.
fn parents<'a>(
    observed: &ObservedTrials<'a>,
    fitted: &FittedAcquisition,
    since: usize,
) -> Vec<&'a Config> {
    let mut order: Vec<usize> = (0..observed.rows.len()).collect();
    let merits = &fitted.predicted_merits;
    order.sort_by(|&a, &b| order::compare(merits[a], merits[b]));
    let mut parents: Vec<&Config> = Vec::new();
    for config in order.into_iter().filter(|i| *i >= since).map(|i| observed.rows[i].config) {
        if parents.len() < MAX_PARENTS && !parents.contains(&config) {
            parents.push(config);
        }
    }
    parents
}

impl Sampler for GpSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let config = self.choose(view, rng);
        Ok(if self.among.is_empty() { config } else { self.listed(view, config) })
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.sources = SourceModels::new(sources);
        self.caches = SurrogateCaches::default();
    }

    /// One for a single objective: the prior mean chooses the next ones by what the first has shown,
    /// which a portfolio cannot.
    fn first_wanted(&self, sources: &Sources) -> usize {
        if sources.objectives() == 1 { 1 } else { usize::MAX }
    }

    fn recommend(&mut self, view: &View<'_>) -> Option<TrialId> {
        recommendation::recommended(view, &self.options)
    }
}

impl GpSampler {
    /// The proposal, which need not be one of [`GpSampler::among`].
    fn choose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Config {
        let space = view.space;
        let observed = ObservedTrials::new(view);
        let mut trends = self.sources.trends(space, &observed);
        let features = Features::new(space, observed.differ_in_fidelity());
        let control = control(view, &mut trends);
        let startup = startup_after(view.startup_trials(self.options.startup), &trends);
        if observed.trials + observed.failed.len() < startup || observed.trials == 0 {
            let contrast = |trend: &Trend, c: &Config| trend.contrast(&features.row(space, c, 1.0));
            return match control {
                Some(trend) => view.control_proposal(|c| contrast(&trend, c), rng),
                None => view.startup_proposal(rng),
            };
        }
        let kernel = Kernel::new(KernelFamily::Matern52, features.columns());
        let priors = Priors::scaled(kernel.scales()).shifted(&features.log_length_shifts(space));
        let options = &self.options;
        let builder =
            AcquisitionBuilder::new(view, options, &observed, &features, (&kernel, &priors), {
                trends.into_iter().map(|trend| Arc::new(trend) as Arc<dyn PriorMean>).collect()
            });
        let Some(fitted) = builder.build(&mut self.caches, rng) else {
            return view.deduplicated(space.sample(rng), rng);
        };
        let (mut since, mut bounds) = (0, None);
        if let Some(options) = self.options.trust_region {
            let region = TrustRegion::replay(&fitted.merits, space.len(), startup, options);
            if observed.rows.len() < region.since + startup {
                return view.startup_proposal(rng);
            }
            let center = observed.rows[region.center].config;
            since = region.since;
            bounds = Some(region_bounds(&region, space, center, &fitted.lengths));
        }
        let parents = parents(&observed, &fitted, since);
        let running: Vec<Vec<f64>> =
            observed.pending.iter().map(|c| space.encode(c).unit).collect();
        let optimizer = AcquisitionOptimizer {
            space,
            features: &features,
            history: view.history,
            among: &self.among,
            running: &running,
            acquisition: &fitted.acquisition,
            prior_weight: if has_prior(space) { 10.0 / observed.trials as f64 } else { 0.0 },
            bounds: bounds.as_deref(),
            budget: self.budget(observed.rows.len()),
        };
        let best = match self.options.acquisition {
            Acquisition::Thompson => optimizer.best_of_draw(&parents, rng),
            Acquisition::ExpectedImprovement | Acquisition::LowerConfidenceBound(_) => {
                optimizer.best(&parents, rng)
            }
        };
        let config = best.unwrap_or_else(|| space.sample(rng));
        if fitted.acquisition.is_exhausted(&features.row(space, &config, 1.0)) {
            return view.startup_proposal(rng);
        }
        view.deduplicated(config, rng)
    }
}
