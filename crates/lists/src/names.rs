//! Names of files and classes.

use crate::split::Split;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use unicode_normalization::UnicodeNormalization as _;

/// A name as text, without loss: bytes that are not UTF-8 are written as `\xe9`.
///
/// # Examples
/// ```
/// assert_eq!(automl_lists::lossless("café".as_ref()), "café");
/// ```
pub fn lossless(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The order in which people count: numbers within names by their value, so `2` comes before `10`.
///
/// # Examples
/// ```
/// let mut names = ["10", "2", "b9", "b10"];
/// names.sort_by(|a, b| automl_lists::natural(a, b));
/// assert_eq!(names, ["2", "10", "b9", "b10"]);
/// ```
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a, b);
    loop {
        match (x.chars().next(), y.chars().next()) {
            (None, None) => return a.cmp(b),
            (Some(p), Some(q)) if p.is_ascii_digit() && q.is_ascii_digit() => {
                let ((p, rest_x), (q, rest_y)) = (digits(x), digits(y));
                let order = p.len().cmp(&q.len()).then_with(|| p.cmp(q));
                if order.is_ne() {
                    return order;
                }
                (x, y) = (rest_x, rest_y);
            }
            (p, q) if p == q => {
                let width = p.map_or(0, char::len_utf8);
                (x, y) = (&x[width..], &y[width..]);
            }
            (p, q) => return p.cmp(&q),
        }
    }
}

/// The number that a text begins with, without leading zeros, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

/// The name of a data set by its folder or file.
///
/// # Examples
/// ```
/// assert_eq!(automl_lists::own_name("photos/labels".as_ref()), "labels");
/// ```
pub fn own_name(path: &Path) -> String {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = if path.is_file() { path.file_stem() } else { path.file_name() };
    name.map_or_else(|| "folder".into(), lossless)
}

/// The name of a class or file in a line: in quotes where it begins or ends with a space or has line breaks.
///
/// # Examples
/// ```
/// assert_eq!(automl_lists::shown("red fox"), "red fox");
/// assert_eq!(automl_lists::shown("fox\n"), "\"fox\\n\"");
/// ```
pub fn shown(name: &str) -> Cow<'_, str> {
    let is_plain = !name.is_empty() && name.trim() == name && !name.contains(char::is_control);
    if is_plain { name.into() } else { format!("{name:?}").into() }
}

/// Words beside a part's in the name of a folder or file, as in `train_set` and `seg_test`.
const BESIDE: [&str; 17] = [
    "set",
    "sets",
    "data",
    "dataset",
    "split",
    "image",
    "images",
    "img",
    "imgs",
    "pictures",
    "photos",
    "label",
    "labels",
    "list",
    "annotations",
    "seg",
    "partial",
];

/// The part that a folder, a list or an array of this name holds.
///
/// # Examples
/// ```
/// use automl_lists::{Split, part};
///
/// assert_eq!(part("Validation_Set"), Some(Split::Validation));
/// assert_eq!(part("train_station"), None);
/// ```
pub fn part(name: &str) -> Option<Split> {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphabetic());
    let mut words = words.filter(|word| !word.is_empty() && !BESIDE.contains(word));
    let word = words.next().filter(|_| words.next().is_none())?;
    match word {
        "train" | "training" | "trainset" | "trainval" | "trn" => Some(Split::Train),
        "val" | "valid" | "validation" | "validate" | "valset" | "dev" => Some(Split::Validation),
        "test" | "testing" | "testset" | "tst" => Some(Split::Test),
        _ => None,
    }
}

/// A name without what is easily overlooked: case, spaces around it, and the two ways in which systems
/// write accents.
///
/// # Examples
/// ```
/// assert_eq!(automl_lists::folded(" Fox"), automl_lists::folded("fox"));
/// ```
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase().nfc().collect()
}

/// Whole numbers without a fraction of zero: `1.0` is the class `1`, where all labels are numbers.
///
/// # Examples
/// ```
/// let mut labels = ["0.0", "1.0"].map(str::to_owned);
/// automl_lists::without_fractions(labels.iter_mut());
/// assert_eq!(labels, ["0", "1"]);
/// ```
pub fn without_fractions<'a>(labels: impl Iterator<Item = &'a mut String>) {
    let labels: Vec<&mut String> = labels.filter(|label| !label.is_empty()).collect();
    let whole = |label: &str| {
        let number = label.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && n.abs() < 1e15)?;
        Some(format!("{number}"))
    };
    if labels.iter().all(|label| whole(label).is_some()) {
        for label in labels.into_iter().filter(|label| label.contains('.')) {
            *label = whole(label).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_by_their_value() {
        let mut names = ["10", "2", "1", "a10", "a9", "a", "b1c2", "b1c10", "02", "é"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["1", "02", "2", "10", "a", "a9", "a10", "b1c2", "b1c10", "é"]);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_of_any_encoding_are_kept_apart() {
        use std::os::unix::ffi::OsStrExt;
        let name = |bytes: &[u8]| lossless(OsStr::from_bytes(bytes));
        assert_eq!(name(b"tass\xe9"), "tass\\xe9");
        assert_ne!(name(b"tass\xe9"), name(b"tass\xe8"));
        assert_eq!(name("café".as_bytes()), "café");
    }

    #[test]
    fn parts_have_many_names() {
        let known =
            |names: &str, expected| names.split(' ').all(|name| part(name) == Some(expected));
        assert!(known(
            "train Train training_set train-images seg_train trainval train2 partial-train",
            Split::Train
        ));
        assert!(known("val VALID validation_set dev", Split::Validation));
        assert!(known("test test_set Testing images-test test1", Split::Test));
        for name in ["train_station", "latest", "trainer", "images", "set", "1", "train_test", ""] {
            assert_eq!(part(name), None, "{name}");
        }
    }

    #[test]
    fn alike_names_fold_to_one() {
        assert_eq!(folded(" Th\u{e9} "), folded("the\u{301}"));
        assert_ne!(folded("the"), folded("th\u{e9}"));
        let whole = |labels: &[&str]| {
            let mut labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
            without_fractions(labels.iter_mut());
            labels.join(" ")
        };
        assert_eq!(whole(&["0.0", "1.0", "", "10"]), "0 1  10");
        assert_eq!(whole(&["0.0", "0.5"]), "0.0 0.5");
        assert_eq!(whole(&["007", "1"]), "007 1");
    }

    proptest! {
        #[test]
        fn the_order_is_total(names in proptest::collection::vec("[a0-9é]{0,4}", 3)) {
            let [a, b, c] = &names[..] else { unreachable!() };
            prop_assert_eq!(natural(a, b), natural(b, a).reverse());
            prop_assert_eq!(natural(a, b).is_eq(), a == b);
            if natural(a, b).is_le() && natural(b, c).is_le() {
                prop_assert!(natural(a, c).is_le());
            }
        }

        #[test]
        fn numbers_are_ordered_as_numbers(x in any::<u32>(), y in any::<u32>()) {
            prop_assert_eq!(natural(&x.to_string(), &y.to_string()), x.cmp(&y));
        }
    }
}
