//! Assignment of images to parts and folds, class by class.

use super::SplitError;
use crate::dataset::Dataset;
use crate::stratify::shuffled_classes;
use automl_lists::Split;

/// The share of the images that becomes the test split where there is no official one.
pub(super) const TEST_SHARE: f64 = 0.2;

/// The shares of the split parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    /// Of all images.
    pub test: f64,
    /// Of those that are not for the test.
    pub validation: f64,
}

impl Shares {
    /// The shares for a data set: none for parts that it comes with.
    pub(super) fn new(dataset: &Dataset, validation: f64) -> Result<Self, SplitError> {
        let validation = valid_share(validation)?;
        Ok(Self {
            test: if dataset.test.is_some() { 0.0 } else { TEST_SHARE },
            validation: if dataset.validation.is_some() { 0.0 } else { validation },
        })
    }
}

/// A share in (0, 1).
pub(super) fn valid_share(share: f64) -> Result<f64, SplitError> {
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err(SplitError::Share { share }) }
}

/// The rising indexes of training, validation and test. Images with a fixed part have that one; of
/// the others of each class, at least one is for training, unless one is so already.
pub(super) fn assign(
    labels: &[u16],
    fixed: &[Option<Split>],
    shares: Shares,
    seed: u64,
) -> [Vec<usize>; 3] {
    let mut parts = [const { Vec::new() }; 3];
    let [train, held, test] = &mut parts;
    for class in shuffled_classes(labels, seed) {
        let is_trained = class.iter().any(|&index| fixed[index] == Some(Split::Train));
        let free: Vec<usize> =
            class.iter().copied().filter(|index| fixed[*index].is_none()).collect();
        let cut = (free.len() as f64 * shares.test).round() as usize;
        let (own_test, rest) = free.split_at(cut);
        let most = if is_trained { rest.len() } else { rest.len().saturating_sub(1) };
        let cut = ((rest.len() as f64 * shares.validation).round() as usize).min(most);
        test.extend_from_slice(own_test);
        held.extend_from_slice(&rest[..cut]);
        train.extend_from_slice(&rest[cut..]);
    }
    for (index, part) in fixed.iter().enumerate() {
        match part {
            Some(Split::Train) => train.push(index),
            Some(Split::Validation) => held.push(index),
            Some(Split::Test) => test.push(index),
            None => {}
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    parts
}

/// The fold of each image; `None` for the only image of a class. Folds and classes within folds
/// differ by at most one image.
pub(super) fn fold_of(labels: &[u16], count: usize, seed: u64) -> Vec<Option<usize>> {
    let mut folds = vec![None; labels.len()];
    let mut next = 0;
    for class in shuffled_classes(labels, seed).into_iter().filter(|class| class.len() > 1) {
        for index in class {
            folds[index] = Some(next % count);
            next += 1;
        }
    }
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Each class keeps an image for training, and fixed images stay where they are.
        #[test]
        fn rare_classes_are_trained(
            labels in proptest::collection::vec(0u16..6, 1..60),
            parts in proptest::collection::vec(0u8..6, 60),
            validation in 0.01f64..0.99, seed in any::<u64>(),
        ) {
            let shares = Shares { test: TEST_SHARE, validation };
            let none = vec![None; labels.len()];
            let [train, held, test] = assign(&labels, &none, shares, seed);
            for label in &labels {
                prop_assert!(train.iter().any(|index| labels[*index] == *label));
            }
            prop_assert_eq!(train.len() + held.len() + test.len(), labels.len());
            let fixed: Vec<Option<Split>> = labels.iter().zip(&parts).map(|(_, part)| match part {
                0 => Some(Split::Train),
                1 => Some(Split::Validation),
                2 => Some(Split::Test),
                _ => None,
            }).collect();
            let [train, held, test] = assign(&labels, &fixed, shares, seed);
            for (index, part) in fixed.iter().enumerate() {
                let place = [&train, &held, &test].map(|part| part.contains(&index));
                prop_assert_eq!(place.iter().filter(|is_in| **is_in).count(), 1);
                if let Some(part) = part {
                    prop_assert!(place[*part as usize]);
                }
            }
        }

        #[test]
        fn folds_are_balanced(
            labels in proptest::collection::vec(0u16..5, 2..80), count in 2usize..8, seed in any::<u64>(),
        ) {
            let folds = fold_of(&labels, count, seed);
            let sizes = |class: Option<u16>| -> Vec<usize> {
                (0..count).map(|fold| {
                    let is_in = |(label, own): &(&u16, &Option<usize>)| {
                        **own == Some(fold) && class.is_none_or(|class| class == **label)
                    };
                    labels.iter().zip(&folds).filter(is_in).count()
                }).collect()
            };
            for class in [None, Some(0), Some(1), Some(2), Some(3), Some(4)] {
                let sizes = sizes(class);
                let (most, least) = (sizes.iter().max(), sizes.iter().min());
                prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1));
            }
        }
    }
}
