//! Latencies as text.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A time in microseconds, written `800us`, `2ms`, `1.5ms` or `0.1s`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Microseconds(pub f64);

impl FromStr for Microseconds {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no latency: write 800us, 2ms or 0.1s");
        let text = text.trim();
        let (number, unit) = [("us", 1.0), ("ms", 1e3), ("s", 1e6)]
            .into_iter()
            .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))
            .ok_or_else(bad)?;
        let time = number.trim().parse::<f64>().map_err(|_| bad())? * unit;
        if time.is_finite() && time > 0.0 { Ok(Self(time)) } else { Err(bad()) }
    }
}

impl TryFrom<String> for Microseconds {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Microseconds> for String {
    fn from(time: Microseconds) -> Self {
        time.to_string()
    }
}

impl fmt::Display for Microseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}us", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, time) in [("800us", 800.0), ("2ms", 2000.0), (" 1.5 ms", 1500.0), ("1s", 1e6)] {
            let read: Microseconds = text.parse().unwrap();
            assert_eq!(read, Microseconds(time), "{text}");
            assert_eq!(read.to_string().parse(), Ok(read));
        }
        for text in ["2", "ms", "-1ms", "0us", "NaNs", "infs", "2 minutes", ""] {
            assert!(text.parse::<Microseconds>().unwrap_err().contains("800us"), "{text}");
        }
    }
}
