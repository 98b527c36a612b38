//! Choice of the ladder by replay of successive halving.
//!
//! The ladders are tried out on the networks that were trained at every setting: successive halving
//! (Jamieson & Talwalkar 2016) is replayed with the accuracies that were measured, on bootstrap
//! samples of the networks (Efron 1979). The network that is left in the end counts with its accuracy
//! after another full training: the one by which it won is too good, the more so the more networks
//! it was the best of.

use rand::{Rng, RngExt};

/// The factor by which a rung may cost more than an eta-th of the one above: a third of the epochs with
/// one evaluation costs slightly more than a third.
const SLACK: f64 = 1.1;

/// Bootstrap samples of the networks.
const SAMPLES: usize = 500;

/// A sample has at most this many times as many candidates as there are networks.
const LARGEST: usize = 2;

/// A rung with its measured accuracies.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rung {
    /// From scratch, relative to the full setting.
    pub(super) cost: f64,
    /// Of each network.
    pub(super) accuracies: Vec<f64>,
    pub(super) kind: Kind,
    /// Whether it is known to rank at all.
    pub(super) ranks: bool,
}

/// The relation of a rung to the full setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A point on the curve of the full training, which goes on from here.
    Curve,
    /// A training of its own with fewer epochs.
    Epochs,
    /// A training of its own that differs in more.
    Other,
}

/// A ladder and the result of successive halving on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LadderOutcome {
    /// Indexes of the rungs, rising.
    pub(super) ladder: Vec<usize>,
    /// The mean cost of a candidate, in full trainings.
    pub(super) cost: f64,
    /// The mean accuracy after another full training of the network that is left.
    pub(super) accuracy: f64,
}

/// The ladder to prefer and the reference.
///
/// The ladders are all up to the full setting (the last rung) in which each rung costs at most an
/// `eta`-th of the one above, and which either train from scratch at each rung or, where only epochs
/// differ, go on throughout. Of those that find as good networks as the reference for the same total
/// cost, that of the reference with half as many candidates as there are networks, it is the one under
/// which a candidate costs least. A few dozen networks do not tell the accuracies of ladders apart
/// (the jackknife's standard error is about one point), so what is certain decides, the cost.
///
/// A rung that may not rank at all is in no ladder: on the measured networks it only thins them out,
/// but a sampler learns from it what does well there.
pub(super) fn ladder(
    rungs: &[Rung],
    truth: &[f64],
    reference: &[usize],
    eta: f64,
    rng: &mut dyn Rng,
) -> (LadderOutcome, LadderOutcome) {
    let count = truth.len();
    if count == 0 {
        return Default::default();
    }
    let sample = |_| (0..LARGEST * count).map(|_| rng.random_range(0..count)).collect();
    let samples: Vec<Vec<usize>> = (0..SAMPLES).map(sample).collect();
    let budget = cost(rungs, reference, eta) * count as f64 / 2.0;
    let outcome = |ladder: &[usize]| {
        let cost = cost(rungs, ladder, eta);
        let accuracy = replay(rungs, truth, ladder, eta, &samples, (budget / cost) as usize);
        LadderOutcome { ladder: ladder.to_vec(), cost, accuracy }
    };
    let reference = outcome(reference);
    let mut best = reference.clone();
    for ladder in ladders(rungs, eta) {
        if cost(rungs, &ladder, eta) < reference.cost {
            let outcome = outcome(&ladder);
            let as_good = outcome.accuracy >= reference.accuracy;
            let order = outcome.cost.total_cmp(&best.cost);
            if as_good && order.then(best.accuracy.total_cmp(&outcome.accuracy)).is_lt() {
                best = outcome;
            }
        }
    }
    (best, reference)
}

/// Every ladder that the rule allows.
fn ladders(rungs: &[Rung], eta: f64) -> Vec<Vec<usize>> {
    let Some(top) = rungs.len().checked_sub(1) else { return Vec::new() };
    let curve = |rung: usize| rungs[rung].kind == Kind::Curve;
    let mut found = vec![vec![top]];
    let mut at = 0;
    while at < found.len() {
        let lowest = found[at][0];
        for below in 0..top {
            let alike = lowest == top || curve(lowest) == curve(below);
            if alike && rungs[below].ranks && rungs[below].cost <= SLACK / eta * rungs[lowest].cost
            {
                found.push([&[below], &found[at][..]].concat());
            }
        }
        at += 1;
    }
    // A search goes on with a training of which only the epochs differ.
    found
        .retain(|ladder| ladder[..ladder.len() - 1].iter().any(|&r| rungs[r].kind != Kind::Epochs));
    found
}

/// The mean cost of a candidate: all are trained to the first rung, an `eta`-th of them to the
/// next, and so on. Trainings that go on pay only for what is added.
fn cost(rungs: &[Rung], ladder: &[usize], eta: f64) -> f64 {
    let goes_on = ladder.first().is_some_and(|&lowest| rungs[lowest].kind == Kind::Curve);
    let (mut total, mut share, mut spent) = (0.0, 1.0, 0.0);
    for &rung in ladder {
        total += share * (rungs[rung].cost - spent);
        share /= eta;
        spent = if goes_on { rungs[rung].cost } else { 0.0 };
    }
    total
}

/// The mean accuracy of the network that is left when successive halving starts with the first
/// candidates of the samples. Of equally accurate ones the first go on.
fn replay(
    rungs: &[Rung],
    truth: &[f64],
    ladder: &[usize],
    eta: f64,
    samples: &[Vec<usize>],
    candidates: usize,
) -> f64 {
    let winner = |sample: &Vec<usize>| {
        let mut left = sample[..candidates.clamp(1, sample.len())].to_vec();
        for &rung in ladder {
            let accuracies = &rungs[rung].accuracies;
            left.sort_by(|&a, &b| accuracies[b].total_cmp(&accuracies[a]));
            if Some(&rung) != ladder.last() {
                left.truncate(((left.len() as f64 / eta) as usize).max(1));
            }
        }
        truth[left[0]]
    };
    samples.iter().map(winner).sum::<f64>() / samples.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use proptest::prelude::*;

    const ETA: f64 = 3.0;
    const KINDS: [Kind; 3] = [Kind::Curve, Kind::Epochs, Kind::Other];

    fn rung(cost: f64, kind: Kind, accuracies: &[f64]) -> Rung {
        Rung { cost, kind, accuracies: accuracies.to_vec(), ranks: true }
    }

    /// Forty networks of rising accuracy, and a rule for what a setting shows of them.
    fn shown(cost: f64, kind: Kind, of: impl Fn(usize) -> f64) -> Rung {
        rung(cost, kind, &(0..40).map(of).collect::<Vec<_>>())
    }

    #[test]
    fn a_cheap_setting_is_taken_if_it_ranks() {
        let truth = |i: usize| i as f64;
        let scrambled = |i: usize| (i * 17 % 40) as f64;
        let worth: Vec<f64> = (0..40).map(truth).collect();
        let curve = [shown(1.0 / 9.0, Kind::Curve, truth), shown(1.0 / 3.0, Kind::Curve, truth)];
        for (cheap, taken) in
            [(shown(0.01, Kind::Other, truth), true), (shown(0.01, Kind::Other, scrambled), false)]
        {
            let rungs = [
                &[cheap, shown(0.3, Kind::Other, truth)][..],
                &curve,
                &[shown(1.0, Kind::Other, truth)],
            ]
            .concat();
            let (best, reference) =
                ladder(&rungs, &worth, &[2, 3, 4], ETA, &mut stream(0, 0, "test"));
            assert_eq!(best.ladder == [0, 1, 4], taken, "{best:?}");
            assert!(best == reference || best.cost < reference.cost);
        }
    }

    #[test]
    fn costs_of_successive_halving() {
        let costs = |kind: Kind| {
            let rungs = [1.0 / 9.0, 1.0 / 3.0, 1.0].map(|cost| rung(cost, kind, &[]));
            cost(&rungs, &[0, 1, 2], ETA)
        };
        assert!((costs(Kind::Curve) - 7.0 / 27.0).abs() < 1e-12);
        assert!((costs(Kind::Other) - 1.0 / 3.0).abs() < 1e-12);
    }

    /// With a perfect order at every rung the best candidate is left.
    #[test]
    fn halving_finds_the_best() {
        let truth: Vec<f64> = (0..27).map(f64::from).collect();
        let rungs = [0.1, 0.3, 1.0].map(|cost| rung(cost, Kind::Other, &truth));
        let samples = vec![(0..27).collect::<Vec<usize>>()];
        assert_eq!(replay(&rungs, &truth, &[0, 1, 2], ETA, &samples, 27), 26.0);
        assert_eq!(replay(&rungs, &truth, &[0, 1, 2], ETA, &samples, 5), 4.0);
        assert_eq!(replay(&rungs, &truth, &[2], ETA, &samples, 0), 0.0);
    }

    #[test]
    fn a_rung_that_may_not_rank_is_not_taken() {
        let truth = |i: usize| i as f64;
        let worth: Vec<f64> = (0..40).map(truth).collect();
        let cheap = |ranks| Rung { ranks, ..shown(0.01, Kind::Other, truth) };
        for (ranks, taken) in [(true, true), (false, false)] {
            let rungs = [
                cheap(ranks),
                shown(1.0 / 3.0, Kind::Curve, truth),
                shown(1.0, Kind::Curve, truth),
            ];
            let (best, _) = ladder(&rungs, &worth, &[1, 2], ETA, &mut stream(0, 0, "test"));
            assert_eq!(best.ladder.contains(&0), taken, "{best:?}");
        }
    }

    /// A rung may cost a tenth more than the share `1 / eta` of the next one, and not a fifth more. One
    /// of a training that does not go on is below the top at most where one of its kind is.
    #[test]
    fn rungs_lie_a_factor_apart() {
        let found = |cost: f64, kind: Kind| {
            let rungs = [rung(cost, kind, &[]), rung(1.0, Kind::Curve, &[])];
            ladders(&rungs, ETA)
        };
        assert_eq!(found(1.05 / ETA, Kind::Curve), [vec![0, 1]]);
        assert!(found(1.2 / ETA, Kind::Curve).is_empty());
        assert_eq!(found(0.2, Kind::Other), [vec![0, 1]]);
        // Fewer epochs alone are no other training.
        assert!(found(0.2, Kind::Epochs).is_empty());
        let mixed = [
            rung(0.05, Kind::Other, &[]),
            rung(0.3, Kind::Curve, &[]),
            rung(1.0, Kind::Curve, &[]),
        ];
        assert_eq!(ladders(&mixed, ETA), [vec![0, 2], vec![1, 2]]);
    }

    #[test]
    fn nothing_to_choose_from() {
        let (best, _) = ladder(&[], &[], &[], ETA, &mut stream(0, 0, "test"));
        assert!(best.ladder.is_empty());
    }

    proptest! {
        /// The preferred ladder is the reference or costs less, finds networks as good, rises in
        /// cost and does not mix trainings that go on with those that do not.
        #[test]
        fn the_rule_holds(
            list in proptest::collection::vec(
                (0.001f64..0.5, 0..3usize, proptest::collection::vec(0.0f64..1.0, 12)), 0..8),
            truth in proptest::collection::vec(0.0f64..1.0, 12),
        ) {
            let mut list = list;
            list.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut rungs: Vec<Rung> =
                list.iter().map(|(cost, kind, shown)| rung(*cost, KINDS[*kind], shown)).collect();
            rungs.push(rung(1.0, Kind::Curve, &truth));
            let top = rungs.len() - 1;
            let (best, reference) = ladder(&rungs, &truth, &[top], ETA, &mut stream(0, 0, "test"));
            prop_assert!(best == reference || best.cost < reference.cost);
            prop_assert!(best.accuracy >= reference.accuracy);
            prop_assert_eq!(best.ladder.last(), Some(&top));
            let curve = |rung: usize| rungs[rung].kind == Kind::Curve;
            let below = &best.ladder[..best.ladder.len() - 1];
            prop_assert!(below.iter().all(|&r| curve(r)) || !below.iter().any(|&r| curve(r)));
            let costs: Vec<f64> = best.ladder.iter().map(|&r| rungs[r].cost).collect();
            prop_assert!(costs.windows(2).all(|pair| pair[0] <= SLACK / ETA * pair[1]));
        }
    }
}
