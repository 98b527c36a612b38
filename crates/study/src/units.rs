//! Typed integers: trial numbers and fidelities.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

macro_rules! unit {
    ($(#[$about:meta])+ $Name:ident) => {
        $(#[$about])+
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $Name(pub u64);

        impl From<u64> for $Name {
            fn from(value: u64) -> Self {
                Self(value)
            }
        }

        impl From<$Name> for u64 {
            fn from(value: $Name) -> Self {
                value.0
            }
        }

        impl PartialEq<u64> for $Name {
            fn eq(&self, other: &u64) -> bool {
                self.0 == *other
            }
        }

        impl PartialOrd<u64> for $Name {
            fn partial_cmp(&self, other: &u64) -> Option<Ordering> {
                self.0.partial_cmp(other)
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

unit! {
    /// The number of a trial: its position in the history, from 0.
    ///
    /// # Examples
    /// ```
    /// use automl_study::TrialId;
    ///
    /// let trial = TrialId(7);
    /// assert_eq!(trial.to_string(), "7");
    /// assert_eq!(serde_json::to_string(&trial)?, "7");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    TrialId
}

unit! {
    /// An amount of training, in whole units of a [`Ladder`](crate::Ladder): epochs, steps, samples.
    ///
    /// # Examples
    /// ```
    /// use automl_study::{Fidelity, Ladder};
    ///
    /// let ladder = Ladder::new("epoch", 1, 9, true)?;
    /// assert_eq!(ladder.rungs(3.0), [Fidelity(1), Fidelity(3), Fidelity(9)]);
    /// # Ok::<(), automl_study::LadderError>(())
    /// ```
    Fidelity
}

impl Fidelity {
    /// No training: the fidelity of a trial without reports.
    pub const ZERO: Self = Self(0);
    /// A bound above every fidelity of a ladder.
    pub const MAX: Self = Self(u64::MAX);
}

impl TrialId {
    /// The position in a list of all trials; `usize::MAX` where it does not fit.
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl std::ops::Add<u64> for Fidelity {
    type Output = Self;

    fn add(self, more: u64) -> Self {
        Self(self.0.saturating_add(more))
    }
}
