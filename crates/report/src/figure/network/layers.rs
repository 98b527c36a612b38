//! The layers of a network, as a strip of blocks and as a table with shapes and cost.

use super::describe::chain;
use crate::NetworkCard;
use crate::plot::{count, number};
use automl_arch::{LayerCost, NetworkSpec, Op};
use automl_extent::Extent;
use maud::{Markup, html};

/// A block of a network: its nodes, and the output and cost of all of them.
struct Row {
    name: String,
    text: String,
    output: LayerCost,
}

/// The blocks in order. A network that is described by nodes has one for each.
fn rows(card: &NetworkCard) -> Vec<Row> {
    let costs = card.graph.layers();
    let origins: Vec<(usize, String)> = match &card.spec {
        NetworkSpec::Blocks(architecture) => {
            let places = architecture.places().unwrap_or_default();
            let name = |layer: usize| {
                architecture.backbone.get(layer).map_or("", |layer| layer.block.name()).to_owned()
            };
            places.iter().map(|place| (place.layer, name(place.layer))).collect()
        }
        NetworkSpec::Nodes(_) => Vec::new(),
    };
    let mut rows: Vec<(usize, Row, Vec<Op>)> = Vec::new();
    for (at, (node, cost)) in card.graph.nodes.iter().zip(&costs).enumerate() {
        let (layer, name) = origins.get(at).cloned().unwrap_or((at, kind(node).to_owned()));
        match rows.last_mut().filter(|(last, ..)| *last == layer) {
            Some((_, row, nodes)) => {
                let before = row.output;
                row.output = *cost;
                row.output.parameters += before.parameters;
                row.output.macs += before.macs;
                nodes.push(node.clone());
            }
            None => {
                rows.push((
                    layer,
                    Row { name, text: String::new(), output: *cost },
                    vec![node.clone()],
                ));
            }
        }
    }
    rows.into_iter().map(|(_, row, nodes)| Row { text: chain(&nodes), ..row }).collect()
}

fn kind(node: &Op) -> &'static str {
    match node {
        Op::Convolution(_) => "Convolution",
        Op::Linear { .. } => "Linear",
        Op::Pool { .. } => "Pool",
        Op::GlobalAvgPool => "GlobalAvgPool",
        Op::Activation(_) => "Activation",
        Op::SqueezeExcite { .. } => "SqueezeExcite",
        Op::ChannelAttention { .. } => "ChannelAttention",
        Op::Channels { .. } => "Channels",
        Op::Sum { .. } => "Sum",
        Op::Concat { .. } => "Concat",
        Op::Product { .. } => "Product",
    }
}

/// Blocks from the image to the class scores: as tall as their maps, as wide as their channels are many
/// (both on a logarithmic scale), as dark as their share of the multiply-accumulates.
pub(super) fn strip(card: &NetworkCard) -> Markup {
    let rows = rows(card);
    let input = (card.graph.input_channels as u64, card.graph.input_side);
    let tall = |side: Extent| {
        let most = (2.0 + input.1.height as f64).ln();
        10.0 + 60.0 * (1.0 + side.height as f64).ln() / most
    };
    let wide = |channels: u64| 10.0 + 6.0 * (1.0 + channels as f64).log2();
    let largest = rows.iter().map(|row| row.output.macs).max().unwrap_or(0).max(1) as f64;
    let mut shapes = vec![("image".to_owned(), input, None)];
    shapes.extend(rows.iter().map(|row| {
        let share = row.output.macs as f64 / largest;
        (row.name.clone(), (row.output.channels, row.output.side), Some(share))
    }));
    let step = (1000.0 / shapes.len() as f64).clamp(64.0, 110.0);
    let width = step * shapes.len() as f64 + 20.0;
    html! {
        div.scroll tabindex="0" role="group" aria-label="Drawing of the layers" {
            svg.strip viewBox=(format!("0 0 {width:.0} 132")) style=(format!("min-width:{:.0}px", width.min(900.0)))
                role="img" aria-label=(format!("{} blocks from the image to {} class scores", rows.len(), card.graph.classes)) {
                @for (at, (name, (channels, side), share)) in shapes.iter().enumerate() {
                    @let center = 10.0 + step * (at as f64 + 0.5);
                    @let (w, h) = (wide(*channels).min(step - 12.0), tall(*side));
                    @if at > 0 { path.flow d=(format!("M{:.1} 62h8", center - step / 2.0 - 4.0)) {} }
                    rect class=(if share.is_some() { "block" } else { "block image" })
                        x=(format!("{:.1}", center - w / 2.0)) y=(format!("{:.1}", 62.0 - h / 2.0))
                        width=(format!("{w:.1}")) height=(format!("{h:.1}")) rx="2"
                        style=[share.map(|share| format!("--share:{:.0}%", 15.0 + 75.0 * share))] {}
                    text.name x=(format!("{center:.1}")) y="114" text-anchor="middle" { (short(name, (step / 6.8) as usize)) }
                    text x=(format!("{center:.1}")) y="127" text-anchor="middle" { (shape(*channels, *side)) }
                }
            }
        }
    }
}

fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        name.into()
    } else {
        name.chars().take(most - 1).chain(['…']).collect()
    }
}

fn shape(channels: u64, side: Extent) -> String {
    let Extent { height, width } = side;
    if side == 1 { channels.to_string() } else { format!("{channels}×{height}×{width}") }
}

/// The blocks with what they do, their output, and their cost with bars.
pub(super) fn table(card: &NetworkCard) -> Markup {
    let rows = rows(card);
    let most = |cost: fn(&LayerCost) -> u64| {
        rows.iter().map(|row| cost(&row.output)).max().unwrap_or(0).max(1) as f64
    };
    let (parameters, macs) = (most(|cost| cost.parameters), most(|cost| cost.macs));
    let cell = |value: u64, most: f64| {
        html! {
            td.num.barred style=(format!("--length:{:.1}%", 100.0 * value as f64 / most)) {
                (if value < 100_000 { count(value) } else { number(value as f64) })
            }
        }
    };
    html! {
        div.scroll tabindex="0" role="group" aria-label="Layers" {
            table.layers {
                caption { "Layers, from the image on" }
                thead { tr {
                    th scope="col" { "block" } th scope="col" { "output" }
                    th.num scope="col" { "parameters" } th.num scope="col" { "MACs" }
                } }
                tbody {
                    @for row in &rows {
                        tr {
                            td { b { (row.name) } div.n { (row.text) } }
                            td { (shape(row.output.channels, row.output.side)) }
                            (cell(row.output.parameters, parameters))
                            (cell(row.output.macs, macs))
                        }
                    }
                }
            }
        }
    }
}
