//! The prediction at one point with its gradient in the features.

use super::Posterior;
use crate::regression::RegressionError;
use automl_numeric::linalg;

/// Posterior mean and variance at one point with their gradients in the features.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    /// The posterior mean.
    pub mean: f64,
    /// The posterior variance of the function, without noise.
    pub variance: f64,
    /// The derivatives of the mean; zero for columns of categories. `[columns]`
    pub mean_gradient: Vec<f64>,
    /// The derivatives of the variance. `[columns]`
    pub variance_gradient: Vec<f64>,
    /// The mean of each fantasy and its derivatives.
    pub(crate) fantasies: Vec<(f64, Vec<f64>)>,
}

/// Buffers of [`Posterior::predict_one`].
#[derive(Clone, Debug, Default)]
pub(crate) struct PredictionWorkspace {
    k: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    row: Vec<f64>,
    slopes: Vec<f64>,
}

impl Posterior {
    /// Posterior mean and variance (without noise) at one row of features with their gradients.
    /// `O(n^2)`.
    ///
    /// # Errors
    /// [`RegressionError::Columns`] for a row that does not fit the kernel.
    ///
    /// # Examples
    /// ```
    /// use automl_gp::{GaussianProcess, Hyperparameters, Kernel, KernelFamily, Observations};
    /// use nalgebra::DMatrix;
    ///
    /// let x = DMatrix::from_column_slice(2, 1, &[0.0, 1.0]);
    /// let data = Observations { x: &x, y: &[0.0, 1.0], noise: &[] };
    /// let hyper = Hyperparameters { lengths: vec![1.0], signal: 1.0, noise: 1e-3 };
    /// let process = GaussianProcess::new(Kernel::ard(KernelFamily::Rbf, 1));
    /// let half = process.posterior(&hyper, data)?.predict_with_gradient(&[0.5])?;
    /// // The mean rises from 0 to 1; the variance is largest in the middle.
    /// assert!(half.mean_gradient[0] > 0.5 && half.variance_gradient[0].abs() < 1e-9);
    /// # Ok::<(), automl_gp::RegressionError>(())
    /// ```
    pub fn predict_with_gradient(&self, row: &[f64]) -> Result<Prediction, RegressionError> {
        self.kernel.check(row.len())?;
        let mut prediction = Prediction::default();
        self.predict_one(row, &mut PredictionWorkspace::default(), &mut prediction);
        Ok(prediction)
    }

    /// [`Posterior::predict_with_gradient`] of a row that is known to fit, into given buffers.
    pub(crate) fn predict_one(
        &self,
        row: &[f64],
        workspace: &mut PredictionWorkspace,
        out: &mut Prediction,
    ) {
        let n = self.x.nrows();
        let prepared = self.kernel.prepare(&self.hyper.lengths);
        let raw = row;
        workspace.row.clear();
        workspace.row.extend_from_slice(row);
        self.warp_row(&mut workspace.row, &mut workspace.slopes);
        let row = &workspace.row[..];
        let k = &mut workspace.k;
        k.resize(n, 0.0);
        prepared.correlations(&self.warped, 0, row, k);
        k.iter_mut().for_each(|v| *v *= self.hyper.signal);
        out.mean = self.output.mean + linalg::dot(k, &self.output.alpha);
        let means: Vec<f64> =
            self.fantasies.iter().map(|o| o.mean + linalg::dot(k, &o.alpha)).collect();
        self.factor.solve_lower_vec(k);
        out.variance = (self.hyper.signal * prepared.diagonal(row) - linalg::dot(k, k)).max(0.0);
        self.factor.solve_upper_vec(k);
        let mut lists: Vec<&[f64]> = vec![&self.output.alpha, k];
        lists.extend(self.fantasies.iter().map(|o| o.alpha.as_slice()));
        workspace.gradients.resize(lists.len(), Vec::new());
        workspace.gradients.iter_mut().for_each(|g| g.resize(row.len(), 0.0));
        prepared.backpropagate_row(&self.warped, row, &lists, &mut workspace.gradients);
        prepared.backpropagate_diagonal(row, -0.5, &mut workspace.gradients[1]);
        let slopes = &workspace.slopes;
        let scaled = |gradients: &[f64], factor: f64, out: &mut Vec<f64>| {
            out.clear();
            out.extend(gradients.iter().zip(slopes).map(|(v, s)| factor * v * s));
        };
        scaled(&workspace.gradients[0], self.hyper.signal, &mut out.mean_gradient);
        scaled(&workspace.gradients[1], -2.0 * self.hyper.signal, &mut out.variance_gradient);
        out.fantasies.resize(means.len(), (0.0, Vec::new()));
        for ((own, mean), gradients) in
            out.fantasies.iter_mut().zip(means).zip(&workspace.gradients[2..])
        {
            own.0 = mean;
            scaled(gradients, self.hyper.signal, &mut own.1);
        }
        if let Some((trend, _)) = &self.trend {
            let mut gradient = vec![0.0; raw.len()];
            let value = trend.value_and_gradient(raw, &mut gradient);
            let add = |mean: &mut f64, slopes: &mut [f64]| {
                *mean += value;
                slopes.iter_mut().zip(&gradient).for_each(|(slope, g)| *slope += g);
            };
            add(&mut out.mean, &mut out.mean_gradient);
            out.fantasies.iter_mut().for_each(|(mean, slopes)| add(mean, slopes));
        }
    }
}
