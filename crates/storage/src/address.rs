//! The kind of database that a URL names.

use automl_secrets::scheme;
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
/// assert_eq!(Address::parse("sqlite:///study.db?timeout=60")?, file);
/// assert_eq!(Address::parse("journal:///study.log")?, Address::Journal(Path::new("study.log")));
/// assert!(matches!(Address::parse("postgresql://host/studies")?, Address::Postgres(_)));
/// assert!(Address::parse("mysql://host/studies").is_err());
/// # Ok::<(), automl_storage::OpenError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// An SQLite file.
    File(&'a Path),
    /// A journal file of Optuna.
    Journal(&'a Path),
    /// The URL of a PostgreSQL database.
    Postgres(&'a str),
}

/// Why a text is not an address of a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is of no known form.
    Form,
    /// Its query has an option that would change its meaning.
    Option(String),
}

/// Options of an SQLite file that change nothing in what is stored.
pub(crate) const DRIVER_OPTIONS: [&str; 6] = [
    "cached_statements",
    "check_same_thread",
    "detect_types",
    "isolation_level",
    SYNCHRONOUS,
    "timeout",
];

/// The option that says whether ends of trials wait for the disk: `full`, the default, or `normal`.
const SYNCHRONOUS: &str = "synchronous";

/// Drivers of SQLAlchemy for files of SQLite.
const SQLITE_DRIVERS: [&str; 4] = ["", "aiosqlite", "pysqlite", "pysqlite_numeric"];

impl<'a> Address<'a> {
    /// The address that a text names.
    pub(crate) fn of(url: &'a str) -> Result<Self, Refusal> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return if is_file(url) { Ok(Self::File(Path::new(url))) } else { Err(Refusal::Form) };
        };
        match scheme.split_once('+').unwrap_or((scheme, "")) {
            ("journal", "") => match rest.strip_prefix('/') {
                // No option is known for journals, and a question mark is none of the file's name.
                Some(path) if !path.is_empty() && !path.contains('?') => {
                    Ok(Self::Journal(journal(Path::new(path), Path::new(rest))))
                }
                _ => Err(Refusal::Form),
            },
            ("postgresql" | "postgres", _) => Ok(Self::Postgres(url)),
            ("sqlite", driver) if SQLITE_DRIVERS.contains(&driver) => file(rest),
            _ => Err(Refusal::Form),
        }
    }
}

/// The file of a journal: below the current folder or, where there is no such folder and one below the
/// root, there: `journal:///tmp/a.log` is the file of `journal:////tmp/a.log`.
fn journal<'a>(relative: &'a Path, absolute: &'a Path) -> &'a Path {
    let folder = |path: &Path| path.parent().is_some_and(|folder| folder.is_dir());
    let is_name = relative.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    if !is_name && !folder(relative) && folder(absolute) { absolute } else { relative }
}

/// The file of what follows `sqlite://`: a slash, the path and a query.
fn file(rest: &str) -> Result<Address<'_>, Refusal> {
    let path = rest.strip_prefix('/').ok_or(Refusal::Form)?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (option, value) = pair.split_once('=').ok_or(Refusal::Form)?;
        let is_known = match option {
            SYNCHRONOUS => ["full", "normal"].contains(&value),
            option => DRIVER_OPTIONS.contains(&option),
        };
        if !is_known {
            return Err(Refusal::Option(option.to_owned()));
        }
    }
    if path.is_empty() || path.contains("://") || path == ":memory:" || path.starts_with("file:") {
        return Err(Refusal::Form);
    }
    Ok(Address::File(Path::new(path)))
}

/// Whether the address of a file says that ends of trials do not wait for the disk.
pub(crate) fn is_hasty(url: &str) -> bool {
    let query = url.split_once("://").and_then(|(_, rest)| rest.split_once('?'));
    query.is_some_and(|(_, query)| query.split('&').any(|pair| pair == "synchronous=normal"))
}

/// Whether a text without `://` names a file, and is not a URL that lacks something. Such a one may
/// contain a password.
fn is_file(text: &str) -> bool {
    let has_scheme = scheme(text).is_some();
    let has_login = text.split_once('@').is_some_and(|(before, _)| before.contains(':'));
    let has_query = text.split_once('?').is_some_and(|(_, query)| query.contains('='));
    !(text.trim().is_empty() || text.starts_with(':') || text.starts_with("//"))
        && !(has_scheme || has_login || has_query || is_connection(text))
}

/// Whether a text is a list of `key=value` for PostgreSQL.
fn is_connection(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let sets = |key: &&str| {
        let mut after = text.match_indices(key).map(|(at, _)| text[at + key.len()..].trim_start());
        after.any(|rest| rest.starts_with('='))
    };
    ["password", "passwd", "dbname"].iter().any(sets)
}
