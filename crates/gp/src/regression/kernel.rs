//! Covariance functions over rows of features, and what is made of them.

use super::input_warping::Inputs;
use super::stationary::Stationary;
use super::{Column, Family};
use automl_numeric::linalg::dot;
use automl_numeric::simd::vectorized;
use nalgebra::DMatrix;

/// A covariance function up to the signal variance, `k(x, x') = signal * shape(x, x')`.
///
/// Built from stationary kernels with a length scale for each parameter ([`Kernel::new`]), linear
/// ones ([`Kernel::linear`]), sums and products. Every shape has `scales` positive parameters,
/// [`Hyper::lengths`], in the order in which the parts were given.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    shape: Shape,
    columns: usize,
    scales: usize,
    inputs: Inputs,
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Stationary(Stationary),
    /// `sum_c (x_c - centre)(x'_c - centre) / length_c^2` over these columns and scales.
    Linear {
        columns: Vec<(usize, usize)>,
        centre: f64,
    },
    /// `a + w b`; `w` is the last scale.
    Sum(Box<Kernel>, Box<Kernel>),
    /// `a b`.
    Product(Box<Kernel>, Box<Kernel>),
}

/// A kernel with what its length scales determine.
#[derive(Clone, Debug)]
pub(crate) enum Ready<'a> {
    Stationary(&'a Stationary, super::stationary::Weights),
    Linear { columns: &'a [(usize, usize)], centre: f64, weights: Vec<f64> },
    Sum { parts: Box<(Ready<'a>, Ready<'a>)>, first: usize, weight: f64 },
    Product { parts: Box<(Ready<'a>, Ready<'a>)>, first: usize },
}

impl Kernel {
    /// A stationary kernel `m(r)` of a family over rows with these columns, see [`Column`].
    pub fn new(family: Family, columns: Vec<Column>) -> Self {
        let stationary = Stationary::new(family, columns);
        let (columns, scales) = (stationary.columns().len(), stationary.scales());
        Self { shape: Shape::Stationary(stationary), columns, scales, inputs: Inputs::default() }
    }

    /// The linear kernel `sum_c (x_c - centre)(x'_c - centre) / length_c^2` over all `columns`:
    /// Bayesian linear regression.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), section 4.2.2.
    pub fn linear(columns: usize, centre: f64) -> Self {
        let pairs = (0..columns).map(|c| (c, c)).collect();
        Self {
            shape: Shape::Linear { columns: pairs, centre },
            columns,
            scales: columns,
            inputs: Inputs::default(),
        }
    }

    /// `a + w b` of two kernels over the same rows; `w` is one more scale, the last.
    pub fn sum(a: Self, b: Self) -> Self {
        let (columns, scales) = (a.columns.max(b.columns), a.scales + b.scales + 1);
        Self {
            shape: Shape::Sum(Box::new(a), Box::new(b)),
            columns,
            scales,
            inputs: Inputs::default(),
        }
    }

    /// `a b` of two kernels over the same rows.
    pub fn product(a: Self, b: Self) -> Self {
        let (columns, scales) = (a.columns.max(b.columns), a.scales + b.scales);
        Self {
            shape: Shape::Product(Box::new(a), Box::new(b)),
            columns,
            scales,
            inputs: Inputs::default(),
        }
    }

    /// The same kernel with its stationary parts of another family.
    pub fn with_family(&self, family: Family) -> Self {
        let shape = match &self.shape {
            Shape::Stationary(s) => Shape::Stationary(s.with_family(family)),
            Shape::Linear { .. } => self.shape.clone(),
            Shape::Sum(a, b) => {
                Shape::Sum(Box::new(a.with_family(family)), Box::new(b.with_family(family)))
            }
            Shape::Product(a, b) => {
                Shape::Product(Box::new(a.with_family(family)), Box::new(b.with_family(family)))
            }
        };
        Self { shape, inputs: self.inputs.clone(), ..*self }
    }

    /// The same kernel of warped inputs: these columns, which lie in the unit interval, go through
    /// the distribution function of Kumaraswamy, `1 - (1 - u^a)^b`. `a` and `b` of each are two
    /// more scales, the last; for 1 and 1 nothing is changed. Only the outermost kernel may warp.
    ///
    /// # Source
    /// Snoek et al. (2014), "Input Warping for Bayesian Optimization of Non-Stationary Functions".
    pub fn warped(&self, columns: Vec<usize>) -> Self {
        let inputs = Inputs { columns };
        let scales = self.scales - self.inputs.len() + inputs.len();
        Self { shape: self.shape.clone(), scales, inputs, ..*self }
    }

    /// The map of inputs and where its parameters start among the scales.
    pub(crate) fn inputs(&self) -> (&Inputs, usize) {
        (&self.inputs, self.scales - self.inputs.len())
    }

    /// The number of columns of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }
    /// The number of length scales (and weights of sums).
    pub fn scales(&self) -> usize {
        self.scales
    }

    pub(crate) fn ready(&self, lengths: &[f64]) -> Ready<'_> {
        let lengths = &lengths[..self.scales - self.inputs.len()];
        let parts = |a: &'_ Kernel| (lengths[..a.scales].to_vec(), lengths[a.scales..].to_vec());
        match &self.shape {
            Shape::Stationary(s) => Ready::Stationary(s, s.weights(lengths)),
            Shape::Linear { columns, centre } => {
                let weights = lengths.iter().map(|l| 1.0 / (l * l)).collect();
                Ready::Linear { columns, centre: *centre, weights }
            }
            Shape::Sum(a, b) => {
                let (first, second) = parts(a);
                let weight = second.last().copied().unwrap_or(1.0);
                let parts = Box::new((a.ready(&first), b.ready(&second)));
                Ready::Sum { parts, first: a.scales, weight }
            }
            Shape::Product(a, b) => {
                let (first, second) = parts(a);
                Ready::Product {
                    parts: Box::new((a.ready(&first), b.ready(&second))),
                    first: a.scales,
                }
            }
        }
    }

    /// Covariances of the rows of `a` with those of `b`: `[a, b]`.
    pub fn cross(&self, hyper: &Hyper, a: &DMatrix<f64>, b: &DMatrix<f64>) -> DMatrix<f64> {
        let (inputs, first) = self.inputs();
        let parameters = &hyper.lengths[first..];
        self.cross_warped(hyper, &inputs.matrix(parameters, a), &inputs.matrix(parameters, b))
    }

    /// As [`Kernel::cross`] where the inputs are warped already.
    pub(crate) fn cross_warped(
        &self,
        hyper: &Hyper,
        a: &DMatrix<f64>,
        b: &DMatrix<f64>,
    ) -> DMatrix<f64> {
        let ready = self.ready(&hyper.lengths);
        let mut k = DMatrix::zeros(a.nrows(), b.nrows());
        let mut row = vec![0.0; b.ncols()];
        for j in 0..b.nrows() {
            row.iter_mut().enumerate().for_each(|(c, v)| *v = b[(j, c)]);
            let mut column = k.column_mut(j);
            let column = column.as_mut_slice();
            ready.against(a, 0, &row, column);
            column.iter_mut().for_each(|v| *v *= hyper.signal);
        }
        k
    }
}

impl Ready<'_> {
    /// The shape at `row` and each of the rows `from..` of `x`.
    pub(crate) fn against(&self, x: &DMatrix<f64>, from: usize, row: &[f64], out: &mut [f64]) {
        match self {
            Self::Stationary(s, weights) => vectorized(|| s.against(weights, x, from, row, out)),
            Self::Linear { columns, centre, weights } => {
                out.fill(0.0);
                for &(c, scale) in *columns {
                    let factor = weights[scale] * (row[c] - centre);
                    let values = c_of(x, c, from);
                    out.iter_mut().zip(values).for_each(|(k, v)| *k += factor * (v - centre));
                }
            }
            Self::Sum { parts, weight, .. } => {
                let mut second = vec![0.0; out.len()];
                parts.0.against(x, from, row, out);
                parts.1.against(x, from, row, &mut second);
                out.iter_mut().zip(second).for_each(|(k, v)| *k += weight * v);
            }
            Self::Product { parts, .. } => {
                let mut second = vec![0.0; out.len()];
                parts.0.against(x, from, row, out);
                parts.1.against(x, from, row, &mut second);
                out.iter_mut().zip(second).for_each(|(k, v)| *k *= v);
            }
        }
    }

    /// The shape at a row and itself.
    pub(crate) fn own(&self, row: &[f64]) -> f64 {
        match self {
            Self::Stationary(..) => 1.0,
            Self::Linear { columns, centre, weights } => {
                columns.iter().map(|&(c, s)| weights[s] * (row[c] - centre).powi(2)).sum()
            }
            Self::Sum { parts, weight, .. } => parts.0.own(row) + weight * parts.1.own(row),
            Self::Product { parts, .. } => parts.0.own(row) * parts.1.own(row),
        }
    }

    /// Adds `sum_{i >= j} w_ij dshape(x_i, x_j) / dlog(length_s)` to `gradient[s]`. `w`: `[n, n]`,
    /// lower triangle.
    pub(crate) fn pull_lengths(&self, x: &DMatrix<f64>, w: &DMatrix<f64>, gradient: &mut [f64]) {
        let n = x.nrows();
        match self {
            Self::Stationary(s, weights) => vectorized(|| s.pull_lengths(weights, x, w, gradient)),
            Self::Linear { columns, centre, weights } => {
                for &(c, scale) in *columns {
                    let values = c_of(x, c, 0);
                    let sum: f64 = (0..n)
                        .map(|j| {
                            let w = &w.as_slice()[j * n + j..(j + 1) * n];
                            let inner: f64 =
                                w.iter().zip(&values[j..]).map(|(w, v)| w * (v - centre)).sum();
                            inner * (values[j] - centre)
                        })
                        .sum();
                    gradient[scale] -= 2.0 * weights[scale] * sum;
                }
            }
            Self::Sum { parts, first, weight } => {
                let (one, two) = gradient.split_at_mut(*first);
                let last = two.len() - 1;
                parts.0.pull_lengths(x, w, one);
                parts.1.pull_lengths(x, &(w * *weight), &mut two[..last]);
                let second = parts.1.matrix(x);
                two[last] += weight * lower_dot(&second, w);
            }
            Self::Product { parts, first } => {
                let (one, two) = gradient.split_at_mut(*first);
                parts.0.pull_lengths(x, &parts.1.matrix(x).component_mul(w), one);
                parts.1.pull_lengths(x, &parts.0.matrix(x).component_mul(w), two);
            }
        }
    }

    /// Writes `sum_i w_i dshape(x_i, row) / drow_c` for each list of weights: `[lists, columns]`.
    /// Columns that are compared for equality get zero.
    pub(crate) fn pull_row(
        &self,
        x: &DMatrix<f64>,
        row: &[f64],
        lists: &[&[f64]],
        out: &mut [Vec<f64>],
    ) {
        match self {
            Self::Stationary(s, weights) => vectorized(|| s.pull_row(weights, x, row, lists, out)),
            Self::Linear { columns, centre, weights } => {
                for (w, out) in lists.iter().zip(out) {
                    out.fill(0.0);
                    for &(c, scale) in *columns {
                        let values = c_of(x, c, 0);
                        let sum: f64 = w.iter().zip(values).map(|(w, v)| w * (v - centre)).sum();
                        out[c] += weights[scale] * sum;
                    }
                }
            }
            Self::Sum { parts, weight, .. } => {
                let mut second = out.to_vec();
                parts.0.pull_row(x, row, lists, out);
                parts.1.pull_row(x, row, lists, &mut second);
                for (o, s) in out.iter_mut().zip(second) {
                    o.iter_mut().zip(s).for_each(|(o, s)| *o += weight * s);
                }
            }
            Self::Product { parts, .. } => {
                let n = lists.first().map_or(0, |w| w.len());
                let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
                parts.0.against(x, 0, row, &mut a);
                parts.1.against(x, 0, row, &mut b);
                let times = |k: &[f64]| -> Vec<Vec<f64>> {
                    lists.iter().map(|w| w.iter().zip(k).map(|(w, k)| w * k).collect()).collect()
                };
                let (with_b, with_a) = (times(&b), times(&a));
                let mut second = out.to_vec();
                let refs: Vec<&[f64]> = with_b.iter().map(Vec::as_slice).collect();
                parts.0.pull_row(x, row, &refs, out);
                let refs: Vec<&[f64]> = with_a.iter().map(Vec::as_slice).collect();
                parts.1.pull_row(x, row, &refs, &mut second);
                for (o, s) in out.iter_mut().zip(second) {
                    o.iter_mut().zip(s).for_each(|(o, s)| *o += s);
                }
            }
        }
    }

    /// The derivatives of `own`, added to `out`, times `weight`. `[columns]`
    pub(crate) fn pull_own(&self, row: &[f64], weight: f64, out: &mut [f64]) {
        match self {
            Self::Stationary(..) => {}
            Self::Linear { columns, centre, weights } => {
                for &(c, s) in *columns {
                    out[c] += weight * 2.0 * weights[s] * (row[c] - centre);
                }
            }
            Self::Sum { parts, weight: share, .. } => {
                parts.0.pull_own(row, weight, out);
                parts.1.pull_own(row, weight * share, out);
            }
            Self::Product { parts, .. } => {
                parts.0.pull_own(row, weight * parts.1.own(row), out);
                parts.1.pull_own(row, weight * parts.0.own(row), out);
            }
        }
    }

    /// The lower triangle of the shape at the rows of `x`. `[n, n]`
    pub(crate) fn matrix(&self, x: &DMatrix<f64>) -> DMatrix<f64> {
        let n = x.nrows();
        let mut k = DMatrix::zeros(n, n);
        self.fill(x, &mut k);
        k
    }

    /// Writes the lower triangle of the shape at the rows of `x`.
    pub(crate) fn fill(&self, x: &DMatrix<f64>, k: &mut DMatrix<f64>) {
        let n = x.nrows();
        let mut row = vec![0.0; x.ncols()];
        for i in 0..n {
            row.iter_mut().enumerate().for_each(|(c, v)| *v = x[(i, c)]);
            self.against(x, i, &row, &mut k.as_mut_slice()[i * n + i..(i + 1) * n]);
        }
    }
}

/// Column `c` of `x` from row `from` on.
fn c_of(x: &DMatrix<f64>, c: usize, from: usize) -> &[f64] {
    let n = x.nrows();
    &x.as_slice()[c * n + from..(c + 1) * n]
}

fn lower_dot(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let n = a.nrows();
    let part = |j: usize| j * n + j..(j + 1) * n;
    (0..n).map(|j| dot(&a.as_slice()[part(j)], &b.as_slice()[part(j)])).sum()
}

/// Hyperparameters, in natural units.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyper {
    /// Length scales, one for each parameter.
    pub lengths: Vec<f64>,
    /// The variance of the function.
    pub signal: f64,
    /// The variance of the observation noise.
    pub noise: f64,
}

impl Hyper {
    pub(crate) fn to_log(&self) -> Vec<f64> {
        let mut log: Vec<f64> = self.lengths.iter().map(|l| l.ln()).collect();
        log.extend([self.signal.ln(), self.noise.ln()]);
        log
    }

    pub(crate) fn from_log(log: &[f64]) -> Self {
        let (lengths, rest) = log.split_at(log.len() - 2);
        Self {
            lengths: lengths.iter().map(|l| l.exp()).collect(),
            signal: rest[0].exp(),
            noise: rest[1].exp(),
        }
    }
}
