//! Weights of one network as the start of another.

use automl_models::NamedTensor;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The share of the epochs in which only new weights are trained.
const HEAD: f64 = 0.1;

/// The learning rate of weights that were taken over, relative to that of new ones.
const BODY_RATE: f64 = 0.3;

/// Start of a training from weights of another network: for the first tenth of the epochs only the
/// weights that it lacks are trained, then all of them, the ones taken over at three tenths of the
/// learning rate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Names of the tensors that were taken over.
    taken: HashSet<String>,
    /// Epochs in which they rest.
    head_epochs: u64,
}

impl Transfer {
    /// The transfer of these tensors into a training of so many epochs.
    pub(crate) fn new(taken: HashSet<String>, epochs: u64) -> Self {
        let head_epochs = (HEAD * epochs as f64).ceil() as u64;
        Self { taken, head_epochs: head_epochs.min(epochs.saturating_sub(1)) }
    }

    /// The number of tensors that were taken over.
    pub fn count(&self) -> usize {
        self.taken.len()
    }

    /// The learning rate of a tensor in an epoch (from 0), relative to that of the recipe.
    pub(crate) fn rate(&self, name: &str, epoch: u64) -> f64 {
        match self.taken.contains(name) {
            false => 1.0,
            true if epoch < self.head_epochs => 0.0,
            true => BODY_RATE,
        }
    }
}

/// Replaces the tensors of a network by those of another one, in the order of both, as many as have the
/// same role and shape: a longest common subsequence. Returns the names of those replaced.
///
/// The layers of two networks have other numbers where one has a layer more, so a tensor's role is its
/// name without numbers.
pub(crate) fn take_over(own: &mut [NamedTensor], others: &[NamedTensor]) -> HashSet<String> {
    // Files list tensors in another order than networks.
    let mut own: Vec<&mut NamedTensor> = own.iter_mut().collect();
    let mut others: Vec<&NamedTensor> = others.iter().collect();
    own.sort_by_cached_key(|tensor| place(&tensor.name));
    others.sort_by_cached_key(|tensor| place(&tensor.name));
    let alike = |own: &NamedTensor, other: &NamedTensor| {
        own.shape == other.shape && role(&own.name).eq(role(&other.name))
    };
    // lengths[i][j]: of the longest common subsequence behind own tensor i and other tensor j.
    let mut lengths = vec![vec![0_u32; others.len() + 1]; own.len() + 1];
    for i in (0..own.len()).rev() {
        for j in (0..others.len()).rev() {
            lengths[i][j] = if alike(own[i], others[j]) {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut taken = HashSet::new();
    while i < own.len() && j < others.len() {
        if alike(own[i], others[j]) {
            own[i].values.clone_from(&others[j].values);
            taken.insert(own[i].name.clone());
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    taken
}

/// The place of a tensor in its network: the parts of its name, numbers by their size.
fn place(name: &str) -> Vec<(Option<usize>, String)> {
    name.split('.').map(|part| (part.parse().ok(), part.to_owned())).collect()
}

/// The parts of a name without the numbers.
fn role(name: &str) -> impl Iterator<Item = &str> {
    name.split('.').filter(|part| part.parse::<usize>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(list: &[(&str, usize)]) -> Vec<NamedTensor> {
        let tensor = |(index, (name, length)): (usize, &(&str, usize))| NamedTensor {
            name: (*name).to_owned(),
            shape: vec![*length],
            values: vec![index as f32; *length],
        };
        list.iter().enumerate().map(tensor).collect()
    }

    #[test]
    fn tensors_of_one_role_and_shape_are_taken_in_their_order() {
        let others = [("layers.0.Conv.weight", 8), ("layers.1.Conv.weight", 4)];
        let others = tensors(&[&others[..], &[("layers.2.Linear.weight", 10)]].concat());
        let own = [("layers.0.Conv.weight", 8), ("layers.1.Conv.weight", 8)];
        let own = [&own[..], &[("layers.2.Conv.weight", 4), ("layers.3.Linear.weight", 6)]];
        let mut own = tensors(&own.concat());
        let taken = take_over(&mut own, &others);
        // The classifier has another number of classes.
        assert_eq!(taken.len(), 2);
        assert!(taken.contains("layers.2.Conv.weight"));
        assert_eq!((own[2].values[0], own[3].values[0]), (1.0, 3.0));
    }

    #[test]
    fn weights_that_were_taken_rest_first() {
        let transfer = Transfer::new(HashSet::from(["a".to_owned()]), 20);
        let rates = [0, 1, 2, 19].map(|epoch| transfer.rate("a", epoch));
        assert_eq!(rates, [0.0, 0.0, BODY_RATE, BODY_RATE]);
        assert_eq!(transfer.rate("b", 0), 1.0);
        assert_eq!(Transfer::new(HashSet::from(["a".to_owned()]), 1).rate("a", 0), BODY_RATE);
    }
}
