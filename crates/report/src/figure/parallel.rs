//! Parallel coordinates: axes here, lines and brushes by the page's script.

use crate::StudyData;
use crate::payload::Sample;
use crate::plot::count;
use maud::{Markup, html};

/// The most parameters with an axis.
const AXES: usize = 9;

/// The empty frame of the figure, for the most important parameters and all objectives.
pub(crate) fn parallel(data: &StudyData, sample: &Sample, important: &[usize]) -> Option<Markup> {
    let with_value = data.trials().iter().filter(|trial| data.values(trial).is_some()).count();
    if with_value < 2 || important.is_empty() {
        return None;
    }
    let axes: Vec<String> = important.iter().take(AXES).map(usize::to_string).collect();
    Some(html! {
        figure {
            div.scroll tabindex="0" role="group" aria-label="Parallel coordinates" {
                svg.plot.wide #coordinates viewBox="0 0 1020 330" data-params=(axes.join(",")) role="group"
                    aria-label="Parallel coordinates of parameters and objectives" {}
            }
            p.controls {
                button type="button" #clear-brushes { "Clear selection" }
                " " output #brushed for="coordinates" aria-live="polite" {}
            }
            figcaption {
                "Drag along an axis to select a range there; the table below follows. With the keyboard: \
                 Tab to an axis, arrow keys move the range, + and − widen and narrow it, Escape clears it. "
                @if important.len() > AXES {
                    "The " (AXES) " most important of " (count(important.len() as u64)) " parameters are drawn. "
                }
                @if sample.is_partial { (count(sample.trials.len() as u64)) " trials are drawn." }
            }
        }
    })
}
