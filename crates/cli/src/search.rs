//! `automl search`.

pub(crate) mod args;
#[cfg(feature = "train")]
mod display;

use crate::Failure;
use crate::output::{ShowArgs, say};
use automl::search::Settings;

/// Runs a search, or only checks its settings.
pub(crate) fn run(args: args::SearchArgs) -> Result<(), Failure> {
    let settings = args.load()?;
    if args.settings.dry_run {
        return say(automl::search::to_toml(&settings).trim_end());
    }
    execute(&settings, args.show)
}

#[cfg(feature = "train")]
fn execute(settings: &Settings, show: ShowArgs) -> Result<(), Failure> {
    use crate::live::Live;
    use crate::output::Interrupted;
    use automl::search::{Event, SearchOutcome};
    use automl::study::StopFlag;
    let stop = StopFlag::on_ctrl_c()?;
    let display = display::Display::new(show.shows_progress());
    let live = Live::new(settings.storage.as_deref());
    let outcome = automl::search::run(settings, &stop, &|event| {
        if show.json {
            // A closed standard output does not end the search.
            crate::json::search_event(event).into_iter().for_each(|line| drop(say(line)));
        } else {
            display.show(event);
        }
        match event {
            Event::Start(start) => {
                crate::log::keep_in(&start.folder);
                live.begin(&start.study, &start.folder);
            }
            Event::Progress(_) | Event::Trained(_) => live.renew(),
            _ => {}
        }
    });
    display.finish();
    live.finish();
    let outcome = outcome?;
    if show.json {
        say(crate::json::search_result(&outcome))?;
    }
    let is_over = matches!(outcome, SearchOutcome::Finished(_) | SearchOutcome::Shared(_));
    if let Some(summary) = outcome.summary()
        && (is_over || !summary.front.is_empty())
        && !show.json
    {
        if let Some(plot) = live.plot() {
            say(format_args!("\n{plot}"))?;
        }
        say(display::table(summary, settings, crate::output::width()))?;
    }
    if let SearchOutcome::Interrupted(summary) = &outcome {
        let so_far = summary.as_ref().filter(|_| !show.json);
        if let Some(so_far) = so_far.and_then(|s| display::so_far(s, settings)) {
            say(so_far)?;
        }
        return Err(Interrupted::because(outcome.to_string()));
    }
    if is_over { Ok(()) } else { Err(outcome.to_string().into()) }
}

#[cfg(not(feature = "train"))]
fn execute(_: &Settings, _: ShowArgs) -> Result<(), Failure> {
    Err(NO_TRAINING.into())
}

/// The message of a build without training.
#[cfg(not(feature = "train"))]
pub(crate) const NO_TRAINING: &str = "this build cannot train networks; run `cargo xtask`, or build with \
     `cargo build --release -p automl-rs-cli`";
