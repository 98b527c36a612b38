//! The kind of database that a URL names.

use std::path::Path;

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
    /// The address that a text names, if it is of a known form.
    pub(crate) fn of(url: &'a str) -> Option<Self> {
        let path = url.strip_prefix("sqlite:///").unwrap_or(url);
        if ["postgresql://", "postgres://"].iter().any(|scheme| url.starts_with(scheme)) {
            Some(Self::Postgres(url))
        } else if path.is_empty() || path.contains("://") || is_connection(url) {
            None
        } else {
            Some(Self::File(Path::new(path)))
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
}
