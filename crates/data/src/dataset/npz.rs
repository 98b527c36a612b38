//! NumPy archives of images and labels, such as those of Keras and MedMNIST.

mod array;

use super::format::DatasetFormat;
use super::names::{natural, own_name};
use super::{Dataset, DatasetError};
use crate::images::Images;
use crate::source::Source;
use crate::split::Split;
use array::Array;
use automl_pictures::Side;
use automl_pictures::{BACKGROUND, planes};
use image::{Rgb, RgbImage};
use npyz::npz::NpzArchive;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "npz",
    summary: "images and labels in a NumPy archive",
    files: Some("a .npz file with x_train and y_train, train_images and train_labels, or x and y"),
    is_resized: false,
    load,
};

/// Names of the arrays of images and labels in each part.
const NAMES: [(Split, &[(&str, &str)]); 3] = [
    (
        Split::Train,
        &[
            ("x_train", "y_train"),
            ("train_images", "train_labels"),
            ("train_x", "train_y"),
            ("train_data", "train_labels"),
            ("images", "labels"),
            ("x", "y"),
            ("data", "labels"),
            ("data", "target"),
            ("image", "label"),
            ("arr_0", "arr_1"),
        ],
    ),
    (
        Split::Validation,
        &[
            ("x_val", "y_val"),
            ("x_valid", "y_valid"),
            ("val_images", "val_labels"),
            ("valid_images", "valid_labels"),
            ("val_x", "val_y"),
        ],
    ),
    (Split::Test, &[("x_test", "y_test"), ("test_images", "test_labels"), ("test_x", "test_y")]),
];

type Archive = NpzArchive<BufReader<File>>;

/// The only archive in a folder.
pub(super) fn file(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut archives = paths.filter(|path| path.extension().is_some_and(|e| e == "npz"));
    let first = archives.next()?;
    archives.next().is_none().then_some(first)
}

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let place = source.place("npz")?;
    let path = if place.is_dir() { file(place) } else { Some(place.to_owned()) };
    let Some(path) = path else {
        let what = ".npz file, or more than one".to_owned();
        return Err(DatasetError::Missing { path: place.to_owned(), what });
    };
    let mut archive =
        Archive::open(&path).map_err(|error| DatasetError::content(&path, error.to_string()))?;
    let names: Vec<String> = archive.array_names().map(str::to_owned).collect();
    let mut parts = Vec::new();
    for (part, known) in NAMES {
        if let Some((x, y)) = known.iter().find_map(|(x, y)| {
            let find = |name: &&str| names.iter().find(|own| own.eq_ignore_ascii_case(name));
            Some((find(x)?.clone(), find(y)?.clone()))
        }) {
            let failed = |reason| DatasetError::content(&path, reason);
            let images = Array::read(&mut archive, &x).map_err(failed)?;
            let labels = Array::read(&mut archive, &y).map_err(failed)?;
            let pair = Pair::new(&images, &labels, source)
                .map_err(|reason| DatasetError::content(&path, format!("{x} and {y}: {reason}")))?;
            parts.push((part, pair));
        }
    }
    dataset(&path, &names, parts)
}

fn dataset(
    path: &Path,
    names: &[String],
    parts: Vec<(Split, Pair)>,
) -> Result<Dataset, DatasetError> {
    if parts.first().is_none_or(|(part, _)| *part != Split::Train) {
        let what = format!("arrays of training images and labels, but {}", names.join(", "));
        return Err(DatasetError::Missing { path: path.to_owned(), what });
    }
    let mut classes: Vec<String> =
        parts.iter().flat_map(|(_, pair)| pair.labels.iter().cloned()).collect();
    classes.sort_by(|a, b| natural(a, b));
    classes.dedup();
    let mut result = Dataset::new(&own_name(path), classes.clone(), Images::default(), true);
    let shape = (parts[0].1.channels, parts[0].1.side);
    for (part, pair) in parts {
        if (pair.channels, pair.side) != shape {
            let reason = "the parts hold images of different shapes";
            return Err(DatasetError::content(path, reason));
        }
        let label = |name: &String| {
            classes.binary_search_by(|class| natural(class, name)).unwrap_or(0) as u16
        };
        let labels = pair.labels.iter().map(label).collect();
        let images = Images::new(pair.channels, pair.side, pair.pixels, labels);
        match part {
            Split::Train => result.train = images,
            Split::Validation => result.validation = Some(images),
            Split::Test => result.test = Some(images),
        }
    }
    Ok(result)
}

/// Images of one part with the names of their classes.
struct Pair {
    channels: usize,
    side: usize,
    pixels: Vec<u8>,
    labels: Vec<String>,
}

impl Pair {
    fn new(images: &Array, labels: &Array, source: &Source<'_>) -> Result<Self, String> {
        let labels = labels.classes()?;
        let shape = Shape::of(&images.shape)?;
        if shape.count != labels.len() {
            return Err(format!("{} labels for {} images", labels.len(), shape.count));
        }
        let bytes = images.bytes()?;
        let side = match source.side {
            _ if shape.height == shape.width => shape.height,
            Side::Pixels(side) => side,
            Side::Auto => shape.height.min(shape.width).clamp(16, 96),
        };
        let channels = if shape.channels == 1 { 1 } else { 3 };
        let mut pixels = Vec::with_capacity(shape.count * channels * side * side);
        for image in bytes.chunks_exact(shape.height * shape.width * shape.channels) {
            let picture = shape.picture(image);
            if shape.height == shape.width {
                pixels.extend(planes(&picture, channels));
            } else {
                let square = source.resize.apply(&picture, side, BACKGROUND);
                pixels.extend(planes(&square, channels));
            }
        }
        Ok(Self { channels, side, pixels, labels })
    }
}

/// The axes of an array of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    count: usize,
    height: usize,
    width: usize,
    channels: usize,
    /// Whether the channels come before the rows.
    is_planar: bool,
}

impl Shape {
    fn of(shape: &[usize]) -> Result<Self, String> {
        let make = |count, height, width, channels, is_planar| Self {
            count,
            height,
            width,
            channels,
            is_planar,
        };
        let found = match *shape {
            [count, height, width] => make(count, height, width, 1, false),
            [count, height, width, channels @ (1 | 3 | 4)] => {
                make(count, height, width, channels, false)
            }
            [count, channels @ (1 | 3), height, width] => {
                make(count, height, width, channels, true)
            }
            _ => return Err(format!("the shape {shape:?} is not that of grey or color images")),
        };
        if found.count == 0 || found.height == 0 || found.width == 0 {
            return Err(format!("the shape {shape:?} holds no images"));
        }
        Ok(found)
    }

    /// One image; transparency is composited on the background.
    fn picture(self, image: &[u8]) -> RgbImage {
        let Self { height, width, channels, is_planar, .. } = self;
        let at = |x: usize, y: usize, channel: usize| {
            let pixel = y * width + x;
            let place = if is_planar {
                channel * height * width + pixel
            } else {
                pixel * channels + channel
            };
            image.get(place).copied().unwrap_or(0)
        };
        RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let (x, y) = (x as usize, y as usize);
            if channels == 1 {
                return Rgb([at(x, y, 0); 3]);
            }
            let color = [0, 1, 2].map(|channel| at(x, y, channel));
            let alpha = if channels == 4 { at(x, y, 3) } else { 255 };
            Rgb(automl_pictures::over(color, alpha, BACKGROUND))
        })
    }
}
