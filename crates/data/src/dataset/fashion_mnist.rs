//! Fashion-MNIST.

use super::format::DatasetFormat;
use super::{idx, named};

const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "fashion-mnist",
    summary: "clothes, 60,000 and 10,000 images of 28x28 (Xiao et al. 2017, arXiv 1708.07747)",
    files: Some(idx::FILES),
    is_resized: false,
    load: |source| idx::load("fashion-mnist", Some(named(&CLASSES)), source, true),
};
