//! The tree-structured Parzen estimator as a sampler.

use crate::model::Model;
use crate::parzen::Form;
use crate::settings::Settings;
use crate::sources::SourceDensities;
use crate::{Bandwidth, TpeConfig};
use automl_numeric::stream;
use automl_space::Config;
use automl_study::{ProposeError, Sampler, Sources, View};
use rand::{Rng, RngExt};

/// The tree-structured Parzen estimator (TPE), multivariate and in a share of the proposals univariate.
///
/// The best trials (a share `gamma`, [`TpeConfig::good_share`]) give the density `l(x)`, all others the
/// density `g(x)`, both [`ParzenEstimator`](crate::ParzenEstimator)s. Candidates are drawn from `l(x)`,
/// and the one with the largest ratio `l(x) / g(x)` is proposed: the expected improvement over the
/// `gamma`-quantile of the losses increases with it.
///
/// - **Start-up**: the first [`TpeConfig::startup`] proposals are points of a Sobol sequence, or draws
///   from the users' priors if there are any.
/// - **Form**: a kernel is the product over all parameters of one observation, which finds what
///   interacts. For a share of the proposals, [`TpeConfig::independent_share`], densities are products of
///   marginal ones instead, so that good values of different trials are combined; not where a black-box
///   constraint is violated or an earlier study is trusted.
/// - **Ranking**: feasible trials before infeasible ones, higher fidelities before lower ones, then by
///   loss. Only the order of the losses counts, so increasing transformations change nothing. Paused
///   and pruned trials count with their last report; failed ones are the worst.
/// - **Several objectives**: by non-domination rank, then by hypervolume contribution, or from four
///   objectives on by the greedy choice of the subset with the largest hypervolume.
/// - **Parallel workers**: running trials without a report belong to `g(x)` (constant liar), so that
///   workers do not propose the same configuration.
/// - **Black-box constraints**: each violated constraint contributes a relative density ratio
///   (c-TPE).
/// - **Users' priors** enter `l(x)` with a weight `(1 + n / 20)^(-1/2)` that falls with the number of
///   trials `n`.
/// - **Earlier studies** ([`Sampler::warm_start`]): their good densities are mixed into `l(x)`, weighted
///   by how well each study has ranked the results so far, with a share that falls as
///   `1 / (1 + n / 20)`.
///
/// # Source
/// Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization", section 4; Watanabe (2023),
/// "Tree-Structured Parzen Estimator: Understanding Its Algorithm Components and Their Roles for Better
/// Empirical Performance", arXiv:2304.11127; Ozaki et al. (2020) for several objectives; Watanabe &
/// Hutter (2023), "c-TPE", for constraints. `docs/benchmarks/tpe.md` has the ablation behind the
/// defaults.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_study::Study;
/// use automl_tpe::{TpeConfig, TpeSampler};
///
/// let mut space = Space::builder();
/// let rate = space.float("rate", 1e-5..=1.0).log().add()?;
/// let depth = space.int("depth", 1..=8).add()?;
/// let sampler = TpeSampler::new(TpeConfig { startup: 5, ..TpeConfig::default() });
/// let mut study = Study::builder(space.build()?).sampler(sampler).build()?;
/// study.optimize(60, |config| (config[rate].log10() + 2.0).powi(2) + (config[depth] - 3).abs() as f64)?;
/// assert!(study.best().expect("trials have finished").values[0] < 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TpeSampler {
    settings: Settings,
    /// A function of the trials, kept between proposals.
    model: Option<Model>,
    sources: SourceDensities,
}

impl TpeSampler {
    /// A sampler with these options.
    ///
    /// Options outside their ranges are not refused here (see
    /// [`PartConfig::check`](automl_study::part::PartConfig::check)); counts of 0 act as 1.
    pub fn new(config: TpeConfig) -> Self {
        let settings = Settings { config, ..Settings::default() };
        Self { settings, ..Self::default() }
    }

    /// Replaces the bandwidths of `l(x)` and `g(x)`, by default [`Bandwidth::GOOD`] and
    /// [`Bandwidth::BAD`].
    pub fn with_bandwidths(self, good: Bandwidth, bad: Bandwidth) -> Self {
        let (good_bandwidth, bad_bandwidth) = (good, bad);
        let settings = Settings { good_bandwidth, bad_bandwidth, ..self.settings };
        Self { settings, model: None, sources: self.sources }
    }
}

impl Sampler for TpeSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let Self { settings, model, sources } = self;
        let model = Model::updated(model, view);
        let weighed = sources.weigh(view.space, view.history, settings);
        let is_control = weighed.is_some_and(|trust| view.is_control(trust, || sources.evidence()));
        if is_control {
            sources.leave_out();
        }
        let trust = weighed.filter(|_| !is_control).unwrap_or(0.0);
        if is_startup(view, &settings.config, model.trials(), trust) {
            return Ok(if is_control {
                view.control_proposal(|config| sources.contrast(config), rng)
            } else {
                view.startup_proposal(rng)
            });
        }
        let config = if is_random(view, &settings.config, rng) {
            view.space.sample_prior(rng)
        } else {
            model.fit(view, settings);
            // Violated constraints couple parameters, and the densities of sources are joint.
            let is_plain = trust == 0.0 && model.feasibility.is_empty();
            let form = if is_plain { form(view, settings) } else { Form::Joint };
            model.best_candidate(view, (form, settings.config.candidates), sources, rng)
        };
        Ok(view.deduplicated(config, rng))
    }

    fn prepare(&mut self, view: &View<'_>) {
        let Self { settings, model, .. } = self;
        let model = Model::updated(model, view);
        if !is_startup(view, &settings.config, model.trials(), 0.0) {
            model.fit(view, settings);
        }
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.sources = SourceDensities::new(sources);
    }

    /// Three for a single objective: the fourth trial is the first control.
    fn first_wanted(&self, sources: &Sources) -> usize {
        if sources.objectives() == 1 { 3 } else { usize::MAX }
    }
}

/// Whether the proposal belongs to the start-up design, which shrinks by the trust in earlier studies;
/// `trials` counts the ranked trials.
fn is_startup(view: &View<'_>, config: &TpeConfig, trials: usize, trust: f64) -> bool {
    let startup = view.startup_trials(config.startup);
    let startup = ((1.0 - trust) * startup as f64).ceil() as usize;
    trials < startup || view.number < startup as u64
}

/// The form of the densities behind the proposal: independent in the share of the settings, by a draw from
/// a stream of its own, so that the other proposals do not depend on the share.
fn form(view: &View<'_>, settings: &Settings) -> Form {
    let share = settings.independent_share(view.history.directions().len());
    let draw: f64 = stream(view.seed, view.number.0, "form").random();
    if draw < share { Form::Independent } else { Form::Joint }
}

/// Whether the proposal is one of the random share below the highest fidelity.
fn is_random(view: &View<'_>, config: &TpeConfig, rng: &mut dyn Rng) -> bool {
    let starts_low = match (view.ladder, view.target) {
        (Some(ladder), Some(target)) => target < ladder.max(),
        _ => false,
    };
    let single = view.history.directions().len() == 1;
    starts_low && single && rng.random::<f64>() < config.random_fraction
}
