//! Sample errors: the images with the largest losses among those taken for another class.

use crate::NetworkCard;
use crate::plot::count;
use maud::{Markup, html};
use serde_json::Value;

/// The beginnings of the addresses that are shown: pictures in the record itself.
const PICTURES: [&str; 2] = ["data:image/png;base64,", "data:image/jpeg;base64,"];

/// The longest address, about 9 kB of picture: one such is shown whatever the room.
const LONGEST: usize = 12_000;

/// The pictures of a network's `errors.json`, as many as fit into so many bytes, but at least one;
/// nothing where it has none.
pub(super) fn errors(card: &NetworkCard, room: usize) -> Markup {
    let samples = card.errors["samples"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = fitting(samples, room);
    let split = card.errors["split"].as_str().unwrap_or("evaluated");
    let number = |key: &str| card.errors[key].as_u64().unwrap_or(0);
    html! {
        @if !shown.is_empty() {
            h4 { "Sample errors" }
            p.n {
                "The largest losses of " (count(number("wrong"))) " errors among "
                (count(number("images"))) " " (split) " images: the true class, and the class that the "
                "network sees, with its probability"
            }
            ul.errors {
                @for (picture, sample) in shown {
                    @let text = |key: &str| sample[key].as_str().unwrap_or_default();
                    li {
                        img.pixels[picture.starts_with(PICTURES[0])] src=(picture) alt=(format!("An image of class {}", text("class")));
                        span { b { bdi { (text("class")) } } " → " bdi { (text("predicted")) }
                            @if let Some(confidence) = sample["confidence"].as_f64() {
                                " " span.n { (format!("{:.0} %", 100.0 * confidence)) }
                            }
                        }
                        @if let Some(file) = sample["file"].as_str() { bdi.n { (file) } }
                    }
                }
            }
        }
    }
}

/// Samples with their pictures.
fn fitting(samples: &[Value], room: usize) -> Vec<(&str, &Value)> {
    let is_picture = |address: &str| {
        address.len() <= LONGEST && PICTURES.iter().any(|start| address.starts_with(start))
    };
    let mut used = 0;
    samples
        .iter()
        .filter_map(|sample| Some((sample["picture"].as_str()?, sample)))
        .filter(|(address, _)| is_picture(address))
        .take_while(|(address, _)| {
            let is_first = used == 0;
            used += address.len();
            is_first || used <= room
        })
        .collect()
}
