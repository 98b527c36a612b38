//! Bars of the importance of parameters.

use crate::plot::count;
use crate::{Importance, Interaction, StudyData, interactions};
use maud::{Markup, html};

/// The most bars of an objective.
const BARS: usize = 12;

/// The most pairs of an objective, and the least share of the variance that is worth a bar.
const PAIRS: usize = 5;
const LEAST: f64 = 0.02;

/// The most objectives.
const OBJECTIVES: usize = 6;

/// A list of bars for each objective.
pub(crate) fn importance_bars(data: &StudyData, rankings: &[Vec<Importance>]) -> Option<Markup> {
    if rankings.iter().all(|ranking| ranking.len() < 2) {
        return None;
    }
    let drawn = data.objectives().iter().zip(rankings).take(OBJECTIVES);
    let pairs: Vec<(&str, Vec<Interaction>)> = data
        .objectives()
        .iter()
        .take(OBJECTIVES)
        .enumerate()
        .map(|(at, objective)| (objective.name.as_str(), strong(interactions(data, at))))
        .filter(|(_, pairs)| !pairs.is_empty())
        .collect();
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
        @if !pairs.is_empty() {
            figure {
                div.grid { @for (objective, pairs) in &pairs { (pair_bars(data, objective, pairs)) } }
                figcaption {
                    "fANOVA: the share of the variance over all complete trials that two parameters explain \
                     only together, in a random forest."
                }
            }
        }
    })
}

fn strong(mut pairs: Vec<Interaction>) -> Vec<Interaction> {
    pairs.retain(|pair| pair.share >= LEAST);
    pairs.truncate(PAIRS);
    pairs
}

fn pair_bars(data: &StudyData, objective: &str, pairs: &[Interaction]) -> Markup {
    html! {
        table.bars {
            caption { "Interactions for " (objective) }
            tbody {
                @for pair in pairs {
                    @let [a, b] = pair.params.map(|at| &data.params()[at].name);
                    tr {
                        th scope="row" { bdi { (a) } " × " bdi { (b) } }
                        td {
                            span.bar style=(format!("--length:{:.3}", pair.share)) {}
                            span.value { (format!("{:.2}", pair.share)) }
                        }
                    }
                }
            }
        }
    }
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
