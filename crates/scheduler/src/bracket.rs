//! Brackets of successive halving and the sizes that Hyperband gives them.

use crate::setting::{self, SettingError};
use automl_study::{Fidelity, Ladder};

/// One bracket of successive halving: the fidelity and the number of trials of each rung.
///
/// # Examples
/// The brackets of table 1 of the Hyperband paper, with `R = 81` and `eta = 3`:
/// ```
/// use automl_scheduler::Bracket;
/// use automl_study::Ladder;
///
/// let ladder = Ladder::new("epoch", 1, 81, true)?;
/// let brackets = Bracket::hyperband(&ladder, 3.0)?;
/// let sizes: Vec<&[usize]> = brackets.iter().map(Bracket::sizes).collect();
/// assert_eq!(sizes, [&[81, 27, 9, 3, 1][..], &[34, 11, 3, 1], &[15, 5, 1], &[8, 2], &[5]]);
/// assert_eq!(brackets[1].fidelities(), [3, 9, 27, 81]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Li et al. (2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18,
/// algorithm 1 and table 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bracket {
    fidelities: Vec<Fidelity>,
    sizes: Vec<usize>,
}

impl Bracket {
    /// Creates a bracket of successive halving: `floor(trials / eta^i)` trials at rung `i`.
    ///
    /// The first rung is the lowest of the ladder or, where there are too few trials for so many
    /// rungs, the one from which they reach the highest fidelity.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1, and [`SettingError::TooFew`] for zero
    /// trials.
    ///
    /// # Examples
    /// ```
    /// use automl_scheduler::Bracket;
    /// use automl_study::Ladder;
    ///
    /// let ladder = Ladder::new("epoch", 1, 27, true)?;
    /// let bracket = Bracket::halving(&ladder, 3.0, 27)?;
    /// assert_eq!(bracket.sizes(), [27, 9, 3, 1]);
    /// assert_eq!(bracket.fidelities(), [1, 3, 9, 27]);
    /// // 27 * 1 + 9 * 2 + 3 * 6 + 1 * 18 epochs with resumed training.
    /// assert_eq!(bracket.cost(&ladder), 81.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Source
    /// Jamieson & Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter
    /// Optimization", figure 1, as restated by Li et al. (2018), algorithm 1.
    pub fn halving(ladder: &Ladder, eta: f64, trials: u64) -> Result<Self, SettingError> {
        let eta = setting::eta(eta)?;
        if trials == 0 {
            return Err(SettingError::TooFew { name: "trials of a bracket", least: 1, found: 0 });
        }
        let rungs = ladder.rungs(eta);
        let Self { sizes, .. } = Self::sized(rungs.clone(), eta, trials as f64);
        Ok(Self { fidelities: rungs[rungs.len() - sizes.len()..].to_vec(), sizes })
    }

    /// Creates the brackets of Hyperband, the one with the lowest first fidelity first.
    ///
    /// With the highest fidelity `R`, `s_max + 1` rungs in all and `s = s_max, ..., 0`, a bracket
    /// starts `n = ceil((s_max + 1) eta^s / (s + 1))` trials at `R eta^-s` and keeps
    /// `floor(n eta^-i)` at rung `i`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    ///
    /// # Source
    /// Li et al. (2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter
    /// Optimization", JMLR 18, algorithm 1.
    pub fn hyperband(ladder: &Ladder, eta: f64) -> Result<Vec<Self>, SettingError> {
        let eta = setting::eta(eta)?;
        let rungs = ladder.rungs(eta);
        let all = rungs.len();
        let brackets = (1..=all).rev().map(|length| {
            let power = eta.powi(i32::try_from(length - 1).unwrap_or(i32::MAX));
            let trials = all as f64 * power / length as f64;
            // A product that is whole in exact arithmetic must not be rounded up.
            let trials = if (trials - trials.round()).abs() < 1e-9 * trials {
                trials.round()
            } else {
                trials.ceil()
            };
            Self::sized(rungs[all - length..].to_vec(), eta, trials)
        });
        Ok(brackets.collect())
    }

    /// A bracket over these rungs, as long as a trial is left.
    fn sized(fidelities: Vec<Fidelity>, eta: f64, trials: f64) -> Self {
        let mut size = trials;
        let mut sizes = Vec::with_capacity(fidelities.len());
        for _ in &fidelities {
            sizes.push((size + 1e-9).floor() as usize);
            size /= eta;
        }
        let kept = sizes.iter().take_while(|size| **size > 0).count();
        sizes.truncate(kept);
        Self { fidelities: fidelities[..kept].to_vec(), sizes }
    }

    /// The fidelities of the rungs, in increasing order.
    pub fn fidelities(&self) -> &[Fidelity] {
        &self.fidelities
    }

    /// The number of trials at each rung, in decreasing order.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The largest cost of a complete bracket, in the units of the ladder's cost.
    pub fn cost(&self, ladder: &Ladder) -> f64 {
        let mut from = Fidelity::ZERO;
        let mut sum = 0.0;
        for (fidelity, size) in self.fidelities.iter().zip(&self.sizes) {
            sum += *size as f64 * ladder.cost_between(from, *fidelity);
            from = *fidelity;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 1 of Li et al. (2018): R = 81, eta = 3.
    #[test]
    fn the_sizes_are_those_of_the_paper() {
        let ladder = Ladder::new("epoch", 1, 81, true).unwrap();
        let brackets = Bracket::hyperband(&ladder, 3.0).unwrap();
        let table: [&[(usize, u64)]; 5] = [
            &[(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
            &[(34, 3), (11, 9), (3, 27), (1, 81)],
            &[(15, 9), (5, 27), (1, 81)],
            &[(8, 27), (2, 81)],
            &[(5, 81)],
        ];
        for (bracket, expected) in brackets.iter().zip(table) {
            let rungs: Vec<_> =
                bracket.sizes.iter().copied().zip(bracket.fidelities.iter().map(|f| f.0)).collect();
            assert_eq!(rungs, expected);
        }
        assert_eq!(brackets.len(), 5);
    }

    /// Few trials begin high enough to reach the top.
    #[test]
    fn every_bracket_reaches_the_top() {
        let ladder = Ladder::new("epoch", 1, 81, true).unwrap();
        for (trials, rungs, sizes) in [
            (1, &[81][..], &[1][..]),
            (5, &[27, 81], &[5, 1]),
            (81, &[1, 3, 9, 27, 81], &[81, 27, 9, 3, 1]),
            (100, &[1, 3, 9, 27, 81], &[100, 33, 11, 3, 1]),
        ] {
            let bracket = Bracket::halving(&ladder, 3.0, trials).unwrap();
            assert_eq!(bracket.fidelities(), rungs, "{trials}");
            assert_eq!(bracket.sizes(), sizes, "{trials}");
        }
    }
}
