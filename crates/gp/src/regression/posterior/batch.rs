//! Predictions at many points: means, variances, covariances and draws.

use super::{Output, Posterior, warped};
use crate::regression::RegressionError;
use automl_numeric::linalg;
use nalgebra::DMatrix;

impl Posterior {
    /// Covariances of the observations with points, the inputs of which are warped already.
    /// `[n, points]`
    fn cross(&self, points: &DMatrix<f64>) -> DMatrix<f64> {
        self.kernel.covariance_of_warped(&self.hyper, &self.warped, points)
    }

    /// Posterior means for one set of outputs. `[points]`
    fn mean_of(output: &Output, cross: &DMatrix<f64>) -> Vec<f64> {
        cross
            .column_iter()
            .map(|k| output.mean + linalg::dot(k.as_slice(), &output.alpha))
            .collect()
    }

    /// Adds the prior mean at the rows of `points` to `means`.
    fn add_trend(&self, points: &DMatrix<f64>, means: &mut [f64]) {
        if let Some((trend, _)) = &self.trend {
            means.iter_mut().zip(trend.values(points)).for_each(|(mean, t)| *mean += t);
        }
    }

    /// Posterior means at the rows of `points`. `[points]`
    pub(crate) fn means(&self, points: &DMatrix<f64>) -> Vec<f64> {
        let inputs = warped(&self.kernel, &self.hyper, points);
        let mut means = Self::mean_of(&self.output, &self.cross(&inputs));
        self.add_trend(points, &mut means);
        means
    }

    /// Posterior means and variances (without noise) at the rows of `points` `[points, columns]`.
    /// `O(n^2)` for each point.
    ///
    /// # Errors
    /// [`RegressionError::Columns`] for rows that do not fit the kernel.
    pub fn predict(&self, points: &DMatrix<f64>) -> Result<(Vec<f64>, Vec<f64>), RegressionError> {
        self.kernel.check(points.ncols())?;
        Ok(self.means_and_variances(points))
    }

    /// [`Posterior::predict`] of points that are known to fit.
    pub(crate) fn means_and_variances(&self, points: &DMatrix<f64>) -> (Vec<f64>, Vec<f64>) {
        let (means, _, variances) = self.predict_all(points);
        (means, variances)
    }

    /// [`Posterior::means_and_variances`] with the means of each fantasy in between.
    pub(crate) fn predict_all(&self, points: &DMatrix<f64>) -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>) {
        let raw = points;
        let points = &warped(&self.kernel, &self.hyper, points);
        let mut cross = self.cross(points);
        let mut means = Self::mean_of(&self.output, &cross);
        let mut others: Vec<Vec<f64>> =
            self.fantasies.iter().map(|o| Self::mean_of(o, &cross)).collect();
        if self.trend.is_some() {
            self.add_trend(raw, &mut means);
            others.iter_mut().for_each(|means| self.add_trend(raw, means));
        }
        self.factor.solve_lower(&mut cross);
        let prepared = self.kernel.prepare(&self.hyper.lengths);
        let mut row = vec![0.0; points.ncols()];
        let variances = cross
            .column_iter()
            .enumerate()
            .map(|(j, v)| {
                row.iter_mut().enumerate().for_each(|(c, r)| *r = points[(j, c)]);
                let own = self.hyper.signal * prepared.diagonal(&row);
                (own - linalg::dot(v.as_slice(), v.as_slice())).max(0.0)
            })
            .collect();
        (means, others, variances)
    }

    /// The joint posterior at the rows of `points`: mean vector `[points]` and covariance matrix
    /// `[points, points]`, without noise.
    ///
    /// # Errors
    /// [`RegressionError::Columns`] for rows that do not fit the kernel.
    pub fn predict_joint(
        &self,
        points: &DMatrix<f64>,
    ) -> Result<(Vec<f64>, DMatrix<f64>), RegressionError> {
        self.kernel.check(points.ncols())?;
        let raw = points;
        let points = &warped(&self.kernel, &self.hyper, points);
        let mut cross = self.cross(points);
        let mut means = Self::mean_of(&self.output, &cross);
        self.add_trend(raw, &mut means);
        self.factor.solve_lower(&mut cross);
        let own = self.kernel.covariance_of_warped(&self.hyper, points, points);
        Ok((means, own - cross.transpose() * &cross))
    }

    /// Joint draws of the function at the rows of `points` (Thompson samples), one for each column
    /// of the standard normal numbers `normal` `[points, draws]`. Returns `[points, draws]`;
    /// `O(points^3)`.
    ///
    /// # Errors
    /// [`RegressionError::Columns`] and [`RegressionError::Length`] for shapes that do not fit,
    /// [`RegressionError::NotPositiveDefinite`] for a covariance that stays indefinite with jitter.
    pub fn draw(
        &self,
        points: &DMatrix<f64>,
        normal: &DMatrix<f64>,
    ) -> Result<DMatrix<f64>, RegressionError> {
        let (rows, outputs) = (points.nrows(), normal.nrows());
        if rows != outputs {
            return Err(RegressionError::Length { rows, outputs });
        }
        let (means, covariance) = self.predict_joint(points)?;
        let mut jitter = 1e-10 * self.hyper.signal;
        while jitter <= 1.1e-4 * self.hyper.signal {
            let mut factor = covariance.clone();
            for i in 0..rows {
                factor[(i, i)] += jitter;
            }
            if linalg::cholesky_in_place(&mut factor) {
                let mut draws = factor.lower_triangle() * normal;
                for mut column in draws.column_iter_mut() {
                    column.iter_mut().zip(&means).for_each(|(v, m)| *v += m);
                }
                return Ok(draws);
            }
            jitter *= 10.0;
        }
        Err(RegressionError::NotPositiveDefinite { rows })
    }

    /// Leave-one-out predictions: mean and variance (with noise) of each observation given the
    /// others, without a refit. `y` are the outputs of the observations. `O(n^3)` in total.
    ///
    /// # Errors
    /// [`RegressionError::Length`] unless there is one output for each row.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), equation 5.12, with the mean held fixed.
    pub fn leave_one_out(&self, y: &[f64]) -> Result<(Vec<f64>, Vec<f64>), RegressionError> {
        let (rows, outputs) = (self.x.nrows(), y.len());
        if rows != outputs {
            return Err(RegressionError::Length { rows, outputs });
        }
        let diagonal = self.factor.inverse_diagonal();
        let pairs = y.iter().zip(diagonal).zip(&self.output.alpha);
        Ok(pairs.map(|((y, d), alpha)| (y - alpha / d, 1.0 / d)).unzip())
    }
}
