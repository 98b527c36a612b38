//! Arrays of numbers and texts.

use super::Archive;
use automl_pictures::regular;
use npyz::{DType, Endianness, Order, TypeChar};

/// An array of a NumPy archive.
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    values: Values,
}

enum Values {
    Bytes(Vec<u8>),
    /// Unsigned numbers of 16 bits.
    Words(Vec<u16>),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Texts(Vec<String>),
}

impl Array {
    pub(super) fn read(archive: &mut Archive, name: &str) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{name}: {error}");
        let array = archive.by_name(name).map_err(failed)?;
        let array = array.ok_or_else(|| format!("{name} is missing"))?;
        let (order, shape) = (array.order(), array.shape().to_vec());
        let DType::Plain(kind) = array.dtype() else {
            return Err(format!("{name} holds records"));
        };
        let shape: Vec<usize> = shape.into_iter().map(|n| n as usize).collect();
        if order == Order::Fortran && shape.len() > 1 {
            return Err(format!("{name} is in Fortran order"));
        }
        if kind.uses_pickled_array() {
            return Err(format!("{name} holds Python objects: save it as numbers or texts"));
        }
        let (size, is_big) = (kind.size_field() as usize, kind.endianness() == Endianness::Big);
        // A letter of a text has four bytes.
        let bytes = if kind.type_char() == TypeChar::UnicodeStr { 4 * size } else { size };
        let most = shape.iter().try_fold(bytes as u64, |all, n| all.checked_mul(*n as u64));
        let Some(most) = most else { return Err(format!("{name} is truncated")) };
        let raw = regular::exactly(array.into_inner(), most).map_err(failed)?;
        let values = values(kind.type_char(), size, is_big, raw).ok_or_else(|| {
            format!("{name} holds values of the type {kind}, not numbers or texts")
        })?;
        let array = Self { shape, values };
        let expected = array.shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
        if expected != Some(array.len()) {
            return Err(format!("{name} is truncated"));
        }
        Ok(array)
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Bytes(values) => values.len(),
            Values::Words(values) => values.len(),
            Values::Integers(values) => values.len(),
            Values::Floats(values) => values.len(),
            Values::Texts(values) => values.len(),
        }
    }

    /// Pixels from 0 to 255. Floats from 0 to 1 are multiplied by 255, numbers of 16 bits that use them
    /// are divided by 257.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        let outside = |value: f64| {
            let advice =
                if value < 0.0 { ": scale the images to 0 to 1, or to 0 to 255" } else { "" };
            format!("{value} is no pixel from 0 to 255{advice}")
        };
        match &self.values {
            Values::Bytes(values) => Ok(values.clone()),
            Values::Texts(_) => Err("texts are no pixels".into()),
            Values::Words(values) if values.iter().any(|value| *value > 255) => {
                Ok(values.iter().map(|value| ((u32::from(*value) + 128) / 257) as u8).collect())
            }
            Values::Words(values) => Ok(values.iter().map(|value| *value as u8).collect()),
            Values::Integers(values) => values
                .iter()
                .map(|value| u8::try_from(*value).map_err(|_| outside(*value as f64)))
                .collect(),
            Values::Floats(values) => {
                let is_unit = values.iter().all(|value| *value <= 1.0);
                let scale = if is_unit { 255.0 } else { 1.0 };
                let pixel = |value: &f64| {
                    let pixel = (value * scale).round();
                    ((0.0..=255.0).contains(&pixel)).then_some(pixel as u8)
                };
                values.iter().map(|value| pixel(value).ok_or_else(|| outside(*value))).collect()
            }
        }
    }

    /// The class of each image: a number, a text, or the place of the one in a row of zeros.
    pub(super) fn classes(&self) -> Result<Vec<String>, String> {
        let width = match self.shape[..] {
            [_] | [_, 1] => 1,
            [_, width] => width,
            _ => return Err(format!("the shape {:?} is not that of labels", self.shape)),
        };
        let numbers: Vec<f64> = match &self.values {
            Values::Texts(texts) if width == 1 => return Ok(texts.clone()),
            Values::Texts(_) => return Err("several texts for one image".into()),
            Values::Bytes(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Values::Words(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Values::Integers(values) => values.iter().map(|value| *value as f64).collect(),
            Values::Floats(values) => values.clone(),
        };
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(format!("the label of image {} is {}", at / width.max(1), numbers[at]));
        }
        if width == 1 {
            return Ok(numbers.iter().map(f64::to_string).collect());
        }
        let place = |row: &[f64]| {
            let ones: Vec<usize> = (0..row.len()).filter(|index| row[*index] == 1.0).collect();
            let is_clear = row.iter().filter(|value| **value == 0.0).count() + 1 == row.len();
            match ones[..] {
                [one] if is_clear => Ok(one.to_string()),
                _ => Err(format!("{row:?} is not the row of one class, a 1 among zeros")),
            }
        };
        numbers.chunks_exact(width.max(1)).map(place).collect()
    }
}

fn values(kind: TypeChar, size: usize, is_big: bool, raw: Vec<u8>) -> Option<Values> {
    // Values as little-endian bytes.
    let each = |bytes: &[u8]| -> [u8; 8] {
        let mut value = [0; 8];
        value[..bytes.len()].copy_from_slice(bytes);
        if is_big {
            value[..bytes.len()].reverse();
        }
        value
    };
    let all = || raw.chunks_exact(size.max(1));
    Some(match (kind, size) {
        (TypeChar::Uint | TypeChar::Bool, 1) => Values::Bytes(raw),
        (TypeChar::Uint, 2) => {
            Values::Words(all().map(|bytes| u64::from_le_bytes(each(bytes)) as u16).collect())
        }
        (TypeChar::Uint, 4 | 8) => {
            Values::Integers(all().map(|bytes| i64::from_le_bytes(each(bytes))).collect())
        }
        (TypeChar::Int, 1 | 2 | 4 | 8) => {
            // The sign moves to the front and back.
            let shift = 64 - 8 * size as u32;
            let signed = |bytes| i64::from_le_bytes(each(bytes)) << shift >> shift;
            Values::Integers(all().map(signed).collect())
        }
        (TypeChar::Float, 2) => {
            let float = |bytes| half(u64::from_le_bytes(each(bytes)) as u16);
            Values::Floats(all().map(float).collect())
        }
        (TypeChar::Float, 4) => {
            let float = |bytes| f64::from(f32::from_bits(u64::from_le_bytes(each(bytes)) as u32));
            Values::Floats(all().map(float).collect())
        }
        (TypeChar::Float, 8) => {
            Values::Floats(all().map(|bytes| f64::from_le_bytes(each(bytes))).collect())
        }
        (TypeChar::ByteStr, _) => {
            let text = |bytes: &[u8]| {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                lossless_bytes(&bytes[..end])
            };
            Values::Texts(all().map(text).collect())
        }
        (TypeChar::UnicodeStr, _) => {
            let letter = |bytes: &[u8]| char::from_u32(u64::from_le_bytes(each(bytes)) as u32);
            let text = |bytes: &[u8]| -> String {
                let letters = bytes.chunks_exact(4).filter_map(letter);
                letters.take_while(|letter| *letter != '\0').collect()
            };
            Values::Texts(raw.chunks_exact((4 * size).max(1)).map(text).collect())
        }
        _ => return None,
    })
}

/// A number of 16 bits (IEEE 754 binary16): a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    let size = match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Bytes as text; those that are not UTF-8 are letters of Latin-1.
fn lossless_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn short_floats_have_their_values() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 2f64.powi(-24)),
            (0x0400, 2f64.powi(-14)),
            (0x3555, 0.333251953125),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
