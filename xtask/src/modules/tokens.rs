//! Rust source as identifiers and punctuation, without comments and literals.

/// A token of a source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// An identifier, `::`, or a single character.
    pub(super) text: &'a str,
    /// Its line, from 1.
    pub(super) line: usize,
}

/// Splits a source text.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), source, 1);
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest, first);
        let length = match skipped {
            0 if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            0 if rest.starts_with("::") => 2,
            0 => first.len_utf8(),
            length => length,
        };
        let (text, after) = rest.split_at(length);
        if skipped == 0 {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The length of the space, comment or literal at the start of a text; zero if there is none.
fn skipped(text: &str, first: char) -> usize {
    match first {
        _ if first.is_whitespace() => first.len_utf8(),
        '/' if text.starts_with("//") => text.find('\n').unwrap_or(text.len()),
        '/' if text.starts_with("/*") => block_comment(text),
        '"' => string(text),
        'r' | 'b' | 'c' => prefixed_string(text),
        '\'' => character(text),
        _ => 0,
    }
}

/// The length of a comment that may hold others.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        at += 2;
        match rest {
            [b'/', b'*', ..] => depth += 1,
            [b'*', b'/', ..] => depth -= 1,
            _ => at -= 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(text.len())
}

/// The length of a string with escapes, from its first quote.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    text.len()
}

/// The length of a string with a prefix, such as `r#"..."#` or `b"..."`; zero for an identifier.
fn prefixed_string(text: &str) -> usize {
    let prefix = text.find(|c| !matches!(c, 'r' | 'b' | 'c')).unwrap_or(text.len());
    let hashes = text[prefix..].chars().take_while(|c| *c == '#').count();
    let start = prefix + hashes;
    if prefix > 2 || !text[start..].starts_with('"') {
        return 0;
    }
    if !text[..prefix].contains('r') {
        return prefix + string(&text[prefix..]);
    }
    let close = format!("\"{}", "#".repeat(hashes));
    text[start + 1..].find(&close).map_or(text.len(), |at| start + 1 + at + close.len())
}

/// The length of a character, or of a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    let (first, second) = (letters.next(), letters.next());
    match (first, second) {
        (Some((_, '\\')), Some(_)) => {
            letters.find(|(_, letter)| *letter == '\'').map_or(text.len(), |(at, _)| at + 1)
        }
        (_, Some((at, '\''))) => at + 1,
        _ => 1 + text[1..].find(|c| !is_word(c)).unwrap_or(text.len() - 1),
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_and_punctuation_are_kept() {
        assert_eq!(texts("use a::b_1 ;"), ["use", "a", "::", "b_1", ";"]);
        assert_eq!(texts("x::<T>()"), ["x", "::", "<", "T", ">", "(", ")"]);
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(texts("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
    }

    #[test]
    fn literals_are_left_out() {
        assert_eq!(texts(r#"a "b\"c" d"#), ["a", "d"]);
        assert_eq!(texts(r##"a r#"b"c"# b"d" r e"##), ["a", "r", "e"]);
        assert_eq!(texts(r"a '{' '\'' '\u{41}' &'static b"), ["a", "&", "b"]);
    }

    #[test]
    fn lines_are_counted() {
        let lines: Vec<usize> = tokens("a \"\n\" b\n/*\n*/ c").iter().map(|t| t.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }
}
