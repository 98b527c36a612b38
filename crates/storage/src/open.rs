//! Storages by URL.

use crate::backend::forms;
use automl_study::StoreError;
use std::path::Path;
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

impl OpenError {
    pub(crate) fn unknown(url: &str) -> Self {
        Self::Unknown { url: without_password(url), forms: forms() }
    }
}

/// The kind of database that a URL names.
///
/// # Examples
/// ```
/// use automl_storage::Address;
/// use std::path::Path;
///
/// let file = Address::File(Path::new("study.db"));
/// assert_eq!(Address::parse("study.db")?, file);
/// assert_eq!(Address::parse("sqlite:///study.db")?, file);
/// assert!(matches!(Address::parse("postgresql://host/studies")?, Address::Postgres(_)));
/// assert!(Address::parse("mysql://host/studies").is_err());
/// # Ok::<(), automl_storage::OpenError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// An SQLite file.
    File(&'a Path),
    /// The URL of a PostgreSQL database.
    Postgres(&'a str),
}

impl<'a> Address<'a> {
    /// Parses a file name, `sqlite:///FILE` or `postgresql://HOST/DATABASE`.
    ///
    /// # Errors
    /// [`OpenError::Unknown`] for any other URL.
    pub fn parse(url: &'a str) -> Result<Self, OpenError> {
        let path = url.strip_prefix("sqlite:///").unwrap_or(url);
        if ["postgresql://", "postgres://"].iter().any(|scheme| url.starts_with(scheme)) {
            Ok(Self::Postgres(url))
        } else if path.is_empty() || path.contains("://") || is_connection(url) {
            Err(OpenError::unknown(url))
        } else {
            Ok(Self::File(Path::new(path)))
        }
    }
}

/// Whether a text that is not a URL is meant for PostgreSQL: a list of `key=value`, or a URL without its
/// slashes. It may contain a password and must not be taken for a file name.
fn is_connection(text: &str) -> bool {
    let sets = |key: &str| {
        let after = text.match_indices(key).map(|(at, _)| text[at + key.len()..].trim_start());
        after.into_iter().any(|rest| rest.starts_with('='))
    };
    text.starts_with("postgres:")
        || text.starts_with("postgresql:")
        || sets("password")
        || sets("dbname")
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
        if let Some(at) = url.find("password") {
            // Where it ends depends on quotes: nothing behind it is shown.
            return format!("{}password=...", &url[..at]);
        }
        return match url.split_once(':') {
            Some((scheme @ ("postgres" | "postgresql"), _)) => format!("{scheme}:..."),
            _ => url.to_owned(),
        };
    };
    let (user, rest) = match rest.split_once('@') {
        // Whether it is a user's or a query's, nothing behind it is shown.
        Some((user, _)) if user.contains('?') && user.contains("password=") => {
            return format!("{scheme}://...");
        }
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    // A password may hold what ends a name, and more at signs.
    let user = user.map(|user| user.split([':', '?', '/']).next().unwrap_or_default());
    let (host, query) = rest.split_once('?').map_or((rest, None), |(host, q)| (host, Some(q)));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let query: Option<Vec<&str>> =
        query.map(|query| query.split('&').filter(|pair| !pair.starts_with("password=")).collect());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let file = |path: &'static str| Some(Address::File(Path::new(path)));
        assert_eq!(Address::parse("a/b.db").ok(), file("a/b.db"));
        assert_eq!(Address::parse("sqlite:////a.db").ok(), file("/a.db"));
        let url = "postgresql://me:secret@host/x";
        assert_eq!(Address::parse(url).ok(), Some(Address::Postgres(url)));
        for unknown in [
            "",
            "sqlite:///",
            "mysql://me:secret@host/x",
            "host=h dbname=x password=secret",
            "password = 'top secret' host=h",
            "postgres:me:secret@host/x",
            "postgresql:/me:secret@host/x",
        ] {
            let error = Address::parse(unknown).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

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
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
