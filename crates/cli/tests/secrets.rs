//! No argument, setting or variable that was mistyped brings a password into the output.
#![allow(clippy::unwrap_used)]

use std::process::Command;

const SECRET: &str = "s3cr3t";

/// Runs the program in an empty folder, and returns all that it prints.
fn printed(args: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("typo.toml"),
        "seed = 1\nstorag = \"postgresql://me:s3cr3t@127.0.0.1:port/x\"\n",
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_automl"))
        .args(args)
        .current_dir(folder.path())
        .env("PGPASSWORD", SECRET)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{args:?}");
    let names = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name());
    let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    let shown = [output.stdout, output.stderr].concat();
    format!("{} {}", String::from_utf8_lossy(&shown), names.join(" "))
}

#[test]
fn an_address_in_a_wrong_place_is_shown_without_its_password() {
    for url in
        ["postgresql://me:s3cr3t@127.0.0.1:port/x", "postgres:me:s3cr3t@h", "mysql://me:s3cr3t@h/x"]
    {
        let set = format!("storages={url}");
        let storage = format!("--storages={url}");
        for args in [
            vec![url],
            vec!["search", url],
            vec!["search", "--storage", url],
            vec!["search", &storage],
            vec!["search", "--study", url],
            vec!["search", "--seed", url],
            vec!["search", "--sampler", url],
            vec!["search", "--set", &set],
            vec!["search", "--warm-start", url],
            vec!["studies", "show", url],
            vec!["studies", "list", url],
            vec!["studies", "copy", url, "a.db"],
            vec!["studies", "copy", "a.db", url],
            vec!["report", url],
            vec!["export-trials", url, "--out", "a.csv"],
            vec!["tune", "--storage", url, "--param", "x=float(0,1)", "--", "true"],
            vec!["tune", "--param", url, "--", "true"],
            vec!["predict", url, url],
            vec!["launch", "local", "--tasks", "1", "--", "search", "--storage", url],
        ] {
            let shown = printed(&args);
            assert!(!shown.contains(SECRET), "{args:?}: {shown}");
        }
    }
    let shown = printed(&["search", "--config", "typo.toml"]);
    assert!(!shown.contains(SECRET), "{shown}");
}
