//! Laws of TIFF files with palettes, with grey and transparency, and with places of 64 bits.
#![allow(clippy::unwrap_used)]

use automl_pictures::{BACKGROUND, Encoded, OrientationRule};
use proptest::prelude::*;

/// How numbers are written.
#[derive(Clone, Copy, Debug)]
struct Form {
    is_little: bool,
    is_big_tiff: bool,
}

impl Form {
    fn number(self, value: u64, bytes: usize) -> Vec<u8> {
        let mut written = value.to_le_bytes()[..bytes].to_vec();
        if !self.is_little {
            written.reverse();
        }
        written
    }

    fn place(self, value: u64) -> Vec<u8> {
        self.number(value, if self.is_big_tiff { 8 } else { 4 })
    }

    /// A file of one strip; `tags` are numbers of 16 bits in the order of their tags.
    fn file(self, size: (u16, u16), pixels: &[u8], tags: &[(u16, Vec<u16>)]) -> Vec<u8> {
        let mut file = if self.is_little { b"II".to_vec() } else { b"MM".to_vec() };
        let head = if self.is_big_tiff { 16 } else { 8 };
        let mut tags: Vec<(u16, Vec<u16>)> = tags.to_vec();
        tags.extend([
            (256, vec![size.0]),
            (257, vec![size.1]),
            (259, vec![1]),
            (273, vec![head]),
            (278, vec![size.1]),
            (279, vec![pixels.len() as u16]),
        ]);
        tags.sort();
        let lists_at = usize::from(head) + pixels.len();
        let mut lists = Vec::new();
        let mut entries = Vec::new();
        for (tag, values) in &tags {
            let own: Vec<u8> = values.iter().flat_map(|v| self.number((*v).into(), 2)).collect();
            entries.extend(self.number((*tag).into(), 2));
            entries.extend(self.number(3, 2));
            entries.extend(self.place(values.len() as u64));
            let width = self.place(0).len();
            if own.len() > width {
                entries.extend(self.place((lists_at + lists.len()) as u64));
                lists.extend(own);
            } else {
                entries.extend(&own);
                entries.extend(vec![0; width - own.len()]);
            }
        }
        let directory = self.place((lists_at + lists.len()) as u64);
        if self.is_big_tiff {
            file.extend([self.number(43, 2), self.number(8, 2), self.number(0, 2)].concat());
        } else {
            file.extend(self.number(42, 2));
        }
        file.extend(directory);
        file.extend(pixels);
        file.extend(lists);
        file.extend(self.number(tags.len() as u64, if self.is_big_tiff { 8 } else { 2 }));
        file.extend(entries);
        file.extend(self.place(0));
        file
    }
}

fn form() -> impl Strategy<Value = Form> {
    any::<(bool, bool)>().prop_map(|(is_little, is_big_tiff)| Form { is_little, is_big_tiff })
}

fn colors(file: &[u8], rule: OrientationRule) -> image::RgbImage {
    Encoded::new(file).unwrap().picture(8, BACKGROUND, rule).unwrap().colors
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A pixel has the color that its index has in the palette, of indexes of any width in bits, in either
    /// order of bytes, with places of 32 or 64 bits; colors may be written with 8 or 16 bits.
    #[test]
    fn palettes_are_looked_up(
        form in form(), bits in 0u32..4, width in 1u16..20, height in 1u16..6, seed in any::<u64>(), is_deep in any::<bool>(),
    ) {
        let bits = 1u16 << bits;
        let count = 1usize << bits;
        let mut state = seed | 1;
        let mut draw = || { state ^= state << 13; state ^= state >> 7; state ^= state << 17; state };
        let palette: Vec<[u8; 3]> = (0..count).map(|_| draw().to_le_bytes()[..3].try_into().unwrap()).collect();
        // Deep colors are known by values above 255.
        prop_assume!(is_deep || palette.iter().flatten().any(|c| *c > 0));
        let unit = if is_deep { 257 } else { 1 };
        let map: Vec<u16> = (0..3).flat_map(|c| palette.iter().map(move |p| u16::from(p[c]) * unit)).collect();
        let indexes: Vec<Vec<usize>> = (0..height).map(|_| (0..width).map(|_| draw() as usize % count).collect()).collect();
        let mut pixels = Vec::new();
        for row in &indexes {
            let mut packed = vec![0u8; (usize::from(width) * usize::from(bits)).div_ceil(8)];
            for (x, index) in row.iter().enumerate() {
                let at = x * usize::from(bits);
                packed[at / 8] |= (index << (8 - usize::from(bits) - at % 8)) as u8;
            }
            pixels.extend(packed);
        }
        let file = form.file((width, height), &pixels, &[(258, vec![bits]), (262, vec![3]), (277, vec![1]), (320, map)]);
        let image = colors(&file, OrientationRule::Exif);
        prop_assert_eq!(image.dimensions(), (width.into(), height.into()));
        for (x, y, pixel) in image.enumerate_pixels() {
            prop_assert_eq!(pixel.0, palette[indexes[y as usize][x as usize]]);
        }
        prop_assert_eq!(Encoded::new(&file).unwrap().dimensions(), Some((width.into(), height.into())));
    }

    /// Grey is composited on the background by its opacity, whether it was multiplied by it or not; a
    /// second sample of another meaning does not count.
    #[test]
    fn grey_with_transparency_is_composited(form in form(), pairs in proptest::collection::vec(any::<(u8, u8)>(), 12)) {
        let over = |shade: u8, alpha: u8| {
            ((u32::from(shade) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8
        };
        for (extra, tolerance) in [(2, 0), (1, 1), (0, 0)] {
            let stored = |shade: u8, alpha: u8| match extra {
                1 => ((u32::from(shade) * u32::from(alpha) + 127) / 255) as u8,
                _ => shade,
            };
            let pixels: Vec<u8> = pairs.iter().flat_map(|(shade, alpha)| [stored(*shade, *alpha), *alpha]).collect();
            let tags = [(258, vec![8, 8]), (262, vec![1]), (277, vec![2]), (338, vec![extra])];
            let image = colors(&form.file((4, 3), &pixels, &tags), OrientationRule::Exif);
            for (pixel, (shade, alpha)) in image.pixels().zip(&pairs) {
                let expected = if extra == 0 { *shade } else { over(*shade, *alpha) };
                prop_assert!(pixel.0.iter().all(|c| c.abs_diff(expected) <= tolerance), "{extra}: {pixel:?} {expected}");
            }
        }
    }

    /// Files of these kinds without their end, or with changed bytes, give an error or an image.
    #[test]
    fn damage_ends_in_an_error(form in form(), cut in 0.0f64..1.0, place in any::<prop::sample::Index>(), value in any::<u8>()) {
        let map: Vec<u16> = (0..768).collect();
        let mut file = form.file((5, 5), &[7; 25], &[(258, vec![8]), (262, vec![3]), (277, vec![1]), (320, map)]);
        let short = &file[..(file.len() as f64 * cut) as usize];
        let read = |file: &[u8]| Encoded::new(file).and_then(|f| f.picture(8, BACKGROUND, OrientationRule::Exif));
        prop_assert!(read(short).is_err());
        let at = place.index(file.len());
        file[at] = value;
        let _ = read(&file);
    }
}

/// The orientation of these kinds counts as that of others.
#[test]
fn palettes_are_turned_upright() {
    let form = Form { is_little: true, is_big_tiff: false };
    let map = [0, 65535].repeat(3);
    let tags = [(258, vec![1]), (262, vec![3]), (274, vec![6]), (277, vec![1]), (320, map)];
    // White above, black below; turned clockwise, white is to the right.
    let file = form.file((2, 2), &[0b1100_0000, 0], &tags);
    let upright = colors(&file, OrientationRule::Exif);
    assert_eq!([0, 1].map(|x| upright.get_pixel(x, 0).0), [[0; 3], [255; 3]]);
    let stored = colors(&file, OrientationRule::Stored);
    assert_eq!([0, 1].map(|y| stored.get_pixel(0, y).0), [[255; 3], [0; 3]]);
}
