//! Smaller networks as parts of a larger one with the same kinds of layers.
//!
//! A part uses the first channels on both channel axes of a tensor and the center of its kernels, so that
//! whatever a small network learns is learned by every larger one that holds it.

use crate::weights::NamedTensor;
use std::collections::HashMap;

/// Reasons for which a network is no part of another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SliceError {
    /// The larger network lacks a tensor.
    #[error("the larger network has no tensor {name}")]
    Missing {
        /// Name of the tensor there.
        name: String,
    },
    /// A tensor is larger than that of the larger network, or has other axes.
    #[error("{name} of shape {part:?} is no part of one of shape {whole:?}")]
    Larger {
        /// Name of the tensor in the larger network.
        name: String,
        /// Shape in the part.
        part: Vec<usize>,
        /// Shape in the larger network.
        whole: Vec<usize>,
    },
}

/// Fills the tensors of a part with the values that it has in the larger network.
///
/// Node n of the part is node `nodes[n]` of the larger network.
///
/// # Errors
/// [`SliceError`] if a tensor has no place in the larger network.
///
/// # Examples
/// ```
/// use automl_models::{NamedTensor, cut};
///
/// let name = || "layers.0.Linear.weight".to_owned();
/// let whole = NamedTensor { name: name(), shape: vec![2, 3], values: vec![1., 2., 3., 4., 5., 6.] };
/// let mut part = [NamedTensor { name: name(), shape: vec![1, 2], values: vec![0.0; 2] }];
/// cut(&[whole], &mut part, &[0])?;
/// assert_eq!(part[0].values, [1.0, 2.0]);
/// # Ok::<(), automl_models::SliceError>(())
/// ```
pub fn cut(
    whole: &[NamedTensor],
    part: &mut [NamedTensor],
    nodes: &[usize],
) -> Result<(), SliceError> {
    let places = places(whole);
    for tensor in part {
        let from = &whole[place(&places, &tensor.name, nodes)?];
        let rows = rows(from, tensor)?;
        for (start, values) in rows.starts.iter().zip(tensor.values.chunks_exact_mut(rows.length)) {
            values.copy_from_slice(&from.values[*start..start + rows.length]);
        }
    }
    Ok(())
}

/// Adds the values of a part to those of the larger network, where [`cut`] takes them from: the
/// adjoint of `cut`, by which gradients of a part become gradients of the whole.
///
/// # Errors
/// Those of [`cut`].
pub fn add(
    part: &[NamedTensor],
    whole: &mut [NamedTensor],
    nodes: &[usize],
) -> Result<(), SliceError> {
    let places = places(whole);
    for tensor in part {
        let to = &mut whole[place(&places, &tensor.name, nodes)?];
        let rows = rows(to, tensor)?;
        for (start, values) in rows.starts.iter().zip(tensor.values.chunks_exact(rows.length)) {
            let sums = &mut to.values[*start..start + rows.length];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }
    Ok(())
}

/// The index of each tensor by its name.
fn places(tensors: &[NamedTensor]) -> HashMap<String, usize> {
    tensors.iter().enumerate().map(|(index, tensor)| (tensor.name.clone(), index)).collect()
}

/// The index of the tensor of which `name`, that is `layers.<node>.<...>`, is a part.
fn place(
    places: &HashMap<String, usize>,
    name: &str,
    nodes: &[usize],
) -> Result<usize, SliceError> {
    let moved = || {
        let (node, rest) = name.strip_prefix("layers.")?.split_once('.')?;
        let node = nodes.get(node.parse::<usize>().ok()?)?;
        Some(format!("layers.{node}.{rest}"))
    };
    let name = moved().unwrap_or_else(|| name.to_owned());
    places.get(&name).copied().ok_or(SliceError::Missing { name })
}

/// The rows of a part in the whole: runs of values that lie in a row in both.
struct Rows {
    length: usize,
    starts: Vec<usize>,
}

fn rows(whole: &NamedTensor, part: &NamedTensor) -> Result<Rows, SliceError> {
    match row_starts(&whole.shape, &part.shape) {
        Some((length, starts)) => Ok(Rows { length, starts }),
        None => Err(SliceError::Larger {
            name: whole.name.clone(),
            part: part.shape.clone(),
            whole: whole.shape.clone(),
        }),
    }
}

/// The length and the starts of the rows of a part in the whole: the first entries of the two channel
/// axes, the center of all others. `None` where the part does not fit.
///
/// # Examples
/// ```
/// use automl_models::row_starts;
///
/// assert_eq!(row_starts(&[7, 4], &[2, 3]), Some((3, vec![0, 4])));
/// assert_eq!(row_starts(&[1, 1, 5, 5], &[1, 1, 3, 3]), Some((3, vec![6, 11, 16])));
/// assert_eq!(row_starts(&[2], &[3]), None);
/// ```
pub fn row_starts(whole: &[usize], part: &[usize]) -> Option<(usize, Vec<usize>)> {
    let fits = whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| p <= w && *p > 0);
    if !fits || part.is_empty() {
        return None;
    }
    // Trailing axes of one length are one axis.
    let equal = whole.iter().rev().zip(part.iter().rev()).take_while(|(w, p)| w == p).count();
    let leading = (whole.len() - equal).saturating_sub(1);
    let offset = |axis: usize| if axis < 2 { 0 } else { (whole[axis] - part[axis]) / 2 };
    let stride: usize = whole[leading + 1..].iter().product();
    let (length, first) = (part[leading..].iter().product(), offset(leading) * stride);
    let rows: usize = part[..leading].iter().product();
    let starts = (0..rows).map(|row| {
        // The row's indexes, last axis first.
        let (mut rest, mut start, mut stride) = (row, first, whole[leading] * stride);
        for axis in (0..leading).rev() {
            start += (rest % part[axis] + offset(axis)) * stride;
            rest /= part[axis];
            stride *= whole[axis];
        }
        start
    });
    Some((length, starts.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tensor(shape: &[usize], values: impl Fn(usize) -> f32) -> NamedTensor {
        let values = (0..shape.iter().product()).map(values).collect();
        NamedTensor { name: "layers.3.x".into(), shape: shape.to_vec(), values }
    }

    #[test]
    fn parts_are_first_channels_and_centers_of_kernels() {
        let (length, starts) = row_starts(&[4, 3, 5, 5], &[2, 1, 3, 3]).unwrap();
        let at = |o: usize, y: usize| o * 75 + (y + 1) * 5 + 1;
        assert_eq!(starts, [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2)]);
        assert_eq!(length, 3);
        assert_eq!(row_starts(&[4, 3, 1, 1], &[2, 2, 1, 1]), Some((2, vec![0, 3])));
        assert_eq!(row_starts(&[4, 3, 1, 1], &[2, 3, 1, 1]), Some((6, vec![0])));
        assert_eq!(row_starts(&[4, 3], &[4, 3]), Some((12, vec![0])));
        assert_eq!(row_starts(&[4, 3], &[4, 3, 1]), None);
    }

    #[test]
    fn tensors_without_a_place_are_named() {
        let whole = [tensor(&[2, 2], |i| i as f32)];
        let mut part = [NamedTensor { name: "layers.0.x".into(), ..tensor(&[3, 1], |_| 0.0) }];
        let error = cut(&whole, &mut part, &[1]).unwrap_err();
        assert_eq!(error, SliceError::Missing { name: "layers.1.x".into() });
        let error = cut(&whole, &mut part, &[3]).unwrap_err().to_string();
        assert_eq!(error, "layers.3.x of shape [3, 1] is no part of one of shape [2, 2]");
    }

    proptest! {
        /// `add` is the adjoint of `cut`: the inner products of both with any other tensors agree.
        #[test]
        fn gradients_go_where_weights_came_from(
            axes in proptest::collection::vec((1_usize..4, 0_usize..3), 1..5),
        ) {
            let part: Vec<usize> = axes.iter().map(|(part, _)| *part).collect();
            let whole: Vec<usize> = axes.iter().map(|(part, more)| part + more).collect();
            let weights = tensor(&whole, |i| (i as f32 * 0.7).sin());
            let gradient = tensor(&part, |i| (i as f32 * 1.3).cos());
            let mut own = [tensor(&part, |_| 0.0)];
            cut(std::slice::from_ref(&weights), &mut own, &[0, 1, 2, 3]).unwrap();
            let mut sums = [tensor(&whole, |_| 0.0)];
            add(std::slice::from_ref(&gradient), &mut sums, &[0, 1, 2, 3]).unwrap();
            let product = |a: &NamedTensor, b: &NamedTensor| -> f32 {
                a.values.iter().zip(&b.values).map(|(a, b)| a * b).sum()
            };
            let (left, right) = (product(&own[0], &gradient), product(&weights, &sums[0]));
            prop_assert!((left - right).abs() < 1e-4, "{} {}", left, right);
        }
    }
}
