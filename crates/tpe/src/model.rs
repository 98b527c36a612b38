//! The model behind proposals: the ranking of the trials and the densities fitted to it.

use crate::axis::{Axis, axes, coordinates};
use crate::feasibility::Feasibility;
use crate::parzen::ParzenEstimator;
use crate::ranking::Ranking;
use crate::settings::Settings;
use crate::workspace::Workspace;
use automl_space::Space;
use automl_study::{Cursor, View};

/// The largest number of pending trials in the bad density, the latest ones.
const MAX_PENDING: usize = 64;

/// Ranking and densities; a function of the trials, updated incrementally.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    space: Space,
    pub(crate) axes: Vec<Axis>,
    /// Coordinates of all trials, NaN where inactive. `[n, d]`
    points: Vec<f64>,
    cursor: Cursor,
    ranking: Ranking,
    /// The cursor at the last fit.
    fitted: Option<Cursor>,
    /// The density `l(x)`.
    pub(crate) good: ParzenEstimator,
    /// The density `g(x)`.
    pub(crate) bad: ParzenEstimator,
    /// Share of the trials in `l(x)`.
    pub(crate) good_share: f64,
    pub(crate) feasibility: Feasibility,
    pub(crate) workspace: Workspace,
}

impl Model {
    /// The model in `slot`, made anew unless it is of the same study, updated to the view's trials.
    pub(crate) fn updated<'a>(slot: &'a mut Option<Self>, view: &View<'_>) -> &'a mut Self {
        slot.take_if(|model| !model.belongs_to(view));
        let model = slot.get_or_insert_with(|| Self::new(view.space));
        model.update(view);
        model
    }

    fn new(space: &Space) -> Self {
        let axes = axes(space);
        Self {
            space: space.clone(),
            points: Vec::new(),
            cursor: Cursor::default(),
            ranking: Ranking::default(),
            fitted: None,
            good: ParzenEstimator::empty(axes.clone()),
            bad: ParzenEstimator::empty(axes.clone()),
            good_share: 1.0,
            feasibility: Feasibility::default(),
            workspace: Workspace::new(space),
            axes,
        }
    }

    /// The number of ranked trials.
    pub(crate) fn trials(&self) -> usize {
        self.ranking.len()
    }

    /// Whether the model was made for the view's study: same space, and same first and last known
    /// trial.
    fn belongs_to(&self, view: &View<'_>) -> bool {
        let known = self.points.len() / self.axes.len();
        let mut point = Vec::with_capacity(self.axes.len());
        self.space == *view.space
            && (known == 0
                || self.is_current(0, view, &mut point)
                    && self.is_current(known - 1, view, &mut point))
    }

    /// Whether the stored coordinates of a known trial are those of its configuration. `point` is
    /// scratch memory.
    fn is_current(&self, number: usize, view: &View<'_>, point: &mut Vec<f64>) -> bool {
        let d = self.axes.len();
        let Some(trial) = view.history.trials().get(number) else { return false };
        point.clear();
        coordinates(&self.axes, &trial.config, point);
        let bits = |x: &f64| x.to_bits();
        point.iter().map(bits).eq(self.points[number * d..][..d].iter().map(bits))
    }

    /// Applies the changes of the history since the last call.
    fn update(&mut self, view: &View<'_>) {
        let known = self.points.len() / self.axes.len();
        // Another program may set the parameters of a running trial one by one. The sorted rows of the
        // densities rely on the old coordinates, so the model is made anew.
        let mut point = Vec::with_capacity(self.axes.len());
        let has_moved = view.history.changed(&mut self.cursor).any(|trial| {
            let number = trial.number.index();
            number < known && !self.is_current(number, view, &mut point)
        });
        if has_moved {
            *self = Self::new(view.space);
            return self.update(view);
        }
        for trial in &view.history.trials()[known..] {
            coordinates(&self.axes, &trial.config, &mut self.points);
        }
        self.ranking.update(view.history);
    }

    /// Splits the trials and fits the densities, unless the trials are those of the last fit.
    pub(crate) fn fit(&mut self, view: &View<'_>, settings: &Settings) {
        if self.fitted.replace(self.cursor) == Some(self.cursor) {
            return;
        }
        let config = &settings.config;
        let n = self.ranking.len();
        let (share, limit) = match view.history.directions().len() {
            ..=1 => (config.good_share, config.max_good),
            _ => (config.front_share, config.max_front),
        };
        let good = ((n as f64 * share).ceil() as usize).min(limit).clamp(1, n.max(1));
        let (best, rest) = self.ranking.split(view.history, good, config.max_bad);
        let rows: Vec<usize> = best.iter().map(|number| number.index()).collect();
        let weights = rank_weights(rows.len(), config.rank_weights);
        self.good_share = rows.len() as f64 / n as f64;
        // The users' priors fade with the square root of the number of trials.
        let strength = 1.0 / (1.0 + n as f64 / 20.0).sqrt();
        let prior_weight = settings.prior_weight(view.history.directions().len());
        let bandwidth = settings.good_bandwidth;
        self.good.fit(&self.points, &rows, &weights, prior_weight, strength, bandwidth);
        let mut rows: Vec<usize> = rest.iter().map(|number| number.index()).collect();
        let pending = self.ranking.pending().iter().rev().take(MAX_PENDING);
        rows.extend(pending.map(|number| number.index()));
        self.bad.fit(&self.points, &rows, &[], 1.0, 0.0, settings.bad_bandwidth);
        self.feasibility.fit(
            &self.axes,
            &self.points,
            view.history,
            self.ranking.constrained(),
            config.max_bad,
            settings.bad_bandwidth,
        );
    }
}

/// Weights of the `good` best trials, best first: `1 - a + a ln((good + 1/2) / rank)` with
/// `a = weighting`.
fn rank_weights(good: usize, weighting: f64) -> Vec<f64> {
    (0..good)
        .map(|i| {
            let log = ((good as f64 + 0.5) / (i as f64 + 1.0)).ln();
            1.0 - weighting + weighting * log
        })
        .collect()
}
