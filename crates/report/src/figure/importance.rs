//! Bars of the importance of parameters.

use crate::plot::count;
use crate::{Importance, StudyData};
use maud::{Markup, html};

/// The most bars of an objective.
const BARS: usize = 12;

/// A list of bars for each objective.
pub(crate) fn importance_bars(data: &StudyData, rankings: &[Vec<Importance>]) -> Option<Markup> {
    if rankings.iter().all(|ranking| ranking.len() < 2) {
        return None;
    }
    let drawn = data.objectives().iter().zip(rankings).take(6);
    Some(html! {
        figure {
            div.grid {
                @for (objective, ranking) in drawn { (bars(data, &objective.name, ranking)) }
            }
            figcaption {
                "PED-ANOVA: how far the values of a parameter in the best tenth of the complete trials \
                 differ from those in all of them. The shares sum to 1."
            }
        }
    })
}

fn bars(data: &StudyData, objective: &str, ranking: &[Importance]) -> Markup {
    let longest = ranking.first().map_or(1.0, |first| first.share).max(f64::MIN_POSITIVE);
    let more = ranking.iter().skip(BARS);
    let (others, rest) = (more.clone().count(), more.map(|item| item.share).sum::<f64>());
    html! {
        table.bars {
            caption { "Importance for " (objective) }
            tbody {
                @for item in ranking.iter().take(BARS) {
                    tr {
                        th scope="row" { (data.params()[item.param].name) }
                        td {
                            span.bar style=(format!("--length:{:.3}", item.share / longest)) {}
                            span.value { (format!("{:.2}", item.share)) }
                        }
                    }
                }
                @if others > 0 {
                    tr.rest {
                        th scope="row" { (count(others as u64)) " others" }
                        td { span.value { (format!("{rest:.2}")) " together" } }
                    }
                }
            }
        }
    }
}
