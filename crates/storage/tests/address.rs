//! Forms of addresses, and what is refused without showing a password.
#![allow(clippy::unwrap_used)]

use automl_storage::{Address, open, storages};
use std::path::Path;

#[test]
fn addresses_are_told_apart() {
    let file = |path: &'static str| Some(Address::File(Path::new(path)));
    for (url, path) in [
        ("a/b.db", "a/b.db"),
        ("sqlite/a.db", "sqlite/a.db"),
        ("run 1: a.db", "run 1: a.db"),
        ("sqlite:////a.db", "/a.db"),
        ("sqlite+pysqlite:///a.db", "a.db"),
        ("sqlite:///a.db?timeout=60", "a.db"),
        ("sqlite:///a.db?timeout=60&check_same_thread=false", "a.db"),
        ("sqlite:///a%20b.db?", "a%20b.db"),
    ] {
        assert_eq!(Address::parse(url).ok(), file(path), "{url}");
    }
    for url in ["postgresql://me:secret@host/x", "postgresql+psycopg2://me:secret@host/x"] {
        assert_eq!(Address::parse(url).ok(), Some(Address::Postgres(url)));
    }
}

#[test]
fn what_is_no_address_is_refused_without_its_password() {
    for unknown in [
        "",
        "sqlite:///",
        "sqlite://",
        "sqlite://host/a.db",
        "sqlite:a.db",
        "sqlite:/a.db",
        "sqlite///a.db",
        "sqlite+pysqlcipher://:secret@/a.db",
        "sqlite:///:memory:",
        "sqlite:///file:a.db?uri=true",
        "sqlite:///a.db?secret",
        ":memory:",
        "file:a.db?mode=ro",
        "a.db?timeout=60",
        "mysql://me:secret@host/x",
        "mysql+pymysql://me:secret@host/x",
        "host=h dbname=x password=secret",
        "password = 'top secret' host=h",
        "PASSWORD=secret host=h",
        "postgres:me:secret@host/x",
        "postgresql:/me:secret@host/x",
        "postgresql//me:secret@host/x",
        "//me:secret@host/x",
        "me:secret@host/x",
        "postgersql:me:secret@host/x",
    ] {
        let error = Address::parse(unknown).unwrap_err().to_string();
        assert!(!error.contains("secret") && error.contains("not supported"), "{error}");
    }
}

#[test]
fn an_option_that_changes_the_meaning_is_named() {
    for (url, option) in [
        ("sqlite:///a.db?mode=ro", "mode"),
        ("sqlite:///a.db?timeout=60&immutable=1", "immutable"),
        ("sqlite:///a.db?vfs=unix-none", "vfs"),
    ] {
        let error = Address::parse(url).unwrap_err().to_string();
        assert!(error.contains(&format!("{option:?}")) && error.contains("timeout"), "{error}");
    }
}

#[test]
fn storages_are_sorted_and_each_describes_itself() {
    assert!(storages().windows(2).all(|pair| pair[0].name < pair[1].name));
    for entry in storages() {
        assert!(entry.summary().ends_with('.') && !entry.form.is_empty(), "{entry:?}");
        assert!(entry.is_available() || entry.feature.is_some(), "{entry:?}");
    }
}

#[test]
fn every_url_belongs_to_one_storage_at_most() {
    for (url, name) in [
        ("memory://", Some("memory")),
        ("journal:////shared/a.log", Some("journal")),
        ("journal:///", None),
        ("journal:///a.log?timeout=60", None),
        ("  ", None),
        ("a/b.db", Some("sqlite")),
        ("sqlite:////a.db", Some("sqlite")),
        ("postgresql://host/x", Some("postgresql")),
        ("postgres://host/x", Some("postgresql")),
        ("mysql://host/x", None),
        ("sqlite:///", None),
        ("", None),
    ] {
        let found: Vec<_> = storages().iter().filter(|e| e.opens(url)).map(|e| e.name).collect();
        assert_eq!(found, Vec::from_iter(name), "{url}");
    }
}

#[test]
fn an_unknown_scheme_is_answered_with_all_forms() {
    let error = open("mysql://me:secret@host/x", "study").unwrap_err().to_string();
    let forms: Vec<&str> = storages().iter().map(|entry| entry.form).collect();
    let expected = "the storage \"mysql://me@host/x\" is not supported: ";
    assert_eq!(error, format!("{expected}{}", forms.join(", ")));
}
