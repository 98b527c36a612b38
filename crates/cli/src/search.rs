//! `automl search`.

pub(crate) mod args;
#[cfg(feature = "train")]
mod display;

use crate::Failure;
use crate::output::say;
use automl::search::Settings;

/// Runs a search, or only checks its settings.
pub(crate) fn run(args: args::SearchArgs) -> Result<(), Failure> {
    let settings = args.load()?;
    if args.settings.dry_run {
        return say(automl::search::to_toml(&settings).trim_end());
    }
    execute(&settings)
}

#[cfg(feature = "train")]
fn execute(settings: &Settings) -> Result<(), Failure> {
    use automl::study::StopFlag;
    let stop = StopFlag::on_ctrl_c()?;
    let display = display::Display::new();
    let summary = automl::search::run(settings, &stop, &|event| display.show(event))?;
    display.finish();
    if stop.is_set() && summary.front.is_empty() {
        let study = &summary.study;
        return Err(format!("interrupted; what was recorded goes on with --study {study}").into());
    }
    say(display::table(&summary, settings))?;
    if stop.is_set() {
        let study = &summary.study;
        return Err(format!("interrupted; --study {study} trains what is left").into());
    }
    Ok(())
}

#[cfg(not(feature = "train"))]
fn execute(_: &Settings) -> Result<(), Failure> {
    Err(NO_TRAINING.into())
}

/// What a build without training says when it is to train.
#[cfg(not(feature = "train"))]
pub(crate) const NO_TRAINING: &str = "this build cannot train networks; run `cargo xtask`, or build with \
     `cargo build --release -p automl-rs-cli`";
