//! MNIST.

use super::format::DatasetFormat;
use super::{idx, numbered};

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "mnist",
    summary: "handwritten digits, 60,000 and 10,000 images of 28x28 (LeCun et al. 1998)",
    files: Some(idx::FILES),
    is_resized: false,
    load: |source| idx::load("mnist", Some(numbered(10)), source, false),
};
