//! The table of all trials: its frame; the page's script fills, sorts and filters it.

use crate::StudyData;
use crate::payload::Sample;
use crate::plot::count;
use maud::{Markup, html};

pub(super) fn trials(data: &StudyData, sample: &Sample) -> Option<Markup> {
    let all = data.trials().len();
    (all > 0).then(|| html! {
        p.controls role="search" {
            label { "Filter " input #filter type="search" size="34" autocomplete="off" spellcheck="false"
                placeholder="complete accuracy>0.9 m1=Conv"; }
            " "
            @if data.params().len() > 8 {
                label { input #all-params type="checkbox"; " all " (count(data.params().len() as u64)) " parameters" }
                " "
            }
            output #matches for="filter" aria-live="polite" {}
        }
        p.n #filter-help {
            "Words must occur in a row; comparisons as "
            code { "name>0.9" } ", " code { "name<=8" } " or " code { "name=value" } " hold for a column."
        }
        @if sample.is_partial {
            p.n {
                "The table has " (count(sample.trials.len() as u64)) " of " (count(all as u64))
                " trials: the front, the best, some that failed or run, and others at equal distances. "
                code { "automl report --csv" } " writes all of them."
            }
        }
        div.scroll.tall tabindex="0" role="group" aria-label="Trials" {
            table #table {
                caption.hidden { "All trials" }
                thead {}
                tbody {}
            }
        }
        p.controls { button type="button" #more hidden { "Show more" } }
        noscript { p { "The table of the trials needs the page's script." } }
    })
}
