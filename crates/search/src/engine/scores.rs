//! Zero-cost proxies after a search: how well they ranked its networks.

use super::plan::Plan;
use crate::{ScoreRow, ScoreTable, ZeroCostProxy};
use automl_numeric::correlation::{kendall, spearman};
use automl_study::History;
use automl_train::{Score, ScoreBatch};

/// The number of images by which zero-cost proxies are computed.
pub(super) const IMAGES: usize = 64;

/// The trials that a table needs; of the fidelities that as many have reached, the highest counts.
const ENOUGH: usize = 20;

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

/// The rank correlations of each proxy with the validation accuracy of the search's networks; `None`
/// where too few were trained to the same number of epochs, or where `stop` ended the computation.
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
        let network = plan.candidates.architecture(&trial.config);
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
