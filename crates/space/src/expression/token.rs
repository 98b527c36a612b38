//! The tokens of an expression.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// A string in quotes.
    Text(String),
    /// An identifier: a parameter, a function or a keyword.
    Word(String),
    /// A name in backquotes: always a parameter.
    Name(String),
    Symbol(&'static str),
}

/// The symbols; those of two characters precede their prefixes.
const SYMBOLS: [&str; 20] = [
    "<=", ">=", "==", "!=", "&&", "||", "**", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")",
    "[", "]", ",",
];

/// Splits a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            number(rest)?
        } else if matches!(first, '"' | '\'' | '`') {
            let inner = &rest[1..];
            let Some(end) = inner.find(first) else {
                return Err(format!("the quote {first} is not closed"));
            };
            let quoted = inner[..end].to_owned();
            let token = if first == '`' { Token::Name(quoted) } else { Token::Text(quoted) };
            (token, end + 2)
        } else if first.is_alphabetic() || first == '_' {
            let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
            (Token::Word(rest[..end].to_owned()), end)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            return Err(format!("{first:?} is not a token"));
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Parses a number at the beginning of the text and returns it with its length. A sign is part of
/// the number only after `e`.
fn number(text: &str) -> Result<(Token, usize), String> {
    let mut end = 0;
    let mut before = ' ';
    for c in text.chars() {
        let signed = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
        if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || signed) {
            break;
        }
        (end, before) = (end + c.len_utf8(), c);
    }
    let word = &text[..end];
    match word.replace('_', "").parse::<f64>() {
        Ok(x) if x.is_finite() => Ok((Token::Number(x), end)),
        _ => Err(format!("{word:?} is not a number")),
    }
}
