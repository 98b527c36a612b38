//! The tree-structured Parzen estimator.

use crate::axis::{Axis, Kind, axes, coordinates};
use crate::feasible::{Feasibility, relative};
use crate::parzen::{Bandwidth, Logs, ParzenEstimator};
use crate::split::Order;
use automl_space::{Config, Space};
use automl_study::{Cursor, ProposeError, Sampler, View, sobol_point};
use rand::{Rng, RngExt};

/// Settings of [`TpeSampler`]; the defaults are what the ablation in `docs/benchmarks/tpe.md` chose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TpeOptions {
    /// Quasi-random trials before the first estimate.
    pub startup: usize,
    /// The share of the trials that counts as good.
    pub good_share: f64,
    /// The most trials that count as good.
    pub good_most: usize,
    /// The share of the trials that counts as good where there are several objectives: a front
    /// takes more trials than a point.
    pub front_share: f64,
    /// The most trials that count as good then.
    pub front_most: usize,
    /// Candidates of one proposal.
    pub candidates: usize,
    /// How much better-ranked good trials weigh more: 0 is equal weights, 1 those of CMA-ES.
    pub rank_weights: f64,
    /// Widths of the good trials' kernels.
    pub good_bandwidth: Bandwidth,
    /// Widths of the bad trials' kernels.
    pub bad_bandwidth: Bandwidth,
    /// The weight of the prior among the good.
    pub prior_weight: f64,
    /// The most bad trials whose kernels are evaluated; more are thinned out evenly by rank.
    pub bad_most: usize,
    /// The share of random proposals among trials of one objective that start below the highest
    /// fidelity: what is good early may be bad in the end, and chance finds out. A third is BOHB's
    /// share.
    pub chance: f64,
}

impl Default for TpeOptions {
    fn default() -> Self {
        Self {
            startup: 10,
            good_share: 0.1,
            good_most: 25,
            front_share: 0.15,
            front_most: 100,
            candidates: 24,
            rank_weights: 1.0,
            good_bandwidth: Bandwidth { exponent: 1.75, choices: 0.5, ..Bandwidth::default() },
            bad_bandwidth: Bandwidth { choices: 0.5, ..Bandwidth::default() },
            prior_weight: 0.5,
            bad_most: 200,
            chance: 1.0 / 3.0,
        }
    }
}

/// The tree-structured Parzen estimator, multivariate.
///
/// The best trials (`good_share` of them) give a density `l`, all others a density `g`; candidates
/// are drawn from `l`, and the one with the largest `l / g` is proposed. Trials that are running and
/// have not reported count as bad, so that several workers do not try the same (constant liar).
/// Paused and pruned trials count at the fidelity that they reached, failed ones as the worst. Feasible trials come
/// before infeasible ones, and every black-box constraint that is sometimes broken contributes a
/// density ratio of its own. Only the order of the objective values matters. Users' priors enter `l`
/// and fade as trials come in.
///
/// # Source
/// Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization", section 4; Watanabe
/// (2023), arXiv:2304.11127, for its parts and their defaults; Ozaki et al. (2020) for several
/// objectives; Watanabe & Hutter (2023), c-TPE, for constraints.
#[derive(Clone, Debug, Default)]
pub struct TpeSampler {
    options: TpeOptions,
    cache: Option<Cache>,
}

/// What is kept between proposals; all of it follows from the trials.
#[derive(Clone, Debug)]
struct Cache {
    space: Space,
    axes: Vec<Axis>,
    /// Coordinates of every trial. `[n, d]`
    points: Vec<f64>,
    cursor: Cursor,
    order: Order,
    /// Where the history stood when the densities were fitted.
    fitted: Option<Cursor>,
    good: ParzenEstimator,
    bad: ParzenEstimator,
    /// The share of the good.
    share: f64,
    feasibility: Feasibility,
    work: Workspace,
}

impl TpeSampler {
    /// A sampler with other settings than the default.
    pub fn new(options: TpeOptions) -> Self {
        Self { options, cache: None }
    }

    /// The cache, up to date.
    fn follow(&mut self, view: &View<'_>) -> &mut Cache {
        self.cache.take_if(|cache| !cache.belongs_to(view));
        let cache = self.cache.get_or_insert_with(|| Cache::new(view.space));
        cache.follow(view);
        cache
    }
}

impl Cache {
    fn new(space: &Space) -> Self {
        let axes = axes(space);
        Self {
            space: space.clone(),
            points: Vec::new(),
            cursor: Cursor::default(),
            order: Order::default(),
            fitted: None,
            good: ParzenEstimator::empty(axes.clone()),
            bad: ParzenEstimator::empty(axes.clone()),
            share: 1.0,
            feasibility: Feasibility::default(),
            work: Workspace::new(space),
            axes,
        }
    }

    /// Whether the cache was made from this study: the space is the same, and so are the first and
    /// the last trial that are known.
    fn belongs_to(&self, view: &View<'_>) -> bool {
        let d = self.axes.len();
        let known = self.points.len() / d;
        let same = |number: usize| {
            view.history.trials().get(number).is_some_and(|trial| {
                let mut point = Vec::with_capacity(d);
                coordinates(&self.axes, &trial.config, &mut point);
                let bits = |x: &f64| x.to_bits();
                point.iter().map(bits).eq(self.points[number * d..][..d].iter().map(bits))
            })
        };
        self.space == *view.space && (known == 0 || same(0) && same(known - 1))
    }

    fn follow(&mut self, view: &View<'_>) {
        let (changes, cursor) = view.history.since(self.cursor);
        self.cursor = cursor;
        let d = self.axes.len();
        let known = self.points.len() / d;
        // Another program may choose the parameters of a running trial one after the other.
        let mut point = Vec::with_capacity(d);
        for change in changes {
            let number = usize::try_from(change.trial).unwrap_or(usize::MAX);
            if let Some(trial) = view.history.trials().get(number).filter(|_| number < known) {
                point.clear();
                coordinates(&self.axes, &trial.config, &mut point);
                let known = &self.points[number * d..][..d];
                if !known.iter().map(|x| x.to_bits()).eq(point.iter().map(|x| x.to_bits())) {
                    // What is sorted by the old coordinates is of no use.
                    *self = Self::new(view.space);
                    return self.follow(view);
                }
            }
        }
        for trial in &view.history.trials()[known..] {
            coordinates(&self.axes, &trial.config, &mut self.points);
        }
        self.order.follow(view.history);
    }
}

impl Sampler for TpeSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let options = self.options;
        let cache = self.follow(view);
        if cache.is_starting(view, &options) {
            let has_prior = view.space.params().iter().any(|param| param.prior().is_some());
            let config = if has_prior {
                view.space.sample_prior(rng)
            } else {
                view.space.decode(&sobol_point(view.number, view.space.len(), view.seed))
            };
            let config = if view.space.allows(&config) { config } else { view.space.sample(rng) };
            return Ok(view.deduplicated(config, rng));
        }
        let starts_low = match (view.ladder, view.target) {
            (Some(ladder), Some(target)) => target < ladder.max(),
            _ => false,
        };
        let single = view.history.directions().len() == 1;
        if starts_low && single && rng.random::<f64>() < options.chance {
            let config = view.space.sample_prior(rng);
            return Ok(view.deduplicated(config, rng));
        }
        cache.fit(view, &options);
        Ok(view.deduplicated(cache.best_candidate(view, &options, rng), rng))
    }

    fn prepare(&mut self, view: &View<'_>) {
        let options = self.options;
        let cache = self.follow(view);
        if !cache.is_starting(view, &options) {
            cache.fit(view, &options);
        }
    }
}

impl Cache {
    /// Whether the next trial belongs to the start-up design.
    fn is_starting(&self, view: &View<'_>, options: &TpeOptions) -> bool {
        let quarter = view.planned_trials.map_or(usize::MAX, |budget| (budget / 4).max(2) as usize);
        let startup = options.startup.min(quarter);
        self.order.len() < startup || view.number < startup as u64
    }

    /// Splits the trials and fits both densities, unless nothing has changed since.
    fn fit(&mut self, view: &View<'_>, options: &TpeOptions) {
        if self.fitted.replace(self.cursor) == Some(self.cursor) {
            return;
        }
        let n = self.order.len();
        let (share, most) = match view.history.directions().len() {
            ..=1 => (options.good_share, options.good_most),
            _ => (options.front_share, options.front_most),
        };
        let good = ((n as f64 * share).ceil() as usize).min(most).clamp(1, n.max(1));
        let (best, rest) = self.order.split(view.history, good, options.bad_most);
        let good = best.len();
        let rows: Vec<usize> = best.iter().map(|number| *number as usize).collect();
        let weights: Vec<f64> = (0..good)
            .map(|rank| {
                let log = ((good as f64 + 0.5) / (rank as f64 + 1.0)).ln();
                1.0 - options.rank_weights + options.rank_weights * log
            })
            .collect();
        // A user's belief counts like as many trials as make it fade with the square root.
        let strength = 1.0 / (1.0 + n as f64 / 20.0).sqrt();
        self.good.fit(
            &self.points,
            &rows,
            &weights,
            options.prior_weight,
            strength,
            options.good_bandwidth,
        );
        let mut rows: Vec<usize> = rest.iter().map(|number| *number as usize).collect();
        rows.extend(self.order.pending.iter().rev().take(64).map(|number| *number as usize));
        self.bad.fit(&self.points, &rows, &[], 1.0, 0.0, options.bad_bandwidth);
        self.share = good as f64 / n as f64;
        self.feasibility.fit(
            &self.axes,
            &self.points,
            view.history,
            &self.order.judged,
            options.bad_most,
            options.bad_bandwidth,
        );
    }

    /// The candidate with the largest ratio of the densities.
    fn best_candidate(
        &mut self,
        view: &View<'_>,
        options: &TpeOptions,
        rng: &mut dyn Rng,
    ) -> Config {
        let (d, count) = (self.axes.len(), options.candidates.max(1));
        let constrained = !view.space.constraints().is_empty();
        let discrete = self.axes.iter().all(|axis| axis.kind != Kind::Continuous);
        let Workspace { config, points, logs, good, bad } = &mut self.work;
        points.clear();
        points.resize(count * d, f64::NAN);
        // Draws that are forbidden or known do not count as candidates, up to a limit.
        let (mut found, mut draws) = (0, 0);
        while found < count && draws < 20 * count {
            draws += 1;
            self.good.draw(view.space, 1.0, rng, config, &mut points[found * d..][..d]);
            let unfit =
                constrained && !view.space.allows(config) || discrete && view.history.seen(config);
            found += usize::from(!unfit);
        }
        points.truncate(found * d);
        good.clear();
        bad.clear();
        self.good.log_densities(points, logs, good);
        self.bad.log_densities(points, logs, bad);
        for (score, bad) in good.iter_mut().zip(bad) {
            *score -= *bad;
        }
        if !self.feasibility.is_empty() {
            good.iter_mut().for_each(|score| *score = relative(*score, self.share));
            self.feasibility.add_log_ratios(points, logs, good);
        }
        let mut best = 0;
        for (i, score) in good.iter().enumerate() {
            if *score > good[best] {
                best = i;
            }
        }
        match points.chunks_exact(d).nth(best) {
            Some(point) => view.space.build_config(|j, _| self.axes[j].value(point[j])),
            None => view.space.sample(rng),
        }
    }
}

/// Memory that proposals use again, so that a candidate allocates nothing.
#[derive(Clone, Debug)]
struct Workspace {
    config: Config,
    /// The candidates' coordinates. `[count, d]`
    points: Vec<f64>,
    logs: Logs,
    /// Log densities of the candidates, then their scores. `[count]`
    good: Vec<f64>,
    bad: Vec<f64>,
}

impl Workspace {
    fn new(space: &Space) -> Self {
        Self {
            config: Config::empty(space.len()),
            points: Vec::new(),
            logs: Logs::new(),
            good: Vec::new(),
            bad: Vec::new(),
        }
    }
}
