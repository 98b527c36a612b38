//! The order in which candidates get the final training.

use automl_numeric::pareto;

/// The order of candidates by their expected `[loss, cost]`: in turn the next most accurate one by
/// `regions`, and the next of the [order](pareto::order) of the front, which has its ends and its most
/// isolated points first; each candidate once. NaN comes last.
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
    let front = pareto::order(losses);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            let front = pareto::order(&losses);
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
