//! Storages by URL.

use crate::address::scheme;
use automl_study::StoreError;
use thiserror::Error;

/// An error of [`open`](crate::open()).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No storage has URLs of this form.
    #[error("the storage {url:?} is not supported: {forms}")]
    Unknown {
        /// The address, without a password.
        url: String,
        /// The forms of the URLs of all storages.
        forms: String,
    },
    /// The query of the URL has an option that would change what the URL means.
    #[error("the storage {url:?} has the option {option:?}, which is not supported (only {known})")]
    UnknownOption {
        /// The address, without a password.
        url: String,
        /// The option.
        option: String,
        /// The options that are taken.
        known: String,
    },
    /// The crate was built without a feature that the storage needs.
    #[error("the storage {url:?} needs a build with --features {feature}")]
    MissingFeature {
        /// The address, without a password.
        url: String,
        /// The Cargo feature.
        feature: &'static str,
    },
    /// The storage cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Removes the password from a URL, for messages and records.
///
/// # Examples
/// ```
/// use automl_storage::without_password;
///
/// assert_eq!(without_password("postgresql://me:secret@host/studies"), "postgresql://me@host/studies");
/// assert_eq!(without_password("study.db"), "study.db");
/// ```
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return plain(url);
    };
    let (user, rest) = match rest.split_once('@') {
        // Whether it is a user's or a query's, nothing behind it is shown.
        Some((user, _)) if user.contains('?') && is_secret(user) => {
            return format!("{scheme}://...");
        }
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    // A password may hold what ends a name, and more at signs.
    let user = user.map(|user| user.split([':', '?', '/']).next().unwrap_or_default());
    let (host, query) = rest.split_once('?').map_or((rest, None), |(host, q)| (host, Some(q)));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let query: Option<Vec<&str>> = query.map(|query| {
        query.split('&').filter(|pair| pair.contains('=') && !is_secret(pair)).collect()
    });
    let query = query.filter(|query| !query.is_empty()).map(|query| query.join("&"));
    let mut shown = format!("{scheme}://");
    if let Some(user) = user {
        shown.push_str(user);
        shown.push('@');
    }
    shown.push_str(host);
    if let Some(query) = query {
        shown.push('?');
        shown.push_str(&query);
    }
    shown
}

/// A text without `://`, up to where a password may begin.
fn plain(text: &str) -> String {
    if text.split_once('@').is_some_and(|(before, _)| before.contains(':')) {
        return match scheme(text) {
            Some(scheme) => format!("{scheme}:..."),
            None => "...".to_owned(),
        };
    }
    // Where it ends depends on quotes: nothing behind it is shown.
    let lower = text.to_ascii_lowercase();
    match SECRETS.iter().filter_map(|word| Some((lower.find(word)?, word))).min() {
        Some((at, word)) => format!("{}{word}=...", &text[..at]),
        None => match scheme(text) {
            Some(scheme @ ("postgres" | "postgresql")) => format!("{scheme}:..."),
            _ => text.to_owned(),
        },
    }
}

/// Words in the names of options with values that are not shown.
const SECRETS: [&str; 4] = ["passphrase", "passwd", "password", "pwd"];

/// Whether a part of a query sets a password.
fn is_secret(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    SECRETS.iter().any(|word| part.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_left_out() {
        for (url, shown) in [
            ("a.db", "a.db"),
            ("sqlite:///a.db", "sqlite:///a.db"),
            ("postgresql://host/x", "postgresql://host/x"),
            ("postgresql://me:p@ss:w@host:5432/x", "postgresql://me@host:5432/x"),
            ("postgresql://me:se?cr@et@host/x?a=b", "postgresql://me@host/x?a=b"),
            ("postgresql://host/x?password=sec@ret", "postgresql://..."),
            ("postgresql://host/x?password=secret&user=me", "postgresql://host/x?user=me"),
            ("postgresql://me@host/x?password=secret", "postgresql://me@host/x"),
            ("postgresql://me@host/x?sslPassword=secret&a=b", "postgresql://me@host/x?a=b"),
            ("postgresql//me:secret@host/x", "postgresql:..."),
            ("me:secret@host/x", "..."),
            ("host=h PASSWORD=secret", "host=h password=..."),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
