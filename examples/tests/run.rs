//! Every example runs, prints something, and finds its own claims true.
#![allow(clippy::unwrap_used)]

use std::process::Command;

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{program}:\n{stdout}{stderr}");
    assert!(!stdout.trim().is_empty(), "{program} prints nothing");
    print!("{stdout}");
}

macro_rules! examples {
    ($($(#[$gate:meta])? $name:ident)*) => {$(
        $(#[$gate])?
        #[test]
        fn $name() {
            run(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), &[]);
        }
    )*};
}

examples! {
    tune_function
    several_objectives
    constraints_and_conditions
    early_stopping
    custom_sampler
    custom_scheduler
    custom_storage
    many_processes
    journal_file
    #[cfg(unix)] tune_program
    #[cfg(feature = "train")] train_one_network
    #[cfg(feature = "train")] compress
    #[cfg(feature = "train")] search_with_own_sampler
}

#[test]
fn ask_tell() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/ask_tell.py");
    run("python3", &[script, env!("CARGO_BIN_EXE_serve")]);
}

/// The list of programs in the README is that of the folder.
#[test]
fn the_readme_names_every_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in std::fs::read_dir(folder.join("src/bin")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(readme.contains(&format!("(src/bin/{name})")), "README.md lacks {name}");
    }
}
