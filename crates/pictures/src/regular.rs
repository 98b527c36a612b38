//! Regular files, plain or gzipped: what else has a name may have no end, or wait for another program.

use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::io::{self, Cursor, Error, ErrorKind, Read};
use std::path::Path;

/// Opens a regular file; links are followed.
///
/// # Errors
/// What else has the name, and what the system says.
///
/// # Examples
/// ```
/// use automl_pictures::regular;
///
/// let folder = tempfile::tempdir()?;
/// let error = regular::open(folder.path()).map(drop).unwrap_err();
/// assert!(error.to_string().contains("not a regular file"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn open(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Reads a regular file.
///
/// # Errors
/// As [`open`], and those of reading.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a regular file as text.
///
/// # Errors
/// As [`read`], and bytes that are not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The most bytes that a byte of a deflated file stands for.
const DEFLATED: u64 = 1032;

/// The content of a file, unpacked where it is gzipped, and the most bytes that it can have.
///
/// # Errors
/// As [`open`].
pub fn unpacked(path: &Path) -> io::Result<(Box<dyn Read>, u64)> {
    let mut file = open(path)?;
    let size = file.metadata()?.len();
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start)?;
    let is_gzipped = start == [0x1f, 0x8b];
    let whole = Cursor::new(start).chain(file);
    Ok(if is_gzipped {
        (Box::new(GzDecoder::new(whole)), size.saturating_mul(DEFLATED))
    } else {
        (Box::new(whole), size)
    })
}

/// Reads as many bytes as a header says, and no more.
///
/// # Errors
/// A content that is shorter or longer, or that memory does not hold.
pub fn exactly(content: impl Read, expected: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = expected.saturating_add(1);
    if !usize::try_from(most).is_ok_and(|most| bytes.try_reserve_exact(most).is_ok()) {
        return Err(Error::other(format!("its {expected} bytes do not fit into memory")));
    }
    content.take(most).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    if found > expected {
        return Err(Error::other(format!("holds more than the {expected} bytes of its header")));
    }
    if found < expected {
        let reason = format!("holds {found} bytes where its header says {expected}: truncated?");
        return Err(Error::other(reason));
    }
    Ok(bytes)
}
