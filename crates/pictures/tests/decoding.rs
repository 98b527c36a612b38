//! Laws of reading image files: orientation, transparency, damage, formats.
#![allow(clippy::unwrap_used)]

mod encoded;

use automl_extent::Extent;
use automl_pictures::{BACKGROUND, DecodeError, OrientationRule, Preprocessing, ResizeRule};
use encoded::{FORMATS, encode, with_orientation};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

fn preprocessing(side: impl Into<Extent>, channels: usize) -> Preprocessing {
    Preprocessing {
        channels,
        side: side.into(),
        resize: ResizeRule::Squash,
        background: BACKGROUND,
        orientation: OrientationRule::Exif,
        mean: vec![0.5; channels],
        sd: vec![0.25; channels],
    }
}

/// Four colors in the corners and an arrow: it looks different in each of its eight turns.
fn picture(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| match (x < side / 2, y < side / 2) {
        (true, true) => Rgb([220, 20, 20]),
        (false, true) => Rgb([20, 220, 20]),
        (true, false) => Rgb([20, 20, 220]),
        (false, false) => Rgb([120, 120, 20]),
    })
}

/// The stored pixels that a viewer turns upright by an orientation: its inverse.
fn stored(shown: &RgbImage, orientation: u8) -> RgbImage {
    let inverse = match orientation {
        6 => 8,
        8 => 6,
        other => other,
    };
    let mut image = DynamicImage::ImageRgb8(shown.clone());
    image.apply_orientation(image::metadata::Orientation::from_exif(inverse).unwrap());
    image.into_rgb8()
}

#[test]
fn all_eight_orientations_are_shown_upright_in_every_format() {
    let shown = picture(16);
    let extents = [Extent::square(16), Extent::new(16, 10)].map(|side| preprocessing(side, 3));
    let formats = ["jpg", "png", "webp", "tif"];
    for (format, preprocessing) in formats.iter().flat_map(|f| extents.each_ref().map(|e| (f, e))) {
        let upright = preprocessing.pixels(&with_orientation(&shown, format, 1)).unwrap();
        for orientation in 2..=8 {
            let file = with_orientation(&stored(&shown, orientation), format, orientation);
            let pixels = preprocessing.pixels(&file).unwrap();
            let difference = pixels.iter().zip(&upright).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(difference <= Some(12), "{format} {orientation}: {difference:?}");
            let as_stored =
                Preprocessing { orientation: OrientationRule::Stored, ..preprocessing.clone() };
            assert_ne!(as_stored.pixels(&file).unwrap(), pixels, "{format} {orientation}");
        }
    }
}

#[test]
fn every_format_is_read_by_its_content() {
    let image = DynamicImage::ImageRgb8(picture(16));
    let expected = preprocessing(16, 3).pixels(&encode(&image, "png")).unwrap();
    for format in FORMATS {
        let pixels = preprocessing(16, 3).pixels(&encode(&image, format)).unwrap();
        // JPEG is lossy, GIF has 256 colors.
        let error: u64 = pixels.iter().zip(&expected).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(error / (pixels.len() as u64) < 8, "{format}: {error}");
    }
}

#[test]
fn grey_and_deep_images_have_the_same_values() {
    let grey = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * 8 + y * 20) as u8]));
    let deep = DynamicImage::ImageLuma8(grey.clone()).into_luma16();
    let color = DynamicImage::ImageLuma8(grey.clone()).into_rgb16();
    let one = preprocessing(8, 1);
    for image in [
        DynamicImage::ImageLuma8(grey.clone()),
        DynamicImage::ImageLuma16(deep),
        DynamicImage::ImageRgb16(color),
    ] {
        for format in ["png", "tif"] {
            let file = encode(&image, format);
            assert_eq!(one.pixels(&file).unwrap(), *grey.as_raw(), "{format}");
            let three = preprocessing(8, 3).pixels(&file).unwrap();
            assert!(three.chunks(64).all(|plane| plane == grey.as_raw()), "{format}");
        }
    }
}

#[test]
fn bytes_that_are_no_image_are_named() {
    let read = |bytes: &[u8]| preprocessing(8, 3).pixels(bytes).unwrap_err();
    assert_eq!(read(b"").to_string(), "is no image, but an empty file");
    for (start, named) in [
        ("<!DOCTYPE html><html>", "a web page"),
        ("\u{feff}\n<HTML lang=de>", "a web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        ("PK\x03\x04", "ZIP"),
        ("{\"error\": 404}", "JSON"),
        ("%PDF-1.7", "PDF"),
        ("<svg xmlns=", "SVG"),
        ("icns", "ICNS"),
    ] {
        let error = read(start.as_bytes()).to_string();
        assert!(error.contains(named) && !error.ends_with("is no image"), "{start}: {error}");
    }
    assert!(matches!(read(b"BMW is no bitmap, whatever its first letters"), DecodeError::NoImage));
    let heic = read(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").to_string();
    assert!(heic.contains("HEIC"), "{heic}");
    let pixmap = read(b"P6\n2 2\n255\n").to_string();
    assert!(pixmap.contains("PNM"), "{pixmap}");
    let missing = preprocessing(8, 3).read("nowhere.png".as_ref()).unwrap_err();
    assert!(matches!(missing, DecodeError::Read(_)));
}

/// The reason of a damage is one plain sentence: no name of a decoder, no fields of its types.
#[test]
fn reasons_are_in_plain_words() {
    let png = encode(&picture(64).into(), "png");
    let mut wrong = png.clone();
    let end = wrong.len() - 20;
    wrong[end] ^= 1;
    // A header of more pixels than memory, with its checksum.
    let mut vast = png;
    vast[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let mut sum = flate2::Crc::new();
    sum.update(&vast[12..29]);
    vast[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    for (file, named) in [(wrong, "CRC error"), (vast, "too large")] {
        let error = preprocessing(8, 3).pixels(&file).unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains(['{', '}']), "{error}");
        assert!(!error.contains("Format error"), "{error}");
    }
}

#[test]
fn inputs_are_normalized_by_channel() {
    let mut rule = preprocessing(2, 3);
    (rule.mean, rule.sd) = (vec![0.0, 0.5, 1.0], vec![1.0, 0.5, 0.25]);
    let x = rule.normalized(&[255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0]);
    let expected = [1.0, 0.0, 0.0, 0.0, 1.0, -1.0, -1.0, -1.0, 0.0, -4.0, -4.0, -4.0];
    assert!(x.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-6), "{x:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What a viewer shows is what counts: colors under transparent pixels do not.
    #[test]
    fn colors_under_transparent_pixels_do_not_count(
        hidden in any::<[u8; 3]>(), color in any::<[u8; 3]>(), alpha in any::<u8>(), x in 0u32..6, y in 0u32..6,
    ) {
        let [r, g, b] = hidden;
        let mut image = RgbaImage::from_pixel(8, 8, Rgba([r, g, b, 0]));
        let over = |c: u8| ((u32::from(c) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8;
        let mut flat = RgbImage::from_pixel(8, 8, Rgb(BACKGROUND));
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            image.put_pixel(x + dx, y + dy, Rgba([color[0], color[1], color[2], alpha]));
            flat.put_pixel(x + dx, y + dy, Rgb(color.map(over)));
        }
        let expected = preprocessing(4, 3).pixels(&encode(&flat.into(), "png")).unwrap();
        for format in ["png", "webp", "tif"] {
            let file = encode(&image.clone().into(), format);
            prop_assert_eq!(&preprocessing(4, 3).pixels(&file).unwrap(), &expected, "{}", format);
        }
    }

    /// One rule for one damage: a file without its end is refused, in every format and at every
    /// length.
    #[test]
    fn truncated_files_are_refused(format in 0..FORMATS.len(), share in 0.0f64..1.0, noise in any::<u64>()) {
        let image = RgbImage::from_fn(24, 20, |x, y| {
            let value = noise.rotate_left(x * 3 + y * 7) as u8;
            Rgb([value, value.wrapping_mul(3), (x * y) as u8])
        });
        let format = FORMATS[format];
        let file = encode(&image.into(), format);
        prop_assert!(preprocessing(8, 3).pixels(&file).is_ok());
        for length in [(file.len() as f64 * share) as usize, file.len() - 1] {
            let read = preprocessing(8, 3).pixels(&file[..length]);
            prop_assert!(read.is_err(), "{} of {} bytes of {}", length, file.len(), format);
        }
    }

    /// Bytes that were changed give an image or an error, and end.
    #[test]
    fn damaged_files_never_panic(format in 0..FORMATS.len(), places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut file = encode(&picture(16).into(), FORMATS[format]);
        for (place, value) in places {
            let at = place.index(file.len());
            file[at] = value;
        }
        let _ = preprocessing(8, 3).pixels(&file);
    }
}

/// Forms that other programs write, see `testdata/pictures.py`.
#[test]
fn files_of_other_programs_have_their_colors() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let colors = |name: &str| -> [[u8; 3]; 2] {
        let pixels = preprocessing(16, 3)
            .read(&folder.join(name))
            .unwrap_or_else(|error| panic!("{name} {error}"));
        // The middle of the left and of the right half.
        [4, 12].map(|x| [0, 1, 2].map(|channel| pixels[channel * 256 + 8 * 16 + x]))
    };
    let (red, blue, white) = ([200, 40, 40], [0, 0, 255], [255; 3]);
    for (name, expected) in [
        ("cmyk.jpg", [red, red]),
        ("progressive.jpg", [red, red]),
        ("palette.png", [red, white]),
        ("lossy.webp", [red, white]),
        ("animated.gif", [red, red]),
        ("animated.webp", [red, red]),
        ("deep.png", [[40; 3], [40; 3]]),
        ("lzw.tif", [red, red]),
        ("palette.tif", [red, white]),
        ("grey_alpha.tif", [[40; 3], white]),
        ("big.tif", [red, red]),
        ("rle.bmp", [red, red]),
        // What was above is to the right.
        ("turned.jpg", [red, blue]),
        ("turned.png", [red, blue]),
        ("turned.webp", [red, blue]),
        ("turned.tif", [red, blue]),
    ] {
        let found = colors(name);
        let difference = found
            .as_flattened()
            .iter()
            .zip(expected.as_flattened())
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(difference <= Some(12), "{name}: {found:?}");
    }
}
