//! The order in which candidates get the final training.

use automl_numeric::pareto;

/// The order of candidates by their expected `[loss, cost]`: in turn the next most accurate one by
/// `regions`, and the next of the front, its ends first, then always the one that is farthest from those before, so
/// that the first few cover all of it; each candidate once. NaN comes last.
///
/// `regions` are losses too, and those of `losses` where nothing better is known. Losses that count the
/// neighbors of a candidate in the space keep one that was lucky from taking the only training: a region,
/// not a point.
///
/// The first of the front are the most accurate candidate by its own loss and the cheapest one, so with few
/// final trainings only one of them would be for accuracy, chosen by a noisy measurement: the most accurate
/// of several is, on average, the most accurate in the end more often than any one of them.
///
/// # Examples
/// ```
/// use automl_candidates::final_order;
///
/// // Loss and cost; the third and the fourth are nearly as accurate as the second, and dominated.
/// let losses = [[0.5, 1.0], [0.1, 8.0], [0.11, 9.0], [0.12, 8.5], [0.3, 3.0]];
/// assert_eq!(final_order(&losses, &[0.5, 0.1, 0.11, 0.12, 0.3]), [1, 0, 2, 4, 3]);
/// // The neighbors of the fourth are better than those of the second.
/// assert_eq!(final_order(&losses, &[0.5, 0.13, 0.14, 0.11, 0.3]), [3, 0, 1, 4, 2]);
/// ```
///
/// # Panics
/// If `regions` is shorter than `losses`.
pub fn final_order(losses: &[[f64; 2]], regions: &[f64]) -> Vec<usize> {
    let front = front_order(losses);
    let mut accurate: Vec<usize> = (0..losses.len()).collect();
    let key = |index: usize| (regions[index].is_nan(), regions[index], losses[index][1]);
    accurate.sort_by(|&a, &b| {
        let ((one, loss, cost), (two, other, more)) = (key(a), key(b));
        one.cmp(&two).then(loss.total_cmp(&other)).then(cost.total_cmp(&more))
    });
    let mut taken = vec![false; losses.len()];
    let mut order = Vec::with_capacity(losses.len());
    let mut lists = [accurate.into_iter(), front.into_iter()];
    for turn in 0..2 * losses.len() {
        if let Some(index) = lists[turn % 2].find(|index| !taken[*index]) {
            taken[index] = true;
            order.push(index);
        }
    }
    order
}

/// The [order](pareto::order) of the candidates with the front spread out: behind its ends comes the one with the
/// largest distance to the nearest of those before, where loss and cost have the range of the front as their unit.
/// Crowding distances say which points are isolated among all, not among the first few.
///
/// # Examples
/// ```
/// use automl_candidates::front_order;
///
/// // The last one is dominated.
/// let losses = [[0.3, 1.0], [0.2, 2.0], [0.19, 2.1], [0.1, 4.0], [0.2, 3.0]];
/// assert_eq!(front_order(&losses), [0, 3, 2, 1, 4]);
/// ```
pub fn front_order(losses: &[[f64; 2]]) -> Vec<usize> {
    let mut order = pareto::order(losses);
    let ranks = pareto::ranks(losses);
    let front = order.iter().filter(|index| ranks[**index] == 0).count();
    let values = |axis: usize| order[..front].iter().map(move |index| losses[*index][axis]);
    let width = |axis: usize| {
        let low = values(axis).fold(f64::INFINITY, f64::min);
        let width = values(axis).fold(f64::NEG_INFINITY, f64::max) - low;
        if width > 0.0 && width.is_finite() { width } else { f64::INFINITY }
    };
    let widths = [width(0), width(1)];
    let between = |a: usize, b: usize| {
        let part = |axis: usize| (losses[a][axis] - losses[b][axis]) / widths[axis];
        part(0).hypot(part(1))
    };
    let mut nearest = vec![f64::INFINITY; losses.len()];
    for place in 0..front {
        if place >= 2 {
            // The first of equal ones.
            let farthest = (place..front)
                .rev()
                .max_by(|&a, &b| nearest[order[a]].total_cmp(&nearest[order[b]]));
            let next = order.remove(farthest.unwrap_or(place));
            order.insert(place, next);
        }
        for &other in &order[place + 1..front] {
            nearest[other] = nearest[other].min(between(order[place], other));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Steep at its cheap end, where few points lie, and flat at the other.
    #[test]
    fn the_first_of_the_front_cover_it() {
        let front: Vec<[f64; 2]> = (0..40)
            .map(|i| {
                let cost = 7.2 + 2.4 * (f64::from(i) / 39.0).sqrt();
                [0.084 + 0.045 * (-(cost - 7.2) * 2.5).exp(), cost]
            })
            .collect();
        let first = &front_order(&front)[..7];
        let mut costs: Vec<f64> = first.iter().map(|index| front[*index][1]).collect();
        costs.sort_by(f64::total_cmp);
        let gaps = costs.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.fold(0.0, f64::max) < 0.75, "{costs:?}");
        let crowded = &pareto::order(&front)[..7];
        let most = crowded.iter().filter(|index| front[**index][1] < 8.4).count();
        assert!(most >= 6, "crowding leaves the flat part out: {most}");
    }

    proptest! {
        /// Every candidate once; of the first k, half are the most accurate ones, and the first of the
        /// front's order are among them.
        #[test]
        fn half_of_the_first_are_the_most_accurate(
            drawn in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 0.0..1.0f64), 1..20),
        ) {
            let losses: Vec<[f64; 2]> = drawn.iter().map(|draw| [draw.0, draw.1]).collect();
            let regions: Vec<f64> = drawn.iter().map(|draw| draw.2).collect();
            let order = final_order(&losses, &regions);
            let mut all = order.clone();
            all.sort_unstable();
            prop_assert_eq!(all, (0..losses.len()).collect::<Vec<_>>());
            let mut accurate: Vec<usize> = (0..losses.len()).collect();
            accurate.sort_by(|&a, &b| regions[a].total_cmp(&regions[b]));
            let front = front_order(&losses);
            for k in 1..=losses.len() {
                let first = &order[..k];
                prop_assert!(accurate[..k.div_ceil(2)].iter().all(|index| first.contains(index)));
                prop_assert!(front[..k / 2].iter().all(|index| first.contains(index)));
            }
        }
    }

    #[test]
    fn losses_that_are_not_numbers_come_last() {
        let losses = [[f64::NAN, 1.0], [0.5, 2.0], [0.4, 3.0]];
        let order = final_order(&losses, &[f64::NAN, 0.5, 0.4]);
        assert_eq!(order[0], 2);
        assert_eq!(order.len(), 3);
    }
}
