//! Snapshots of the help of every command, in `tests/snapshots`.
//!
//! After a change that is meant: `INSTA_UPDATE=always cargo nextest run --release -p automl-rs-cli`, and
//! read the difference before it is committed.

use crate::Cli;
use clap::CommandFactory;
use insta::Settings;

/// Compares with a file below `crates/cli/tests/snapshots`.
pub(crate) fn compare(name: &str, text: &str) {
    let mut settings = Settings::new();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The text without spaces at the ends of lines, which clap leaves where it wraps.
fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The help at so many columns, of the program and of each of its commands.
fn help_at(width: usize) {
    let mut cli = Cli::command().term_width(width);
    cli.build();
    compare(&format!("automl-{width}"), &trimmed(&cli.render_long_help().to_string()));
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        let text = command.clone().term_width(width).render_long_help().to_string();
        compare(&format!("{}-{width}", command.get_name()), &trimmed(&text));
    }
}

#[test]
fn help_on_a_wide_terminal() {
    help_at(140);
}

#[test]
fn help_on_a_narrow_terminal() {
    help_at(80);
}
