//! Labeled images.

use crate::file_hash::FileHash;
use crate::pixels::Pixels;
use crate::stratify::random;
use automl_extent::Extent;
use std::sync::Arc;

/// Images of one height and width with their labels.
///
/// The pixels of a data set lie in memory once: selections, subsets and splits share them.
///
/// # Examples
/// ```
/// use automl_data::Images;
///
/// let images = Images::new(1, 2, (0..12).collect(), vec![0, 1, 1]);
/// assert_eq!((images.len(), images.size()), (3, 4));
/// assert_eq!(images.image(1), [4, 5, 6, 7]);
/// assert_eq!(images.select(&[2, 0]).labels, [1, 0]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Images {
    /// Color channels: 1 or 3.
    pub channels: usize,
    /// Height and width in pixels.
    pub side: Extent,
    /// The class of each image. `[n]`.
    pub labels: Vec<u16>,
    /// The place of each image in the pixels. `[n]`.
    places: Vec<u32>,
    pixels: Arc<Pixels>,
}

impl Images {
    /// Images of pixels `[n, channels, height, width]`; bytes beyond `labels.len()` images are unused.
    pub fn new(
        channels: usize,
        side: impl Into<Extent>,
        pixels: Vec<u8>,
        labels: Vec<u16>,
    ) -> Self {
        let places = (0..labels.len() as u32).collect();
        Self::shared(channels, side.into(), Arc::new(Pixels::Owned(pixels)), places, labels)
    }

    /// Images at some places of shared pixels.
    pub(crate) fn shared(
        channels: usize,
        side: Extent,
        pixels: Arc<Pixels>,
        places: Vec<u32>,
        labels: Vec<u16>,
    ) -> Self {
        Self { channels, side, labels, places, pixels }
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of bytes of one image.
    pub fn size(&self) -> usize {
        self.channels * self.side.pixels()
    }

    /// The pixels of one image, `[channels, height, width]`; empty for an index out of range.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.size();
        let image = self.places.get(index).map(|place| *place as usize * size);
        image.and_then(|start| self.pixels.get(start..start + size)).unwrap_or_default()
    }

    /// The pixels of each image in turn.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.image(index))
    }

    /// The place of each image in the data set's list of files.
    pub(crate) fn places(&self) -> &[u32] {
        &self.places
    }

    /// The name of the file of an image, among the files of its data set; `None` for images that
    /// come from one file.
    pub fn file_name<'a>(&self, files: &'a [FileHash], index: usize) -> Option<&'a str> {
        let place = *self.places.get(index)?;
        files.get(place as usize).map(|file| file.name.as_str())
    }

    /// The images at these indexes, in their order; indexes out of range are left out.
    pub fn select(&self, indexes: &[usize]) -> Self {
        let known = || indexes.iter().filter(|index| **index < self.len());
        Self {
            labels: known().map(|&index| self.labels[index]).collect(),
            places: known().map(|&index| self.places[index]).collect(),
            ..self.empty()
        }
    }

    /// No images of these pixels.
    fn empty(&self) -> Self {
        let (labels, places, pixels) = (Vec::new(), Vec::new(), Arc::clone(&self.pixels));
        Self { channels: self.channels, side: self.side, labels, places, pixels }
    }

    /// A stratified random choice of at most `most` images: each class keeps its share.
    pub fn at_most(&self, most: usize, seed: u64) -> Self {
        if self.len() <= most {
            return self.clone();
        }
        let mut chosen = random(&self.labels, seed)[..most].to_vec();
        chosen.sort_unstable();
        self.select(&chosen)
    }

    /// Appends images of the same shape. Those of other pixels are copied.
    pub(crate) fn append(&mut self, other: &Self) {
        if Arc::ptr_eq(&self.pixels, &other.pixels) {
            self.places.extend_from_slice(&other.places);
            self.labels.extend_from_slice(&other.labels);
            return;
        }
        let both = || self.iter().chain(other.iter());
        let labels = [&self.labels[..], &other.labels].concat();
        *self = Self::new(self.channels, self.side, both().flatten().copied().collect(), labels);
    }
}

/// The same images with the same labels in the same order, wherever their pixels lie.
impl PartialEq for Images {
    fn eq(&self, other: &Self) -> bool {
        (self.channels, self.side, &self.labels) == (other.channels, other.side, &other.labels)
            && self.iter().eq(other.iter())
    }
}

impl Eq for Images {}
