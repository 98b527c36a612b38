//! Files that end too early.
//!
//! Decoders fill what is missing with grey, each in its own way; here one rule holds for all
//! formats. Where a format has an end marker or tells its length, the file must reach it.

use super::Format;

/// Whether a file reaches the end that its format announces. TIFF has none: there, its decoder
/// misses the bytes.
pub(super) fn is_whole(format: Format, file: &[u8]) -> bool {
    match format {
        Format::Png => png(file),
        Format::Jpeg => jpeg(file),
        Format::Gif => gif(file),
        Format::WebP => webp(file),
        Format::Bmp => bmp(file),
        Format::Tiff => Some(()),
    }
    .is_some()
}

fn reaches(file: &[u8], length: usize) -> Option<()> {
    (file.len() >= length).then_some(())
}

/// Chunks up to `IEND`: length, name, content, checksum.
fn png(file: &[u8]) -> Option<()> {
    let mut rest = file.get(8..)?;
    loop {
        let length = u32::from_be_bytes(rest.first_chunk().copied()?) as usize;
        let is_last = rest.get(4..8)? == b"IEND";
        rest = rest.get(12usize.checked_add(length)?..)?;
        if is_last {
            return Some(());
        }
    }
}

/// Segments with their lengths, scans without, up to `EOI` (`ff d9`). Thumbnails have an `EOI` of
/// their own within a segment.
fn jpeg(file: &[u8]) -> Option<()> {
    let mut rest = file.get(2..)?;
    loop {
        let start = rest.iter().position(|byte| *byte == 0xff)?;
        rest = rest.get(start + 1..)?;
        match rest.first()? {
            0xd9 => return Some(()),
            // Stuffed bytes, fill bytes and restart markers have no content.
            0x00 | 0x01 | 0xff | 0xd0..=0xd8 => {}
            _ => {
                let length = u16::from_be_bytes(rest.get(1..3)?.try_into().ok()?);
                rest = rest.get(1 + usize::from(length)..)?;
            }
        }
    }
}

/// Blocks up to the trailer `3b`.
fn gif(file: &[u8]) -> Option<()> {
    /// The bytes of a color table by the flags before it.
    fn table(flags: u8) -> usize {
        if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
    }
    /// Behind sub-blocks, which an empty one ends.
    fn skip(mut rest: &[u8]) -> Option<&[u8]> {
        loop {
            let (length, tail) = rest.split_first()?;
            rest = tail.get(usize::from(*length)..)?;
            if *length == 0 {
                return Some(rest);
            }
        }
    }
    let mut rest = file.get(13 + table(*file.get(10)?)..)?;
    loop {
        rest = match rest.first()? {
            0x3b => return Some(()),
            0x21 => skip(rest.get(2..)?)?,
            // A descriptor, a color table, the size of codes.
            0x2c => skip(rest.get(11 + table(*rest.get(9)?)..)?)?,
            _ => return None,
        };
    }
}

/// The length of all that follows the first eight bytes.
fn webp(file: &[u8]) -> Option<()> {
    let length = u32::from_le_bytes(file.get(4..8)?.try_into().ok()?) as usize;
    reaches(file, length.checked_add(8)?)
}

/// The rows of an uncompressed image, behind their offset; some programs leave the file's length
/// empty.
fn bmp(file: &[u8]) -> Option<()> {
    let word = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    let short = |at: usize| Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?));
    let start = word(10)? as usize;
    if word(14)? == 12 {
        let (width, height, bits) = (short(18)?, short(20)?, short(24)?);
        let row = (usize::from(width) * usize::from(bits)).div_ceil(32) * 4;
        return reaches(file, start.checked_add(row * usize::from(height))?);
    }
    let (width, height, bits) = (word(18)? as i32, word(22)? as i32, short(28)?);
    let (width, height) = (width.unsigned_abs() as usize, height.unsigned_abs() as usize);
    let is_coded = matches!(word(30)?, 1 | 2);
    let length = match is_coded {
        true => word(34)? as usize,
        false => width.checked_mul(bits.into())?.div_ceil(32).checked_mul(4 * height)?,
    };
    reaches(file, start.checked_add(length)?)
}
