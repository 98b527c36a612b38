//! Parts of figures: scales, axes and marks, drawn as SVG.

mod axis;
mod format;
mod marks;
mod scale;

pub(crate) use axis::Frame;
pub(crate) use format::{bytes, count, duration, isolated, number};
pub(crate) use marks::{bars, dots, line, steps};
pub(crate) use scale::Scale;
