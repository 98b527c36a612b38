//! The input of a model, and the normalization of its pixels.

use super::error::ImportError;
use crate::onnx::proto::{FLOAT, Graph, StringEntry};
use crate::program::Shape;
use crate::record::NetworkFile;
use automl_data::{BACKGROUND, OrientationRule, Preprocessing, ResizeRule};
use automl_extent::Extent;
use serde::de::DeserializeOwned;

/// Limits of the input, as graphs have them.
const MOST_CHANNELS: usize = 1 << 16;
const MOST_SIDE: usize = 1 << 13;

/// The normalization of pixels by nodes in front, `scale p + shift` for each channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Affine {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
    /// Whether there are such nodes.
    pub(super) given: bool,
}

impl Affine {
    pub(super) fn new(channels: usize) -> Self {
        Self { scale: vec![1.0; channels], shift: vec![0.0; channels], given: false }
    }

    /// Appends `scale x + shift`.
    pub(super) fn then(&mut self, scale: &[f32], shift: &[f32]) {
        self.given = true;
        for (channel, (a, b)) in scale.iter().zip(shift).enumerate() {
            self.scale[channel] *= a;
            self.shift[channel] = self.shift[channel] * a + b;
        }
    }
}

/// Name and shape of the input: the one that is not a constant.
pub(super) fn find(graph: &Graph, side: Option<Extent>) -> Result<(String, Shape), ImportError> {
    let is_constant = |name: &String| graph.initializer.iter().any(|tensor| tensor.name == *name);
    let mut inputs = graph.input.iter().filter(|input| !is_constant(&input.name));
    let fail = |name: &str, reason: &str| ImportError::Input {
        name: name.to_owned(),
        reason: reason.to_owned(),
    };
    let Some(input) = inputs.next() else { return Err(fail("", "the model has no input")) };
    if let Some(second) = inputs.next() {
        return Err(fail(&second.name, "the model has more inputs than one"));
    }
    let fail = |reason: &str| fail(&input.name, reason);
    let tensor = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let tensor = tensor.ok_or_else(|| fail("it has no shape"))?;
    if tensor.elem_type != FLOAT {
        return Err(fail("it does not take 32-bit floats"));
    }
    let dims = tensor.shape.as_ref().map_or(&[][..], |shape| &shape.dim);
    let length = |axis: usize| -> Option<usize> {
        dims.get(axis)?.dim_value.and_then(|length| usize::try_from(length).ok()).filter(|l| *l > 0)
    };
    let height = length(2).or(side.map(|side| side.height));
    let width = length(3).or(side.map(|side| side.width));
    match (dims.len(), length(1), height, width) {
        (4, Some(channels), Some(height), Some(width))
            if channels <= MOST_CHANNELS && height.max(width) <= MOST_SIDE =>
        {
            Ok((input.name.clone(), Shape { channels, side: Extent { height, width } }))
        }
        (4, Some(_), None, _) | (4, Some(_), _, None) => Err(fail("its side is open: say which")),
        _ => Err(fail("its shape is not [batch, channels, height, width]")),
    }
}

/// Completes a record by the normalization of a model and by the metadata of an export.
pub(super) fn describe(
    affine: &Affine,
    shape: Shape,
    metadata: &[StringEntry],
    record: &mut NetworkFile,
) {
    let text = |key: &str| metadata.iter().find(|entry| entry.key == key).map(|e| e.value.as_str());
    let list = |key: &str| -> Option<Vec<f32>> { json(text(key)?) };
    if let Some(classes) = text("classes").and_then(json::<Vec<String>>)
        && classes.len() == record.graph.classes
    {
        record.classes = classes;
    }
    let range = text("input_range");
    let (mean, sd) = match range {
        Some("normalized") => match (list("mean"), list("sd")) {
            (Some(mean), Some(sd)) => (mean, sd),
            _ => return,
        },
        None if !affine.given => return,
        _ => {
            // The largest pixel; without a word, means above 1 are those of 0..255.
            let centers = affine.shift.iter().zip(&affine.scale).map(|(b, a)| -b / a);
            let bytes =
                range == Some("0..255") || range.is_none() && centers.clone().any(|m| m > 1.0);
            let most = if bytes { 255.0 } else { 1.0 };
            let mean = centers.map(|center| center / most).collect();
            (mean, affine.scale.iter().map(|scale| 1.0 / (scale * most)).collect())
        }
    };
    let channels = shape.channels;
    let valid = mean.len() == channels
        && sd.len() == channels
        && mean.iter().all(|x: &f32| x.is_finite())
        && sd.iter().all(|x: &f32| x.is_finite() && *x > 0.0);
    if !valid || !matches!(channels, 1 | 3) {
        return;
    }
    let quoted = |key: &str| text(key).map(|value| format!("\"{value}\""));
    record.input = Some(Preprocessing {
        channels,
        side: shape.side,
        resize: text("resize").and_then(ResizeRule::named).unwrap_or_default(),
        background: text("background").and_then(json).unwrap_or(BACKGROUND),
        orientation: quoted("orientation")
            .and_then(|text| json(&text))
            .unwrap_or(OrientationRule::Exif),
        mean,
        sd,
    });
}

fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}
