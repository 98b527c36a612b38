//! Orders of the training images of which every prefix is a subset that stands for all.

mod el2n;
mod features;
mod herding;
mod k_center;
mod reference;

pub use el2n::el2n;
pub use features::Features;
pub use herding::herding;
pub use k_center::k_center;
pub use reference::Reference;

use crate::TrainError;
use automl_data::stratify::{classes, interleave, random};
use automl_data::{FeatureSource, Subset};
use rayon::prelude::*;

/// Indexes of all training images in the order in which the subsets of a strategy take them.
///
/// The order depends on data, seed and kind of device only. Strategies that need small networks
/// train them, unless the reference has them. [`k_center`] and [`herding`] take `O(n^2)` for `n`
/// images of a class.
///
/// # Errors
/// [`TrainError`] if a network has to be trained and cannot be, or its training was stopped.
pub fn order(subset: Subset, reference: &mut Reference<'_>) -> Result<Vec<usize>, TrainError> {
    let labels = &reference.data().train.labels;
    let classes = classes(labels);
    let ordered: Vec<Vec<usize>> = match subset {
        Subset::Random => return Ok(random(labels, reference.seed())),
        Subset::KCenter(look) | Subset::Herding(look) => {
            let features = match look {
                FeatureSource::Pixels => Features::pixels(reference.data()),
                FeatureSource::Network => Features::learnt(reference)?,
            };
            let order = if matches!(subset, Subset::KCenter(_)) { k_center } else { herding };
            let ordered = classes.par_iter().map(|class| {
                let places = order(&features.select(class));
                places.into_iter().map(|place| class[place]).collect()
            });
            ordered.collect()
        }
        Subset::Hardest | Subset::Easiest => {
            let scores = el2n(reference)?;
            let sort = |mut class: Vec<usize>| {
                if subset == Subset::Hardest {
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
