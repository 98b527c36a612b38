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
        Op::Sum { body: one, shortcut: two } | Op::Concat { first: one, second: two } => {
            total(one)?.checked_add(total(two)?)
        }
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
            if main != other {
                let text = |s: Shape| format!("{} maps of side {}", s.channels, s.side);
                let reason = format!("it adds {} and {}", text(main), text(other));
                return fail(place, reason);
            }
            Ok(main)
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

fn convolution(place: &str, conv: &Convolution, input: Shape) -> Checked<Shape> {
    let Convolution { inputs, outputs, kernel, stride, padding, groups, .. } = *conv;
    same(place, "channels", inputs, input.channels)?;
    within(place, "outputs", outputs, 1, MAX_CHANNELS)?;
    within(place, "groups", groups, 1, MAX_CHANNELS)?;
    if inputs % groups != 0 || outputs % groups != 0 {
        let both = format!("{inputs} inputs and {outputs} outputs");
        return fail(place, format!("{groups} groups do not divide {both}"));
    }
    within(place, "the padding", padding.0.max(padding.1), 0, MAX_SIDE)?;
    window(place, kernel, stride, input.side, padding.0 + padding.1)?;
    Ok(Shape { channels: outputs, side: conv.output_side(input.side) })
}

#[cfg(test)]
mod tests {
    use crate::block;
    use crate::{Activation, Architecture, Block, Convolution, Graph, Layer, Op};

    fn network() -> Graph {
        let layers = [
            Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 2.0, 8, 1)),
            Layer::once(Block::Fire(block::Fire { squeeze: 2, expand1: 3, expand3: 4 })),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        Architecture::new(1, 8, layers).graph().unwrap()
    }

    #[test]
    fn json_gives_the_network_back() {
        let network = network();
        let text = serde_json::to_string(&network).unwrap();
        let again: Graph = serde_json::from_str(&text).unwrap();
        assert_eq!((again.fingerprint(), again), (network.fingerprint(), network));
    }

    /// What does not fit is named with its place, also in a file.
    #[test]
    fn what_does_not_fit_is_named() {
        let told = |change: &dyn Fn(&mut Graph)| {
            let mut changed = network();
            change(&mut changed);
            let error = changed.check().unwrap_err().to_string();
            let text = serde_json::to_string(&changed).unwrap();
            let read = serde_json::from_str::<Graph>(&text).unwrap_err().to_string();
            assert!(read.contains(&error), "{read}: {error}");
            error
        };
        let error = told(&|c| c.classes = 9);
        assert_eq!(error, "classes: it is 9, and the chain ends in 10 maps of side 1");
        let error = told(&|c| c.input_channels = 2);
        assert_eq!(error, "nodes.0: it takes 1 channels and gets 2");
        let error = told(&|c| {
            if let Op::Sum { body, .. } = &mut c.nodes[1] {
                body.pop();
            }
        });
        assert_eq!(error, "nodes.1: it adds 16 maps of side 8 and 8 maps of side 8");
        let error = told(&|c| {
            if let Op::Convolution(conv) = &mut c.nodes[0] {
                conv.kernel = 99;
            }
        });
        assert!(error.starts_with("nodes.0: a kernel of 99"), "{error}");
        let error = told(&|c| {
            if let Op::Convolution(conv) = &mut c.nodes[0] {
                conv.groups = 0;
            }
        });
        assert!(error.starts_with("nodes.0: groups must be 1"), "{error}");
    }

    /// A network that no memory holds is refused before anything is made of it.
    #[test]
    fn weights_are_counted() {
        let conv = |outputs: usize, inputs: usize, kernel: usize| {
            Op::Convolution(Convolution {
                inputs,
                outputs,
                kernel,
                stride: 1,
                padding: (kernel / 2, kernel / 2),
                groups: 1,
                norm: true,
                activation: Activation::Relu,
            })
        };
        let network = |nodes: Vec<Op>, classes: usize| Graph {
            input_channels: 1 << 16,
            input_side: 8.into(),
            classes,
            nodes,
        };
        let huge = network(vec![conv(1 << 16, 1 << 16, 8192), Op::GlobalAvgPool], 1 << 16);
        let error = huge.check().unwrap_err().to_string();
        assert!(error.starts_with("nodes.0: ") && error.contains("2147483648"), "{error}");
        // Each of them will do, both in a branch will not.
        let twice = |body| Op::Sum { body, shortcut: Vec::new() };
        let one = vec![twice(vec![conv(1 << 14, 1 << 16, 1), conv(1 << 16, 1 << 14, 1)])];
        assert_eq!(
            network([one.clone(), vec![Op::GlobalAvgPool]].concat(), 1 << 16).check(),
            Ok(())
        );
        let both = [one.clone(), one, vec![Op::GlobalAvgPool]].concat();
        let error = network(both, 1 << 16).check().unwrap_err().to_string();
        assert!(error.starts_with("nodes.1: "), "{error}");
        // Blocks likewise.
        let layers = [
            Layer::once(Block::conv(1 << 15, 1, 1, Activation::Relu)),
            Layer::new(3, Block::conv(1 << 15, 3, 1, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ];
        let error = Architecture::new(1, 8, layers).graph().unwrap_err().to_string();
        assert!(error.starts_with("block 1") && error.contains("2147483648"), "{error}");
    }

    /// Borders of zeros and copies of blocks are small in a file and large in memory.
    #[test]
    fn maps_and_copies_are_counted() {
        let padded = |padding: usize, times: usize| {
            let conv = block::Conv {
                channels: 4,
                kernel: 3,
                stride: 1,
                padding: Some(padding),
                groups: 1,
                activation: Activation::Relu,
            };
            Architecture::new(
                3,
                32,
                [
                    Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
                    Layer::new(times, Block::Conv(conv)),
                    Layer::once(Block::GlobalAvgPool),
                    Layer::once(Block::Flatten),
                    Layer::once(Block::linear(10)),
                ],
            )
        };
        let graph = padded(16, 2).graph().unwrap();
        assert_eq!(graph.check(), Ok(()));
        for (padding, times) in [(8192, 1), (8192, 1024), (4000, 3)] {
            let error = padded(padding, times).graph().unwrap_err().to_string();
            assert!(error.starts_with("block 1") && error.contains("536870912"), "{error}");
        }
        // In a network's file likewise, within a branch too.
        let mut huge = graph.clone();
        if let Op::Convolution(conv) = &mut huge.nodes[1] {
            conv.padding = (8192, 8192);
        }
        let error = huge.check().unwrap_err().to_string();
        assert!(error.starts_with("nodes.1: its 8 maps of side 16414"), "{error}");
        let body = vec![huge.nodes[1].clone()];
        huge.nodes[1] = Op::Sum { shortcut: body.clone(), body };
        let error = huge.check().unwrap_err().to_string();
        assert!(error.starts_with("nodes.1.body.0: "), "{error}");
        let many = (0..100).map(|_| Layer::new(1000, Block::Pass));
        let error = Architecture::new(3, 8, many).graph().unwrap_err().to_string();
        assert!(error.contains("copies"), "{error}");
    }
}
