//! The order of trials with several objectives.

use automl_numeric::pareto;

/// Positions by non-domination rank, and within a rank by hypervolume.
///
/// `losses`: `[n, m]`. Each front is scaled to its own bounding box, and volumes are below the
/// reference point `(1.1, ..., 1.1)`. Of two objectives, and of three on fronts of at most 200 points,
/// a front is in order of falling contributions to the whole front; otherwise in the order of a
/// greedy choice of the subset of largest volume. Ranks that begin at position `exact` or later stay
/// in order of their positions.
///
/// # Source
/// Ozaki et al. (2020), "Multiobjective Tree-Structured Parzen Estimator for Computationally
/// Expensive Optimization Problems", section 3.2 (the subset selection); Guerreiro, Fonseca & Paquete
/// (2016), "Greedy Hypervolume Subset Selection in Low Dimensions".
pub(crate) fn by_dominance(losses: &[&[f64]], exact: usize) -> Vec<usize> {
    let ranks = pareto::ranks(losses);
    let mut fronts = vec![Vec::new(); ranks.iter().max().map_or(0, |rank| rank + 1)];
    for (i, rank) in ranks.iter().enumerate() {
        fronts[*rank].push(i);
    }
    let mut order = Vec::with_capacity(losses.len());
    for front in fronts {
        if order.len() >= exact {
            order.extend(front);
            continue;
        }
        let scaled = scaled_to_box(losses, &front);
        let m = losses[0].len();
        let reference = vec![1.1; m];
        let inner = if m == 2 || (m == 3 && front.len() <= 200) {
            let merit = pareto::contributions(&scaled, &reference);
            let mut inner: Vec<usize> = (0..front.len()).collect();
            inner.sort_by(|&a, &b| merit[b].total_cmp(&merit[a]).then(front[a].cmp(&front[b])));
            inner
        } else {
            let open = exact - order.len();
            let best = pareto::hypervolume_subset(&scaled, open, &reference);
            let rest = (0..front.len()).filter(|i| !best.contains(i)).collect::<Vec<_>>();
            [best, rest].concat()
        };
        order.extend(inner.into_iter().map(|i| front[i]));
    }
    order
}

/// The losses of a front scaled to the bounding box of its finite ones, so that units do not matter;
/// 0 in a coordinate without extent.
fn scaled_to_box(losses: &[&[f64]], front: &[usize]) -> Vec<Vec<f64>> {
    let m = losses[0].len();
    let bound = |pick: fn(f64, f64) -> f64, start: f64, j: usize| {
        let finite = front.iter().map(|&i| losses[i][j]).filter(|x| x.is_finite());
        finite.fold(start, pick)
    };
    let bounds: Vec<(f64, f64)> = (0..m)
        .map(|j| (bound(f64::min, f64::INFINITY, j), bound(f64::max, f64::NEG_INFINITY, j)))
        .collect();
    let scale = |(x, (low, high)): (&f64, &(f64, f64))| {
        if high > low { (x - low) / (high - low) } else { 0.0 }
    };
    front.iter().map(|&i| losses[i].iter().zip(&bounds).map(scale).collect()).collect()
}
