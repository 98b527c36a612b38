//! Zero-cost proxies: scores of networks that have not been trained.
//!
//! Each is larger for networks that are expected to reach a higher accuracy. None is an objective:
//! parameters alone, which cost nothing to count, rank networks about as well (White et al. 2022, "A
//! deeper look at zero-cost proxies"), so every score is to be compared with them.
//!
//! A score is a file with its formula, and its entry in the list below: variant, name, function and
//! documentation, of which the first line is the summary.

mod batch;
mod cost;
mod gradient_norm;
mod naswot;
mod synflow;

pub use batch::ScoreBatch;

use automl_arch::{Architecture, ArchitectureError};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use thiserror::Error;

macro_rules! scores {
    ($(
        #[doc = $summary:literal]
        $(#[doc = $doc:literal])*
        $variant:ident = $name:literal, $function:path;
    )+) => {
        /// Zero-cost proxy, a score of a network with its initial weights.
        ///
        /// # Examples
        /// ```
        /// use automl_train::Score;
        ///
        /// let score: Score = "synflow".parse()?;
        /// assert_eq!(score, Score::Synflow);
        /// for score in Score::ALL {
        ///     println!("{:14}{}", score.name(), score.summary());
        /// }
        /// # Ok::<(), automl_train::UnknownScore>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Score {
            $(
                #[doc = $summary]
                $(#[doc = $doc])*
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl Score {
            /// Every score, those that need no network first.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Name in settings and tables.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// One-line description.
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary.trim_ascii(),)+
                }
            }

            /// Score of a network with the initial weights that `seed` gives, computed on the CPU
            /// as a function of the arguments alone.
            ///
            /// # Errors
            /// An architecture that cannot be built.
            pub fn of(
                self,
                architecture: &Architecture,
                batch: &ScoreBatch,
                seed: u64,
            ) -> Result<f64, ArchitectureError> {
                let score = match self {
                    $(Self::$variant => $function,)+
                };
                score(architecture, batch, seed)
            }
        }
    };
}

scores! {
    /// Logarithm of the number of parameters: the baseline of every other score.
    Params = "params", cost::parameters;

    /// Logarithm of the multiply-accumulates: a second baseline.
    Macs = "macs", cost::macs;

    /// Log-determinant of the kernel of the activation patterns of a batch.
    ///
    /// `log |det K|`, with `K[i][j]` the number of nonlinearities with inputs of the same sign for
    /// images i and j: a network that tells the images of a batch apart has many patterns. Minus
    /// infinity where two images have the same pattern.
    ///
    /// # Source
    /// Mellor et al. (2021), "Neural architecture search without training", eqs. (1) and (2).
    Naswot = "naswot", naswot::score;

    /// Logarithm of the synaptic flow through the absolute values of the weights.
    ///
    /// `log sum w dR/dw` over all weights w, with R the sum of the class scores of an image of ones,
    /// in the network with the absolute values of its weights and without nonlinearities,
    /// normalization and attention.
    ///
    /// # Source
    /// Tanaka et al. (2020), "Pruning neural networks without any data by iteratively conserving
    /// synaptic flow", eqs. (1) and (2); Abdelfattah et al. (2021), "Zero-cost proxies for
    /// lightweight NAS", section 3.2, for the sum.
    Synflow = "synflow", synflow::score;

    /// Sum of the Euclidean norms of the loss's gradients at initialization.
    ///
    /// One norm for each weight tensor of convolutions and linear layers, of the mean cross-entropy
    /// of a batch.
    ///
    /// # Source
    /// Abdelfattah et al. (2021), "Zero-cost proxies for lightweight NAS", section 3.2.
    GradientNorm = "gradient-norm", gradient_norm::score;
}

/// A name that belongs to no score.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown score {name:?}: one of {}", Score::ALL.map(Score::name).join(", "))]
pub struct UnknownScore {
    /// The name.
    pub name: String,
}

impl FromStr for Score {
    type Err = UnknownScore;

    fn from_str(name: &str) -> Result<Self, UnknownScore> {
        let found = Self::ALL.into_iter().find(|score| score.name() == name);
        found.ok_or_else(|| UnknownScore { name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::Score;

    #[test]
    fn scores_are_found_by_name() {
        for score in Score::ALL {
            assert_eq!(score.name().parse(), Ok(score));
            assert_eq!(serde_json::to_string(&score).unwrap(), format!("{:?}", score.name()));
            assert!(score.summary().len() > 20);
        }
        let error = "grasp".parse::<Score>().unwrap_err().to_string();
        assert!(error.contains("\"grasp\"") && error.contains("gradient-norm"), "{error}");
    }
}
