//! Convolutions that mix channels.

use super::buffer::Buffer;
use super::product::{Gathered, NONE, Outer, Packed};
use super::simd::lanes;
use super::window::{Plan, Window};
use crate::Convolution;

/// Fewer input channels than this make products too thin: patches are copied out first.
const THIN: usize = 8;

/// A convolution of some images at a time. Groups are one matrix with zeros between them.
#[derive(Debug)]
pub(super) struct Dense {
    window: Window,
    inputs: usize,
    outputs: usize,
    groups: usize,
    /// Numbers per row that products read, and rows per pixel of the output.
    depth: usize,
    matrix: Packed,
    transposed: Option<Packed>,
    /// For how many images the plans are: of the forward product, of the pixels that patches are
    /// copied from, of the products for the gradient at the inputs.
    planned: usize,
    rows: Plan,
    pixels: Plan,
    backward: Vec<Plan>,
    patches: Buffer,
    wide: Buffer,
    /// The gradient of the weights so far, `[taps, inputs, outputs]`, outputs padded.
    sums: Buffer,
}

impl Dense {
    /// With weights `[outputs, inputs / groups, kernel, kernel]`; `gradient` says whether the
    /// gradient at the inputs will be asked for.
    pub(super) fn new(spec: &Convolution, window: Window, weights: &[f32], gradient: bool) -> Self {
        let (inputs, outputs, groups) = (spec.inputs, spec.outputs, spec.groups);
        let taps = spec.kernel * spec.kernel;
        let weight = |tap, i, o| {
            Self::place(inputs, outputs, groups, taps, tap, i, o).map_or(0.0, |at| weights[at])
        };
        let patches = inputs < THIN && taps > 1;
        let (matrix, depth) = if patches {
            let depth = taps * inputs;
            (Packed::new(1, depth, outputs, |_, d, o| weight(d / inputs, d % inputs, o)), depth)
        } else {
            (Packed::new(taps, inputs, outputs, weight), inputs)
        };
        let transposed =
            gradient.then(|| Packed::new(taps, outputs, inputs, |t, o, i| weight(t, i, o)));
        Self {
            window,
            inputs,
            outputs,
            groups,
            depth,
            matrix,
            transposed,
            planned: 0,
            rows: window.forward(0, 0),
            pixels: window.forward(0, 0),
            backward: Vec::new(),
            patches: Buffer::default(),
            wide: Buffer::default(),
            sums: Buffer::default(),
        }
    }

    /// Where the weight between an input and an output stands, if they are of one group.
    fn place(
        inputs: usize,
        outputs: usize,
        groups: usize,
        taps: usize,
        tap: usize,
        i: usize,
        o: usize,
    ) -> Option<usize> {
        let (i_group, o_group) = (inputs / groups, outputs / groups);
        (i / i_group == o / o_group).then(|| (o * i_group + i % i_group) * taps + tap)
    }

    fn plan(&mut self, images: usize) {
        if self.planned == images {
            return;
        }
        self.planned = images;
        self.rows = self.window.forward(images, self.inputs);
        if self.thin() {
            let count = self.rows.targets.len();
            self.patches.ensure(count * self.depth);
            let sources = (0..count).map(|row| (row * self.depth) as u32).collect();
            let whole = Plan { taps: vec![0], sources, targets: self.rows.targets.clone() };
            self.pixels = std::mem::replace(&mut self.rows, whole);
        }
        if self.transposed.is_some() {
            self.backward = self.window.backward(images, self.outputs);
        }
    }

    fn thin(&self) -> bool {
        self.depth != self.inputs
    }

    /// Copies the patches out.
    fn gather(&mut self, x: &[f32]) {
        match self.inputs {
            1 => self.gather_pixels::<1>(x),
            2 => self.gather_pixels::<2>(x),
            3 => self.gather_pixels::<3>(x),
            4 => self.gather_pixels::<4>(x),
            5 => self.gather_pixels::<5>(x),
            6 => self.gather_pixels::<6>(x),
            _ => self.gather_pixels::<{ THIN - 1 }>(x),
        }
    }

    /// Copies pixels of I numbers, without a call for each.
    fn gather_pixels<const I: usize>(&mut self, x: &[f32]) {
        let depth = self.depth;
        let rows = self.pixels.targets.len();
        for (tap, sources) in self.pixels.sources.chunks_exact(rows).enumerate() {
            for (patch, &source) in self.patches.chunks_exact_mut(depth).zip(sources) {
                let pixel = match source {
                    NONE => [0.0; I],
                    source => std::array::from_fn(|i| x[source as usize + i]),
                };
                patch[tap * I..][..I].copy_from_slice(&pixel);
            }
        }
    }

    pub(super) fn forward(&mut self, x: &[f32], images: usize, out: &mut [f32]) {
        self.plan(images);
        if self.thin() {
            self.gather(x);
        }
        let x = if self.thin() { &self.patches } else { x };
        let Plan { taps, sources, targets } = &self.rows;
        Gathered { x, matrix: &self.matrix, taps, sources, targets, out }.run();
    }

    pub(super) fn backward(
        &mut self,
        x: &[f32],
        g: &[f32],
        images: usize,
        input_gradient: Option<&mut [f32]>,
    ) {
        self.plan(images);
        if let (Some(out), Some(matrix)) = (input_gradient, &self.transposed) {
            for Plan { taps, sources, targets } in &self.backward {
                Gathered { x: g, matrix, taps, sources, targets, out: &mut *out }.run();
            }
        }
        if self.thin() {
            self.gather(x);
        }
        let columns = self.outputs.next_multiple_of(lanes());
        if columns != self.outputs {
            self.wide.ensure(g.len() / self.outputs * columns);
            for (wide, g) in self.wide.chunks_exact_mut(columns).zip(g.chunks_exact(self.outputs)) {
                wide[..g.len()].copy_from_slice(g);
                wide[g.len()..].fill(0.0);
            }
        }
        if self.sums.is_empty() {
            self.sums = Buffer::zeros(self.window.kernel.pow(2) * self.inputs * columns);
        }
        Outer {
            x: if self.thin() { &self.patches } else { x },
            depth: self.depth,
            sources: &self.rows.sources,
            g: if columns == self.outputs { g } else { &self.wide },
            columns,
            sums: &mut self.sums,
        }
        .run();
    }

    /// The gradient of the weights, in their order.
    pub(super) fn weight_gradient(&self) -> Vec<f32> {
        let columns = self.outputs.next_multiple_of(lanes());
        let taps = self.window.kernel * self.window.kernel;
        let mut gradient = vec![0.0; self.outputs * self.inputs / self.groups * taps];
        for (row, line) in self.sums.chunks_exact(columns).enumerate() {
            let (tap, i) = (row / self.inputs, row % self.inputs);
            for (o, value) in line[..self.outputs].iter().enumerate() {
                let at = Self::place(self.inputs, self.outputs, self.groups, taps, tap, i, o);
                if let Some(at) = at {
                    gradient[at] = *value;
                }
            }
        }
        gradient
    }
}
