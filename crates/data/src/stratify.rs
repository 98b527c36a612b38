//! Stratified orders: in every prefix each class has its share.

use automl_numeric::stream;
use rand::seq::SliceRandom;

/// Lists in one order such that the first `k` hold of each list its share of `k`, give or take
/// less than one: with `n_i` of `n` items in list `i`, at most `1 - 1 / (2 m - 2)` away from
/// `k n_i / n` for `m` lists.
///
/// # Source
/// Tijdeman (1980), "The chairman assignment problem": of the lists that lag by at least
/// `1 / (2 m - 2)`, the one comes next that would first lag by too much.
///
/// # Examples
/// ```
/// use automl_data::stratify::interleave;
///
/// let order = interleave(&[vec![0, 1, 2, 3], vec![10, 11]]);
/// assert_eq!(order.iter().filter(|item| **item < 10).count(), 4);
/// assert_eq!(order[..3].iter().filter(|item| **item >= 10).count(), 1);
/// ```
pub fn interleave(lists: &[Vec<usize>]) -> Vec<usize> {
    let total: usize = lists.iter().map(Vec::len).sum();
    let parts = (2 * lists.len()).saturating_sub(2).max(1) as i128;
    let n = total as i128;
    let mut taken = vec![0usize; lists.len()];
    let mut order = Vec::with_capacity(total);
    for k in 1..=n {
        // Lag of a list in units of 1 / (n parts).
        let lag = |i: usize| parts * (k * lists[i].len() as i128 - n * taken[i] as i128);
        let due = (0..lists.len())
            .filter(|&i| taken[i] < lists[i].len() && (lag(i) >= n || lists.len() == 1))
            .min_by(|&a, &b| {
                // (1 - 1 / parts - lag) / share, compared without division.
                let (size_a, size_b) = (lists[a].len() as i128, lists[b].len() as i128);
                let slack = |i: usize| n * (parts - 1) - lag(i);
                (slack(a) * size_b).cmp(&(slack(b) * size_a))
            });
        if let Some(i) = due {
            order.push(lists[i][taken[i]]);
            taken[i] += 1;
        }
    }
    order
}

/// The stratified random order of images with these labels: each class is shuffled by the seed.
pub fn random(labels: &[u16], seed: u64) -> Vec<usize> {
    interleave(&shuffled_classes(labels, seed ^ 0x5eed))
}

/// The indexes of each class that occurs, rising.
pub fn classes(labels: &[u16]) -> Vec<Vec<usize>> {
    let count = labels.iter().max().map_or(0, |label| usize::from(*label) + 1);
    let mut classes = vec![Vec::new(); count];
    for (index, label) in labels.iter().enumerate() {
        classes[usize::from(*label)].push(index);
    }
    classes.retain(|class| !class.is_empty());
    classes
}

/// The indexes of each class, in an order that the seed gives.
pub fn shuffled_classes(labels: &[u16], seed: u64) -> Vec<Vec<usize>> {
    let mut classes = classes(labels);
    for class in &mut classes {
        let label = class.first().map_or(0, |&first| labels[first]);
        class.shuffle(&mut stream(seed, u64::from(label), "split"));
    }
    classes
}
