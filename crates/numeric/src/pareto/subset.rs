//! Subsets with a large hypervolume.

use super::hypervolume::exclusive;
use super::is_inside;
use super::sampled::Samples;

/// The largest subsets with exact volumes, by the number of objectives up to five.
const EXACT_SIZES: [usize; 6] = [usize::MAX, usize::MAX, usize::MAX, 128, 32, 16];

/// The positions of `count` points with a large joint hypervolume, in the order of a greedy choice:
/// each adds the most to those before it, the earlier one of equals. Points that add nothing follow in
/// order of their positions.
///
/// `points`: `[n, m]` losses, `reference`: `[m]`. The joint volume is at least `1 - 1/e` of the largest
/// possible one. Volumes are exact for subsets of at most 128 points of three objectives, 32 of four
/// and 16 of five; beyond they are estimates from 16,384 fixed random points.
///
/// # Source
/// Guerreiro, Fonseca & Paquete (2016), "Greedy Hypervolume Subset Selection in Low Dimensions";
/// Minoux (1978), "Accelerated greedy algorithms for maximizing submodular set functions", for the
/// bounds that spare most evaluations.
///
/// # Examples
/// ```
/// use automl_numeric::pareto::hypervolume_subset;
///
/// let losses = [[0.0, 0.9], [0.4, 0.4], [0.5, 0.3], [0.9, 0.0]];
/// assert_eq!(hypervolume_subset(&losses, 2, &[1.0, 1.0]), [1, 2]);
/// assert_eq!(hypervolume_subset(&losses, 3, &[1.0, 1.0]), [1, 2, 0]);
/// ```
pub fn hypervolume_subset<P: AsRef<[f64]>>(
    points: &[P],
    count: usize,
    reference: &[f64],
) -> Vec<usize> {
    let count = count.min(points.len());
    let most = EXACT_SIZES.get(reference.len()).copied().unwrap_or(0);
    let chosen = if count <= most {
        let mut list: Vec<Vec<f64>> = Vec::new();
        greedy(points.len(), count, |i, newest| {
            if let Some(newest) = newest {
                list.push(points[newest].as_ref().to_vec());
            }
            let own = points[i].as_ref();
            if !is_inside(own, reference) {
                return 0.0;
            }
            // First in the list, the point is compared with all others.
            let with: Vec<Vec<f64>> = std::iter::once(own.to_vec()).chain(list.clone()).collect();
            exclusive(&with, 0, reference).max(0.0)
        })
    } else {
        let samples = Samples::new(points, reference);
        let mut covered = Samples::nothing();
        greedy(points.len(), count, |i, newest| {
            if let Some(newest) = newest {
                samples.cover(newest, &mut covered);
            }
            samples.gain(i, &covered)
        })
    };
    let rest = (0..points.len()).filter(|i| !chosen.contains(i));
    chosen.iter().copied().chain(rest).take(count).collect()
}

/// Greedy maximization of a submodular function over `count` of `n` items.
///
/// `gain(i, newest)` is what item `i` adds to those chosen so far; `newest` is the item that was chosen
/// since the last call, if there is one.
fn greedy(n: usize, count: usize, mut gain: impl FnMut(usize, Option<usize>) -> f64) -> Vec<usize> {
    // What an item adds never grows, so an old value is a bound.
    let mut bounds = vec![f64::INFINITY; n];
    let mut current = vec![usize::MAX; n];
    let (mut chosen, mut newest) = (Vec::with_capacity(count), None);
    while chosen.len() < count {
        let best = |best: usize, i: usize| if bounds[i] > bounds[best] { i } else { best };
        let Some(best) = (0..n).reduce(best).filter(|best| bounds[*best] > 0.0) else { break };
        if current[best] == chosen.len() {
            bounds[best] = 0.0;
            chosen.push(best);
            newest = Some(best);
        } else {
            bounds[best] = gain(best, newest.take());
            current[best] = chosen.len();
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::super::{contributions, hypervolume};
    use super::*;
    use crate::stream;
    use proptest::prelude::*;
    use rand::RngExt;

    fn points(m: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
        proptest::collection::vec(proptest::collection::vec(0.0..1.2f64, m), 1..14)
    }

    proptest! {
        /// Each choice adds as much as any other point would.
        #[test]
        fn every_choice_adds_the_most(p in (2usize..6).prop_flat_map(points), count in 1usize..8) {
            let reference = vec![1.1; p[0].len()];
            let chosen = hypervolume_subset(&p, count, &reference);
            prop_assert_eq!(chosen.len(), count.min(p.len()));
            let mut before: Vec<Vec<f64>> = Vec::new();
            for &i in &chosen {
                let with = |j: usize| {
                    let all: Vec<&Vec<f64>> = before.iter().chain([&p[j]]).collect();
                    hypervolume(&all, &reference)
                };
                let best = (0..p.len()).map(with).fold(0.0, f64::max);
                prop_assert!(with(i) >= best - 1e-9);
                before.push(p[i].clone());
            }
        }
    }

    /// Points of the unit sphere's positive part.
    fn sphere(n: u64, m: usize) -> Vec<Vec<f64>> {
        let one = |i: u64| {
            let mut rng = stream(1, i, "sphere");
            let raw: Vec<f64> = (0..m).map(|_| rng.random::<f64>() + 1e-3).collect();
            let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
            raw.into_iter().map(|x| x / length).collect()
        };
        (0..n).map(one).collect()
    }

    /// Of so many points the volumes are estimates, and the subset is as good as an exact one.
    #[test]
    fn sampled_subsets_are_nearly_as_large() {
        let (p, reference) = (sphere(120, 4), [1.1; 4]);
        let volume = |chosen: &[usize]| {
            let own: Vec<&Vec<f64>> = chosen.iter().map(|i| &p[*i]).collect();
            hypervolume(&own, &reference)
        };
        let exact = hypervolume_subset(&p, 20, &reference);
        let sampled = hypervolume_subset(&p, 40, &reference);
        assert!(volume(&sampled[..20]) > 0.99 * volume(&exact));
        let first: Vec<usize> = (0..20).collect();
        assert!(volume(&exact) > 1.03 * volume(&first));
    }

    /// Six objectives by sampling against the difference of exact volumes; four standard errors.
    #[test]
    fn sampled_contributions_are_near_the_exact_ones() {
        let (p, reference) = (sphere(9, 6), [1.1; 6]);
        let all = hypervolume(&p, &reference);
        for (i, share) in contributions(&p, &reference).into_iter().enumerate() {
            let mut rest = p.clone();
            rest.remove(i);
            let exact = all - hypervolume(&rest, &reference);
            let box_ = 1.1_f64.powi(6);
            let error = box_ * (exact / box_ / 16384.0).sqrt();
            assert!((share - exact).abs() < 4.0 * error + 1e-3, "{i}: {share} {exact}");
        }
    }
}
