//! Training on classes of unequal size.

use crate::stratify::shuffled_classes;
use automl_numeric::stream;
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// The ratio of the largest to the smallest class above which [`Balance::for_labels`] balances.
/// The built-in data sets lie below 1.3.
pub const UNEQUAL: f64 = 2.0;

/// Remedy for classes of unequal size.
///
/// # Examples
/// ```
/// use automl_data::Balance;
///
/// assert_eq!(Balance::for_labels(&[0, 0, 1, 1, 1]), Balance::None);
/// assert_eq!(Balance::for_labels(&[0, 1, 1, 1, 1]), Balance::Sample);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// None: each image counts once.
    #[default]
    None,
    /// Losses are weighted by class, see [`class_weights`].
    Loss,
    /// Each class has as many images in an epoch: images of small classes come several times, with
    /// another variation each time, and of large classes a part, another one in each epoch.
    Sample,
}

impl Balance {
    /// [`Sample`](Self::Sample) where the largest class has more than [`UNEQUAL`] times the images of
    /// the smallest one that has any, else [`None`](Self::None).
    pub fn for_labels(labels: &[u16]) -> Self {
        let sizes = sizes(labels);
        let present = sizes.iter().filter(|size| **size > 0);
        let least = present.min().copied().unwrap_or(0);
        let most = sizes.iter().max().copied().unwrap_or(0);
        if most as f64 > UNEQUAL * least as f64 { Self::Sample } else { Self::None }
    }

    /// Whether images count as they come.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// The number of images of each class.
fn sizes(labels: &[u16]) -> Vec<usize> {
    let mut sizes = vec![0; labels.iter().max().map_or(0, |label| usize::from(*label) + 1)];
    labels.iter().for_each(|label| sizes[usize::from(*label)] += 1);
    sizes
}

/// The weight of each class in the loss, `[classes]`: `n / (k n_c)` for `n_c` of `n` images and `k`
/// classes with images. The mean over the images is 1; a class without images has 0.
///
/// # Examples
/// ```
/// assert_eq!(automl_data::class_weights(&[0, 0, 0, 1], 2), [4.0 / 6.0, 2.0]);
/// ```
pub fn class_weights(labels: &[u16], classes: usize) -> Vec<f64> {
    let mut sizes = sizes(labels);
    sizes.resize(classes.max(sizes.len()), 0);
    let present = sizes.iter().filter(|size| **size > 0).count();
    let weight = |size: usize| match size {
        0 => 0.0,
        size => labels.len() as f64 / (present * size) as f64,
    };
    sizes.into_iter().map(weight).collect()
}

/// An epoch in which each class has the same share, give or take one image: indexes into `labels`
/// with the number of the copy, as many as there are labels.
pub(crate) fn balanced_order(labels: &[u16], seed: u64, epoch: u64) -> Vec<(usize, u64)> {
    let mut rng = stream(seed, epoch, "balanced order");
    let mut classes = shuffled_classes(labels, rng.random());
    // Which classes have one image more differs from epoch to epoch.
    classes.shuffle(&mut rng);
    let (count, most) = (classes.len().max(1), labels.len());
    let mut order = Vec::with_capacity(most);
    for (number, class) in classes.iter().enumerate() {
        let quota = most / count + usize::from(number < most % count);
        order.extend((0..quota).map(|k| (class[k % class.len()], (k / class.len()) as u64)));
    }
    order.shuffle(&mut rng);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// All classes have the same share, and an image comes again only after all others of its
        /// class have.
        #[test]
        fn classes_have_equal_shares(
            sizes in proptest::collection::vec(1usize..60, 1..8),
            seed in 0u64..100,
        ) {
            let labels: Vec<u16> = sizes
                .iter()
                .enumerate()
                .flat_map(|(class, size)| vec![class as u16; *size])
                .collect();
            let order = balanced_order(&labels, seed, 1);
            prop_assert_eq!(order.len(), labels.len());
            let mut counts = vec![0usize; sizes.len()];
            let mut copies = vec![0u64; labels.len()];
            for (index, _) in &order {
                counts[usize::from(labels[*index])] += 1;
                copies[*index] += 1;
            }
            let (least, most) = (counts.iter().min(), counts.iter().max());
            prop_assert!(most.unwrap() - least.unwrap() <= 1, "{:?}", counts);
            for class in 0..sizes.len() {
                let own = (0..labels.len()).filter(|i| usize::from(labels[*i]) == class);
                let own: Vec<u64> = own.map(|index| copies[index]).collect();
                prop_assert!(own.iter().max().unwrap() - own.iter().min().unwrap() <= 1);
            }
            prop_assert_eq!(balanced_order(&labels, seed, 1), order);
        }
    }
}
