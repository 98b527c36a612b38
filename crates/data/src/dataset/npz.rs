//! NumPy archives of images and labels, such as those of Keras and MedMNIST.

mod array;

use super::format::DatasetFormat;
use super::listing::note_missing;
use super::{Dataset, DatasetError};
use crate::images::Images;
use crate::report::{Kind, LeftOut};
use crate::source::Source;
use array::Array;
use automl_extent::Extent;
use automl_lists::{Split, lossless, natural, own_name, part, shown};
use automl_pictures::{BACKGROUND, ResizeRule, Side, planes, regular};
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

/// Whether a folder holds archives.
pub(super) fn is_in(folder: &Path) -> bool {
    !files(folder).is_empty()
}

/// The archives in a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_archive =
        |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
    let mut archives: Vec<PathBuf> = paths.filter(is_archive).collect();
    archives.sort();
    archives
}

/// The part that an archive has by its name.
fn part_of(archive: &Path) -> Option<Split> {
    part(&archive.file_stem().map(lossless)?)
}

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let place = source.place("npz")?;
    let archives = if place.is_dir() { files(place) } else { vec![place.to_owned()] };
    if archives.is_empty() {
        let what = ".npz file".to_owned();
        return Err(DatasetError::Missing { path: place.to_owned(), what });
    }
    if archives.len() > 1 && archives.iter().any(|path| part_of(path).is_none()) {
        let names: Vec<_> =
            archives.iter().filter_map(|path| path.file_name()).map(lossless).collect();
        let reason = format!("holds several archives ({}); name one of them", names.join(", "));
        return Err(DatasetError::content(place, reason));
    }
    let (mut parts, mut names, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for path in &archives {
        let failed = |reason: String| DatasetError::content(path, reason);
        regular::open(path).map_err(|error| DatasetError::read(path, error))?;
        let mut archive = Archive::open(path)
            .map_err(|error| failed(format!("is no whole NumPy archive: {error}")))?;
        let own: Vec<String> = archive.array_names().map(str::to_owned).collect();
        let mut pairs = by_names(&own);
        if pairs.is_empty() {
            pairs = by_shapes(&mut archive, &own).map_err(failed)?;
            let shown = |(_, x, y): &(Split, String, String)| format!("images {x} and labels {y}");
            notes.extend(
                pairs.iter().map(shown).map(|pair| format!("read by their shapes: {pair}")),
            );
        }
        notes.extend(unused(&own, &pairs));
        // An archive alone is all there is, whatever its name.
        let archive_part = part_of(path).filter(|_| archives.len() > 1 && pairs.len() == 1);
        for (part, x, y) in pairs {
            let images = Array::read(&mut archive, &x).map_err(failed)?;
            let labels = Array::read(&mut archive, &y).map_err(failed)?;
            let pair = Pair::new(&x, &images, &labels, source)
                .map_err(|reason| DatasetError::content(path, format!("{x} and {y}: {reason}")))?;
            notes.extend(pair.note.clone().filter(|note| !notes.contains(note)));
            let part = archive_part.unwrap_or(part);
            if parts.iter().any(|(known, _)| *known == part) {
                return Err(failed(format!("{x} is a second array of images for one part")));
            }
            parts.push((part, pair));
        }
        names.extend(own);
    }
    parts.sort_by_key(|(part, _)| *part);
    let path = if let [only] = &archives[..] { only } else { place };
    let mut dataset = dataset(path, &names, parts)?;
    dataset.report.notes.extend(notes);
    Ok(dataset)
}

/// A note on the arrays beside images and labels.
fn unused(names: &[String], pairs: &[(Split, String, String)]) -> Option<String> {
    let is_used = |name: &&String| pairs.iter().any(|(_, x, y)| [x, y].contains(name));
    let others: Vec<_> =
        names.iter().filter(|name| !is_used(name)).map(|name| shown(name)).collect();
    let arrays = if others.len() == 1 { "the array" } else { "the arrays" };
    let is_all = others.is_empty() || pairs.is_empty();
    (!is_all).then(|| format!("not used: {arrays} {}", others.join(", ")))
}

/// Images and labels of each part by the names of their arrays.
fn by_names(names: &[String]) -> Vec<(Split, String, String)> {
    let find = |name: &str| names.iter().find(|own| own.eq_ignore_ascii_case(name)).cloned();
    let pair = |(part, known): (Split, &[(&str, &str)])| {
        known.iter().find_map(|(x, y)| Some((part, find(x)?, find(y)?)))
    };
    NAMES.into_iter().filter_map(pair).collect()
}

/// Images and labels by the shapes of arrays: in each part, named by a word such as `trainX`, the only
/// array of images and the only one of as many labels.
fn by_shapes(
    archive: &mut Archive,
    names: &[String],
) -> Result<Vec<(Split, String, String)>, String> {
    let mut shapes = Vec::new();
    for name in names {
        let array = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
        let shape = array.map(|array| array.shape().to_vec()).unwrap_or_default();
        let words =
            name.chars().flat_map(|c| c.is_uppercase().then_some(' ').into_iter().chain([c]));
        let words: String = words.collect();
        let own = words.split(|c: char| !c.is_alphabetic()).find_map(part).unwrap_or(Split::Train);
        shapes.push((own, name, shape));
    }
    let pair = |own: Split| {
        let own = || shapes.iter().filter(move |(part, ..)| *part == own);
        let mut images = own().filter(|(.., shape)| (3..=4).contains(&shape.len()));
        let (Some((part, x, shape)), None) = (images.next(), images.next()) else { return None };
        let mut labels = own()
            .filter(|(.., other)| (1..=2).contains(&other.len()) && other.first() == shape.first());
        let (Some((_, y, _)), None) = (labels.next(), labels.next()) else { return None };
        Some((*part, (*x).clone(), (*y).clone()))
    };
    Ok([Split::Train, Split::Validation, Split::Test].into_iter().filter_map(pair).collect())
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
    let mut classes: Vec<String> = parts[0].1.labels.clone();
    classes.sort_by(|a, b| natural(a, b));
    classes.dedup();
    let mut result = Dataset::new(&own_name(path), classes.clone(), Images::default(), true);
    let shape = (parts[0].1.channels, parts[0].1.side);
    for (part, pair) in parts {
        if (pair.channels, pair.side) != shape {
            let reason = "the parts hold images of different shapes";
            return Err(DatasetError::content(path, reason));
        }
        if pair.note.is_some() {
            result.resize = pair.resize;
        }
        let place = |name: &String| classes.binary_search_by(|class| natural(class, name)).ok();
        let places: Vec<Option<usize>> = pair.labels.iter().map(place).collect();
        // A network could not learn a class without training images.
        for (number, label) in
            pair.labels.iter().enumerate().filter(|(at, _)| places[*at].is_none())
        {
            let reason = Some(format!("of the class {}", shown(label)));
            let (kind, file) = (Kind::UntrainedClass, format!("image {number} of {}", pair.name));
            result.report.left_out.push(LeftOut { kind, file, reason });
        }
        let known: Vec<usize> = (0..places.len()).filter(|at| places[*at].is_some()).collect();
        let labels = places.iter().map(|place| place.unwrap_or(0) as u16).collect();
        let images = Images::new(pair.channels, pair.side, pair.pixels, labels);
        let images = if known.len() < places.len() { images.select(&known) } else { images };
        note_missing(&images, part, &classes, true, &mut result.report);
        let images = Some(images).filter(|images| !images.is_empty());
        match part {
            Split::Train => result.train = images.unwrap_or_default(),
            Split::Validation => result.validation = images,
            Split::Test => result.test = images,
        }
    }
    Ok(result)
}

/// Images of one part with the names of their classes.
struct Pair {
    /// The name of the array of images.
    name: String,
    channels: usize,
    side: Extent,
    pixels: Vec<u8>,
    labels: Vec<String>,
    resize: ResizeRule,
    /// A change of the images that a user should know.
    note: Option<String>,
}

impl Pair {
    fn new(
        name: &str,
        images: &Array,
        labels: &Array,
        source: &Source<'_>,
    ) -> Result<Self, String> {
        let labels = labels.classes()?;
        let shape = Shape::of(&images.shape)?;
        if shape.count != labels.len() {
            return Err(format!("{} labels for {} images", labels.len(), shape.count));
        }
        let bytes = images.bytes()?;
        let own = Extent::new(shape.height, shape.width);
        let side = match source.side {
            _ if own.is_square() => own,
            Side::Pixels(side) => side,
            Side::Auto => own.shorter().clamp(16, 96).into(),
        };
        let channels = if shape.channels == 1 { 1 } else { 3 };
        let mut pixels = Vec::with_capacity(shape.count * channels * side.pixels());
        for image in bytes.chunks_exact(shape.height * shape.width * shape.channels) {
            let mut picture = shape.picture(image);
            if side != own {
                picture = source.resize.apply(&picture, side, BACKGROUND);
            }
            pixels.extend(planes(&picture, channels));
        }
        let note = (side != own).then(|| {
            let (rule, to) = (source.resize, side.in_full());
            format!("images of {}x{} pixels are brought to {to} by {rule}", own.width, own.height)
        });
        let (name, resize) = (name.to_owned(), source.resize);
        Ok(Self { name, channels, side, pixels, labels, resize, note })
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
            [count, channels @ (1 | 3 | 4), height, width] => {
                make(count, height, width, channels, true)
            }
            [_, _] => {
                return Err(format!(
                    "the shape {shape:?} is that of flat images: reshape them to [n, height, width]"
                ));
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
