//! Attributes of nodes.

use super::error::ImportError;
use crate::onnx::proto::{AttributeProto, Node};
use automl_extent::Extent;

/// The largest kernel, stride and padding.
const MOST: i64 = 1 << 13;

/// The error of a node.
pub(super) fn fail(node: &Node, reason: impl Into<String>) -> ImportError {
    let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
    ImportError::Node {
        node: name.cloned().unwrap_or_default(),
        operator: node.op_type.clone(),
        reason: reason.into(),
    }
}

fn find<'a>(node: &'a Node, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// An integer, or its default.
pub(super) fn int(node: &Node, name: &str, default: i64) -> i64 {
    find(node, name).map_or(default, |attribute| attribute.i.unwrap_or(0))
}

/// A float, or its default.
pub(super) fn float(node: &Node, name: &str, default: f32) -> f32 {
    find(node, name).map_or(default, |attribute| attribute.f.unwrap_or(0.0))
}

/// A list of integers; empty where there is none.
pub(super) fn ints<'a>(node: &'a Node, name: &str) -> &'a [i64] {
    find(node, name).map_or(&[], |attribute| &attribute.ints)
}

/// A text; empty where there is none.
fn text<'a>(node: &'a Node, name: &str) -> &'a [u8] {
    find(node, name).and_then(|attribute| attribute.s.as_deref()).unwrap_or_default()
}

/// Square windows of a convolution or a pooling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) kernel: usize,
    pub(super) dilation: usize,
    pub(super) stride: usize,
    pub(super) padding: (usize, usize),
}

impl Windows {
    /// The windows of a node on maps; `kernel` is that of the weights.
    pub(super) fn read(
        node: &Node,
        side: Extent,
        kernel: Option<usize>,
    ) -> Result<Self, ImportError> {
        let square = |name: &str, default: Option<usize>| -> Result<usize, ImportError> {
            match (ints(node, name), default) {
                ([a, b], _) if a == b && (1..=MOST).contains(a) => Ok(*a as usize),
                ([], Some(default)) => Ok(default),
                (other, _) => Err(fail(node, format!("{name} is {other:?}, not square"))),
            }
        };
        let kernel = square("kernel_shape", kernel)?;
        let stride = square("strides", Some(1))?;
        let dilation = square("dilations", Some(1))?;
        let span = dilation * (kernel.max(1) - 1) + 1;
        if int(node, "ceil_mode", 0) != 0 {
            return Err(fail(node, "ceil_mode is not supported"));
        }
        let total =
            side.map(|side| ((side.div_ceil(stride) - 1) * stride + span).saturating_sub(side));
        let padding = match text(node, "auto_pad") {
            b"SAME_UPPER" | b"SAME_LOWER" if !total.is_square() => {
                let reason = format!("auto_pad differs on maps of {side}: {total} in all");
                return Err(fail(node, reason));
            }
            b"SAME_UPPER" => (total.height / 2, total.height.div_ceil(2)),
            b"SAME_LOWER" => (total.height.div_ceil(2), total.height / 2),
            b"VALID" => (0, 0),
            _ => match *ints(node, "pads") {
                [] => (0, 0),
                [a, b, c, d] if a == b && c == d && a.min(c) >= 0 && a.max(c) <= MOST => {
                    (a as usize, c as usize)
                }
                ref pads => {
                    return Err(fail(node, format!("pads are {pads:?}, not those of a square")));
                }
            },
        };
        if side.shorter() + padding.0 + padding.1 < span {
            return Err(fail(node, format!("a kernel of {span} does not fit on side {side}")));
        }
        Ok(Self { kernel, dilation, stride, padding })
    }

    /// Height and width of the maps behind the windows.
    pub(super) fn output_side(&self, side: Extent) -> Extent {
        let span = self.dilation * self.kernel.saturating_sub(1) + 1;
        side.map(|n| (n + self.padding.0 + self.padding.1 - span) / self.stride + 1)
    }
}
