//! Constant tensors.

use super::error::ImportError;
use crate::onnx::proto::{DOUBLE, FLOAT, INT32, INT64, Tensor};

/// A constant; integers are held as floats, which is exact for shapes and axes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    pub(super) dims: Vec<usize>,
    pub(super) values: Vec<f32>,
}

impl Constant {
    pub(super) fn read(tensor: &Tensor) -> Result<Self, ImportError> {
        let fail = |reason: String| ImportError::Tensor { name: tensor.name.clone(), reason };
        if !tensor.external_data.is_empty() {
            return Err(fail("it lies in another file".into()));
        }
        let raw = &tensor.raw_data;
        let values: Vec<f32> = match tensor.data_type {
            FLOAT if raw.is_empty() => tensor.float_data.clone(),
            FLOAT => raw.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            DOUBLE if raw.is_empty() => tensor.double_data.iter().map(|x| *x as f32).collect(),
            DOUBLE => raw.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
            INT64 if raw.is_empty() => tensor.int64_data.iter().map(|x| *x as f32).collect(),
            INT64 => raw.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect(),
            INT32 if raw.is_empty() => tensor.int32_data.iter().map(|x| *x as f32).collect(),
            INT32 => raw.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b) as f32).collect(),
            other => return Err(fail(format!("elements of type {other} are not supported"))),
        };
        let dims: Vec<usize> =
            tensor.dims.iter().map(|&d| usize::try_from(d).unwrap_or(0)).collect();
        let expected = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        if expected != Some(values.len()) {
            return Err(fail(format!("its shape is {dims:?}, and it has {} values", values.len())));
        }
        Ok(Self { dims, values })
    }

    /// The values by channel of `[batch, channels, height, width]`: one for all, or one each.
    pub(super) fn by_channel(&self, channels: usize) -> Option<Vec<f32>> {
        if let [value] = self.values[..] {
            return Some(vec![value; channels]);
        }
        let mut dims = self.dims.clone();
        while dims.len() > 3 && dims[0] == 1 {
            dims.remove(0);
        }
        (dims == [channels, 1, 1]).then(|| self.values.clone())
    }
}
