//! The ladder of fidelities: how far one training can go and what that costs.

use crate::Fidelity;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a ladder was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LadderError {
    /// The lowest fidelity is zero or lies above the highest.
    #[error("the fidelities must satisfy 1 <= min <= max, not min {min} and max {max}")]
    Range {
        /// The lowest fidelity.
        min: Fidelity,
        /// The highest fidelity.
        max: Fidelity,
    },
    /// The declared costs do not rise, or there is not one for each fidelity.
    #[error("the costs of {name:?} must be positive, rising and {expected} in number")]
    Costs {
        /// The ladder.
        name: String,
        /// The number of fidelities.
        expected: u64,
    },
}

/// Fidelities `min..=max` of one training, in whole units such as epochs, with their costs.
///
/// # Examples
/// ```
/// use automl_study::Ladder;
///
/// let epochs = Ladder::new("epoch", 1, 27, true)?;
/// assert_eq!(epochs.rungs(3.0), [1, 3, 9, 27]);
/// assert_eq!(epochs.cost_between(9, 27), 18.0);
///
/// // A training that cannot be resumed is paid from the start.
/// let scratch = Ladder::new("epoch", 1, 27, false)?;
/// assert_eq!(scratch.cost_between(9, 27), 27.0);
/// # Ok::<(), automl_study::LadderError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ladder {
    name: String,
    min: Fidelity,
    max: Fidelity,
    resumable: bool,
    /// Cost of fidelity `min + i` from scratch; empty where the cost is the fidelity itself.
    costs: Vec<f64>,
}

impl Ladder {
    /// A resource with its amount as the cost: epochs, steps, samples.
    ///
    /// # Errors
    /// [`LadderError::Range`] unless `1 <= min <= max`.
    pub fn new(
        name: &str,
        min: impl Into<Fidelity>,
        max: impl Into<Fidelity>,
        resumable: bool,
    ) -> Result<Self, LadderError> {
        let (min, max) = (min.into(), max.into());
        if min == Fidelity::ZERO || min > max {
            return Err(LadderError::Range { min, max });
        }
        Ok(Self { name: name.to_owned(), min, max, resumable, costs: Vec::new() })
    }

    /// A declared list of settings `1..=costs.len()` with the cost of each from scratch.
    ///
    /// # Examples
    /// ```
    /// use automl_study::Ladder;
    ///
    /// // Half the images, all images, all images at full size.
    /// let ladder = Ladder::declared("setting", vec![0.2, 0.5, 1.0], false)?;
    /// assert_eq!(ladder.max(), 3);
    /// assert_eq!(ladder.cost(2), 0.5);
    /// # Ok::<(), automl_study::LadderError>(())
    /// ```
    ///
    /// # Errors
    /// [`LadderError`] for an empty list or costs that are not positive and rising.
    pub fn declared(name: &str, costs: Vec<f64>, resumable: bool) -> Result<Self, LadderError> {
        let max = costs.len() as u64;
        let rising = costs.windows(2).all(|pair| pair[0] < pair[1]);
        if max == 0 || !rising || !costs.iter().all(|c| c.is_finite() && *c > 0.0) {
            return Err(LadderError::Costs { name: name.to_owned(), expected: max });
        }
        Ok(Self { name: name.to_owned(), min: Fidelity(1), max: Fidelity(max), resumable, costs })
    }

    /// What is counted.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The lowest useful fidelity.
    pub fn min(&self) -> Fidelity {
        self.min
    }
    /// The highest fidelity.
    pub fn max(&self) -> Fidelity {
        self.max
    }
    /// Whether a paused trial goes on from its checkpoint rather than from scratch.
    pub fn resumable(&self) -> bool {
        self.resumable
    }

    /// The cost of one fidelity from scratch.
    pub fn cost(&self, fidelity: impl Into<Fidelity>) -> f64 {
        let fidelity = fidelity.into();
        if self.costs.is_empty() {
            return fidelity.0 as f64;
        }
        match fidelity.0.checked_sub(self.min.0) {
            None => 0.0,
            Some(i) => {
                let i = usize::try_from(i).unwrap_or(usize::MAX).min(self.costs.len() - 1);
                self.costs[i]
            }
        }
    }

    /// The cost of going from one fidelity to a higher one: only what is added where training
    /// resumes, all of it where it starts again.
    pub fn cost_between(&self, from: impl Into<Fidelity>, to: impl Into<Fidelity>) -> f64 {
        let (from, to) = (from.into(), to.into());
        if self.resumable { (self.cost(to) - self.cost(from)).max(0.0) } else { self.cost(to) }
    }

    /// The rungs of successive halving in rising order, without repetition: `max / eta^s`, rounded,
    /// for `s` from 0 to `floor(log_eta(max / min))`. The highest is always `max`. A declared ladder
    /// was chosen setting by setting, so each is a rung.
    ///
    /// # Source
    /// Li et al. (2018), "Hyperband", JMLR 18, algorithm 1.
    pub fn rungs(&self, eta: f64) -> Vec<Fidelity> {
        if !self.costs.is_empty() {
            return (self.min.0..=self.max.0).map(Fidelity).collect();
        }
        let mut rungs = vec![self.max];
        let mut level = self.max.0 as f64;
        if eta.is_finite() && eta > 1.0 {
            loop {
                level /= eta;
                // A power of `eta` in exact arithmetic must not be lost to rounding.
                if level < self.min.0 as f64 * (1.0 - 1e-9) {
                    break;
                }
                let rung = Fidelity(level.round() as u64);
                if rungs.last() != Some(&rung) {
                    rungs.push(rung);
                }
            }
        }
        rungs.reverse();
        rungs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_are_geometric_and_end_at_the_top() {
        let ladder = Ladder::new("epoch", 1, 81, true).unwrap();
        assert_eq!(ladder.rungs(3.0), [1, 3, 9, 27, 81]);
        let ladder = Ladder::new("epoch", 5, 52, true).unwrap();
        assert_eq!(ladder.rungs(3.0), [6, 17, 52]);
        // 52 / 81 epochs are fewer than one.
        let ladder = Ladder::new("epoch", 1, 52, true).unwrap();
        assert_eq!(ladder.rungs(3.0), [2, 6, 17, 52]);
        assert_eq!(Ladder::new("epoch", 4, 4, true).unwrap().rungs(3.0), [4]);
    }

    #[test]
    fn costs_follow_the_declaration() {
        let ladder = Ladder::declared("setting", vec![1.0, 4.0, 16.0], false).unwrap();
        assert_eq!(
            (ladder.cost(Fidelity(2)), ladder.cost_between(Fidelity(1), Fidelity(3))),
            (4.0, 16.0)
        );
        assert_eq!(ladder.rungs(3.0), [1, 2, 3]);
        let ladder = Ladder::new("epoch", 1, 10, true).unwrap();
        assert_eq!(ladder.cost_between(Fidelity(3), Fidelity(10)), 7.0);
        assert!(Ladder::declared("setting", vec![2.0, 1.0], true).is_err());
        assert!(Ladder::new("epoch", 0, 3, true).is_err());
    }
}
