//! A cache of decoded images, so that the next command starts at once.
//!
//! One file a data set, side and rule: `AUTOMLIM`, the length of the header, the header's BLAKE3, the
//! header in JSON, and the pixels. A file of the data set counts as unchanged while its name, size
//! and time of change are.

use super::entry::{Entry, Stamp};
use super::{Content, Item};
use crate::pixels::Pixels;
use crate::report::Kind;
use crate::source::Source;
use automl_extent::Extent;
use automl_pictures::regular;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

const MAGIC: &[u8; 8] = b"AUTOMLIM";

/// Raised with every change of how images are decoded.
const VERSION: u32 = 2;

/// Bytes before the header: magic, its length, its hash.
const START: usize = 8 + 8 + 32;

/// The most bytes of all files of the cache together.
const LIMIT: u64 = 16 << 30;

/// The ending of cache files.
const ENDING: &str = "images";

/// The folder of the cache: `automl/images` in `$XDG_CACHE_HOME`, else in `~/.cache`; `None` where
/// there is no home folder.
pub fn default_cache() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = given.filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(std::env::home_dir()?.join(".cache")));
    base.map(|base| base.join("automl").join("images"))
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    version: u32,
    channels: usize,
    side: Extent,
    entries: Vec<Entry>,
}

/// The cache file of one data set.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    side: Extent,
}

/// The content of a cache file.
#[derive(Debug)]
pub(super) struct Known {
    pub entries: Vec<Entry>,
    pub channels: usize,
    pub pixels: Arc<Pixels>,
    /// Bytes of one channel.
    plane: usize,
    /// Entry and place in the pixels by name.
    by_name: HashMap<String, (usize, usize)>,
}

impl Cache {
    /// The file for a data set, where there is a cache and a folder.
    pub(super) fn of(source: &Source<'_>, side: Extent) -> Option<Self> {
        let (cache, folder) = (source.cache?, source.folder?);
        let folder = std::fs::canonicalize(folder).ok()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(folder.as_os_str().as_encoded_bytes());
        let rest = format!("\0{VERSION} {side} {}", source.resize);
        hasher.update(rest.as_bytes());
        let name = &hasher.finalize().to_hex()[..32];
        Some(Self { path: cache.join(format!("{name}.{ENDING}")), side })
    }

    /// The content of the file, if it is whole.
    pub(super) fn open(&self) -> Option<Known> {
        let mut file = File::open(&self.path).ok()?;
        let mut start = [0; START];
        file.read_exact(&mut start).ok()?;
        let (magic, rest) = start.split_at(8);
        let (length, hash) = rest.split_at(8);
        let length = u64::from_le_bytes(length.try_into().ok()?);
        let total = file.metadata().ok()?.len();
        if magic != MAGIC || length > total {
            return None;
        }
        let mut text = vec![0; length as usize];
        file.read_exact(&mut text).ok()?;
        if blake3::hash(&text).as_bytes() != hash {
            return None;
        }
        let header: Header = serde_json::from_slice(&text).ok()?;
        let plane = header.side.pixels();
        let count = header.entries.iter().filter(|entry| entry.failure.is_none()).count();
        let offset = START + text.len();
        let expected = offset + count * header.channels * plane;
        if header.version != VERSION || header.side != self.side || total != expected as u64 {
            return None;
        }
        // The files that were not used for longest are removed first.
        let _ = file.set_modified(SystemTime::now());
        let pixels = Arc::new(Pixels::map(&file, offset).ok()?);
        Some(Known::new(header, plane, pixels))
    }

    /// Keeps decoded images and gives them back as the file's content; `None` if there is no room.
    pub(super) fn keep(&self, entries: &[Entry], channels: usize, pixels: &[u8]) -> Option<Pixels> {
        let header =
            Header { version: VERSION, channels, side: self.side, entries: entries.to_vec() };
        let text = serde_json::to_vec(&header).ok()?;
        let folder = self.path.parent()?;
        std::fs::create_dir_all(folder).ok()?;
        let length = (START + text.len() + pixels.len()) as u64;
        make_room(folder, &self.path, LIMIT.checked_sub(length)?);
        let own = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&own)?;
            file.write_all(MAGIC)?;
            file.write_all(&(text.len() as u64).to_le_bytes())?;
            file.write_all(blake3::hash(&text).as_bytes())?;
            file.write_all(&text)?;
            file.write_all(pixels)?;
            std::fs::rename(&own, &self.path)
        };
        if write().is_err() {
            let _ = std::fs::remove_file(&own);
            return None;
        }
        Pixels::map(&File::open(&self.path).ok()?, START + text.len()).ok()
    }
}

/// Removes cache files, those first that were not used for longest, until the others take at most
/// `limit` bytes.
fn make_room(folder: &Path, own: &Path, limit: u64) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let (path, found) = (entry.path(), entry.metadata().ok()?);
            let is_cache = path.extension().is_some_and(|ending| ending == ENDING);
            (is_cache && path != own).then_some((found.modified().ok()?, found.len(), path))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if total <= limit {
            break;
        }
        if std::fs::remove_file(path).is_ok() {
            total -= length;
        }
    }
}

impl Known {
    fn new(header: Header, plane: usize, pixels: Arc<Pixels>) -> Self {
        let mut by_name = HashMap::with_capacity(header.entries.len());
        let mut place = 0;
        for (index, entry) in header.entries.iter().enumerate() {
            by_name.insert(entry.name.clone(), (index, place));
            place += usize::from(entry.failure.is_none());
        }
        let (entries, channels) = (header.entries, header.channels);
        Self { entries, channels, pixels, plane, by_name }
    }

    /// Whether these are all of its files, in its order.
    pub(super) fn is_of(&self, items: &[Item], stamps: &[Stamp]) -> bool {
        self.entries.len() == items.len()
            && self.entries.iter().zip(items.iter().zip(stamps)).all(|(entry, (item, stamp))| {
                entry.name == item.name && is_settled(entry, item, stamp)
            })
    }

    /// Copies the pixels of an unchanged item.
    pub(super) fn copy(&self, item: &Item, stamp: &Stamp, out: &mut [u8]) -> Option<Entry> {
        let (index, place) = *self.by_name.get(&item.name)?;
        let entry = self.entries.get(index).filter(|entry| is_settled(entry, item, stamp))?;
        if entry.failure.is_some() {
            return Some(entry.clone());
        }
        let size = self.channels * self.plane;
        let image = self.pixels.get(place * size..(place + 1) * size)?;
        if image.len() == out.len() {
            out.copy_from_slice(image);
        } else {
            // A grey image among colored ones.
            out.chunks_mut(self.plane).for_each(|plane| plane.copy_from_slice(image));
        }
        Some(entry.clone())
    }
}

/// Whether what is known of an item still holds. A file that could not be read may be readable now.
fn is_settled(entry: &Entry, item: &Item, stamp: &Stamp) -> bool {
    let is_unreadable = entry.failure.as_ref().is_some_and(|f| f.kind == Kind::Unreadable);
    let is_readable = || match &item.content {
        Content::File(path) => regular::open(path).is_ok(),
        Content::Bytes(_) => true,
    };
    entry.stamp == *stamp && !(is_unreadable && is_readable())
}
