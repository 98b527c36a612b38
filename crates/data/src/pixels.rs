//! The bytes of images, in memory or in a mapped file.

use memmap2::Mmap;
use std::fs::File;
use std::ops::Deref;

/// Bytes that any number of image lists share.
#[derive(Debug)]
pub(crate) enum Pixels {
    Owned(Vec<u8>),
    /// The bytes of a cache file from an offset on.
    Mapped(Mmap, usize),
}

impl Pixels {
    /// Maps a cache file, from an offset on.
    ///
    /// # Errors
    /// Those of the system.
    #[expect(unsafe_code, reason = "a mapped file, see the comment")]
    pub(crate) fn map(file: &File, offset: usize) -> std::io::Result<Self> {
        // SAFETY: a mapping is sound while nobody changes or shortens the file. Cache files are
        // written under another name, renamed when they are complete, never opened for writing
        // again, and removed by name only, which leaves mappings intact; they lie in a folder of
        // the user's own. Every value of a byte is a valid `u8`.
        let map = unsafe { Mmap::map(file) }?;
        Ok(Self::Mapped(map, offset))
    }
}

impl Deref for Pixels {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map, offset) => map.get(*offset..).unwrap_or_default(),
        }
    }
}

impl Default for Pixels {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}
