//! No malformed address brings its password into a message.
#![allow(clippy::unwrap_used)]

use automl_storage::{StudyRecord, open, without_password, without_passwords};
use proptest::prelude::*;
use std::error::Error;

/// The middle of every password.
const SECRET: &str = "s3cr3t";

/// A text with all that its error shows.
fn shown(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text} {cause} {cause:?}");
        source = cause.source();
    }
    text
}

/// A password that ends an address's parts too early, or not at all.
fn password() -> impl Strategy<Value = String> {
    let odd =
        prop::sample::select(vec!["", "@", ":", "/", "?", "#", "&", "=", "%", "%4", "é", "!"]);
    (odd.clone(), odd).prop_map(|(before, after)| format!("{before}{SECRET}{after}"))
}

/// An address with a login that is spoiled in one way or another, or in none. Port 1 has no server.
fn address() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "postgresql",
        "postgres",
        "PostgreSQL",
        "postgresql+psycopg2",
        "mysql",
        "redis",
        "sqlite+pysqlcipher",
    ]);
    let sign = prop::sample::select(vec!["://", ":/", ":", "//", " ://", ":///", "://://"]);
    let user = prop::sample::select(vec!["me", "", "m%20e"]);
    let at = prop::sample::select(vec!["@", "@@", ":@"]);
    let host =
        prop::sample::select(vec!["127.0.0.1:1", "127.0.0.1:port", "[::1", "[::1]:1", "", "%zz"]);
    let tail = prop::sample::select(vec![
        "",
        "/x",
        "/x?",
        "/x?a=b",
        "/x?sslmode=no",
        "/x?connect_timeout=-",
        "?=&=",
    ]);
    (scheme, sign, user, password(), at, host, tail).prop_map(
        |(scheme, sign, user, password, at, host, tail)| {
            format!("{scheme}{sign}{user}:{password}{at}{host}{tail}")
        },
    )
}

/// Whether an address is valid and leads to no server, for which a test does not wait.
fn waits(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    ["127.0.0.1:1", "[::1]:1"].iter().any(|host| url.contains(host))
        || !url.contains("127.0.0.1:port")
}

proptest! {
    #[test]
    fn malformed_addresses_are_refused_without_their_password(url in address()) {
        let text = without_password(&url);
        prop_assert!(!text.contains(SECRET), "{} is shown as {}", url, text);
        if !waits(&url) || !url.to_ascii_lowercase().starts_with("postgres") {
            let folder = tempfile::tempdir().unwrap();
            // A name that is taken for a file lies in this folder, and is found.
            if let Err(error) = open(&url, "study") {
                let text = shown(&error);
                prop_assert!(!text.contains(SECRET), "{} gives {}", url, text);
            } else {
                prop_assert!(false, "{} became a file", url);
            }
            if let Err(error) = StudyRecord::read(&url, Some("study")) {
                let text = shown(&error);
                prop_assert!(!text.contains(SECRET), "{} gives {}", url, text);
            }
            drop(folder);
        }
    }

    /// An address that stands where something else is wanted.
    #[test]
    fn messages_lose_the_passwords_in_them(
        url in address(),
        words in prop::sample::select(vec![
            ("cannot read ", ": no such file"), ("unexpected argument '", "' found"), ("", ""),
            ("invalid type: string \"", "\", expected u64"), ("a: b\n", "\nc"),
        ]),
    ) {
        let message = format!("{}{url}{}", words.0, words.1);
        let text = without_passwords(&message);
        prop_assert!(!text.contains(SECRET), "{} is shown as {}", message, text);
        prop_assert!(text.starts_with(words.0), "{}", text);
    }
}

#[test]
fn options_with_passwords_are_refused_without_them() {
    for url in [
        "postgresql://127.0.0.1:port/x?password=s3cr3t",
        "postgresql://127.0.0.1:port/x?PASSWORD=s3cr3t&a=b",
        "host=h password = 's3cr3t with words'",
        "postgresql://me@127.0.0.1:port/x?sslpassword=s3cr3t@b",
        "postgresql://me:@s3cr3t/@127.0.0.1:port",
        "postgresql://127.0.0.1/x?password=s3cr3t@b",
        "a.db?password=s3cr3t",
        "sqlite:///a.db?password=s3cr3t",
        "journal://me:s3cr3t@h/x",
    ] {
        assert!(!without_password(url).contains(SECRET), "{}", without_password(url));
        let error = open(url, "study").map(drop).unwrap_err();
        assert!(!shown(&error).contains(SECRET), "{}", shown(&error));
        let message = without_passwords(&format!("cannot read {url}: no"));
        assert!(!message.contains(SECRET), "{message}");
    }
    let message =
        "the forms are FILE, postgresql://USER:PASSWORD@HOST/DATABASE and a@b.c: one of them";
    assert_eq!(without_passwords(message), message);
}
