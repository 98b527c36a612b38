//! Numbers for readers.

/// A number with four significant digits, with a suffix from ten thousand on: `0.9889`, `12.3k`,
/// `1.5e-5`.
pub(crate) fn number(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() {
        return if x.is_nan() {
            "NaN".into()
        } else if x > 0.0 {
            "∞".into()
        } else {
            "−∞".into()
        };
    }
    if x == x.trunc() && size < 1e4 {
        return minus(format!("{x}"));
    }
    let scaled = [(1e12, ""), (1e9, "G"), (1e6, "M"), (1e4, "k")];
    match scaled.iter().find(|(from, _)| size >= *from) {
        Some((_, "")) => minus(format!("{x:.2e}")),
        Some((_, suffix)) => {
            let unit = if *suffix == "k" {
                1e3
            } else if *suffix == "M" {
                1e6
            } else {
                1e9
            };
            minus(format!("{}{suffix}", digits(x / unit, 3)))
        }
        None if size < 1e-3 => minus(trim_exponent(&format!("{x:.2e}"))),
        None => minus(digits(x, 4)),
    }
}

/// A number rounded to significant digits, without trailing zeros.
fn digits(x: f64, significant: usize) -> String {
    let before = if x == 0.0 { 1 } else { x.abs().log10().floor() as i64 + 1 };
    let after = (significant as i64 - before).clamp(0, 12) as usize;
    let text = format!("{x:.after$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// `1.50e-5` as `1.5e-5`.
fn trim_exponent(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => {
            format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text.to_owned(),
    }
}

/// The typographic minus.
fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// A name within other text: marks of direction in it do not change what follows.
pub(crate) fn isolated(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { format!("\u{2068}{name}\u{2069}") }
}

/// An integer with thin separators: `12,345`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time: `0.26 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "unknown".into();
    }
    let whole = seconds.round() as u64;
    let pair = |a: u64, first: &str, b: u64, second: &str| match b {
        0 => format!("{a} {first}"),
        _ => format!("{a} {first} {b} {second}"),
    };
    match whole {
        0..10 => format!("{} s", digits(seconds, 2)),
        10..120 => format!("{whole} s"),
        120..7_200 => pair(whole / 60, "min", whole % 60, "s"),
        7_200..172_800 => pair(whole / 3_600, "h", whole % 3_600 / 60, "min"),
        _ => pair(whole / 86_400, "d", whole % 86_400 / 3_600, "h"),
    }
}

/// A size: `812 B`, `21.7 kB`, `1.2 MB`.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", digits(n as f64 / 1e3, 3)),
        _ => format!("{} MB", digits(n as f64 / 1e6, 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (0.0, "0"),
            (2213.0, "2213"),
            (0.988_876, "0.9889"),
            (-0.25, "−0.25"),
            (12_345.6, "12.3k"),
            (1_000_000.0, "1M"),
            (3.21e9, "3.21G"),
            (1.5e-5, "1.5e-5"),
            (123.456, "123.5"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(number(x), text);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        for (seconds, text) in [
            (0.267, "0.27 s"),
            (61.0, "61 s"),
            (200.0, "3 min 20 s"),
            (7_500.0, "2 h 5 min"),
            (259_200.0, "3 d"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(bytes(21_664), "21.7 kB");
    }
}
