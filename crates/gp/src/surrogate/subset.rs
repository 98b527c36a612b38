//! Subsets of rows: for fitting hyperparameters, and for conditioning on thousands of trials.

use automl_numeric::order;

/// The prefix of `n` rows that hyperparameters are fitted to: all while there are few, then in
/// steps of a twelfth to a twenty-fourth, so that most proposals only append.
fn checkpoint(n: usize) -> usize {
    let step = if n < 48 { 1 } else { (n / 24).next_power_of_two() };
    n - n % step
}

/// The [`checkpoint`] of these outputs; all of them where those of the prefix are equal, from which
/// no scale could be fitted.
pub(crate) fn fit_rows(y: &[f64]) -> usize {
    let n = checkpoint(y.len());
    if y[..n].iter().all(|v| *v == y[0]) { y.len() } else { n }
}

/// The positions by increasing output.
fn ranked(y: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by(|&a, &b| order::compare(y[a], y[b]));
    order
}

/// The positions taken, filled up to `most` by others spread evenly over the trials.
fn filled(mut taken: Vec<bool>, most: usize) -> Vec<usize> {
    let n = taken.len();
    let left: Vec<usize> = (0..n).filter(|i| !taken[*i]).collect();
    let others = most - (n - left.len());
    (0..others).for_each(|k| taken[left[k * left.len() / others]] = true);
    (0..n).filter(|i| taken[*i]).collect()
}

/// The rows to condition on: all up to `max_rows`; of more, half as many, namely the best (an
/// eighth), those nearest to the best three (a half), and others spread evenly.
pub(super) fn conditioning_rows(rows: &[Vec<f64>], y: &[f64], max_rows: usize) -> Vec<usize> {
    let n = rows.len();
    if n <= max_rows {
        return (0..n).collect();
    }
    let kept = max_rows / 2;
    let order = ranked(y);
    let mut taken = vec![false; n];
    order[..kept / 8].iter().for_each(|&i| taken[i] = true);
    let near = |i: usize| {
        let to = |&j: &usize| -> f64 {
            rows[i].iter().zip(&rows[j]).map(|(a, b)| (a - b) * (a - b)).sum()
        };
        order.iter().take(3).map(to).fold(f64::INFINITY, f64::min)
    };
    let mut rest: Vec<(f64, usize)> = (0..n).filter(|i| !taken[*i]).map(|i| (near(i), i)).collect();
    rest.sort_by(|a, b| order::compare(a.0, b.0).then(a.1.cmp(&b.1)));
    rest.iter().take(kept / 2).for_each(|(_, i)| taken[*i] = true);
    filled(taken, kept)
}

/// At most `most` rows: the best quarter of that number, and others spread evenly over the trials.
pub(crate) fn best_and_spread(y: &[f64], most: usize) -> Vec<usize> {
    if y.len() <= most {
        return (0..y.len()).collect();
    }
    let mut taken = vec![false; y.len()];
    ranked(y)[..most / 4].iter().for_each(|&i| taken[i] = true);
    filled(taken, most)
}
