//! Cards of trained networks: layers with shapes and cost, measurements, and what to do with them.

mod classes;
mod describe;
mod errors;
mod layers;

use crate::plot::{bytes, count, duration, number};
use crate::{NetworkCard, StudyData};
use automl_extent::Extent;
use maud::{Markup, html};

/// The most cards.
const CARDS: usize = 40;

/// The bytes of all pictures of sample errors.
const PICTURES: usize = 160_000;

/// A card for each network in the study's folder, of so many bytes together: those of the front come
/// first to have layers, classes and errors, and as many others as there is room for.
pub(crate) fn networks(data: &StudyData, room: usize) -> Option<Markup> {
    let cards: Vec<&NetworkCard> = data.networks().iter().take(CARDS).collect();
    let path = |card: &NetworkCard| folder_of(data).map(|f| format!("{f}/{}", card.folder));
    let pictures = PICTURES.min(room / 2) / cards.len().max(1);
    let mut shown: Vec<Markup> =
        cards.iter().map(|card| brief(card, path(card).as_deref())).collect();
    let mut left = room.saturating_sub(shown.iter().map(|card| card.0.len()).sum());
    let is_front = |at: &usize| {
        let trial = cards[*at].trial;
        data.front().iter().any(|front| trial == Some(data.trials()[*front].number.0))
    };
    let mut order: Vec<usize> = (0..cards.len()).collect();
    order.sort_by_key(|at| !is_front(at));
    for at in order {
        let whole = network(cards[at], path(cards[at]).as_deref(), at == 0, pictures);
        let more = whole.0.len().saturating_sub(shown[at].0.len());
        if more <= left {
            left -= more;
            shown[at] = whole;
        }
    }
    let more = data.networks().len() - cards.len();
    (!cards.is_empty()).then(|| {
        html! {
            @for card in shown { (card) }
            @if more > 0 { p { (count(more as u64)) " more networks are in the folder." } }
        }
    })
}

/// The card of a network of its own; `path` is its folder for commands.
pub(crate) fn network_alone(card: &NetworkCard, path: &str) -> Markup {
    network(card, Some(path), true, PICTURES)
}

/// The card of a network, with pictures of so many bytes.
fn network(card: &NetworkCard, path: Option<&str>, open: bool, room: usize) -> Markup {
    let content = html! {
        (layers::strip(card))
        div.with-table {
            (layers::table(card))
            div {
                (measurements(card))
                (files(card, path))
            }
        }
        (classes::classes(card))
        (errors::errors(card, room))
    };
    folded(card, open, &content)
}

/// The card of a network without its layers, classes and errors.
fn brief(card: &NetworkCard, path: Option<&str>) -> Markup {
    let content = html! {
        div.columns {
            div { (measurements(card)) }
            div { (files(card, path)) }
        }
        p.n { "Layers, classes and errors are in the files: the page has no room for all networks." }
    };
    folded(card, false, &content)
}

/// The content of a card below its first line.
fn folded(card: &NetworkCard, open: bool, content: &Markup) -> Markup {
    let cost = card.graph.cost();
    let id = card.trial.map_or(String::new(), |trial| format!("network-{trial}"));
    let name = card.trial.map_or(card.folder.clone(), |trial| format!("Trial {trial}"));
    html! {
        details.network id=(id) open[open] {
            summary {
                @if !name.is_empty() { h3 { (name) } }
                span.facts {
                    (count(cost.parameters)) " parameters · " (number(cost.macs as f64)) " MACs"
                    @if let Some(accuracy) = percent(card, "validation_accuracy") { " · validation " (accuracy) }
                    @if let Some(accuracy) = percent(card, "test_accuracy") { " · test " (accuracy) }
                }
            }
            (content)
        }
    }
}

/// A fraction of the record in percent.
fn percent(card: &NetworkCard, key: &str) -> Option<String> {
    Some(format!("{:.2} %", 100.0 * card.metrics[key].as_f64()?))
}

fn measurements(card: &NetworkCard) -> Markup {
    let metric = |key: &str| card.metrics[key].as_f64();
    let cost = card.graph.cost();
    let integer = |key: &str| card.metrics[key].as_u64();
    let rows = [
        ("validation accuracy", percent(card, "validation_accuracy")),
        ("validation loss (nats)", metric("validation_loss").map(number)),
        ("test accuracy, read once", percent(card, "test_accuracy")),
        ("test loss (nats)", metric("test_loss").map(number)),
        ("time for one image", metric("latency_us").map(|us| format!("{} µs", number(us)))),
        ("parameters", Some(count(cost.parameters))),
        ("multiply-accumulates", Some(count(cost.macs))),
        ("peak activations, 32 bit", Some(bytes(cost.peak_activation_bytes))),
        (
            "input",
            Some({
                let Extent { height, width } = card.graph.input_side;
                format!("{} × {height} × {width}", card.graph.input_channels)
            }),
        ),
        ("epochs of training", integer("epochs").map(count)),
        ("seed", integer("seed").map(|seed| seed.to_string())),
        ("time of training", metric("seconds").map(duration)),
    ];
    html! {
        dl.facts { @for (name, value) in rows { @if let Some(value) = value { dt { (name) } dd { (value) } } } }
    }
}

fn files(card: &NetworkCard, path: Option<&str>) -> Markup {
    html! {
        @if !card.files.is_empty() {
            h4 { "Files" }
            ul.files {
                @for (name, size) in &card.files {
                    li { a href=(link(&card.folder, name)) { (name) } " " span.n { (bytes(*size)) } }
                }
            }
        }
        @if let Some(path) = path {
            h4 { "Use it" }
            pre { code { "automl predict " (path) " IMAGES\n" "automl export " (path) " --to onnx --out model.onnx" } }
        }
    }
}

/// The folder of the study, as the place of its record tells.
fn folder_of(data: &StudyData) -> Option<&str> {
    data.place().strip_suffix("/study.db")
}

/// A relative link, of which no part is taken for a scheme or a query.
fn link(folder: &str, name: &str) -> String {
    let mut link = String::from("./");
    let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                link.push(byte as char)
            }
            other => link.push_str(&format!("%{other:02X}")),
        }
    }
    link
}
