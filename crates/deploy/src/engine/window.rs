//! Windows that slide over maps.

use automl_extent::Extent;

/// Windows of one size on maps with a border.
#[derive(Debug)]
pub(super) struct Window {
    side: Extent,
    before: usize,
    after: usize,
    /// First pixel of each window in the maps with their border.
    pub(super) starts: Vec<usize>,
    /// Pixels of a window behind its first one.
    pub(super) taps: Vec<usize>,
}

impl Window {
    /// Windows of `kernel` taps in both directions, `dilation` pixels apart.
    pub(super) fn new(
        side: Extent,
        kernel: Extent,
        dilation: usize,
        stride: usize,
        (before, after): (usize, usize),
    ) -> Self {
        let line = side.width + before + after;
        let out = |side: usize, kernel: usize| {
            (side + before + after - dilation * (kernel - 1) - 1) / stride + 1
        };
        let out = Extent::new(out(side.height, kernel.height), out(side.width, kernel.width));
        let grid = |Extent { height, width }: Extent, step: usize| -> Vec<usize> {
            let rows = 0..height;
            rows.flat_map(|y| (0..width).map(move |x| (y * line + x) * step)).collect()
        };
        Self { side, before, after, starts: grid(out, stride), taps: grid(kernel, dilation) }
    }

    /// Whether the maps have a border.
    pub(super) fn has_border(&self) -> bool {
        self.before + self.after > 0
    }

    /// Pixels of the maps with their border.
    pub(super) fn pixels(&self) -> usize {
        self.side.map(|side| side + self.before + self.after).pixels()
    }

    /// Writes the maps with a border of this value; `copy(pixel, to)` writes one row of pixels from
    /// the index of its first one on.
    pub(super) fn place(
        &self,
        pitch: usize,
        border: f32,
        out: &mut [f32],
        mut copy: impl FnMut(usize, &mut [f32]),
    ) {
        let line = (self.side.width + self.before + self.after) * pitch;
        for (y, out) in out[..self.pixels() * pitch].chunks_exact_mut(line).enumerate() {
            match y.checked_sub(self.before).filter(|y| *y < self.side.height) {
                None => out.fill(border),
                Some(y) => {
                    let (left, rest) = out.split_at_mut(self.before * pitch);
                    let (middle, right) = rest.split_at_mut(self.side.width * pitch);
                    left.fill(border);
                    copy(y * self.side.width, middle);
                    right.fill(border);
                }
            }
        }
    }

    /// As [`Window::place`], of maps with the same number of channels.
    pub(super) fn place_copy(&self, pitch: usize, border: f32, x: &[f32], out: &mut [f32]) {
        self.place(pitch, border, out, |first, row| {
            row.copy_from_slice(&x[first * pitch..][..row.len()]);
        });
    }
}
