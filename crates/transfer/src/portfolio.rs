//! The greedy portfolio: the configurations that are tried first.

use crate::map::is_new;
use automl_gp::SourceSurrogate;
use automl_numeric::order;
use automl_space::{Config, Space};
use automl_study::Source;

/// The most configurations of a portfolio for one objective.
const MOST: usize = 4;

/// The candidates that each source offers, its best ones by prediction.
const CANDIDATES: usize = 20;

/// Weights of the second of two objectives.
const WEIGHTS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// The configurations to try first, chosen one by one: each next one minimizes the mean over the
/// sources of the best loss so far.
///
/// Losses are those that the surrogates of the sources predict, in normal scores
/// ([`SourceSurrogate`]), and candidates the tried configurations of all sources that are best by
/// them. At most as many configurations as sources, and at most four; for several objectives as many
/// for each, since a front is more than a point: then a source counts once for each of several weights
/// of the objectives (augmented Chebyshev). Configurations that a constraint of the space forbids are
/// no candidates.
///
/// # Source
/// Wistuba, Schilling & Schmidt-Thieme (2015), "Sequential Model-Free Hyperparameter Tuning"; Winkelmolen
/// et al. (2020), "Practical and Sample Efficient Zero-Shot HPO", section 3.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_study::{Source, SourceTrial};
/// use automl_transfer::portfolio;
///
/// let mut builder = Space::builder();
/// let x = builder.float("x", 0.0..=1.0).add()?;
/// let space = builder.build()?;
/// let source = |optimum: f64| {
///     let trial = |i: i32| {
///         let config = space.decode(&[(f64::from(i) + 0.5) / 20.0]);
///         let losses = vec![(config[x] - optimum).powi(2)];
///         SourceTrial { config, losses, violation: 0.0, complete: true }
///     };
///     Source { name: optimum.to_string(), known: vec![true], trials: (0..20).map(trial).collect() }
/// };
/// let chosen = portfolio(&space, &[source(0.2), source(0.8)], 1);
/// assert_eq!(chosen.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn portfolio(space: &Space, sources: &[Source], objectives: usize) -> Vec<Config> {
    let models: Vec<Vec<SourceSurrogate>> = sources
        .iter()
        .filter_map(|source| {
            (0..objectives).map(|m| SourceSurrogate::fit(space, source, m)).collect()
        })
        .collect();
    let most = (models.len() * objectives).min(MOST * objectives);
    let candidates = candidates(space, sources, &models, objectives);
    // One row for each source and weighting. [rows][candidates]
    let mut losses: Vec<Vec<f64>> = Vec::new();
    for model in &models {
        let predicted: Vec<Vec<f64>> =
            candidates.iter().map(|c| predictions(space, model, c)).collect();
        for weights in weightings(objectives) {
            losses.push(predicted.iter().map(|p| chebyshev(p, &weights)).collect());
        }
    }
    let mut best = vec![f64::INFINITY; losses.len()];
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < most {
        let total = |c: usize| -> f64 {
            losses.iter().zip(&best).map(|(row, best)| row[c].min(*best)).sum()
        };
        let open = (0..candidates.len()).filter(|c| !chosen.contains(c));
        let Some(next) = open.min_by(|a, b| order::compare(total(*a), total(*b))) else { break };
        losses.iter().zip(&mut best).for_each(|(row, best)| *best = best.min(row[next]));
        chosen.push(next);
    }
    let mut candidates: Vec<Option<Config>> = candidates.into_iter().map(Some).collect();
    chosen.into_iter().filter_map(|c| candidates[c].take()).collect()
}

/// The predicted normal scores of a configuration, one for each objective.
fn predictions(space: &Space, model: &[SourceSurrogate], config: &Config) -> Vec<f64> {
    model.iter().map(|objective| objective.predict(space, config).0).collect()
}

/// The best tried configurations of each source, by prediction under each weighting.
fn candidates(
    space: &Space,
    sources: &[Source],
    models: &[Vec<SourceSurrogate>],
    objectives: usize,
) -> Vec<Config> {
    let mut all: Vec<Config> = Vec::new();
    let fitted = sources
        .iter()
        .filter(|source| (0..objectives).all(|m| SourceSurrogate::fit(space, source, m).is_some()));
    for (source, model) in fitted.zip(models) {
        let configs: Vec<&Config> = source
            .trials
            .iter()
            .filter(|trial| trial.violation <= 0.0)
            .map(|trial| &trial.config)
            .collect();
        let predicted: Vec<Vec<f64>> =
            configs.iter().map(|c| predictions(space, model, c)).collect();
        for weights in weightings(objectives) {
            let loss = |i: usize| chebyshev(&predicted[i], &weights);
            let mut ranked: Vec<usize> = (0..configs.len()).collect();
            ranked.sort_by(|&a, &b| order::compare(loss(a), loss(b)));
            for config in ranked.into_iter().take(CANDIDATES).map(|i| configs[i]) {
                if is_new(space, config, &all) {
                    all.push(config.clone());
                }
            }
        }
    }
    all
}

/// Weights of the objectives: all on one, or for two a few in between, or equal ones as well.
fn weightings(objectives: usize) -> Vec<Vec<f64>> {
    match objectives {
        1 => vec![vec![1.0]],
        2 => WEIGHTS.iter().map(|w| vec![1.0 - w, *w]).collect(),
        m => {
            let unit = |k: usize| (0..m).map(|i| f64::from(u8::from(i == k))).collect();
            (0..m).map(unit).chain([vec![1.0 / m as f64; m]]).collect()
        }
    }
}

/// `max_k w_k z_k + 0.05 sum_k w_k z_k` of normal scores moved above zero.
fn chebyshev(scores: &[f64], weights: &[f64]) -> f64 {
    if scores.len() == 1 {
        return scores[0];
    }
    let parts = scores.iter().zip(weights).map(|(z, w)| w * (z + 3.0).max(0.0));
    let parts: Vec<f64> = parts.collect();
    parts.iter().copied().fold(0.0, f64::max) + 0.05 * parts.iter().sum::<f64>()
}
