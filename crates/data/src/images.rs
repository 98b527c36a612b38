//! Labeled images.

use crate::stratify::random;

/// Square images of one size with their labels.
///
/// # Examples
/// ```
/// use automl_data::Images;
///
/// let images = Images { channels: 1, side: 2, pixels: (0..12).collect(), labels: vec![0, 1, 1] };
/// assert_eq!((images.len(), images.size()), (3, 4));
/// assert_eq!(images.image(1), [4, 5, 6, 7]);
/// assert_eq!(images.select(&[2, 0]).labels, [1, 0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// Color channels: 1 or 3.
    pub channels: usize,
    /// Side in pixels.
    pub side: usize,
    /// Pixels `[n, channels, side, side]`.
    pub pixels: Vec<u8>,
    /// The class of each image. `[n]`.
    pub labels: Vec<u16>,
}

impl Images {
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
        self.channels * self.side * self.side
    }

    /// The pixels of one image, `[channels, side, side]`; empty for an index out of range.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.size();
        self.pixels.get(index * size..(index + 1) * size).unwrap_or_default()
    }

    /// The images at these indexes, in their order; indexes out of range are left out.
    pub fn select(&self, indexes: &[usize]) -> Self {
        let mut chosen = Self { channels: self.channels, side: self.side, ..Self::default() };
        for &index in indexes.iter().filter(|index| **index < self.len()) {
            chosen.pixels.extend_from_slice(self.image(index));
            chosen.labels.push(self.labels[index]);
        }
        chosen
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

    /// Appends images of the same shape.
    pub(crate) fn append(&mut self, other: &Self) {
        self.pixels.extend_from_slice(&other.pixels);
        self.labels.extend_from_slice(&other.labels);
    }
}
