//! Decoding of all images of a data set, on all cores and with a cache.

mod cache;
mod entry;

pub use cache::default_cache;

use crate::DatasetError;
use crate::file_hash::FileHash;
use crate::pixels::Pixels;
use crate::report::LeftOut;
use crate::source::Source;
use automl_extent::Extent;
use automl_pictures::{
    BACKGROUND, DecodeError, Encoded, OrientationRule, ResizeRule, planes, regular, with_channels,
};
use cache::Cache;
use entry::{Entry, Stamp};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An encoded image of a data set.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its name within the data set.
    pub name: String,
    pub content: Content,
}

/// The place of an encoded image.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    File(PathBuf),
    Bytes(Vec<u8>),
}

/// The decoded images of a data set.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub channels: usize,
    pub pixels: Arc<Pixels>,
    /// The place of each item in the pixels; `None` for those that cannot be decoded.
    pub places: Vec<Option<u32>>,
    /// The files by their places.
    pub files: Vec<FileHash>,
    /// Items that cannot be decoded.
    pub failures: Vec<LeftOut>,
    /// The median width and height as shown.
    pub shape: (u32, u32),
}

/// Decodes all items to the height and width of `side`. Where all of them are grey, they have one channel,
/// unless the source says otherwise.
///
/// # Errors
/// [`DatasetError`] if memory does not suffice, or reading is to end.
pub(crate) fn load(
    items: &[Item],
    side: Extent,
    source: &Source<'_>,
) -> Result<Loaded, DatasetError> {
    let mut loaded = decoded(items, side, source)?;
    if let Some(channels) = source.channels.filter(|channels| *channels != loaded.channels) {
        let pixels = with_channels(&loaded.pixels, side.pixels(), channels);
        (loaded.channels, loaded.pixels) = (channels, Arc::new(Pixels::Owned(pixels)));
    }
    Ok(loaded)
}

/// All items as they are kept in the cache.
fn decoded(items: &[Item], side: Extent, source: &Source<'_>) -> Result<Loaded, DatasetError> {
    let cache = Cache::of(source, side);
    let stamps: Vec<Stamp> = items.par_iter().map(Stamp::of).collect();
    let known = cache.as_ref().and_then(Cache::open);
    if let Some(known) = &known
        && known.is_of(items, &stamps)
    {
        return Ok(loaded(&known.entries, known.channels, Arc::clone(&known.pixels)));
    }
    let size = 3 * side.pixels();
    let mut pixels = zeros(items.len().saturating_mul(size), source)?;
    let done = AtomicUsize::new(0);
    let mut entries: Vec<Entry> = pixels
        .par_chunks_mut(size.max(1))
        .zip(items.par_iter().zip(&stamps))
        .map(|(out, (item, stamp))| {
            if (source.stop)() {
                return Entry::new(item, *stamp);
            }
            let entry = known.as_ref().and_then(|known| known.copy(item, stamp, out));
            let entry = entry.unwrap_or_else(|| decode(item, *stamp, side, source.resize, out));
            (source.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, items.len());
            entry
        })
        .collect();
    drop(known);
    if (source.stop)() {
        return Err(DatasetError::Stopped);
    }
    compact(&mut pixels, &mut entries, size);
    let is_grey = entries.iter().all(|entry| entry.is_grey);
    if is_grey {
        first_planes(&mut pixels, side.pixels());
    }
    let channels = if is_grey { 1 } else { 3 };
    let kept = cache.and_then(|cache| cache.keep(&entries, channels, &pixels));
    let pixels = kept.unwrap_or(Pixels::Owned(pixels));
    Ok(loaded(&entries, channels, Arc::new(pixels)))
}

fn zeros(count: usize, source: &Source<'_>) -> Result<Vec<u8>, DatasetError> {
    let mut pixels = Vec::new();
    pixels.try_reserve_exact(count).map_err(|_| {
        let reason =
            format!("the decoded images take {count} bytes of memory: choose a smaller side");
        DatasetError::content(source.folder.unwrap_or("the images".as_ref()), reason)
    })?;
    pixels.resize(count, 0);
    Ok(pixels)
}

/// Moves the images that were decoded to the front, in their order.
fn compact(pixels: &mut Vec<u8>, entries: &mut [Entry], size: usize) {
    let mut place = 0;
    for (index, entry) in entries.iter_mut().enumerate() {
        if entry.failure.is_some() {
            continue;
        }
        if place != index {
            pixels.copy_within(index * size..(index + 1) * size, place * size);
        }
        place += 1;
    }
    pixels.truncate(place * size);
}

/// Keeps the first of each three planes.
fn first_planes(pixels: &mut Vec<u8>, plane: usize) {
    let images = pixels.len() / (3 * plane).max(1);
    for image in 1..images {
        pixels.copy_within(3 * image * plane..(3 * image + 1) * plane, image * plane);
    }
    pixels.truncate(images * plane);
    pixels.shrink_to_fit();
}

fn loaded(entries: &[Entry], channels: usize, pixels: Arc<Pixels>) -> Loaded {
    let mut places = Vec::with_capacity(entries.len());
    let (mut files, mut failures) = (Vec::new(), Vec::new());
    let (mut widths, mut heights) = (Vec::new(), Vec::new());
    for entry in entries {
        match &entry.failure {
            Some(failure) => {
                places.push(None);
                failures.push(failure.clone());
            }
            None => {
                places.push(Some(files.len() as u32));
                files.push(FileHash { name: entry.name.clone(), hash: entry.hash.clone() });
                widths.push(entry.width);
                heights.push(entry.height);
            }
        }
    }
    let shape = (median(&mut widths), median(&mut heights));
    Loaded { channels, pixels, places, files, failures, shape }
}

fn median(values: &mut [u32]) -> u32 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// The most files by which an automatic side is decided.
const SAMPLED: usize = 500;

/// The side for images of varying size: the median of their shorter sides, in steps of 8 from 16 to
/// 96 pixels. A training takes time in proportion to its square.
pub(crate) fn automatic_side(items: &[Item]) -> usize {
    let step = items.len().div_ceil(SAMPLED).max(1);
    let sampled: Vec<&Item> = items.iter().step_by(step).collect();
    let short = |item: &&Item| {
        let (width, height) = Encoded::new(&item.read().ok()?).ok()?.dimensions()?;
        Some(width.min(height))
    };
    let mut sides: Vec<u32> = sampled.par_iter().filter_map(short).collect();
    (median(&mut sides) as usize / 8 * 8).clamp(16, 96)
}

impl Item {
    /// The encoded bytes.
    fn read(&self) -> std::io::Result<std::borrow::Cow<'_, [u8]>> {
        match &self.content {
            Content::File(path) => Ok(regular::read(path)?.into()),
            Content::Bytes(bytes) => Ok(bytes.into()),
        }
    }
}

/// Decodes one item into `[3, height, width]` bytes.
fn decode(item: &Item, stamp: Stamp, side: Extent, rule: ResizeRule, out: &mut [u8]) -> Entry {
    let mut entry = Entry::new(item, stamp);
    let mut fill = || -> Result<(), DecodeError> {
        if let Content::File(path) = &item.content {
            Encoded::check_start(path)?;
        }
        let bytes = item.read()?;
        entry.hash = blake3::hash(&bytes).to_hex()[..32].to_owned();
        let picture = Encoded::new(&bytes)?.picture(side, BACKGROUND, OrientationRule::Exif)?;
        (entry.width, entry.height) = picture.dimensions;
        let resized = rule.apply(&picture.colors, side, BACKGROUND);
        entry.is_grey = resized.pixels().all(|pixel| pixel.0[1..].iter().all(|c| *c == pixel.0[0]));
        out.copy_from_slice(&planes(&resized, 3));
        Ok(())
    };
    if let Err(error) = fill() {
        entry.fail(error, matches!(item.content, Content::File(_)));
    }
    entry
}
