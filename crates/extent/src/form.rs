//! Extents as text and in files.

use crate::Extent;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::str::FromStr;

impl FromStr for Extent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.trim().to_lowercase();
        let pixels = plain.strip_suffix("px").unwrap_or(&plain);
        let (height, width) = pixels.split_once(['x', '×']).unwrap_or((pixels, pixels));
        match (height.trim().parse(), width.trim().parse()) {
            (Ok(height), Ok(width)) => Ok(Self { height, width }),
            _ => Err(format!("{text:?} is neither a number of pixels nor HEIGHTxWIDTH")),
        }
    }
}

impl Serialize for Extent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_square() {
            self.height.serialize(serializer)
        } else {
            [self.height, self.width].serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Extent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a number of pixels, [height, width] or \"HEIGHTxWIDTH\""
        )]
        enum Written {
            Side(usize),
            Pair([usize; 2]),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Side(side) => Ok(Self::square(side)),
            Written::Pair([height, width]) => Ok(Self { height, width }),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}
