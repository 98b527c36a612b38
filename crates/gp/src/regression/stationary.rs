//! Stationary kernels with a length scale for each parameter.

use super::exp::exp_negative;
use nalgebra::DMatrix;

/// The covariance as a function of the scaled distance `r`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `exp(-r)`: continuous, nowhere differentiable.
    Matern12,
    /// `(1 + a) exp(-a)`, `a = sqrt(3) r`: once differentiable.
    Matern32,
    /// `(1 + a + a^2/3) exp(-a)`, `a = sqrt(5) r`: twice differentiable.
    Matern52,
    /// `exp(-r^2/2)`: analytic.
    Rbf,
}

impl Family {
    /// The correlation and its derivative with respect to `r^2`.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), "Gaussian Processes for Machine Learning", section 4.2.1. The
    /// derivative of Matern 1/2 is unbounded at zero; there it is cut off at `r = 1e-8`.
    #[inline(always)]
    pub fn correlation(self, r2: f64) -> (f64, f64) {
        match self {
            Self::Matern12 => {
                let r = r2.sqrt();
                let e = exp_negative(-r);
                (e, -0.5 * e / r.max(1e-8))
            }
            Self::Matern32 => {
                let a = (3.0 * r2).sqrt();
                let e = exp_negative(-a);
                ((1.0 + a) * e, -1.5 * e)
            }
            Self::Matern52 => {
                let a = (5.0 * r2).sqrt();
                let e = exp_negative(-a);
                ((1.0 + a + a * a / 3.0) * e, -5.0 / 6.0 * (1.0 + a) * e)
            }
            Self::Rbf => {
                let e = exp_negative(-0.5 * r2);
                (e, -0.5 * e)
            }
        }
    }
}

/// How two entries of a column differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// `(a - b)^2`: for numbers, and for the positions of ordinal choices.
    Square,
    /// 1 where they differ, else 0 (Hamming): for indices of categories. It is a squared Euclidean
    /// distance too, of indicator vectors over `sqrt(2)`, so every family stays positive definite.
    Differs,
    /// `|e_a - e_b|^2` of learnt points in the plane, one for each of `choices` indices from 0 on
    /// (any other index counts as the last). The column's scale is the first of `2 choices` ones;
    /// their logarithms are the coordinates, so a normal prior of those is one of the points.
    ///
    /// # Source
    /// Zhang et al. (2020), "A Latent Variable Approach to Gaussian Process Modeling with
    /// Qualitative and Quantitative Factors", Technometrics 62(3), section 2.
    Embedded {
        /// The number of indices.
        choices: usize,
    },
}

/// One column of the feature matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// How two entries differ.
    pub distance: Distance,
    /// Which length scale it uses; columns that encode one parameter share one.
    pub scale: usize,
}

/// `m(r)`, `r^2 = sum_c distance_c(x_c, x'_c) / length_{scale(c)}^2` (automatic relevance
/// determination).
///
/// A parameter that may be inactive is embedded on an arc: an active `u` as `(sin u, cos u)`, an
/// inactive one as `(0, 0)`. Then two inactive ones are at distance zero, whatever they hold, an
/// active one is as far (1) from an inactive one whatever its value, and two active ones are at
/// nearly `|u - u'|`.
///
/// # Source
/// Swersky et al. (2014), "Raiders of the Lost Architecture: Kernels for Bayesian Optimization in
/// Conditional Parameter Spaces", equation 6; Hutter (2009), section 6.2, for Hamming distances.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stationary {
    family: Family,
    columns: Vec<Column>,
    scales: usize,
}

/// What length scales determine: an inverse squared length for each column, and the squared
/// distances of embedded choices.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    columns: Vec<f64>,
    tables: Vec<Vec<f64>>,
    points: Vec<f64>,
}

/// The row of an embedding's table that an index stands for.
#[inline(always)]
fn slot(value: f64, choices: usize) -> usize {
    if value >= 0.0 { (value as usize).min(choices - 1) } else { choices - 1 }
}

impl Stationary {
    pub(crate) fn new(family: Family, columns: Vec<Column>) -> Self {
        let last = |c: &Column| match c.distance {
            Distance::Embedded { choices } => c.scale + 2 * choices.max(1),
            _ => c.scale + 1,
        };
        let scales = columns.iter().map(last).max().unwrap_or(0);
        Self { family, columns, scales }
    }

    pub(crate) fn with_family(&self, family: Family) -> Self {
        Self { family, ..self.clone() }
    }
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }
    pub(crate) fn scales(&self) -> usize {
        self.scales
    }

    pub(crate) fn weights(&self, lengths: &[f64]) -> Weights {
        let columns = self.columns.iter().map(|c| 1.0 / (lengths[c.scale] * lengths[c.scale]));
        let tables = self.columns.iter().map(|c| {
            let Distance::Embedded { choices } = c.distance else { return Vec::new() };
            let at = |k: usize| lengths[c.scale + k].ln();
            let apart = |a: usize, b: usize| {
                (at(2 * a) - at(2 * b)).powi(2) + (at(2 * a + 1) - at(2 * b + 1)).powi(2)
            };
            (0..choices * choices).map(|k| apart(k / choices, k % choices)).collect()
        });
        let points = if self.columns.iter().any(|c| matches!(c.distance, Distance::Embedded { .. }))
        {
            lengths.iter().map(|l| l.ln()).collect()
        } else {
            Vec::new()
        };
        Weights { columns: columns.collect(), tables: tables.collect(), points }
    }

    /// Squared scaled distances of `row` to the rows `from..` of `x`.
    #[inline(always)]
    fn distances(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        from: usize,
        row: &[f64],
        out: &mut [f64],
    ) {
        out.fill(0.0);
        let n = x.nrows();
        for (c, column) in self.columns.iter().enumerate() {
            let values = &x.as_slice()[c * n + from..(c + 1) * n];
            let (own, weight) = (row[c], weights.columns[c]);
            match column.distance {
                Distance::Square => {
                    for (o, v) in out.iter_mut().zip(values) {
                        let d = v - own;
                        *o += weight * d * d;
                    }
                }
                Distance::Differs => {
                    for (o, v) in out.iter_mut().zip(values) {
                        *o += if *v == own { 0.0 } else { weight };
                    }
                }
                Distance::Embedded { choices } => {
                    let table = &weights.tables[c][slot(own, choices) * choices..];
                    for (o, v) in out.iter_mut().zip(values) {
                        *o += table[slot(*v, choices)];
                    }
                }
            }
        }
    }

    #[inline(always)]
    pub(crate) fn against(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        from: usize,
        row: &[f64],
        out: &mut [f64],
    ) {
        self.distances(weights, x, from, row, out);
        macro_rules! each {
            ($family:expr) => {
                out.iter_mut().for_each(|r| *r = $family.correlation(*r).0)
            };
        }
        // One loop for each family, so that each is vectorised.
        match self.family {
            Family::Matern12 => each!(Family::Matern12),
            Family::Matern32 => each!(Family::Matern32),
            Family::Matern52 => each!(Family::Matern52),
            Family::Rbf => each!(Family::Rbf),
        }
    }

    /// Replaces squared distances by the correlation's derivatives.
    #[inline(always)]
    fn slopes(&self, r2: &mut [f64]) {
        macro_rules! each {
            ($family:expr) => {
                r2.iter_mut().for_each(|r| *r = $family.correlation(*r).1)
            };
        }
        match self.family {
            Family::Matern12 => each!(Family::Matern12),
            Family::Matern32 => each!(Family::Matern32),
            Family::Matern52 => each!(Family::Matern52),
            Family::Rbf => each!(Family::Rbf),
        }
    }

    #[inline(always)]
    pub(crate) fn pull_lengths(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        w: &DMatrix<f64>,
        gradient: &mut [f64],
    ) {
        let n = x.nrows();
        let mut row = vec![0.0; self.columns.len()];
        let mut slopes = vec![0.0; n];
        for i in 0..n {
            row.iter_mut().enumerate().for_each(|(c, v)| *v = x[(i, c)]);
            let slopes = &mut slopes[i..];
            self.distances(weights, x, i, &row, slopes);
            self.slopes(slopes);
            let w = &w.as_slice()[i * n + i..(i + 1) * n];
            slopes.iter_mut().zip(w).for_each(|(s, w)| *s *= w);
            for (c, column) in self.columns.iter().enumerate() {
                let values = &x.as_slice()[c * n + i..(c + 1) * n];
                let here = row[c];
                match column.distance {
                    Distance::Square => {
                        let sum = weighted_squares(slopes, values, here);
                        gradient[column.scale] -= 2.0 * weights.columns[c] * sum;
                    }
                    Distance::Differs => {
                        let of = |(s, v): (&f64, &f64)| if *v == here { 0.0 } else { *s };
                        let sum: f64 = slopes.iter().zip(values).map(of).sum();
                        gradient[column.scale] -= 2.0 * weights.columns[c] * sum;
                    }
                    Distance::Embedded { choices } => {
                        let a = column.scale + 2 * slot(here, choices);
                        for (s, v) in slopes.iter().zip(values) {
                            let b = column.scale + 2 * slot(*v, choices);
                            for k in 0..2 {
                                let d = 2.0 * s * (weights.points[a + k] - weights.points[b + k]);
                                gradient[a + k] += d;
                                gradient[b + k] -= d;
                            }
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    pub(crate) fn pull_row(
        &self,
        weights: &Weights,
        x: &DMatrix<f64>,
        row: &[f64],
        lists: &[&[f64]],
        out: &mut [Vec<f64>],
    ) {
        let n = x.nrows();
        let mut slopes = vec![0.0; n];
        self.distances(weights, x, 0, row, &mut slopes);
        self.slopes(&mut slopes);
        for (w, out) in lists.iter().zip(out) {
            let weighted: Vec<f64> = slopes.iter().zip(*w).map(|(s, w)| s * w).collect();
            for (c, column) in self.columns.iter().enumerate() {
                out[c] = if column.distance == Distance::Square {
                    let values = &x.as_slice()[c * n..(c + 1) * n];
                    2.0 * weights.columns[c] * weighted_differences(&weighted, values, row[c])
                } else {
                    0.0
                };
            }
        }
    }
}

/// `sum_k w_k (v_k - here)^2`, in eight independent sums.
#[inline(always)]
fn weighted_squares(w: &[f64], v: &[f64], here: f64) -> f64 {
    let mut sums = [0.0; 8];
    let (w8, v8) = (w.chunks_exact(8), v.chunks_exact(8));
    let rest: f64 =
        w8.remainder().iter().zip(v8.remainder()).map(|(w, v)| w * (v - here) * (v - here)).sum();
    for (w, v) in w8.zip(v8) {
        for i in 0..8 {
            let d = v[i] - here;
            sums[i] += w[i] * d * d;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// `sum_k w_k (here - v_k)`, in eight independent sums.
#[inline(always)]
fn weighted_differences(w: &[f64], v: &[f64], here: f64) -> f64 {
    let mut sums = [0.0; 8];
    let (w8, v8) = (w.chunks_exact(8), v.chunks_exact(8));
    let rest: f64 = w8.remainder().iter().zip(v8.remainder()).map(|(w, v)| w * (here - v)).sum();
    for (w, v) in w8.zip(v8) {
        for i in 0..8 {
            sums[i] += w[i] * (here - v[i]);
        }
    }
    sums.iter().sum::<f64>() + rest
}
