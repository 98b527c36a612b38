//! The height and width that images of varying size are brought to.

use automl_extent::Extent;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Height and width of the network's input in pixels, given or by the data.
///
/// # Examples
/// ```
/// use automl_pictures::Side;
///
/// let square = Side::Pixels(96.into());
/// assert_eq!("auto".parse(), Ok(Side::Auto));
/// assert_eq!(["96", "96x96", "96 px"].map(str::parse), [Ok(square), Ok(square), Ok(square)]);
/// assert_eq!("96x64".parse(), Ok(Side::Pixels((96, 64).into()))); // height, width
/// assert_eq!(serde_json::to_string(&[Side::Auto, square])?, r#"["auto",96]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// A square of the median of the images' shorter sides, in steps of 8 from 16 to 96 pixels.
    Auto,
    /// This many pixels.
    Pixels(Extent),
}

impl Default for Side {
    fn default() -> Self {
        Self::Pixels(Extent::square(32))
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Pixels(side) => write!(f, "{side}"),
        }
    }
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.trim().to_lowercase();
        if plain == "auto" {
            return Ok(Self::Auto);
        }
        let wrong = |_| format!("{text:?} is neither a number of pixels, HEIGHTxWIDTH nor auto");
        plain.parse().map(Self::Pixels).map_err(wrong)
    }
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Pixels(side) if side.is_square() => side.serialize(serializer),
            // A text, because settings have no lists of numbers here.
            Self::Pixels(side) => serializer.collect_str(side),
        }
    }
}

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Pixels(Extent),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Pixels(side) => Ok(Self::Pixels(side)),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}
