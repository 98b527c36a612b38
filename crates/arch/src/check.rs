//! Validity of a graph.

use crate::limits::{MAX_CHANNELS, MAX_NUMBERS, MAX_SIDE, MAX_WEIGHTS};
use crate::op::{Convolution, Op, output_side};
use automl_extent::Extent;

/// A graph that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct GraphError {
    /// The field or node, such as `nodes.3.body.0`.
    pub place: String,
    /// The contradiction.
    pub reason: String,
}

/// Shape of the maps between two nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    channels: usize,
    side: Extent,
}

impl Shape {
    /// Numbers of one image.
    fn numbers(self) -> usize {
        self.channels.saturating_mul(self.side.pixels())
    }
}

type Checked<T> = Result<T, GraphError>;

/// Checks an input shape, a number of classes and a chain of nodes, see
/// [`Graph::check`](crate::Graph::check).
pub(crate) fn check(channels: usize, side: Extent, classes: usize, nodes: &[Op]) -> Checked<()> {
    within("input_channels", "it", channels, 1, MAX_CHANNELS)?;
    within("input_side", "it", side.shorter(), 1, MAX_SIDE)?;
    within("input_side", "it", side.longer(), 1, MAX_SIDE)?;
    let output = chain("nodes", nodes, Shape { channels, side })?;
    if output.numbers() != classes || classes == 0 {
        let Shape { channels, side } = output;
        let reason =
            format!("it is {classes}, and the chain ends in {channels} maps of side {side}");
        return fail("classes", reason);
    }
    for (index, sum) in sums(nodes).into_iter().enumerate() {
        if sum.is_none_or(|sum| sum > MAX_WEIGHTS) {
            let reason = format!("with it the network has more than {MAX_WEIGHTS} weights");
            return fail(&format!("nodes.{index}"), reason);
        }
    }
    Ok(())
}

/// The weights up to each node and with it; `None` where they cannot be counted.
pub(crate) fn sums(nodes: &[Op]) -> Vec<Option<u64>> {
    let mut sum = Some(0_u64);
    let add = |node: &Op| {
        sum = weights(node).and_then(|weights| sum?.checked_add(weights));
        sum
    };
    nodes.iter().map(add).collect()
}

/// The numbers of a node's tensors, vectors of single channels left out.
fn weights(node: &Op) -> Option<u64> {
    let product = |factors: &[usize]| {
        factors.iter().try_fold(1_u64, |product, &factor| product.checked_mul(factor as u64))
    };
    let total = |nodes: &[Op]| sums(nodes).last().copied().unwrap_or(Some(0));
    match node {
        Op::Convolution(Convolution { inputs, outputs, kernel, groups, .. }) => {
            product(&[inputs / (*groups).max(1), *outputs, *kernel, *kernel])
        }
        Op::Linear { inputs, outputs, .. } => product(&[*inputs, *outputs]),
        Op::SqueezeExcite { channels, squeeze, .. } => product(&[2, *channels, *squeeze]),
        Op::Sum { body: one, shortcut: two }
        | Op::Concat { first: one, second: two }
        | Op::Product { first: one, second: two } => total(one)?.checked_add(total(two)?),
        Op::ChannelAttention { .. }
        | Op::Pool { .. }
        | Op::GlobalAvgPool
        | Op::Activation(_)
        | Op::Channels { .. } => Some(0),
    }
}

fn fail<T>(place: &str, reason: String) -> Checked<T> {
    Err(GraphError { place: place.to_owned(), reason })
}

fn within(place: &str, what: &str, value: usize, low: usize, high: usize) -> Checked<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    fail(place, format!("{what} must be {low} to {high}, not {value}"))
}

fn same(place: &str, what: &str, needed: usize, found: usize) -> Checked<()> {
    if needed == found {
        return Ok(());
    }
    fail(place, format!("it takes {needed} {what} and gets {found}"))
}

fn window(place: &str, kernel: usize, stride: usize, side: Extent, padding: usize) -> Checked<()> {
    within(place, "the kernel", kernel, 1, MAX_SIDE)?;
    within(place, "the stride", stride, 1, MAX_SIDE)?;
    if kernel > side.shorter() + padding {
        let on = format!("maps of side {side} with {padding} zeros in all");
        return fail(place, format!("a kernel of {kernel} does not fit on {on}"));
    }
    Ok(())
}

fn chain(place: &str, nodes: &[Op], input: Shape) -> Checked<Shape> {
    let mut shape = input;
    for (index, node) in nodes.iter().enumerate() {
        let place = format!("{place}.{index}");
        shape = single(&place, node, shape)?;
        if shape.numbers() as u64 > MAX_NUMBERS {
            let Shape { channels, side } = shape;
            let reason =
                format!("its {channels} maps of side {side} have more than {MAX_NUMBERS} numbers");
            return fail(&place, reason);
        }
    }
    Ok(shape)
}

fn single(place: &str, node: &Op, input: Shape) -> Checked<Shape> {
    match node {
        Op::Convolution(conv) => convolution(place, conv, input),
        Op::Linear { inputs, outputs, .. } => {
            same(place, "numbers", *inputs, input.numbers())?;
            within(place, "outputs", *outputs, 1, MAX_CHANNELS)?;
            Ok(Shape { channels: *outputs, side: 1.into() })
        }
        Op::Pool { kernel, stride, padding, .. } => {
            within(place, "the padding", *padding, 0, kernel / 2)?;
            window(place, *kernel, *stride, input.side, 2 * padding)?;
            Ok(Shape { side: output_side(input.side, *kernel, *stride, 2 * padding), ..input })
        }
        Op::GlobalAvgPool => Ok(Shape { side: 1.into(), ..input }),
        Op::Activation(_) => Ok(input),
        Op::SqueezeExcite { channels, squeeze, .. } => {
            same(place, "channels", *channels, input.channels)?;
            within(place, "squeeze", *squeeze, 1, MAX_CHANNELS)?;
            Ok(input)
        }
        Op::ChannelAttention { kernel } => {
            within(place, "the kernel", *kernel, 1, MAX_SIDE)?;
            if kernel % 2 == 0 {
                return fail(place, format!("the kernel must be odd, not {kernel}"));
            }
            Ok(input)
        }
        Op::Channels { first, count } => {
            let end = first.saturating_add(*count);
            within(place, "the last channel", end, 1, input.channels)?;
            within(place, "the number of channels", *count, 1, MAX_CHANNELS)?;
            Ok(Shape { channels: *count, ..input })
        }
        Op::Sum { body, shortcut } => {
            let main = chain(&format!("{place}.body"), body, input)?;
            let other = chain(&format!("{place}.shortcut"), shortcut, input)?;
            alike(place, "adds", main, other)
        }
        Op::Product { first, second } => {
            let one = chain(&format!("{place}.first"), first, input)?;
            let two = chain(&format!("{place}.second"), second, input)?;
            alike(place, "multiplies", one, two)
        }
        Op::Concat { first, second } => {
            let one = chain(&format!("{place}.first"), first, input)?;
            let two = chain(&format!("{place}.second"), second, input)?;
            if one.side != two.side {
                let reason = format!("it joins maps of sides {} and {}", one.side, two.side);
                return fail(place, reason);
            }
            let channels = one.channels + two.channels;
            within(place, "channels", channels, 1, MAX_CHANNELS)?;
            Ok(Shape { channels, side: one.side })
        }
    }
}

/// The shape of two branches that must have the same.
fn alike(place: &str, joins: &str, one: Shape, two: Shape) -> Checked<Shape> {
    if one != two {
        let text = |s: Shape| format!("{} maps of side {}", s.channels, s.side);
        return fail(place, format!("it {joins} {} and {}", text(one), text(two)));
    }
    Ok(one)
}

fn convolution(place: &str, conv: &Convolution, input: Shape) -> Checked<Shape> {
    let Convolution { inputs, outputs, kernel, stride, padding, groups, dilation, .. } = *conv;
    same(place, "channels", inputs, input.channels)?;
    within(place, "outputs", outputs, 1, MAX_CHANNELS)?;
    within(place, "groups", groups, 1, MAX_CHANNELS)?;
    if inputs % groups != 0 || outputs % groups != 0 {
        let both = format!("{inputs} inputs and {outputs} outputs");
        return fail(place, format!("{groups} groups do not divide {both}"));
    }
    within(place, "the padding", padding.0.max(padding.1), 0, MAX_SIDE)?;
    within(place, "the dilation", dilation, 1, MAX_SIDE)?;
    within(place, "the kernel", kernel, 1, MAX_SIDE)?;
    if dilation > 1 && !conv.is_depthwise() {
        return fail(place, format!("a dilation of {dilation} needs a depthwise convolution"));
    }
    if conv.layer_scale && !conv.norm {
        return fail(place, "a layer scale needs normalization".to_owned());
    }
    window(place, conv.span(), stride, input.side, padding.0 + padding.1)?;
    Ok(Shape { channels: outputs, side: conv.output_side(input.side) })
}
