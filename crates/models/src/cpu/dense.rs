//! Convolutions that mix channels.

use super::buffer::Buffer;
use super::product::{Gathered, NONE, Outer, Packed};
use super::window::{Plan, Window};
use automl_arch::Convolution;
use automl_numeric::vector::lanes;

/// Fewer input channels than this make products too thin: patches are copied out first.
const THIN: usize = 8;

/// A convolution of some images at a time. Groups are one matrix with zeros between them.
#[derive(Debug)]
pub(super) struct Dense {
    inputs: usize,
    outputs: usize,
    groups: usize,
    taps: usize,
    /// Numbers per row that products read.
    depth: usize,
    matrix: Packed,
    transposed: Option<Packed>,
    /// The most images at a time, for which the plans are.
    images: usize,
    /// The rows of the forward product, and of patches the pixels that they are copied from.
    rows: Plan,
    pixels: Option<Plan>,
    /// The products for the gradient at the inputs.
    backward: Vec<Plan>,
}

/// Scratch memory of one thread.
#[derive(Debug)]
pub(super) struct DenseState {
    patches: Buffer,
    /// The gradient at the outputs, its channels filled up.
    wide: Buffer,
    /// The gradient of the weights so far, `[taps, inputs, outputs]`, outputs filled up.
    pub(super) sums: Buffer,
}

impl Dense {
    /// Kernel with weights `[outputs, inputs / groups, kernel, kernel]`, for `images` at a time;
    /// `gradient` says whether the gradient at the inputs will be asked for.
    pub(super) fn new(
        spec: &Convolution,
        window: Window,
        weights: &[f32],
        images: usize,
        gradient: bool,
    ) -> Self {
        let (inputs, outputs, groups) = (spec.inputs, spec.outputs, spec.groups);
        let taps = spec.kernel * spec.kernel;
        let weight = |tap, i, o| {
            Self::place(inputs, outputs, groups, taps, tap, i, o).map_or(0.0, |at| weights[at])
        };
        let rows = window.forward(images, inputs);
        let (matrix, depth, rows, pixels) = if inputs < THIN && taps > 1 {
            let depth = taps * inputs;
            let matrix =
                Packed::new(1, depth, outputs, |_, d, o| weight(d / inputs, d % inputs, o));
            let sources = (0..rows.targets.len()).map(|row| (row * depth) as u32).collect();
            let whole = Plan { taps: vec![0], sources, targets: rows.targets.clone() };
            (matrix, depth, whole, Some(rows))
        } else {
            (Packed::new(taps, inputs, outputs, weight), inputs, rows, None)
        };
        let transposed =
            gradient.then(|| Packed::new(taps, outputs, inputs, |t, o, i| weight(t, i, o)));
        let backward = if gradient { window.backward(images, outputs) } else { Vec::new() };
        Self {
            inputs,
            outputs,
            groups,
            taps,
            depth,
            matrix,
            transposed,
            images,
            rows,
            pixels,
            backward,
        }
    }

    /// Scratch memory for the forward or the backward pass.
    pub(super) fn state(&self, backward: bool) -> DenseState {
        let rows = self.rows.targets.len();
        let columns = self.columns();
        let patches = if self.pixels.is_some() { rows * self.depth } else { 0 };
        let wide = if backward && columns != self.outputs { rows * columns } else { 0 };
        let sums = if backward { self.taps * self.inputs * columns } else { 0 };
        DenseState {
            patches: Buffer::new(patches),
            wide: Buffer::new(wide),
            sums: Buffer::zeros(sums),
        }
    }

    /// Outputs, filled up to whole vectors.
    fn columns(&self) -> usize {
        self.outputs.next_multiple_of(lanes())
    }

    /// Index of the weight between an input and an output of one group, else `None`.
    fn place(
        inputs: usize,
        outputs: usize,
        groups: usize,
        taps: usize,
        tap: usize,
        i: usize,
        o: usize,
    ) -> Option<usize> {
        // For the packing of every weight of a large network: no divisions.
        if groups == 1 {
            return Some((o * inputs + i) * taps + tap);
        }
        let (i_group, o_group) = (inputs / groups, outputs / groups);
        (i / i_group == o / o_group).then(|| (o * i_group + i % i_group) * taps + tap)
    }

    /// Copies the patches of some images out.
    fn gather(&self, x: &[f32], rows: usize, patches: &mut [f32]) {
        match self.inputs {
            1 => self.gather_pixels::<1>(x, rows, patches),
            2 => self.gather_pixels::<2>(x, rows, patches),
            3 => self.gather_pixels::<3>(x, rows, patches),
            4 => self.gather_pixels::<4>(x, rows, patches),
            5 => self.gather_pixels::<5>(x, rows, patches),
            6 => self.gather_pixels::<6>(x, rows, patches),
            _ => self.gather_pixels::<{ THIN - 1 }>(x, rows, patches),
        }
    }

    /// Copies pixels of I numbers, without a call for each.
    fn gather_pixels<const I: usize>(&self, x: &[f32], rows: usize, patches: &mut [f32]) {
        let Some(pixels) = &self.pixels else { return };
        for (tap, sources) in pixels.sources.chunks_exact(pixels.targets.len()).enumerate() {
            let patches = patches.chunks_exact_mut(self.depth);
            for (patch, &source) in patches.zip(&sources[..rows]) {
                let pixel = match source {
                    NONE => [0.0; I],
                    source => std::array::from_fn(|i| x[source as usize + i]),
                };
                patch[tap * I..][..I].copy_from_slice(&pixel);
            }
        }
    }

    /// Rows of a plan for `images` images.
    fn part(&self, plan: &Plan, images: usize) -> usize {
        plan.targets.len() / self.images * images
    }

    pub(super) fn forward(
        &self,
        state: &mut DenseState,
        x: &[f32],
        images: usize,
        out: &mut [f32],
    ) {
        let rows = self.part(&self.rows, images);
        if self.pixels.is_some() {
            self.gather(x, rows, &mut state.patches);
        }
        let Plan { taps, sources, targets } = &self.rows;
        Gathered {
            x: if self.pixels.is_some() { &state.patches } else { x },
            matrix: &self.matrix,
            taps,
            sources,
            stride: targets.len(),
            targets: &targets[..rows],
            out,
        }
        .run();
    }

    pub(super) fn backward(
        &self,
        state: &mut DenseState,
        x: &[f32],
        g: &[f32],
        images: usize,
        input_gradient: Option<&mut [f32]>,
    ) {
        if let (Some(out), Some(matrix)) = (input_gradient, &self.transposed) {
            for plan in &self.backward {
                let Plan { taps, sources, targets } = plan;
                let (stride, rows) = (targets.len(), self.part(plan, images));
                let (targets, out) = (&targets[..rows], &mut *out);
                Gathered { x: g, matrix, taps, sources, stride, targets, out }.run();
            }
        }
        let rows = self.part(&self.rows, images);
        if self.pixels.is_some() {
            self.gather(x, rows, &mut state.patches);
        }
        let columns = self.columns();
        if columns != self.outputs {
            let pixels = state.wide.chunks_exact_mut(columns);
            for (wide, g) in pixels.zip(g.chunks_exact(self.outputs)) {
                wide[..g.len()].copy_from_slice(g);
                wide[g.len()..].fill(0.0);
            }
        }
        Outer {
            x: if self.pixels.is_some() { &state.patches } else { x },
            depth: self.depth,
            sources: &self.rows.sources,
            stride: self.rows.targets.len(),
            g: if columns == self.outputs { g } else { &state.wide[..rows * columns] },
            columns,
            sums: &mut state.sums,
        }
        .run();
    }

    /// The gradient of the weights, in their order, from the sums of a state.
    pub(super) fn weight_gradient(&self, sums: &[f32]) -> Vec<f32> {
        let (inputs, outputs, groups, taps) = (self.inputs, self.outputs, self.groups, self.taps);
        let mut gradient = vec![0.0; outputs * inputs / groups * taps];
        for (row, line) in sums.chunks_exact(self.columns()).enumerate() {
            let (tap, i) = (row / inputs, row % inputs);
            for (o, value) in line[..outputs].iter().enumerate() {
                if let Some(at) = Self::place(inputs, outputs, groups, taps, tap, i, o) {
                    gradient[at] = *value;
                }
            }
        }
        gradient
    }
}
