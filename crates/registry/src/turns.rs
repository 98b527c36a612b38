//! Turns of two samplers after many trials, by what their proposals have reached.

use automl_numeric::order;
use automl_study::{State, View};

/// Trials back to which results are compared.
const WINDOW: usize = 400;

/// The standard score of the rank-sum statistic beyond which the second sampler leads.
const SIGNIFICANT: f64 = 2.0;

/// Whether the first of two samplers proposes the next trial. Of four trial numbers one is always the
/// first's, one the second's, and two are the leader's. The leader is the first, unless the losses of
/// the second's numbers among the latest [`WINDOW`] are significantly lower by the rank-sum test.
///
/// `from`: the number of trials from which on the samplers take turns.
///
/// # Source
/// Mann & Whitney (1947), "On a Test of Whether One of Two Random Variables is Stochastically Larger than
/// the Other".
pub(crate) fn is_first(view: &View<'_>, from: usize) -> bool {
    match view.number.0 % 4 {
        0 => true,
        1 => false,
        _ => !leads_second(view, from),
    }
}

/// Whether the second sampler leads.
fn leads_second(view: &View<'_>, from: usize) -> bool {
    let history = view.history;
    let since = history.len().saturating_sub(WINDOW).max(from);
    let mut losses: Vec<(f64, bool)> = Vec::new();
    for trial in &history.trials()[since.min(history.len())..] {
        let turn = trial.number.0 % 4;
        if turn < 2 && trial.state == State::Complete && trial.is_feasible() {
            losses.push((history.losses(&trial.values)[0], turn == 1));
        }
    }
    standard_score(&mut losses) < -SIGNIFICANT
}

/// The standard score of the rank sum of the marked losses: negative where they are lower than the
/// others. Ties share their mean rank; 0 where one kind is missing.
fn standard_score(losses: &mut [(f64, bool)]) -> f64 {
    losses.sort_by(|a, b| order::compare(a.0, b.0));
    let n = losses.len() as f64;
    let marked = losses.iter().filter(|(_, marked)| *marked).count() as f64;
    let variance = marked * (n - marked) * (n + 1.0) / 12.0;
    if variance == 0.0 {
        return 0.0;
    }
    let (mut sum, mut from) = (0.0, 0);
    for tied in losses.chunk_by(|a, b| a.0 == b.0) {
        let rank = from as f64 + (tied.len() as f64 + 1.0) / 2.0;
        sum += rank * tied.iter().filter(|(_, marked)| *marked).count() as f64;
        from += tied.len();
    }
    (sum - marked * (n + 1.0) / 2.0) / variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Space;
    use automl_study::{Direction, History, Trial, TrialId};

    /// Whether the first sampler proposes the trials 120 to 123 where the losses of the second lie lower
    /// by `gain`.
    fn turns(gain: f64) -> Vec<bool> {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let mut history = History::new(vec![Direction::Minimize]);
        for number in 0..120_u64 {
            let spread = (number as f64 * 0.618) % 1.0;
            let loss = if number % 4 == 1 { spread - gain } else { spread };
            let config = space.decode(&[spread]);
            let trial = Trial {
                state: State::Complete,
                values: vec![loss],
                ..Trial::waiting(number, config)
            };
            history.push(trial).unwrap();
        }
        let view = |number| View {
            space: &space,
            history: &history,
            number: TrialId(number),
            seed: 0,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        (120..124).map(|number| is_first(&view(number), 20)).collect()
    }

    #[test]
    fn the_second_leads_by_significantly_lower_losses_only() {
        assert_eq!(turns(0.0), [true, false, true, true]);
        assert_eq!(turns(0.05), [true, false, true, true]);
        assert_eq!(turns(0.5), [true, false, false, false]);
        assert_eq!(turns(-0.5), [true, false, true, true]);
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(standard_score(&mut [(1.0, true), (1.0, false), (1.0, true)]), 0.0);
        // Ranks 1, 2 of 4: the least rank sum 3, of mean 5 and variance 5 / 3.
        let score = standard_score(&mut [(0.0, true), (1.0, true), (2.0, false), (3.0, false)]);
        assert!((score + 2.0 / (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
    }
}
