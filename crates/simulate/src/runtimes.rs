//! How long training takes: a random factor on the cost.

use automl_numeric::normal;
use rand::{Rng, RngExt};
use std::path::Path;
use thiserror::Error;

/// Why runtimes were refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuntimesError {
    /// The table cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line of the table is no positive number.
    #[error("{path}, line {line}: {text:?} is not a positive number")]
    Line {
        /// The file.
        path: String,
        /// The line's number, from 1.
        line: usize,
        /// What it holds.
        text: String,
    },
    /// The table is empty, or the spread is negative or not finite.
    #[error("{0}")]
    Setting(&'static str),
}

/// A distribution of the factors by which jobs take longer or shorter than their cost; its mean is 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Runtimes {
    /// Log-normal with this standard deviation of the logarithm.
    LogNormal(f64),
    /// One of these numbers, at random, over their mean.
    Table(Vec<f64>),
}

impl Runtimes {
    /// Log-normal factors.
    ///
    /// # Errors
    /// [`RuntimesError::Setting`] unless `sigma` is finite and not negative.
    pub fn log_normal(sigma: f64) -> Result<Self, RuntimesError> {
        if sigma.is_finite() && sigma >= 0.0 {
            Ok(Self::LogNormal(sigma))
        } else {
            Err(RuntimesError::Setting("the spread of runtimes must be finite and not negative"))
        }
    }

    /// Measured runtimes, one number a line (the first of each line; `#` begins a comment).
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else than positive numbers.
    pub fn read(path: &Path) -> Result<Self, RuntimesError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| RuntimesError::Read { path: name.clone(), source })?;
        let mut times = Vec::new();
        for (line, text) in text.lines().enumerate() {
            let cell = text.split('#').next().unwrap_or_default();
            let Some(cell) = cell.split([',', ' ', '\t']).find(|cell| !cell.is_empty()) else {
                continue;
            };
            match cell.parse::<f64>() {
                Ok(time) if time.is_finite() && time > 0.0 => times.push(time),
                _ => {
                    let (path, text) = (name, text.to_owned());
                    return Err(RuntimesError::Line { path, line: line + 1, text });
                }
            }
        }
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        if times.is_empty() {
            return Err(RuntimesError::Setting("the table of runtimes is empty"));
        }
        Ok(Self::Table(times.into_iter().map(|time| time / mean).collect()))
    }

    /// A factor.
    pub fn draw(&self, rng: &mut dyn Rng) -> f64 {
        match self {
            Self::LogNormal(sigma) => {
                // Minus half the variance, so that the mean is 1.
                let z = normal::quantile(1.0 - rng.random::<f64>());
                (sigma * z.min(8.0) - 0.5 * sigma * sigma).exp()
            }
            Self::Table(times) => times[rng.random_range(0..times.len())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_have_mean_one() {
        let mut rng = automl_numeric::stream(1, 0, "test");
        let table = Runtimes::Table(vec![0.5, 1.5, 1.0]);
        for runtimes in [Runtimes::log_normal(0.7).unwrap(), table] {
            let sum: f64 = (0..40_000).map(|_| runtimes.draw(&mut rng)).sum();
            assert!((sum / 40_000.0 - 1.0).abs() < 0.02);
        }
        assert!(Runtimes::log_normal(f64::NAN).is_err());
    }

    #[test]
    fn a_table_is_read_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("times.csv");
        std::fs::write(&path, "# seconds\n2\n\n6, extra\n").unwrap();
        assert_eq!(Runtimes::read(&path).unwrap(), Runtimes::Table(vec![0.5, 1.5]));
        std::fs::write(&path, "2\nfast\n").unwrap();
        assert!(matches!(Runtimes::read(&path), Err(RuntimesError::Line { line: 2, .. })));
    }
}
