//! What is known of one file of a data set.

use super::{Content, Item};
use crate::report::{Kind, LeftOut};
use automl_pictures::{DecodeError, has_image_name};
use serde::{Deserialize, Serialize};
use std::time::UNIX_EPOCH;

/// Size and time of change of a file, by which a change is noticed without reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: u64,
}

impl Stamp {
    pub(super) fn of(item: &Item) -> Self {
        match &item.content {
            Content::Bytes(bytes) => {
                // The time is that of no file; a part of the hash stands for it.
                let hash = blake3::hash(bytes);
                let start = hash.as_bytes().first_chunk().copied().unwrap_or_default();
                Self { size: bytes.len() as u64, modified: u64::from_le_bytes(start) }
            }
            Content::File(path) => std::fs::metadata(path).map_or(Self::default(), |found| {
                let modified = found.modified().ok();
                let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                let modified = since.map_or(0, |since| since.as_nanos() as u64);
                Self { size: found.len(), modified }
            }),
        }
    }
}

/// One file of a data set, decoded or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub name: String,
    pub stamp: Stamp,
    /// BLAKE3 of the content, 32 hexadecimal digits; empty where it was not read.
    pub hash: String,
    /// Size in pixels as shown.
    pub width: u32,
    pub height: u32,
    /// Whether the three channels are equal.
    pub is_grey: bool,
    /// Why there are no pixels.
    pub failure: Option<LeftOut>,
}

impl Entry {
    pub(super) fn new(item: &Item, stamp: Stamp) -> Self {
        Self {
            name: item.name.clone(),
            stamp,
            hash: String::new(),
            width: 0,
            height: 0,
            is_grey: true,
            failure: None,
        }
    }

    /// Keeps why the item cannot be decoded. Of the files of a folder, some are not meant to be images.
    pub(super) fn fail(&mut self, error: DecodeError, is_file: bool) {
        use DecodeError as Error;
        let error = error.of(&self.name);
        let kind = match error {
            Error::NoImage | Error::Foreign(_) if is_file && !has_image_name(&self.name) => {
                Kind::Other
            }
            Error::Read(_) => Kind::Unreadable,
            Error::Unsupported(_) | Error::Kind(_) | Error::Large { .. } | Error::Memory => {
                Kind::Unsupported
            }
            _ => Kind::Damaged,
        };
        let reason = (kind != Kind::Other).then(|| error.to_string());
        self.failure = Some(LeftOut { kind, file: self.name.clone(), reason });
        self.is_grey = true;
    }
}
