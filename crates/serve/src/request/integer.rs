//! Integers that JSON can write and 64 signed bits cannot hold.

/// Refuses a JSON text with a list that holds an integer beyond 64 signed bits: a choice, or a value of
/// a condition. The parser has rounded it to a float, so the text is read once more.
pub(super) fn check(json: &str) -> Result<(), String> {
    let mut rest = json;
    // Whether each open container is a list.
    let mut lists: Vec<bool> = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string(rest),
            '-' | '0'..='9' => {
                let end =
                    rest.find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'));
                let token = &rest[..end.unwrap_or(rest.len())];
                let whole = !token.contains(['.', 'e', 'E']);
                if whole && lists.last() == Some(&true) && token.parse::<i64>().is_err() {
                    return Err(format!("the integer {token} does not fit into 64 signed bits"));
                }
                token.len()
            }
            other => {
                match other {
                    '[' => lists.push(true),
                    '{' => lists.push(false),
                    ']' | '}' => drop(lists.pop()),
                    _ => {}
                }
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(())
}

/// The length of the string at the beginning of a text, with its quotes.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_lists_fit_or_are_named() {
        for n in ["9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"] {
            let error = check(&format!(r#"{{"space": [{{"choices": [1, {n}]}}]}}"#)).unwrap_err();
            assert!(error.contains(n), "{error}");
        }
        for fits in [
            r#"{"choices": [9223372036854775807, -9223372036854775808, 1e30, 1.0e2, -0]}"#,
            r#"{"seed": 18446744073709551615, "names": ["99999999999999999999", "\"[", "ä"]}"#,
            r#"{"high": 99999999999999999999}"#,
        ] {
            assert_eq!(check(fits), Ok(()));
        }
    }
}
