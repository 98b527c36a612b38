//! Which settings make the best ladder.

/// By how much a rung may cost more than an eta-th of the one above: a third of the epochs with
/// one evaluation costs slightly more than a third.
const SLACK: f64 = 1.1;

/// What the rule looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Relative to the full setting.
    pub(super) cost: f64,
    /// Kendall's tau with the full setting.
    pub(super) tau: f64,
}

/// The ladder to prefer among settings of rising cost, of which the last is the full one: indexes,
/// rising.
///
/// Of all ladders up to the full setting in which each rung costs at most an `eta`-th of the one
/// above, ranks no better than it, and has a tau of at least `floor`, it is the one under which a
/// candidate of successive halving costs least. With `t_i` the cost from rung `i` upwards,
/// `t_i = c_i + min t_j / eta` over the rungs `j` that may stand above it.
pub(super) fn ladder(settings: &[Candidate], floor: f64, eta: f64) -> Vec<usize> {
    let Some(top) = settings.len().checked_sub(1) else { return Vec::new() };
    // The cost from each setting upwards and the rung above it.
    let mut upwards: Vec<Option<(f64, usize)>> = vec![None; settings.len()];
    upwards[top] = Some((settings[top].cost, top));
    for i in (0..top).rev() {
        let Candidate { cost, tau } = settings[i];
        if tau < floor {
            continue;
        }
        let above = (i + 1..=top)
            .filter(|&j| cost <= SLACK / eta * settings[j].cost && tau <= settings[j].tau)
            .filter_map(|j| upwards[j].map(|(total, _)| (total, j)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        upwards[i] = above.map(|(total, j)| (cost + total / eta, j));
    }
    let total = |i: &usize| upwards[*i].map_or(f64::INFINITY, |(total, _)| total);
    let mut at = (0..=top).min_by(|a, b| total(a).total_cmp(&total(b))).unwrap_or(top);
    let mut rungs = vec![at];
    while let Some((_, next)) = upwards[at].filter(|_| at != top) {
        rungs.push(next);
        at = next;
    }
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
        list.iter().map(|&(cost, tau)| Candidate { cost, tau }).collect()
    }

    #[test]
    fn rungs_rank_better_and_better() {
        let list = [(0.01, 0.2), (0.03, 0.5), (0.1, 0.4), (0.11, 0.6), (0.3, 0.8), (1.0, 1.0)];
        assert_eq!(ladder(&settings(&list), 0.3, 3.0), [1, 3, 4, 5]);
        assert_eq!(ladder(&settings(&list), 0.1, 3.0), [0, 1, 3, 4, 5]);
        assert_eq!(ladder(&settings(&list), 0.7, 3.0), [4, 5]);
        assert_eq!(ladder(&settings(&list), 0.9, 3.0), [5]);
        assert_eq!(ladder(&[], 0.0, 3.0), [0usize; 0]);
    }

    #[test]
    fn costs_of_successive_halving() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(candidate_cost(&[1.0 / 9.0, 1.0 / 3.0, 1.0], 3.0, true), 7.0 / 27.0);
        close(candidate_cost(&[1.0 / 9.0, 1.0 / 3.0, 1.0], 3.0, false), 1.0 / 3.0);
    }

    /// Every ladder that the rule allows.
    fn allowed(settings: &[Candidate], floor: f64, eta: f64) -> Vec<Vec<usize>> {
        let top = settings.len() - 1;
        let chains = (0u32..1 << top).map(|set| {
            let below = (0..top).filter(move |i| set >> i & 1 == 1);
            below.chain([top]).collect::<Vec<usize>>()
        });
        let fits = |chain: &Vec<usize>| {
            chain[..chain.len() - 1].iter().all(|&i| settings[i].tau >= floor)
                && chain.windows(2).all(|pair| {
                    let [low, high] = [settings[pair[0]], settings[pair[1]]];
                    low.cost <= SLACK / eta * high.cost && low.tau <= high.tau
                })
        };
        chains.filter(fits).collect()
    }

    proptest! {
        /// Brute force over all ladders finds no cheaper one.
        #[test]
        fn no_allowed_ladder_costs_less(
            list in proptest::collection::vec((0.001f64..0.9, -1.0f64..1.0), 0..10), floor in -0.5f64..0.5,
        ) {
            let mut list = list;
            list.sort_by(|a, b| a.0.total_cmp(&b.0));
            list.push((1.0, 1.0));
            let settings = settings(&list);
            let cost = |chain: &[usize]| {
                let costs: Vec<f64> = chain.iter().map(|&i| settings[i].cost).collect();
                candidate_cost(&costs, 3.0, false)
            };
            let rungs = ladder(&settings, floor, 3.0);
            let all = allowed(&settings, floor, 3.0);
            prop_assert!(all.contains(&rungs), "{rungs:?}");
            let least = all.iter().map(|chain| cost(chain)).fold(f64::INFINITY, f64::min);
            prop_assert!((cost(&rungs) - least).abs() < 1e-12, "{} {least}", cost(&rungs));
        }
    }
}
