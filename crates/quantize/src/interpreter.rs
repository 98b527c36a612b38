//! Execution of int8 programs.

use crate::kernels::add::add;
use crate::kernels::along_channels::along_channels;
use crate::kernels::average::average;
use crate::kernels::convolution::convolution;
use crate::kernels::depthwise::depthwise;
use crate::kernels::grouped::grouped;
use crate::kernels::join::join;
use crate::kernels::matrix::matrix;
use crate::kernels::max_pool::max_pool;
use crate::kernels::pixels::pixels;
use crate::kernels::scale::scale;
use crate::kernels::split::split;
use crate::kernels::table::table;
use crate::kernels::take::take;
use crate::layout::Layout;
use crate::program::{Int8Operation, Int8Program, Int8Value, Products, Window};
use automl_arch::MemoryPlan;
use automl_extent::Extent;

/// Runs an int8 program with the arithmetic, and in the memory, of generated code.
///
/// # Examples
/// See [`Int8Program::quantize`].
#[derive(Clone, Debug)]
pub struct Interpreter<'a> {
    program: &'a Int8Program,
    layout: Layout,
    arena: Vec<i8>,
}

impl<'a> Interpreter<'a> {
    /// An interpreter with an arena of its own.
    pub fn new(program: &'a Int8Program) -> Self {
        Self::with_plan(program, &program.memory())
    }

    /// The same by another plan of the memory.
    pub(crate) fn with_plan(program: &'a Int8Program, plan: &MemoryPlan) -> Self {
        let layout = Layout::new(program, plan);
        let arena = vec![0; layout.bytes];
        Self { program, layout, arena }
    }

    /// The class scores of an image of pixels in 0..=255, channels last: `[height, width, channels]`.
    /// Missing pixels count as 0, those in excess are ignored.
    pub fn run(&mut self, image: &[u8]) -> &[i8] {
        let input = &mut self.arena[self.layout.ranges[0].clone()];
        input.fill(0);
        input.iter_mut().zip(image).for_each(|(to, pixel)| *to = *pixel as i8);
        for index in 0..self.program.steps.len() {
            self.step(index);
        }
        let output = self.layout.ranges.last().cloned().unwrap_or_default();
        &self.arena[output]
    }

    /// The class with the highest score, the first of equal ones.
    pub fn classify(&mut self, image: &[u8]) -> usize {
        let scores = self.run(image).iter().enumerate();
        let higher = |best: (usize, i8), (class, score): (usize, &i8)| {
            if *score > best.1 { (class, *score) } else { best }
        };
        scores.fold((0, i8::MIN), higher).0
    }

    /// Channels of the image.
    pub(crate) fn input_channels(&self) -> usize {
        self.program.values[0].shape.channels
    }

    fn step(&mut self, index: usize) {
        let step = &self.program.steps[index];
        let (layout, ranges) = (&self.layout.steps[index], &self.layout.ranges);
        let output = ranges[index + 1].clone();
        if let Some(resident) = layout.resident.filter(|_| layout.copied) {
            self.arena.copy_within(ranges[step.inputs[resident]].clone(), output.start);
        }
        let value = |position: usize| self.program.values[step.inputs[position]];
        let to = self.program.values[index + 1];
        let resident = value(layout.resident.unwrap_or(0));
        if layout.reads.is_empty() {
            in_place(&step.operation, &mut self.arena[output.clone()], to);
        }
        for &position in &layout.reads {
            let from = ranges[step.inputs[position]].clone();
            let (x, y) = split(&mut self.arena, from, output.clone());
            let values = Values { position, from: value(position), resident, to };
            if !products(&step.operation, x, y, &values) {
                others(&step.operation, x, y, &values);
            }
        }
    }
}

/// The values of a kernel's call.
struct Values {
    /// Position of the input that is read.
    position: usize,
    /// The input that is read.
    from: Int8Value,
    /// The input that the output holds before.
    resident: Int8Value,
    /// The output.
    to: Int8Value,
}

impl Int8Value {
    fn zero(&self) -> i32 {
        i32::from(self.scale.zero)
    }
}

fn in_place(operation: &Int8Operation, y: &mut [i8], to: Int8Value) {
    match operation {
        Int8Operation::Pixels { factor, offset, shift } => {
            pixels(y, to.shape.channels, factor, offset, *shift);
        }
        Int8Operation::Table { table: values, .. } => table(y, values),
        _ => {}
    }
}

/// Runs an operation with products of channels; `false` for any other.
fn products(operation: &Int8Operation, x: &[i8], y: &mut [i8], values: &Values) -> bool {
    let (from, to) = (values.from.shape, values.to.shape);
    let (x_zero, zero) = (values.from.zero(), values.to.zero());
    let (Extent { height, width }, channels) = (from.side, from.channels);
    match operation {
        Int8Operation::Matrix(products) => {
            let Products { weights, bias, multiplier, shift, .. } = products;
            let outputs = bias.len();
            let inputs = weights.len() / outputs;
            matrix(x, y, inputs, outputs, weights, bias, multiplier, shift, zero);
        }
        Int8Operation::Convolution { products, window, groups } => {
            convolved(products, window, *groups, x, y, values);
        }
        Int8Operation::Depthwise { products, window } => {
            let Products { weights, bias, multiplier, shift, .. } = products;
            let Window { kernel, dilation, stride, before, .. } = *window;
            depthwise(
                x,
                y,
                height,
                width,
                channels,
                to.side.width,
                kernel.height,
                dilation,
                stride,
                before,
                weights,
                bias,
                multiplier,
                shift,
                x_zero,
                zero,
            );
        }
        _ => return false,
    }
    true
}

/// Runs a convolution of all channels or of groups of them.
fn convolved(
    products: &Products,
    window: &Window,
    groups: usize,
    x: &[i8],
    y: &mut [i8],
    values: &Values,
) {
    let (from, to) = (values.from.shape, values.to.shape);
    let (x_zero, zero) = (values.from.zero(), values.to.zero());
    let (Extent { height, width }, channels) = (from.side, from.channels);
    let Products { weights, bias, multiplier, shift, .. } = products;
    let Window { kernel, stride, before, .. } = *window;
    if groups == 1 {
        convolution(
            x,
            y,
            height,
            width,
            channels,
            to.side.width,
            to.channels,
            kernel.height,
            stride,
            before,
            weights,
            bias,
            multiplier,
            shift,
            x_zero,
            zero,
        );
    } else {
        grouped(
            x,
            y,
            height,
            width,
            channels,
            to.side.width,
            to.channels,
            kernel.height,
            stride,
            before,
            groups,
            weights,
            bias,
            multiplier,
            shift,
            x_zero,
            zero,
        );
    }
}

fn others(operation: &Int8Operation, x: &[i8], y: &mut [i8], values: &Values) {
    let (from, to) = (values.from.shape, values.to.shape);
    let (x_zero, y_zero, zero) = (values.from.zero(), values.resident.zero(), values.to.zero());
    let (Extent { height, width }, channels) = (from.side, from.channels);
    match operation {
        Int8Operation::MaxPool(window) => {
            let Window { kernel, stride, before, .. } = *window;
            let (kernel, out) = (kernel.height, to.side.width);
            max_pool(x, y, height, width, channels, out, kernel, stride, before);
        }
        Int8Operation::Average { window, multiplier, shift } => {
            let Window { kernel, stride, before, .. } = *window;
            average(
                x,
                y,
                height,
                width,
                channels,
                to.side.width,
                kernel.height,
                kernel.width,
                stride,
                before,
                x_zero,
                *multiplier,
                *shift,
                zero,
            );
        }
        Int8Operation::AlongChannels { weights, multiplier, shift, .. } => {
            along_channels(x, y, weights.len(), weights, x_zero, *multiplier, *shift, zero);
        }
        Int8Operation::Add { factors, shift } => {
            let (own, other) = (factors[1 - values.position], factors[values.position]);
            add(x, y, x_zero, other, y_zero, own, *shift, zero);
        }
        Int8Operation::Scale { factor, shift } => {
            scale(x, y, from.numbers(), x_zero, y_zero, *factor, *shift, zero);
        }
        Int8Operation::Channels { first } => take(x, y, channels, to.channels, *first),
        Int8Operation::Concat { parts } => {
            let (factor, shift) = parts[values.position];
            let start = if values.position == 0 { 0 } else { to.channels - channels };
            join(x, y, channels, to.channels, start, x_zero, factor, shift, zero);
        }
        _ => {}
    }
}
