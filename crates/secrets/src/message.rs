//! Passwords in messages.

use crate::address::SECRETS;

/// What stands in the place of a password.
const HIDDEN: &str = "...";

/// What ends a word of a message: an address in it may be quoted.
const ENDS: [char; 5] = [' ', '\t', '"', '\'', '`'];

/// Removes passwords from a message: those of addresses in it, whatever they are wrapped in, and what
/// follows `password=`.
///
/// A message about an argument that was meant to be something else shows the argument, and that may be an
/// address. For one address by itself there is [`without_password`](crate::without_password).
///
/// # Examples
/// ```
/// use automl_secrets::without_passwords;
///
/// let error = "unexpected argument 'postgresql://me:secret@host/x' found";
/// assert_eq!(without_passwords(error), "unexpected argument 'postgresql://me:...@host/x' found");
/// assert_eq!(without_passwords("cannot read host=h password=secret"), "cannot read host=h password=...");
/// ```
pub fn without_passwords(message: &str) -> String {
    let lines: Vec<String> = message.split('\n').map(line).collect();
    lines.join("\n")
}

fn line(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(&without_logins(before));
        shown.push_str("://");
        rest = login(after, &mut shown);
    }
    shown.push_str(&without_logins(rest));
    without_options(shown)
}

/// Takes what precedes the host of an address, and shows it without the password.
fn login<'a>(address: &'a str, shown: &mut String) -> &'a str {
    // The form of an address in a list of forms.
    if address.starts_with("USER:PASSWORD@") {
        return address;
    }
    let end = address.find(|c| ENDS.contains(&c) || [':', '@', '/', '?', '['].contains(&c));
    let Some((user, secret)) = end.map(|end| address.split_at(end)) else { return address };
    let Some(secret) = secret.strip_prefix(':') else { return address };
    // A password may hold anything: it ends where no other address has begun.
    let until = secret.find("://").unwrap_or(secret.len());
    let (length, is_password) = match secret[..until].rfind('@') {
        Some(at) => (at, true),
        None => {
            let word = secret.find(|c| ENDS.contains(&c) || ['/', '?', ','].contains(&c));
            let word = word.unwrap_or(secret.len());
            (word, !secret[..word].chars().all(|c| c.is_ascii_digit()))
        }
    };
    shown.push_str(user);
    shown.push(':');
    shown.push_str(if is_password { HIDDEN } else { &secret[..length] });
    &secret[length..]
}

/// A text without the passwords of words like `postgres:me:secret@host`.
fn without_logins(text: &str) -> String {
    let word = |word: &str| match (word.find(':'), word.rfind('@')) {
        (Some(colon), Some(at)) if colon < at && !word.contains("USER:PASSWORD@") => {
            format!("{}:{HIDDEN}{}", &word[..colon], &word[at..])
        }
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split(' ').map(word).collect();
    words.join(" ")
}

/// A text up to a value of an option such as `password = `. Where the value ends depends on quotes.
fn without_options(mut text: String) -> String {
    let lower = text.to_ascii_lowercase();
    let sets = |word: &&str| {
        let ends = lower.match_indices(word).map(|(at, _)| at + word.len());
        ends.filter_map(|end| {
            let gap = lower[end..].find(|c: char| !c.is_whitespace())?;
            lower[end + gap..].starts_with('=').then_some(end + gap + 1)
        })
        .min()
    };
    if let Some(end) = SECRETS.iter().filter_map(sets).min() {
        text.truncate(end);
        text.push_str(HIDDEN);
    }
    text
}
