//! Which settings make the best ladder.

/// By how much a rung may cost more than an eta-th of the one above: a third of the epochs with
/// one evaluation costs slightly more than a third.
const SLACK: f64 = 1.1;

/// What the rule looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) cost: f64,
    pub(super) tau: f64,
    pub(super) error: f64,
}

/// The ladder to prefer among settings of rising cost, of which the last is the full one: indexes,
/// rising.
///
/// From the full setting downwards, the next rung is chosen among those settings that cost at most
/// an `eta`-th of the rung above and rank better than `null` does. Of these it is not the one with
/// the highest tau but the cheapest whose tau is within one standard error of that, as Breiman et
/// al. (1984) choose trees: what lies within the noise is not worth paying for. The ladder ends
/// where no such setting is left.
pub(super) fn ladder(settings: &[Candidate], null: f64, eta: f64) -> Vec<usize> {
    let Some(mut top) = settings.len().checked_sub(1) else { return Vec::new() };
    let mut rungs = vec![top];
    loop {
        let most = settings[top].cost * SLACK / eta;
        let cheap: Vec<usize> =
            (0..top).filter(|&i| settings[i].cost <= most && settings[i].tau > null).collect();
        let best = cheap.iter().max_by(|&&a, &&b| settings[a].tau.total_cmp(&settings[b].tau));
        let Some(&best) = best else { break };
        let enough = settings[best].tau - settings[best].error;
        let fits = cheap.iter().filter(|&&i| settings[i].tau >= enough);
        let Some(&next) = fits.min_by(|&&a, &&b| settings[a].cost.total_cmp(&settings[b].cost))
        else {
            break;
        };
        rungs.push(next);
        top = next;
    }
    rungs.reverse();
    rungs
}

/// What a candidate costs on average under successive halving where each rung trains from scratch:
/// every one is trained to the first rung, an `eta`-th of them to the next, and so on. Rungs that
/// resume pay only for what is added.
pub(super) fn candidate_cost(rungs: &[f64], eta: f64, resumable: bool) -> f64 {
    let mut before = 0.0;
    let mut share = 1.0;
    let mut total = 0.0;
    for &cost in rungs {
        total += share * (cost - if resumable { before } else { 0.0 });
        before = cost;
        share /= eta;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings(list: &[(f64, f64)]) -> Vec<Candidate> {
        list.iter().map(|&(cost, tau)| Candidate { cost, tau, error: 0.05 }).collect()
    }

    #[test]
    fn the_cheapest_within_the_noise_is_chosen() {
        let list = [(0.01, 0.2), (0.03, 0.5), (0.1, 0.52), (0.2, 0.8), (0.3, 0.82), (1.0, 1.0)];
        assert_eq!(ladder(&settings(&list), 0.3, 3.0), [1, 3, 5]);
        // What ranks worse than the null predictor is no rung.
        assert_eq!(ladder(&settings(&list), 0.1, 3.0), [0, 1, 3, 5]);
        assert_eq!(ladder(&settings(&list), 0.9, 3.0), [5]);
        assert_eq!(ladder(&[], 0.0, 3.0), [0usize; 0]);
    }

    #[test]
    fn costs_of_successive_halving() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(candidate_cost(&[1.0 / 9.0, 1.0 / 3.0, 1.0], 3.0, true), 7.0 / 27.0);
        close(candidate_cost(&[1.0 / 9.0, 1.0 / 3.0, 1.0], 3.0, false), 1.0 / 3.0);
    }

    proptest! {
        /// Rungs are at least eta apart in cost, better than nothing, and end at the top.
        #[test]
        fn ladders_keep_their_distance(
            list in proptest::collection::vec((0.001f64..0.9, -1.0f64..1.0), 0..20), null in -0.5f64..0.5,
        ) {
            let mut list = list;
            list.sort_by(|a, b| a.0.total_cmp(&b.0));
            list.push((1.0, 1.0));
            let settings = settings(&list);
            let rungs = ladder(&settings, null, 3.0);
            prop_assert_eq!(rungs.last(), Some(&(settings.len() - 1)));
            for pair in rungs.windows(2) {
                let [low, high] = [settings[pair[0]], settings[pair[1]]];
                prop_assert!(low.cost <= high.cost * SLACK / 3.0 && low.tau > null);
            }
        }
    }
}
