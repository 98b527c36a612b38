//! Numbers with a suffix, such as `20k` and `1.5M`.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The unit of a suffix `k`, and its square of `M`, its cube of `G`.
const THOUSAND: f64 = 1e3;

/// A count, written as a number or with a suffix: `20k` is 20,000, `1.5M` 1,500,000.
///
/// # Examples
/// ```
/// use automl_settings::Count;
///
/// assert_eq!("20k".parse(), Ok(Count(20_000)));
/// assert_eq!("1.5M".parse(), Ok(Count(1_500_000)));
/// assert!("1.5".parse::<Count>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

/// A number of bytes, written as a number or with a suffix: `128k` and `128KiB` are 131,072, as the
/// memories of microcontrollers are sized; `128KB` is 128,000.
///
/// # Examples
/// ```
/// use automl_settings::Bytes;
///
/// assert_eq!("128k".parse(), Ok(Bytes(131_072)));
/// assert_eq!("128KB".parse(), Ok(Bytes(128_000)));
/// assert_eq!(Bytes(131_072).to_string(), "128k");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A text that cannot be read as a number with a suffix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {expected}")]
pub struct AmountError {
    /// The text.
    pub text: String,
    /// The expected form.
    pub expected: &'static str,
}

/// A number without what separates its thousands: `20_000` and `20,000`.
fn ungrouped(text: &str) -> String {
    let is_group = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
    let is_grouped = text.split(',').skip(1).all(is_group) && !text.starts_with(',');
    if is_grouped { text.replace([',', '_'], "") } else { text.replace('_', "") }
}

/// The number in front of a suffix times the suffix's factor, if that is a whole number.
fn whole(text: &str, factor: impl Fn(&str) -> Option<f64>) -> Option<u64> {
    let text = &ungrouped(text.trim());
    if let Ok(value) = text.parse::<f64>()
        && text.starts_with(|c: char| c.is_ascii_digit())
    {
        // Also `2e4`.
        return (value.fract() == 0.0 && value <= 9e15).then_some(value as u64);
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || "._".contains(c)));
    let (number, suffix) = text.split_at(end.unwrap_or(text.len()));
    let number: f64 = number.parse().ok()?;
    let value = number * factor(suffix.trim())?;
    // Above 2^53 a float is no count.
    (value.fract() == 0.0 && (0.0..=9e15).contains(&value)).then_some(value as u64)
}

impl FromStr for Count {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let factor = |suffix: &str| match suffix {
            "" => Some(1.0),
            "k" | "K" => Some(THOUSAND),
            "M" | "m" => Some(THOUSAND.powi(2)),
            "G" | "g" => Some(THOUSAND.powi(3)),
            _ => None,
        };
        let expected = "number such as 20000, 20k or 1.5M";
        // A number without a suffix may be larger than a float holds.
        let plain = ungrouped(text.trim()).parse().ok();
        let count = plain.or_else(|| whole(text, factor));
        count.map(Self).ok_or_else(|| AmountError { text: text.to_owned(), expected })
    }
}

impl FromStr for Bytes {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let factor = |suffix: &str| match suffix {
            "" | "B" => Some(1.0),
            "k" | "K" | "KiB" | "kib" => Some(1024.0),
            "M" | "m" | "MiB" | "mib" => Some(1024.0 * 1024.0),
            "G" | "g" | "GiB" | "gib" => Some(1024.0 * 1024.0 * 1024.0),
            "kB" | "KB" | "kb" => Some(THOUSAND),
            "MB" | "mb" => Some(THOUSAND.powi(2)),
            "GB" | "gb" => Some(THOUSAND.powi(3)),
            _ => None,
        };
        let expected = "number of bytes such as 131072, 128k or 1M";
        whole(text, factor).map(Self).ok_or_else(|| AmountError { text: text.to_owned(), expected })
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes % (1 << 20) == 0 => write!(f, "{}M", bytes >> 20),
            bytes if bytes > 0 && bytes % (1 << 10) == 0 => write!(f, "{}k", bytes >> 10),
            bytes => bytes.fmt(f),
        }
    }
}

/// Reads a number or a text, and writes a number.
macro_rules! amount {
    ($name:ident, $expected:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;
                impl Visitor<'_> for Either {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_u64<E: de::Error>(self, value: u64) -> Result<$name, E> {
                        Ok($name(value))
                    }

                    fn visit_i64<E: de::Error>(self, value: i64) -> Result<$name, E> {
                        let wrong = || E::invalid_value(de::Unexpected::Signed(value), &self);
                        u64::try_from(value).map($name).map_err(|_| wrong())
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(Either)
            }
        }
    };
}

amount!(Count, "a number such as 20000 or \"20k\"");
amount!(Bytes, "a number of bytes such as 131072 or \"128k\"");

/// Reads a count into a plain number, for `#[serde(deserialize_with)]`.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Option::<Count>::deserialize(deserializer)?.map(|count| count.0))
}

/// Reads a number of bytes into a plain number, for `#[serde(deserialize_with)]`.
pub(crate) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Option::<Bytes>::deserialize(deserializer)?.map(|bytes| bytes.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_read() {
        for (text, count) in [("7", 7), ("20k", 20_000), ("2.5M", 2_500_000), ("1_000", 1_000)] {
            assert_eq!(text.parse(), Ok(Count(count)), "{text}");
        }
        for (text, count) in [("2e4", 20_000), ("20,000", 20_000), ("1,234,567", 1_234_567)] {
            assert_eq!(text.parse(), Ok(Count(count)), "{text}");
            assert_eq!(text.parse(), Ok(Bytes(count)), "{text}");
        }
        for (text, bytes) in [
            ("64KiB", 65_536),
            ("64kb", 64_000),
            ("1M", 1 << 20),
            ("0.5M", 1 << 19),
            ("12 k", 12_288),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
            assert_eq!(Bytes(bytes).to_string().parse(), Ok(Bytes(bytes)));
        }
        for bad in ["", "k", "1.5", "-3", "20kk", "1e99", "two", "1,5M", "20,00", ",500", "inf"] {
            let error = bad.parse::<Count>().unwrap_err().to_string();
            assert!(error.contains("20k"), "{error}");
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }

    #[test]
    fn files_hold_numbers_or_texts() {
        assert_eq!(serde_json::from_str::<Count>("20000").unwrap(), Count(20_000));
        assert_eq!(serde_json::from_str::<Count>("\"20k\"").unwrap(), Count(20_000));
        assert_eq!(serde_json::to_string(&Bytes(131_072)).unwrap(), "131072");
        assert!(serde_json::from_str::<Bytes>("-1").is_err());
    }
}
