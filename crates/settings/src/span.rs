//! Durations as text.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::time::Duration;

/// A span of time, written `90`, `90s`, `30m`, `2h` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TimeText", into = "String")]
pub struct Span(pub Duration);

/// A time in a file: a number of seconds or a text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a time such as 90 (seconds), \"90s\", \"30m\" or \"1h30m\"")]
enum TimeText {
    Seconds(u64),
    Text(String),
}

impl TryFrom<TimeText> for Span {
    type Error = String;
    fn try_from(text: TimeText) -> Result<Self, String> {
        match text {
            TimeText::Seconds(seconds) => seconds.to_string().parse(),
            TimeText::Text(text) => text.parse(),
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        format!("{}s", span.0.as_secs_f64())
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no time: write 90s, 30m, 2h or 1h30m");
        let mut seconds = 0.0;
        let mut digits = String::new();
        for letter in text.trim().chars() {
            let unit = match letter {
                '0'..='9' | '.' => {
                    digits.push(letter);
                    continue;
                }
                's' => 1.0,
                'm' => 60.0,
                'h' => 3600.0,
                'd' => 86_400.0,
                _ => return Err(bad()),
            };
            seconds += digits.parse::<f64>().map_err(|_| bad())? * unit;
            digits.clear();
        }
        if !digits.is_empty() {
            if seconds > 0.0 {
                return Err(bad());
            }
            seconds = digits.parse::<f64>().map_err(|_| bad())?;
        }
        let span = Duration::try_from_secs_f64(seconds).map_err(|_| bad())?;
        if span.is_zero() { Err(bad()) } else { Ok(Self(span)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, seconds) in [("90", 90.0), ("90s", 90.0), ("0.5s", 0.5), ("1h30m", 5400.0)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0.as_secs_f64(), seconds, "{text}");
            assert_eq!(String::from(span).parse(), Ok(span));
        }
        for text in ["", "0", "0s", "soon", "5 m", "1h30", "-1s", "1e99d"] {
            assert!(text.parse::<Span>().unwrap_err().contains("1h30m"), "{text}");
        }
    }
}
