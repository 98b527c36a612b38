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
/// assert_eq!(["96x96", "96 px"].map(str::parse), [Ok(Side::Pixels(96)), Ok(Side::Pixels(96))]);
/// assert!("96x64".parse::<Side>().is_err());
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
        let plain = text.trim().to_lowercase();
        if plain == "auto" {
            return Ok(Self::Auto);
        }
        let wrong = || format!("{text:?} is neither a number of pixels nor auto");
        let pixels = plain.strip_suffix("px").unwrap_or(&plain);
        let side = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        let (height, width) = pixels.split_once('x').unwrap_or((pixels, pixels));
        let (height, width) = (side(height)?, side(width)?);
        if height != width {
            return Err(format!(
                "{text:?}: inputs are square, so give one side; --resize crop or pad keeps the \
                 proportions of images"
            ));
        }
        Ok(Self::Pixels(height))
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
