//! Cheap scores in a search: which of a few proposals is trained, and what the scores were worth.

use super::plan::Plan;
use crate::{ScoreRow, ScoreTable, ZeroCostProxy};
use automl_arch::NetworkSpace;
use automl_numeric::correlation::{kendall, spearman};
use automl_numeric::stream;
use automl_space::Config;
use automl_study::{History, ProposeError, Sampler, View};
use automl_train::{Score, ScoreBatch};
use rand::Rng;

/// The images that scores look at.
const IMAGES: usize = 64;

/// The trials whose proposals are filtered: while the sampler still knows next to nothing.
const FILTERED: usize = 20;

/// The proposals of which one is kept.
const PROPOSALS: usize = 3;

/// Networks of the prior by which a score is freed of the multiply-accumulates.
const SAMPLE: u64 = 48;

/// The trials that a table needs; of the fidelities that as many have reached, the highest counts.
const ENOUGH: usize = 20;

/// A sampler that keeps the best of three proposals in the first trials, by a cheap score.
///
/// Scores grow with the size of a network, which is no merit where size is the other objective. So
/// what counts is the score's residual of a linear regression on the logarithm of the
/// multiply-accumulates over networks of the prior; parameters count as they are.
#[derive(Debug)]
pub(super) struct ProxyFilterSampler<S> {
    inner: S,
    networks: NetworkSpace,
    score: Score,
    batch: ScoreBatch,
    slope: f64,
}

impl<S: Sampler> ProxyFilterSampler<S> {
    /// Asked to stop, it is content with the networks that it has scored by then.
    pub(super) fn new(
        inner: S,
        score: Score,
        plan: &Plan,
        seed: u64,
        stop: &dyn Fn() -> bool,
    ) -> Self {
        let batch = ScoreBatch::new(&plan.search_data, IMAGES, seed);
        let networks = plan.networks.clone();
        let mut filtered = Self { inner, networks, score, batch, slope: 0.0 };
        if score != Score::Params {
            let points: Vec<[f64; 2]> = (0..SAMPLE)
                .take_while(|_| !stop())
                .map(|draw| plan.space.sample_prior(&mut stream(seed, draw, "score sample")))
                .filter_map(|config| {
                    Some([filtered.of(Score::Macs, &config)?, filtered.of(score, &config)?])
                })
                .collect();
            filtered.slope = slope(&points).unwrap_or(0.0);
        }
        filtered
    }

    /// A score of a configuration's network, if it is a number.
    fn of(&self, score: Score, config: &Config) -> Option<f64> {
        let network = self.networks.architecture(config);
        score.of(&network, &self.batch, 0).ok().filter(|score| score.is_finite())
    }

    fn merit(&self, config: &Config) -> f64 {
        let parts = (self.of(self.score, config), self.of(Score::Macs, config));
        match parts {
            (Some(score), Some(macs)) => score - self.slope * macs,
            _ => f64::NEG_INFINITY,
        }
    }
}

impl<S: Sampler> Sampler for ProxyFilterSampler<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let first = self.inner.propose(view, rng)?;
        if view.number.0 >= FILTERED as u64 {
            return Ok(first);
        }
        let mut best = (self.merit(&first), first);
        for _ in 1..PROPOSALS {
            let other = self.inner.propose(view, rng)?;
            let merit = self.merit(&other);
            if merit > best.0 && view.space.allows(&other) {
                best = (merit, other);
            }
        }
        Ok(best.1)
    }
}

/// The slope of the least-squares line, if there is one.
pub(super) fn slope(points: &[[f64; 2]]) -> Option<f64> {
    let count = points.len().max(1) as f64;
    let mean = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / count;
    let (x, y) = (mean(0), mean(1));
    let shared: f64 = points.iter().map(|point| (point[0] - x) * (point[1] - y)).sum();
    let square: f64 = points.iter().map(|point| (point[0] - x).powi(2)).sum();
    (square > 0.0).then(|| shared / square)
}

/// The score of a zero-cost proxy.
pub(super) fn score(proxy: ZeroCostProxy) -> Option<Score> {
    match proxy {
        ZeroCostProxy::None => None,
        ZeroCostProxy::Params => Some(Score::Params),
        ZeroCostProxy::Naswot => Some(Score::Naswot),
        ZeroCostProxy::Synflow => Some(Score::Synflow),
        ZeroCostProxy::GradientNorm => Some(Score::GradientNorm),
    }
}

/// How well each score ranks the search's networks by their validation accuracy; `None` where too
/// few were trained to the same number of epochs, or when asked to stop.
pub(super) fn table(
    plan: &Plan,
    history: &History,
    seed: u64,
    stop: &dyn Fn() -> bool,
) -> Option<ScoreTable> {
    let reached =
        |step: u64| history.trials().iter().filter_map(move |t| Some((t, t.report_at(step)?)));
    let fidelity = (plan.rungs.ladder.min().0..=plan.rungs.ladder.max().0)
        .rev()
        .find(|fidelity| reached(*fidelity).count() >= ENOUGH)?;
    let batch = ScoreBatch::new(&plan.search_data, IMAGES, seed);
    let (mut accuracies, mut scores) = (Vec::new(), vec![Vec::new(); Score::ALL.len()]);
    for (trial, report) in reached(fidelity) {
        if stop() {
            return None;
        }
        let network = plan.networks.architecture(&trial.config);
        let all = Score::ALL.map(|score| score.of(&network, &batch, 0));
        if let Some(accuracy) = report.values.first().filter(|_| all.iter().all(Result::is_ok)) {
            accuracies.push(*accuracy);
            all.into_iter().flatten().zip(&mut scores).for_each(|(score, list)| list.push(score));
        }
    }
    let rows = Score::ALL.iter().zip(&scores).map(|(score, values)| ScoreRow {
        score: score.name().to_owned(),
        spearman: spearman(values, &accuracies).unwrap_or(0.0),
        kendall: kendall(values, &accuracies).unwrap_or(0.0),
    });
    let epochs = plan.rungs.epochs_at(fidelity);
    Some(ScoreTable { epochs, trials: accuracies.len() as u64, rows: rows.collect() })
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn lines_have_their_slope() {
        let points: Vec<[f64; 2]> =
            (0..5).map(|x| [f64::from(x), 3.0 - 2.0 * f64::from(x)]).collect();
        assert!((slope(&points).unwrap() + 2.0).abs() < 1e-12);
        assert_eq!(slope(&[[1.0, 2.0], [1.0, 5.0]]), None);
        assert_eq!(slope(&[]), None);
    }
}
