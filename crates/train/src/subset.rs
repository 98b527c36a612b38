//! Which training images stand for all of them: orders whose every prefix is a subset.

mod el2n;
mod features;
mod herding;
mod k_centre;
mod reference;

pub use el2n::el2n;
pub use features::Features;
pub use herding::herding;
pub use k_centre::k_centre;
pub use reference::Reference;

use crate::TrainError;
use automl_data::stratify::{classes, interleave, random};
use rayon::prelude::*;
use std::fmt;
use std::str::FromStr;

/// How the images of a smaller training part are chosen.
///
/// Each way gives an order of all training images, of which a subset is a prefix. So subsets of
/// one way are nested, and each has of every class the proportional number of images, give or take
/// less than one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subset {
    /// At random within each class.
    #[default]
    Random,
    /// Greedy k-centre within each class, see [`k_centre`].
    KCentre(FeatureSource),
    /// Herding within each class, see [`herding`].
    Herding(FeatureSource),
    /// Those that a small network finds hardest, see [`el2n`].
    Hardest,
    /// Those that a small network finds easiest: better than the hardest where few images are
    /// kept (Sorscher et al. 2022, "Beyond neural scaling laws").
    Easiest,
}

/// By what images are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeatureSource {
    /// Their pixels, averaged down to a side of 8.
    Pixels,
    /// The features of a small network that was trained on them for a few epochs.
    Network,
}

/// The ways by name.
const NAMES: [(&str, Subset); 7] = [
    ("random", Subset::Random),
    ("k-centre", Subset::KCentre(FeatureSource::Network)),
    ("k-centre-pixels", Subset::KCentre(FeatureSource::Pixels)),
    ("herding", Subset::Herding(FeatureSource::Network)),
    ("herding-pixels", Subset::Herding(FeatureSource::Pixels)),
    ("el2n-hardest", Subset::Hardest),
    ("el2n-easiest", Subset::Easiest),
];

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, subset)| subset == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Subset {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, subset)| *subset).ok_or_else(|| {
            let known = NAMES.map(|(name, _)| name).join(", ");
            format!("unknown subset {text:?}: one of {known}")
        })
    }
}

impl Subset {
    /// Whether small networks have to be trained to choose the images.
    pub fn looks_through_networks(self) -> bool {
        match self {
            Self::Random => false,
            Self::KCentre(look) | Self::Herding(look) => look == FeatureSource::Network,
            Self::Hardest | Self::Easiest => true,
        }
    }

    /// All training images of the reference's data, in the order in which subsets take them.
    ///
    /// The order depends on data, seed and kind of device only. Ways that look through a network
    /// train small ones for it, unless the reference has them; `k_centre` and `herding` take
    /// `O(n^2)` for `n` images of a class.
    ///
    /// # Errors
    /// [`TrainError`] if a network has to be trained and cannot be, or its training was stopped.
    pub fn order(self, reference: &mut Reference<'_>) -> Result<Vec<usize>, TrainError> {
        let labels = &reference.data().train.labels;
        let classes = classes(labels);
        let ordered: Vec<Vec<usize>> = match self {
            Self::Random => return Ok(random(labels, reference.seed())),
            Self::KCentre(look) | Self::Herding(look) => {
                let features = match look {
                    FeatureSource::Pixels => Features::pixels(reference.data()),
                    FeatureSource::Network => Features::learnt(reference)?,
                };
                let order = if matches!(self, Self::KCentre(_)) { k_centre } else { herding };
                let ordered = classes.par_iter().map(|class| {
                    let places = order(&features.select(class));
                    places.into_iter().map(|place| class[place]).collect()
                });
                ordered.collect()
            }
            Self::Hardest | Self::Easiest => {
                let scores = el2n(reference)?;
                let sort = |mut class: Vec<usize>| {
                    if self == Self::Hardest {
                        class.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
                    } else {
                        class.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
                    }
                    class
                };
                classes.into_iter().map(sort).collect()
            }
        };
        Ok(interleave(&ordered))
    }
}
