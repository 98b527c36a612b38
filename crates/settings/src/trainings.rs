//! How often the final networks are trained.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The number of trainings of each final network, from other weights each time.
///
/// # Examples
/// ```
/// use automl_settings::Trainings;
///
/// assert_eq!("3".parse(), Ok(Trainings::Times(3)));
/// assert_eq!("auto".parse(), Ok(Trainings::UntilSettled));
/// assert_eq!(serde_json::to_string(&Trainings::UntilSettled)?, r#""auto""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trainings {
    /// So many for each network.
    Times(u64),
    /// Further ones for the networks between which chance may decide, until it does not.
    UntilSettled,
}

impl Default for Trainings {
    fn default() -> Self {
        Self::Times(1)
    }
}

impl fmt::Display for Trainings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}"),
            Self::UntilSettled => f.write_str("auto"),
        }
    }
}

impl FromStr for Trainings {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::UntilSettled);
        }
        let times = text.parse().map(Self::Times);
        times.map_err(|_| format!("{text:?} is neither a number of trainings nor auto"))
    }
}

impl Serialize for Trainings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Times(times) => serializer.serialize_u64(*times),
            Self::UntilSettled => serializer.serialize_str("auto"),
        }
    }
}

impl<'de> Deserialize<'de> for Trainings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Times(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Times(times) => Ok(Self::Times(times)),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}
