//! The side that images of varying size are brought to.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The side of the network's input in pixels, given or by the data.
///
/// # Examples
/// ```
/// use automl_pictures::Side;
///
/// assert_eq!("96".parse(), Ok(Side::Pixels(96)));
/// assert_eq!("auto".parse(), Ok(Side::Auto));
/// assert_eq!(serde_json::to_string(&[Side::Auto, Side::Pixels(64)])?, r#"["auto",64]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The median of the images' shorter sides, in steps of 8 from 16 to 96 pixels.
    Auto,
    /// This many pixels.
    Pixels(usize),
}

impl Default for Side {
    fn default() -> Self {
        Self::Pixels(32)
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
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let side = text.parse().map(Self::Pixels);
        side.map_err(|_| format!("{text:?} is neither a number of pixels nor auto"))
    }
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Pixels(side) => serializer.serialize_u64(*side as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Pixels(usize),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Pixels(side) => Ok(Self::Pixels(side)),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}
