//! The calls of kernels that run a program, and its constants.

use crate::layout::Layout;
use crate::program::{Int8Operation, Int8Program, Int8Value, Products, Window};
use std::ops::Range;

/// A program as calls of kernels.
pub(super) struct Calls {
    pub(super) constants: Vec<Constant>,
    pub(super) calls: Vec<Call>,
}

/// An array of constants.
pub(super) struct Constant {
    pub(super) name: String,
    pub(super) numbers: Numbers,
}

/// The numbers of an array.
pub(super) enum Numbers {
    I8(Vec<i8>),
    U8(Vec<u8>),
    I32(Vec<i32>),
}

/// One call of a kernel.
pub(super) struct Call {
    /// Place of the step in the network.
    pub(super) step: String,
    /// The kernel.
    pub(super) kernel: &'static str,
    /// Bytes of the arena that are copied to the start of the output before.
    pub(super) copy: Option<Range<usize>>,
    /// Bytes that are read, unless the kernel has one operand in place.
    pub(super) read: Option<Range<usize>>,
    /// Bytes that are written.
    pub(super) write: Range<usize>,
    /// The other arguments in order.
    pub(super) arguments: Vec<Argument>,
}

/// An argument of a call.
pub(super) enum Argument {
    /// A number.
    Int(i64),
    /// A length that slices of Rust know.
    Length(usize),
    /// A constant's name.
    Constant(String),
}

impl Calls {
    pub(super) fn new(program: &Int8Program, layout: &Layout) -> Self {
        let mut calls = Self { constants: Vec::new(), calls: Vec::new() };
        for (index, step) in program.steps.iter().enumerate() {
            let places = &layout.steps[index];
            let range = |position: usize| layout.ranges[step.inputs[position]].clone();
            let value = |position: usize| program.values[step.inputs[position]];
            let mut copy = places.resident.filter(|_| places.copied).map(range);
            calls.declare(index, &step.operation);
            let positions: Vec<Option<usize>> = match places.reads.as_slice() {
                [] => vec![None],
                reads => reads.iter().copied().map(Some).collect(),
            };
            for position in positions {
                let operands = Operands {
                    index,
                    position: position.unwrap_or(0),
                    from: value(position.unwrap_or(0)),
                    resident: value(places.resident.unwrap_or(0)),
                    to: program.values[index + 1],
                };
                let (kernel, arguments) = operands.call(&step.operation);
                calls.calls.push(Call {
                    step: step.name.clone(),
                    kernel,
                    copy: copy.take(),
                    read: position.map(range),
                    write: layout.ranges[index + 1].clone(),
                    arguments,
                });
            }
        }
        calls
    }

    /// Names of the kernels.
    pub(super) fn kernels(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = self.calls.iter().map(|call| call.kernel).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn declare(&mut self, index: usize, operation: &Int8Operation) {
        let mut add = |part: &str, numbers: Numbers| {
            self.constants.push(Constant { name: format!("{part}_{index}"), numbers });
        };
        match operation {
            Int8Operation::Pixels { factor, offset, .. } => {
                add("factor", Numbers::I32(factor.clone()));
                add("offset", Numbers::I32(offset.clone()));
            }
            Int8Operation::Matrix(products)
            | Int8Operation::Convolution { products, .. }
            | Int8Operation::Depthwise { products, .. } => {
                let Products { weights, bias, multiplier, shift, .. } = products;
                add("weights", Numbers::I8(weights.clone()));
                add("bias", Numbers::I32(bias.clone()));
                add("multiplier", Numbers::I32(multiplier.clone()));
                add("shift", Numbers::U8(shift.clone()));
            }
            Int8Operation::Table { table, .. } => add("table", Numbers::I8(table.clone())),
            Int8Operation::AlongChannels { weights, .. } => {
                add("weights", Numbers::I8(weights.clone()));
            }
            Int8Operation::MaxPool(_)
            | Int8Operation::Average { .. }
            | Int8Operation::Add { .. }
            | Int8Operation::Scale { .. }
            | Int8Operation::Concat { .. }
            | Int8Operation::Channels { .. } => {}
        }
    }
}

/// What the arguments of a call depend on.
struct Operands {
    index: usize,
    position: usize,
    from: Int8Value,
    resident: Int8Value,
    to: Int8Value,
}

impl Operands {
    /// Kernel and arguments, in the order of its parameters.
    fn call(&self, operation: &Int8Operation) -> (&'static str, Vec<Argument>) {
        use Argument::{Int, Length};
        let (from, to) = (self.from.shape, self.to.shape);
        let zero = |value: &Int8Value| Int(i64::from(value.scale.zero));
        let (x_zero, y_zero, out) = (zero(&self.from), zero(&self.resident), zero(&self.to));
        let factor = |factor: i32| Int(i64::from(factor));
        let places = |shift: u8| Int(i64::from(shift));
        let named = |part: &str| Argument::Constant(format!("{part}_{}", self.index));
        let products = || ["weights", "bias", "multiplier", "shift"].map(named);
        match operation {
            Int8Operation::Pixels { shift, .. } => {
                let lengths = [Length(to.positions()), int(to.channels)];
                ("pixels", join(lengths, [named("factor"), named("offset"), places(*shift)]))
            }
            Int8Operation::Table { .. } => {
                ("table", join([Length(to.numbers())], [named("table")]))
            }
            Int8Operation::Matrix(Products { weights, bias, .. }) => {
                let (inputs, outputs) = (weights.len() / bias.len(), bias.len());
                let positions = Length(from.numbers() / inputs);
                ("matrix", join([positions, int(inputs), int(outputs)], join(products(), [out])))
            }
            Int8Operation::Convolution { window, groups, .. } => {
                let window = join(self.shapes([int(to.channels)]), self.window(window));
                let rest = join(products(), [x_zero, out]);
                match groups {
                    1 => ("convolution", join(window, rest)),
                    _ => ("grouped", join(join(window, [int(*groups)]), rest)),
                }
            }
            Int8Operation::Depthwise { window, .. } => {
                let Window { kernel, dilation, stride, before, .. } = *window;
                let window = [kernel.height, dilation, stride, before].map(int);
                ("depthwise", join(join(self.shapes([]), window), join(products(), [x_zero, out])))
            }
            Int8Operation::MaxPool(window) => {
                ("max_pool", join(self.shapes([]), self.window(window)))
            }
            Int8Operation::Average { window, multiplier, shift } => {
                let rest = [x_zero, factor(*multiplier), places(*shift), out];
                let head = self.shapes([int(window.kernel.height)]);
                let window = [window.kernel.width, window.stride, window.before].map(int);
                ("average", join(join(head, window), rest))
            }
            Int8Operation::AlongChannels { weights, multiplier, shift, .. } => {
                let head = [Length(from.channels), int(weights.len()), named("weights"), x_zero];
                ("along_channels", join(head, [factor(*multiplier), places(*shift), out]))
            }
            Int8Operation::Add { factors, shift } => {
                let (own, other) = (factors[1 - self.position], factors[self.position]);
                let head = [Length(to.numbers()), x_zero, factor(other), y_zero];
                ("add", join(head, [factor(own), places(*shift), out]))
            }
            Int8Operation::Scale { factor: product, shift } => {
                let numbers = from.numbers();
                let head = [Length(to.numbers() / numbers), int(numbers), x_zero, y_zero];
                ("scale", join(head, [factor(*product), places(*shift), out]))
            }
            Int8Operation::Channels { first } => {
                let shapes = [from.channels, to.channels, *first].map(int);
                ("take", join([Length(to.positions())], shapes))
            }
            Int8Operation::Concat { parts } => {
                let (part, shift) = parts[self.position];
                let start = if self.position == 0 { 0 } else { to.channels - from.channels };
                let shapes = [int(from.channels), int(to.channels), int(start)];
                let head = join([Length(to.positions())], shapes);
                ("join", join(head, [x_zero, factor(part), places(shift), out]))
            }
        }
    }

    fn window(&self, window: &Window) -> [Argument; 3] {
        [window.kernel.height, window.stride, window.before].map(int)
    }

    /// Height, width and channels of the input, height and width of the output, and more.
    fn shapes<const N: usize>(&self, more: [Argument; N]) -> Vec<Argument> {
        let (from, to) = (self.from.shape, self.to.shape.side);
        let head = [from.side.height, from.side.width, from.channels].map(int);
        join(join(head, [Argument::Length(to.height), int(to.width)]), more)
    }
}

fn int(number: usize) -> Argument {
    Argument::Int(number as i64)
}

fn join(
    first: impl IntoIterator<Item = Argument>,
    second: impl IntoIterator<Item = Argument>,
) -> Vec<Argument> {
    first.into_iter().chain(second).collect()
}
