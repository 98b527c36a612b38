//! TIFF images that the usual decoder does not take: palettes, and grey with transparency.

use image::metadata::Orientation;
use image::{DynamicImage, GrayAlphaImage, ImageBuffer, LumaA, Rgb, RgbImage};
use std::io::Cursor;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::{ByteOrder, Tag};
use tiff::{ColorType, TiffResult};

type File<'a> = Decoder<Cursor<&'a [u8]>>;

/// The number of the tag that tells what samples mean.
const INTERPRETATION: u16 = 262;

/// Where samples are shades of grey from black to white.
const BLACK_IS_ZERO: u16 = 1;

/// The first image of a file with a palette, or of grey with transparency, and its orientation; `None` for
/// other kinds.
///
/// # Errors
/// [`TiffError`](tiff::TiffError) for files of these kinds that are damaged.
pub(super) fn unusual(file: &[u8]) -> TiffResult<Option<(DynamicImage, Orientation)>> {
    let mut decoder = Decoder::new(Cursor::new(file))?;
    let exif = decoder.find_tag_unsigned::<u8>(Tag::Orientation).ok().flatten();
    let orientation = exif.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    let map = decoder.find_tag_unsigned_vec::<u16>(Tag::ColorMap)?;
    let image = match (map, decoder.colortype()) {
        (Some(map), Err(_)) => by_palette(file, &mut decoder, &map)?,
        (_, Ok(ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2 })) => {
            grey_alpha(&mut decoder)?
        }
        _ => None,
    };
    Ok(image.map(|image| (image, orientation)))
}

/// Width and height as stored, of any kind.
pub(super) fn dimensions(file: &[u8]) -> Option<(u32, u32)> {
    Decoder::new(Cursor::new(file)).ok()?.dimensions().ok()
}

/// Looks each index up in the palette: all reds, all greens, all blues, of 16 bits each.
fn by_palette(
    file: &[u8],
    decoder: &mut File<'_>,
    map: &[u16],
) -> TiffResult<Option<DynamicImage>> {
    let (width, height) = decoder.dimensions()?;
    let bits = decoder.find_tag_unsigned::<u16>(Tag::BitsPerSample)?.unwrap_or(1);
    let colors = 1usize << bits.min(8);
    let Some(grey) = as_grey(file, decoder).filter(|_| bits <= 8 && map.len() == 3 * colors) else {
        return Ok(None);
    };
    let DecodingResult::U8(packed) = Decoder::new(Cursor::new(&grey[..]))?.read_image()? else {
        return Ok(None);
    };
    // Some programs write colors of 8 bits.
    let unit = if map.iter().any(|value| *value > 255) { 257 } else { 1 };
    let row = (width as usize * usize::from(bits)).div_ceil(8);
    let image = RgbImage::from_fn(width, height, |x, y| {
        let at = x as usize * usize::from(bits);
        let byte = packed.get(y as usize * row + at / 8).copied().unwrap_or(0);
        let index = usize::from(byte) >> (8 - usize::from(bits) - at % 8) & (colors - 1);
        Rgb([0, 1, 2].map(|channel| (map[channel * colors + index] / unit) as u8))
    });
    Ok(Some(image.into()))
}

/// The same file with its indexes declared as shades of grey.
fn as_grey(file: &[u8], decoder: &mut File<'_>) -> Option<Vec<u8>> {
    let is_little = decoder.byte_order() == ByteOrder::LittleEndian;
    let short = |at: usize| {
        let bytes = file.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    // In BigTIFF the number of entries, and their counts and values, have eight bytes.
    let (head, entry, value) = if short(2)? == 43 { (8, 20, 12) } else { (2, 12, 8) };
    let first = usize::try_from(decoder.ifd_pointer()?.0).ok()?.checked_add(head)?;
    let mut entries = (0..usize::from(u16::MAX)).map(|number| first + number * entry);
    let place = entries.find(|at| short(*at).is_none_or(|tag| tag >= INTERPRETATION))?;
    let mut grey = file.to_vec();
    let shade = if is_little { BLACK_IS_ZERO.to_le_bytes() } else { BLACK_IS_ZERO.to_be_bytes() };
    short(place).filter(|tag| *tag == INTERPRETATION)?;
    grey.get_mut(place + value..place + value + 2)?.copy_from_slice(&shade);
    Some(grey)
}

/// Two samples for each pixel, a shade and its opacity.
fn grey_alpha(decoder: &mut File<'_>) -> TiffResult<Option<DynamicImage>> {
    let tag = |decoder: &mut File<'_>, tag| decoder.find_tag_unsigned_vec::<u16>(tag);
    let is_planar = tag(decoder, Tag::PlanarConfiguration)?.is_some_and(|found| found != [1]);
    let is_usual = tag(decoder, Tag::PhotometricInterpretation)? == Some(vec![BLACK_IS_ZERO]);
    // 1: the shade was multiplied by its opacity; 2: it was not; 0: the second sample is something else.
    let extra = tag(decoder, Tag::ExtraSamples)?.and_then(|found| found.first().copied());
    let (width, height) = decoder.dimensions()?;
    if is_planar || !is_usual {
        return Ok(None);
    }
    let samples = match decoder.read_image()? {
        DecodingResult::U8(samples) => samples,
        DecodingResult::U16(samples) => samples.iter().map(|value| (value / 257) as u8).collect(),
        _ => return Ok(None),
    };
    let image: Option<GrayAlphaImage> = ImageBuffer::from_raw(width, height, samples);
    Ok(image.map(|mut image| {
        for LumaA([shade, alpha]) in image.pixels_mut() {
            match extra {
                Some(1) => *shade = divided(*shade, *alpha),
                Some(2) => {}
                _ => *alpha = 255,
            }
        }
        image.into()
    }))
}

/// A shade that was multiplied by its opacity, without it.
fn divided(shade: u8, alpha: u8) -> u8 {
    let alpha = u32::from(alpha.max(1));
    ((u32::from(shade) * 255 + alpha / 2) / alpha).min(255) as u8
}
