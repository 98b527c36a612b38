//! Surrogates of losses: the scale, the kernel and the hyperparameters chosen by evidence.

use crate::output_transform::{SCALES, Scale, Warped};
use crate::regression::{Family, Hyper, Kernel, Observations, Posterior, Priors, fit};
use automl_numeric::order;
use nalgebra::DMatrix;
use std::hash::{Hash, Hasher};

/// Rows of features as a matrix: `[rows, columns]`.
pub(crate) fn matrix<R: AsRef<[f64]>>(rows: &[R]) -> DMatrix<f64> {
    let columns = rows.first().map_or(0, |r| r.as_ref().len());
    DMatrix::from_fn(rows.len(), columns, |i, j| rows[i].as_ref()[j])
}

/// A kernel, a scale and hyperparameters.
#[derive(Clone, Debug)]
struct Choice {
    kernel: Kernel,
    scale: Scale,
    hyper: Hyper,
    /// The log evidence, with priors and Jacobian.
    evidence: f64,
}

/// A process over the losses on one scale.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) posterior: Posterior,
    pub(crate) warped: Warped,
    /// The losses on its scale that the posterior is conditioned on: of the rows that were kept.
    pub(crate) outputs: Vec<f64>,
    /// Its share of the belief.
    pub(crate) weight: f64,
}

/// What may be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freedom<'a> {
    /// Whether outputs may be warped.
    pub(crate) warps: bool,
    /// The most components.
    pub(crate) components: usize,
    /// The columns whose inputs may be warped.
    pub(crate) columns: &'a [usize],
}

/// The most rows that hyperparameters are fitted to.
const FIT_ROWS: usize = 256;
/// The most rows that scales and families are compared on.
const COMPARE_ROWS: usize = 96;
/// The most rows that a process is conditioned on exactly, and how many are kept beyond.
const EXACT_ROWS: usize = 2000;
const LOCAL_ROWS: usize = 1000;

/// The prefix of `n` rows that hyperparameters are fitted to: all while there are few, then in
/// steps of a twelfth to a twenty-fourth, so that most proposals only append.
fn checkpoint(n: usize) -> usize {
    let step = if n < 48 { 1 } else { (n / 24).next_power_of_two() };
    n - n % step
}

/// As [`checkpoint`] of these outputs; all of them where those of the prefix are all the same, which
/// would tell nothing of scales.
fn fitted_rows(y: &[f64]) -> usize {
    let n = checkpoint(y.len());
    if y[..n].iter().all(|v| *v == y[0]) { y.len() } else { n }
}

/// Keeps choices and posteriors between proposals; all of it follows from the rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    key: u64,
    choices: Vec<Choice>,
    posteriors: Vec<Posterior>,
}

fn fingerprint(rows: &[Vec<f64>], y: &[f64], kernel: &Kernel, freedom: Freedom<'_>) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    (kernel.columns(), kernel.scales(), freedom.warps, freedom.components).hash(&mut hasher);
    for row in rows {
        row.iter().for_each(|v| v.to_bits().hash(&mut hasher));
    }
    y.iter().for_each(|v| v.to_bits().hash(&mut hasher));
    hasher.finish()
}

impl Memory {
    /// The components for these rows and losses, the weightiest first; none where no covariance is
    /// positive definite. A used memory gives the same as a fresh one.
    pub(crate) fn learn(
        &mut self,
        kernel: &Kernel,
        priors: &Priors,
        rows: &[Vec<f64>],
        y: &[f64],
        freedom: Freedom<'_>,
    ) -> Vec<Component> {
        if rows.is_empty() || rows.len() != y.len() {
            return Vec::new();
        }
        let n = fitted_rows(y);
        let key = fingerprint(&rows[..n], &y[..n], kernel, freedom);
        if key != self.key || self.choices.is_empty() {
            self.choices = choose(kernel, priors, &rows[..n], &y[..n], freedom);
            self.posteriors.clear();
            self.key = key;
        }
        let top = self.choices.first().map_or(0.0, |c| c.evidence);
        let weights: Vec<f64> = self.choices.iter().map(|c| (c.evidence - top).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let kept = kept(rows.len(), rows, y);
        let local = kept.len() < rows.len();
        if local {
            self.posteriors.clear();
        }
        let mut components = Vec::new();
        let mut posteriors = Vec::new();
        for (i, choice) in self.choices.iter().enumerate() {
            let warped = choice.scale.warp(y);
            let outputs: Vec<f64> = kept.iter().map(|&i| warped.y[i]).collect();
            let posterior = if local {
                let rows: Vec<&[f64]> = kept.iter().map(|&i| rows[i].as_slice()).collect();
                let data = Observations { x: &matrix(&rows), y: &outputs, noise: &[] };
                Posterior::new(&choice.kernel, &choice.hyper, data, priors.mean).ok()
            } else {
                let old = self.posteriors.get(i);
                extended(choice, old, rows, &warped.y, n, priors.mean)
            };
            let Some(posterior) = posterior else { continue };
            posteriors.push(posterior.clone());
            components.push(Component { posterior, warped, outputs, weight: weights[i] / sum });
        }
        if !local && posteriors.len() == self.choices.len() {
            self.posteriors = posteriors;
        }
        components
    }
}

/// The posterior of the first `n` rows by one factorisation and of the others by appending them,
/// from what is known already where that is a prefix.
fn extended(
    choice: &Choice,
    old: Option<&Posterior>,
    rows: &[Vec<f64>],
    y: &[f64],
    n: usize,
    mean_sd: f64,
) -> Option<Posterior> {
    let is_prefix = |p: &&Posterior| {
        let x = p.rows();
        x.nrows() >= n
            && x.nrows() <= rows.len()
            && (0..x.nrows()).all(|i| (0..x.ncols()).all(|c| x[(i, c)] == rows[i][c]))
    };
    let mut posterior = match old.filter(is_prefix) {
        Some(posterior) => posterior.clone(),
        None => {
            let data = Observations { x: &matrix(&rows[..n]), y: &y[..n], noise: &[] };
            Posterior::new(&choice.kernel, &choice.hyper, data, mean_sd).ok()?
        }
    };
    for row in &rows[posterior.rows().nrows()..] {
        posterior.append(row, 0.0).ok()?;
    }
    posterior.set_outputs(y).ok()?;
    Some(posterior)
}

/// The rows to condition on: all up to 2,000, else the best eighth of 1,000, those nearest to the best three,
/// and others spread evenly.
fn kept(n: usize, rows: &[Vec<f64>], y: &[f64]) -> Vec<usize> {
    if n <= EXACT_ROWS {
        return (0..n).collect();
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| order::compare(y[a], y[b]));
    let mut taken = vec![false; n];
    order[..LOCAL_ROWS / 8].iter().for_each(|&i| taken[i] = true);
    let near = |i: usize| {
        let to = |&j: &usize| -> f64 {
            rows[i].iter().zip(&rows[j]).map(|(a, b)| (a - b) * (a - b)).sum()
        };
        order[..3].iter().map(to).fold(f64::INFINITY, f64::min)
    };
    let mut rest: Vec<(f64, usize)> = (0..n).filter(|i| !taken[*i]).map(|i| (near(i), i)).collect();
    rest.sort_by(|a, b| order::compare(a.0, b.0).then(a.1.cmp(&b.1)));
    rest.iter().take(LOCAL_ROWS / 2).for_each(|(_, i)| taken[*i] = true);
    let left: Vec<usize> = (0..n).filter(|i| !taken[*i]).collect();
    let others = LOCAL_ROWS - taken.iter().filter(|t| **t).count();
    (0..others).for_each(|k| taken[left[k * left.len() / others]] = true);
    (0..n).filter(|i| taken[*i]).collect()
}

/// At most `most` rows: the best quarter of them, and others spread evenly over the trials.
fn thinned(y: &[f64], most: usize) -> Vec<usize> {
    let n = y.len();
    if n <= most {
        return (0..n).collect();
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| order::compare(y[a], y[b]));
    let mut taken = vec![false; n];
    order[..most / 4].iter().for_each(|&i| taken[i] = true);
    let left: Vec<usize> = (0..n).filter(|i| !taken[*i]).collect();
    let others = most - most / 4;
    (0..others).for_each(|k| taken[left[k * left.len() / others]] = true);
    (0..n).filter(|i| taken[*i]).collect()
}

/// The choices of largest evidence, best first.
fn choose(
    kernel: &Kernel,
    priors: &Priors,
    rows: &[Vec<f64>],
    y: &[f64],
    freedom: Freedom<'_>,
) -> Vec<Choice> {
    let fitted = |choice: &Choice, rows: &[usize], all: &[Vec<f64>], evaluations: usize| {
        let x: Vec<&[f64]> = rows.iter().map(|&i| all[i].as_slice()).collect();
        let warped = choice.scale.warp(y);
        let own: Vec<f64> = rows.iter().map(|&i| warped.y[i]).collect();
        let data = Observations { x: &matrix(&x), y: &own, noise: &[] };
        let starts = std::slice::from_ref(&choice.hyper);
        let fit = fit(&choice.kernel, data, priors, starts, evaluations)?;
        let evidence = fit.log_posterior + warped.log_jacobian(rows);
        Some(Choice { hyper: fit.hyper, evidence, ..choice.clone() })
    };
    let few = thinned(y, COMPARE_ROWS);
    let lengths: Vec<f64> = priors.lengths.iter().map(|(mean, _)| mean.exp()).collect();
    let start = Hyper { lengths, signal: 1.0, noise: 1e-3 };
    let scales = if freedom.warps && y.len() > 3 { &SCALES[..] } else { &SCALES[..1] };
    let mut choices: Vec<Choice> = Vec::new();
    let consider = |family: Family, scale: Scale, hyper: &Hyper, choices: &mut Vec<Choice>| {
        let kernel = kernel.with_family(family);
        let choice = Choice { kernel, scale, hyper: hyper.clone(), evidence: f64::NEG_INFINITY };
        let evaluations = if choices.is_empty() || y.len() <= COMPARE_ROWS { 30 } else { 12 };
        choices.extend(fitted(&choice, &few, rows, evaluations));
        choices.sort_by(|a, b| order::compare(-a.evidence, -b.evidence));
    };
    for scale in scales {
        let from = choices.first().map_or_else(|| start.clone(), |best| best.hyper.clone());
        consider(Family::Matern52, *scale, &from, &mut choices);
    }
    if let Some(best) = choices.first().cloned() {
        consider(Family::Rbf, best.scale, &best.hyper, &mut choices);
    }
    if freedom.warps
        && !freedom.columns.is_empty()
        && y.len() >= 2 * (freedom.columns.len() + 2)
        && let Some(best) = choices.first().cloned()
    {
        let mut choice = Choice { kernel: best.kernel.warped(freedom.columns.to_vec()), ..best };
        choice.hyper.lengths.resize(choice.kernel.scales(), 1.0);
        // One unit of evidence for each further parameter (Akaike).
        let penalty = 2.0 * freedom.columns.len() as f64;
        let found = fitted(&choice, &few, rows, 20);
        choices.extend(found.map(|c| Choice { evidence: c.evidence - penalty, ..c }));
        choices.sort_by(|a, b| order::compare(-a.evidence, -b.evidence));
    }
    let least = choices.first().map_or(0.0, |best| best.evidence - 3.0);
    choices.retain(|c| c.evidence >= least);
    choices.truncate(freedom.components.max(1));
    if few.len() < y.len() {
        let more = thinned(y, FIT_ROWS);
        choices.truncate(1);
        choices = choices.iter().map(|c| fitted(c, &more, rows, 12).unwrap_or(c.clone())).collect();
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::{Column, Distance};
    use automl_study::sobol_point;

    fn square(d: usize) -> Kernel {
        let columns = (0..d).map(|scale| Column { distance: Distance::Square, scale }).collect();
        Kernel::new(Family::Matern52, columns)
    }

    /// Rows of which half gather around the optimum, and their losses.
    fn study(n: usize, d: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let row = |i: usize| -> Vec<f64> {
            let near = if i.is_multiple_of(2) { 1.0 } else { 40.0 / (40.0 + i as f64) };
            sobol_point(i as u64, d, 9).iter().map(|u| 0.4 + (u - 0.4) * near).collect()
        };
        let rows: Vec<Vec<f64>> = (0..n).map(row).collect();
        let loss = |row: &Vec<f64>| -> f64 {
            let bowl: f64 = row.iter().map(|u| (u - 0.4) * (u - 0.4)).sum();
            bowl + 0.1 * (9.0 * row[0]).sin() * (7.0 * row[1]).cos()
        };
        let y = rows.iter().map(loss).collect();
        (rows, y)
    }

    #[test]
    fn a_used_memory_learns_what_a_fresh_one_does() {
        let (rows, y) = study(70, 3);
        let (kernel, priors) = (square(3), Priors::scaled(3));
        let freedom = Freedom { warps: true, components: 2, columns: &[0, 1, 2] };
        let mut used = Memory::default();
        let points = matrix(&rows[..5]);
        for n in (40..70).chain([45, 66]) {
            let ours = used.learn(&kernel, &priors, &rows[..n], &y[..n], freedom);
            let theirs = Memory::default().learn(&kernel, &priors, &rows[..n], &y[..n], freedom);
            assert_eq!(ours.len(), theirs.len());
            for (a, b) in ours.iter().zip(&theirs) {
                assert_eq!(a.posterior.predict(&points), b.posterior.predict(&points), "{n} rows");
                assert_eq!(a.weight, b.weight);
            }
        }
    }

    /// The error of conditioning on a part of many rows, in units of the outputs' standard
    /// deviation.
    #[test]
    fn a_part_of_many_rows_predicts_well_around_the_best() {
        let d = 6;
        let (rows, y) = study(2400, d);
        let (kernel, priors) = (square(d), Priors::scaled(d));
        let freedom = Freedom { warps: false, components: 1, columns: &[] };
        let learnt = Memory::default().learn(&kernel, &priors, &rows, &y, freedom);
        let local = &learnt[0];
        assert_eq!(local.posterior.rows().nrows(), LOCAL_ROWS);
        // Pending trials are appended to these.
        assert!(local.posterior.clone().set_outputs(&local.outputs).is_ok());
        let data = Observations { x: &matrix(&rows), y: &local.warped.y, noise: &[] };
        let (ours, hyper) = (local.posterior.kernel(), local.posterior.hyper());
        let exact = Posterior::new(ours, hyper, data, priors.mean).unwrap();
        let errors = |width: f64| -> (f64, f64) {
            let points: Vec<Vec<f64>> = (0..200)
                .map(|i| sobol_point(i, d, 4).iter().map(|u| 0.4 + (u - 0.4) * width).collect())
                .collect();
            let points = matrix(&points);
            let (a, b) = (exact.predict(&points), local.posterior.predict(&points));
            let rms = |a: &[f64], b: &[f64], f: fn(f64) -> f64| {
                let sum: f64 = a.iter().zip(b).map(|(a, b)| (f(*a) - f(*b)).powi(2)).sum();
                (sum / a.len() as f64).sqrt()
            };
            (rms(&a.0, &b.0, |v| v), rms(&a.1, &b.1, f64::sqrt))
        };
        let (near, far) = (errors(0.2), errors(1.0));
        println!("near the best {near:?}, anywhere {far:?}");
        assert!(near.0 < 0.02 && near.1 < 0.02, "{near:?}");
        assert!(far.0 < 0.2 && far.1 < 0.2, "{far:?}");
    }
}
