//! Failed trials with their reasons.

use crate::StudyData;
use crate::data::reason;
use crate::payload::clipped;
use crate::plot::count;
use automl_study::{State, TrialId};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The most reasons, and the most trials named for each.
const REASONS: usize = 20;
const NAMED: usize = 12;

/// The failures by reason, the most frequent first.
pub(crate) fn failures(data: &StudyData) -> Option<Markup> {
    let mut reasons: BTreeMap<&str, Vec<TrialId>> = BTreeMap::new();
    for trial in data.trials().iter().filter(|trial| trial.state == State::Failed) {
        reasons.entry(reason(trial).unwrap_or_default()).or_default().push(trial.number);
    }
    let mut list: Vec<(&str, Vec<TrialId>)> = reasons.into_iter().collect();
    list.sort_by_key(|(_, trials)| std::cmp::Reverse(trials.len()));
    let more = list.len().saturating_sub(REASONS);
    (!list.is_empty()).then(|| html! {
        div.scroll tabindex="0" role="group" aria-label="Failed trials" {
            table.failures {
                thead { tr {
                    th.num scope="col" { "trials" } th scope="col" { "reason" } th scope="col" { "numbers" }
                } }
                tbody {
                    @for (reason, trials) in list.iter().take(REASONS) {
                        tr {
                            td.num { (count(trials.len() as u64)) }
                            td.reason { @if reason.is_empty() { i { "no reason was recorded" } } @else { (clipped(reason)) } }
                            td {
                                @for number in trials.iter().take(NAMED) {
                                    button.link type="button" data-open=(number) { (number) } " "
                                }
                                @if trials.len() > NAMED { "…" }
                            }
                        }
                    }
                }
            }
            @if more > 0 { p { (count(more as u64)) " more reasons are not listed; trials.csv has them." } }
        }
    })
}
