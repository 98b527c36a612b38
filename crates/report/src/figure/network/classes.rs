//! Confusion matrix and scores of each class, where the record of the network has them.

use crate::NetworkCard;
use crate::plot::count;
use maud::{Markup, html};
use serde_json::Value;

/// The most classes of a matrix, and the most rows of a table of classes or of confusions.
const MATRIX: usize = 20;
const ROWS: usize = 30;

/// The test images by class, else the validation images; nothing where neither is recorded.
pub(super) fn classes(card: &NetworkCard) -> Markup {
    let metrics = &card.metrics;
    let splits = [("test", &metrics["test"]), ("validation", &metrics["validation"])];
    let Some((split, report)) =
        splits.into_iter().find(|(_, report)| report["confusion"].is_array())
    else {
        return html! {};
    };
    let names = names(report);
    let counts = matrix(report);
    html! {
        div.columns {
            div.scroll tabindex="0" role="group" aria-label="Confusion matrix" {
                @if names.len() <= MATRIX { (confusion(split, &names, &counts)) }
                @else { (confusions(split, &names, &counts)) }
            }
            div.scroll tabindex="0" role="group" aria-label="Scores of each class" { (scores(split, report)) }
        }
    }
}

fn names(report: &Value) -> Vec<String> {
    let classes = report["classes"].as_array().map(Vec::as_slice).unwrap_or_default();
    classes.iter().map(|class| class["class"].as_str().unwrap_or_default().to_owned()).collect()
}

fn matrix(report: &Value) -> Vec<Vec<u64>> {
    let rows = report["confusion"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |row: &Value| {
        let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
        cells.iter().map(|cell| cell.as_u64().unwrap_or(0)).collect()
    };
    rows.iter().map(row).collect()
}

/// The counts by true and predicted class, as dark as their share of the true class.
fn confusion(split: &str, names: &[String], counts: &[Vec<u64>]) -> Markup {
    html! {
        table.confusion {
            caption { "Confusion matrix, " (split) " images: true class by row, predicted by column" }
            thead { tr { td {} @for name in names { th scope="col" { (name) } } } }
            tbody {
                @for (truth, row) in counts.iter().enumerate() {
                    @let images = row.iter().sum::<u64>().max(1) as f64;
                    tr {
                        th scope="row" { (names.get(truth).map_or("", String::as_str)) }
                        @for (predicted, n) in row.iter().enumerate() {
                            @if *n == 0 { td {} } @else {
                                td class=[(truth != predicted).then_some("failed")]
                                    style=(format!("--share:{:.0}%", 100.0 * *n as f64 / images)) { (n) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The most frequent confusions, of many classes.
fn confusions(split: &str, names: &[String], counts: &[Vec<u64>]) -> Markup {
    let name = |class: usize| names.get(class).map_or("", String::as_str);
    let rows = counts.iter().enumerate();
    let mut pairs: Vec<(u64, usize, usize)> = rows
        .flat_map(|(truth, row)| row.iter().enumerate().map(move |(p, n)| (*n, truth, p)))
        .filter(|(n, truth, predicted)| *n > 0 && truth != predicted)
        .collect();
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    html! {
        table {
            caption { "The most frequent confusions of " (names.len()) " classes, " (split) " images" }
            thead { tr { th.num scope="col" { "images" } th scope="col" { "true class" } th scope="col" { "taken for" } } }
            tbody {
                @for (n, truth, predicted) in pairs.into_iter().take(ROWS) {
                    tr { td.num { (count(n)) } td { (name(truth)) } td { (name(predicted)) } }
                }
            }
        }
    }
}

/// Precision, recall and F1 of the classes, the worst first.
fn scores(split: &str, report: &Value) -> Markup {
    let mut classes: Vec<&Value> = report["classes"].as_array().into_iter().flatten().collect();
    let f1 = |class: &Value| class["f1"].as_f64().unwrap_or(-1.0);
    classes.sort_by(|a, b| f1(a).total_cmp(&f1(b)));
    let more = classes.len().saturating_sub(ROWS);
    let share = |value: &Value| value.as_f64().map(|x| format!("{:.1} %", 100.0 * x));
    html! {
        table {
            caption {
                "Classes, " (split) " images, the lowest F1 first"
                @if more > 0 { " (" (ROWS) " of " (classes.len()) ")" }
            }
            thead { tr {
                th scope="col" { "class" } th.num scope="col" { "images" } th.num scope="col" { "precision" }
                th.num scope="col" { "recall" } th.num scope="col" { "F1" }
            } }
            tbody {
                @for class in classes.into_iter().take(ROWS) {
                    tr {
                        td { (class["class"].as_str().unwrap_or_default()) }
                        td.num { (count(class["images"].as_u64().unwrap_or(0))) }
                        @for key in ["precision", "recall", "f1"] {
                            td.num { (share(&class[key]).unwrap_or_else(|| "–".into())) }
                        }
                    }
                }
            }
        }
    }
}
