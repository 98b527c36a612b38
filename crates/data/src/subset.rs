//! Strategies that choose a subset of the training images.
//!
//! This is their list: name and documentation. Their orders are computed in `automl_train::subset`,
//! as some of them need small trained networks.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Strategy that chooses the images of a smaller training part.
///
/// Each strategy gives an order of all training images, and a subset is a prefix of it. So subsets
/// of one strategy are nested, and each holds of every class the proportional number of images,
/// give or take less than one.
///
/// # Examples
/// ```
/// use automl_data::{FeatureSource, Subset};
///
/// let subset: Subset = "k-centre-pixels".parse()?;
/// assert_eq!(subset, Subset::KCenter(FeatureSource::Pixels));
/// for (subset, name, summary) in Subset::ALL {
///     assert_eq!(subset.to_string(), name);
///     println!("{name:18}{summary}");
/// }
/// # Ok::<(), automl_data::UnknownSubset>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subset {
    /// Uniform draws within each class.
    #[default]
    Random,
    /// Greedy k-center within each class (Sener & Savarese 2018).
    KCenter(FeatureSource),
    /// Herding within each class (Welling 2009).
    Herding(FeatureSource),
    /// Images with the largest EL2N score (Paul et al. 2021).
    Hardest,
    /// Images with the smallest EL2N score: better than the hardest where few images are kept
    /// (Sorscher et al. 2022, "Beyond neural scaling laws").
    Easiest,
}

/// Features by which images are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeatureSource {
    /// Pixels, averaged down to a side of 8.
    Pixels,
    /// Features of a small network that was trained on the images for a few epochs.
    Network,
}

/// A name that belongs to no strategy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown subset {name:?}: one of {}", Subset::names())]
pub struct UnknownSubset {
    /// The name.
    pub name: String,
}

impl Subset {
    /// Every strategy with its name and a one-line description.
    pub const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Random, "random", "uniform draws within each class"),
        (
            Self::KCenter(FeatureSource::Network),
            "k-centre",
            "greedy k-center by the features of a small trained network",
        ),
        (Self::KCenter(FeatureSource::Pixels), "k-centre-pixels", "greedy k-center by pixels"),
        (
            Self::Herding(FeatureSource::Network),
            "herding",
            "subsets with the mean of all, by the features of a small trained network",
        ),
        (
            Self::Herding(FeatureSource::Pixels),
            "herding-pixels",
            "subsets with the mean of all, by pixels",
        ),
        (Self::Hardest, "el2n-hardest", "largest errors of small networks early in training"),
        (Self::Easiest, "el2n-easiest", "smallest errors of small networks early in training"),
    ];

    /// All names, separated by commas.
    pub fn names() -> String {
        Self::ALL.map(|(_, name, _)| name).join(", ")
    }

    /// Whether the order depends on small networks, which have to be trained for it.
    pub fn needs_networks(self) -> bool {
        match self {
            Self::Random => false,
            Self::KCenter(source) | Self::Herding(source) => source == FeatureSource::Network,
            Self::Hardest | Self::Easiest => true,
        }
    }
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(subset, ..)| subset == self);
        f.write_str(known.map_or("", |(_, name, _)| name))
    }
}

impl FromStr for Subset {
    type Err = UnknownSubset;

    fn from_str(name: &str) -> Result<Self, UnknownSubset> {
        let found = Self::ALL.into_iter().find(|(_, known, _)| *known == name);
        found.map(|(subset, ..)| subset).ok_or_else(|| UnknownSubset { name: name.into() })
    }
}
