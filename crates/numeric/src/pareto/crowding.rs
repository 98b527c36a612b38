//! Crowding distance and the crowded-comparison order.

use super::ranks;
use crate::order::compare;

/// The crowding distance of each point among those of its rank, `[n]`: the sum over objectives of
/// the gap between its two neighbors relative to the range of the rank; infinite at the ends.
///
/// # Source
/// Deb et al. (2002), "NSGA-II", section III.B.
pub fn crowding<P: AsRef<[f64]>>(points: &[P], ranks: &[usize]) -> Vec<f64> {
    let mut distance = vec![0.0; points.len()];
    let objectives = points.first().map_or(0, |p| p.as_ref().len());
    let mut fronts = vec![Vec::new(); ranks.iter().max().map_or(0, |rank| rank + 1)];
    for (i, rank) in ranks.iter().enumerate() {
        fronts[*rank].push(i);
    }
    for members in &mut fronts {
        for objective in 0..objectives {
            let value = |i: usize| points[i].as_ref().get(objective).copied().unwrap_or(f64::NAN);
            members.sort_by(|&a, &b| compare(value(a), value(b)).then(a.cmp(&b)));
            let (Some(&first), Some(&last)) = (members.first(), members.last()) else { continue };
            let width = value(last) - value(first);
            distance[first] = f64::INFINITY;
            distance[last] = f64::INFINITY;
            if width > 0.0 && width.is_finite() {
                for three in members.windows(3) {
                    distance[three[1]] += (value(three[2]) - value(three[0])) / width;
                }
            }
        }
    }
    distance
}

/// The indices of the points in the crowded-comparison order, best first: by [`ranks`], ties by
/// decreasing [`crowding`] distance, so the ends of each front come first.
///
/// # Source
/// Deb et al. (2002), "NSGA-II", section III.B.
///
/// # Examples
/// ```
/// use automl_numeric::pareto::order;
///
/// let losses = [[3.0, 3.0], [1.0, 4.0], [2.0, 2.0], [1.5, 2.5]];
/// assert_eq!(order(&losses), [1, 2, 3, 0]);
/// ```
pub fn order<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let ranks = ranks(points);
    let crowding = crowding(points, &ranks);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| {
        ranks[a].cmp(&ranks[b]).then(crowding[b].total_cmp(&crowding[a])).then(a.cmp(&b))
    });
    order
}
