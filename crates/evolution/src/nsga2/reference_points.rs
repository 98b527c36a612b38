//! NSGA-III's choice from the last front: by niches around reference directions.

use nalgebra::{DMatrix, DVector};

/// The positions of `open` members of the last front that survive.
///
/// All losses are translated by the best ones and divided by the intercepts of the hyperplane through
/// the extreme points. Each individual belongs to the reference direction with the smallest
/// perpendicular distance. Then a direction with the fewest members, the first of equals, takes its
/// nearest candidate, until `open` are taken.
///
/// `chosen`: losses of the survivors of better fronts, `[a, m]`; `last`: those of the last front,
/// `[b, m]`, all finite; `size`: the number of all survivors, by which the directions are as many as
/// fit.
///
/// # Source
/// Deb & Jain (2014), "An Evolutionary Many-Objective Optimization Algorithm Using
/// Reference-Point-Based Nondominated Sorting Approach, Part I", section IV. Among equal niches the
/// paper draws one at random, and in a niche with members any candidate.
pub(super) fn niched(chosen: &[&[f64]], last: &[&[f64]], open: usize, size: usize) -> Vec<usize> {
    let m = last.first().map_or(0, |losses| losses.len());
    let all: Vec<&[f64]> = chosen.iter().chain(last).copied().collect();
    let directions = directions(m, size);
    let nearest: Vec<(usize, f64)> =
        normalized(&all).iter().map(|point| nearest(&directions, point)).collect();
    let mut members = vec![0_usize; directions.len()];
    nearest[..chosen.len()].iter().for_each(|(niche, _)| members[*niche] += 1);
    let candidates = &nearest[chosen.len()..];
    let mut taken: Vec<usize> = Vec::with_capacity(open);
    while taken.len() < open.min(last.len()) {
        let free = (0..last.len()).filter(|i| !taken.contains(i));
        let crowd = |i: usize| (members[candidates[i].0], candidates[i].0);
        let order = |a: &usize, b: &usize| {
            crowd(*a).cmp(&crowd(*b)).then(candidates[*a].1.total_cmp(&candidates[*b].1))
        };
        let Some(next) = free.min_by(order) else { break };
        members[candidates[next].0] += 1;
        taken.push(next);
    }
    taken
}

/// The points of the unit simplex with coordinates that are multiples of `1 / p`, with the largest
/// `p >= 1` for which there are no more than `most`, or at least `m`. `[k, m]`
///
/// # Source
/// Das & Dennis (1998), "Normal-Boundary Intersection".
fn directions(m: usize, most: usize) -> Vec<Vec<f64>> {
    let count = |p: usize| (1..m).fold(1_usize, |n, i| n.saturating_mul(p + i) / i);
    let mut p = 1;
    while count(p + 1) <= most {
        p += 1;
    }
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for axis in 0..m {
        let extended = |prefix: &Vec<usize>| -> Vec<Vec<usize>> {
            let left = p - prefix.iter().sum::<usize>();
            let shares = if axis + 1 == m { left..=left } else { 0..=left };
            shares.map(|share| [&prefix[..], &[share]].concat()).collect()
        };
        all = all.iter().flat_map(extended).collect();
    }
    let unit = |point: Vec<usize>| point.into_iter().map(|k| k as f64 / p as f64).collect();
    all.into_iter().map(unit).collect()
}

/// Losses relative to the best ones, in units of the intercepts. `[n, m]`
fn normalized(all: &[&[f64]]) -> Vec<Vec<f64>> {
    let m = all.first().map_or(0, |losses| losses.len());
    let ideal: Vec<f64> =
        (0..m).map(|j| all.iter().map(|x| x[j]).fold(f64::INFINITY, f64::min)).collect();
    let moved: Vec<Vec<f64>> =
        all.iter().map(|x| x.iter().zip(&ideal).map(|(x, low)| x - low).collect()).collect();
    let intercepts = intercepts(&moved, m);
    let scaled = |x: &Vec<f64>| x.iter().zip(&intercepts).map(|(x, a)| x / a).collect();
    moved.iter().map(scaled).collect()
}

/// Where the hyperplane through the extreme points meets the axes; the largest losses where there is
/// no such plane. `[m]`
fn intercepts(moved: &[Vec<f64>], m: usize) -> Vec<f64> {
    let largest: Vec<f64> =
        (0..m).map(|j| moved.iter().map(|x| x[j]).fold(0.0, f64::max).max(1e-12)).collect();
    // The extreme point of an axis has the smallest losses in all other objectives.
    let scalar = |x: &Vec<f64>, axis: usize| {
        let weighted = |(j, x): (usize, &f64)| if j == axis { *x } else { x * 1e6 };
        x.iter().enumerate().map(weighted).fold(f64::NEG_INFINITY, f64::max)
    };
    let extreme =
        |axis: usize| moved.iter().min_by(|a, b| scalar(a, axis).total_cmp(&scalar(b, axis)));
    let Some(extremes) = (0..m).map(extreme).collect::<Option<Vec<_>>>() else { return largest };
    let matrix = DMatrix::from_fn(m, m, |i, j| extremes[i][j]);
    let Some(plane) = matrix.lu().solve(&DVector::from_element(m, 1.0)) else { return largest };
    let found: Vec<f64> = plane.iter().map(|b| 1.0 / b).collect();
    let fits = |(a, most): (&f64, &f64)| a.is_finite() && *a > 1e-12 && *a <= most * (1.0 + 1e-9);
    if found.iter().zip(&largest).all(fits) { found } else { largest }
}

/// The direction with the smallest perpendicular distance from a point, and the distance.
fn nearest(directions: &[Vec<f64>], point: &[f64]) -> (usize, f64) {
    let distance = |direction: &Vec<f64>| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let along = dot(direction, point) / dot(direction, direction);
        let apart = point.iter().zip(direction).map(|(x, d)| (x - along * d).powi(2));
        apart.sum::<f64>().sqrt()
    };
    let all = directions.iter().map(distance).enumerate();
    all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table I of the paper, and the largest number that fits.
    #[test]
    fn directions_are_those_of_das_and_dennis() {
        assert_eq!(directions(3, 91).len(), 91);
        assert_eq!(directions(5, 210).len(), 210);
        assert_eq!(directions(4, 40).len(), 35);
        assert_eq!(directions(6, 3).len(), 6);
        for direction in directions(4, 40) {
            assert!((direction.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    /// A plane through the axes at 1, 2 and 4 gives these intercepts.
    #[test]
    fn intercepts_are_those_of_the_plane() {
        let points =
            [vec![1.0, 0.0, 0.0], vec![0.0, 2.0, 0.0], vec![0.0, 0.0, 4.0], vec![0.3, 0.6, 1.5]];
        let found = intercepts(&points, 3);
        for (found, expected) in found.iter().zip([1.0, 2.0, 4.0]) {
            assert!((found - expected).abs() < 1e-9, "{found}");
        }
    }

    /// Four in one niche, one in another that is empty, one where a survivor stands: the empty niches
    /// are filled first, each with the nearest.
    #[test]
    fn empty_niches_come_first() {
        let chosen: [&[f64]; 3] = [&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]];
        let last: [&[f64]; 6] = [
            &[0.52, 0.5, 0.02],
            &[0.5, 0.5, 0.01],
            &[0.5, 0.52, 0.0],
            &[0.55, 0.5, 0.0],
            &[0.02, 0.5, 0.52],
            &[0.9, 0.1, 0.05],
        ];
        // Six directions: three corners and three middles of edges.
        let taken = niched(&chosen, &last, 2, 6);
        let mut sorted = taken.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 4]);
        assert_eq!(niched(&chosen, &last, 9, 6).len(), 6);
    }
}
