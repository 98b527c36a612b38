//! `automl tune`: any program, tuned.

pub(crate) mod args;
mod objectives;

use crate::live::Live;
use crate::output::{note, say};
use crate::{Failure, json, log};
use automl::study::StopFlag;
use automl::tune::{TuneEvent, TuneOutcome, preview, tune};

/// Tunes a program, or only shows the first command.
pub(crate) fn run(args: args::TuneArgs) -> Result<(), Failure> {
    let settings = args.settings()?;
    if args.dry_run {
        return say(preview(&settings)?);
    }
    let stop = StopFlag::on_ctrl_c()?;
    let show = args.show;
    let live = Live::new(settings.storage.as_deref());
    let outcome = tune(&settings, &stop, &|event| {
        match event {
            TuneEvent::Start { study, folder, .. } => {
                log::keep_in(folder);
                live.begin(study, folder);
            }
            TuneEvent::Trial { .. } => live.renew(),
            _ => {}
        }
        if show.json {
            // A closed standard output does not end the programs.
            json::tune_event(event).into_iter().for_each(|line| drop(say(line)));
        } else if show.shows_progress() || matches!(event, TuneEvent::Note(_)) {
            note(event);
        }
    })?;
    live.finish();
    if show.json {
        say(json::tune_result(&outcome))?;
    } else {
        if let Some(plot) = live.plot() {
            say(format_args!("\n{plot}"))?;
        }
        say(report(&outcome))?;
    }
    if outcome.is_finished {
        return Ok(());
    }
    let study = &outcome.study;
    Err(format!("ended before all trials were done; --study {study} goes on with it").into())
}

fn report(outcome: &TuneOutcome) -> String {
    let mut text = format!("\n{}", outcome.table);
    let TuneOutcome { finished, failed, paused, folder, .. } = outcome;
    let folder = folder.display();
    text.push_str(&format!("\n{finished} trials finished, {failed} of them failed"));
    if *paused > 0 {
        text.push_str(&format!(", {paused} wait at a lower fidelity"));
    }
    match outcome.best.as_slice() {
        [] if *paused > 0 => text.push_str(
            "\nnone has reached the highest fidelity: with more --trials the best of them go on",
        ),
        [] => text.push_str("; none has a result that counts"),
        [best] => {
            text.push_str(&format!("\nbest: trial {}\n  {}", best.trial, best.command));
            if let Some(other) = &outcome.recommended {
                let (trial, command) = (other.trial, &other.command);
                text.push_str(&format!(
                    "\nrecommended, by a model of the noise: trial {trial}\n  {command}"
                ));
            }
        }
        front => text.push_str(&format!("\nfront: {} trials in {folder}/best.json", front.len())),
    }
    text.push_str(&format!("\neverything lies in {folder}/"));
    text
}
