//! Maxima and means of windows.

use super::layout::pitch;
use super::window::Window;
use crate::program::Shape;
use automl_arch::Pooling;
use automl_numeric::vector::fast;

/// Pooling of every map on its own.
#[derive(Debug)]
pub(super) struct Pool {
    kind: Pooling,
    window: Window,
    pitch: usize,
}

impl Pool {
    pub(super) fn new(kind: Pooling, [kernel, stride, padding]: [usize; 3], shape: Shape) -> Self {
        let window = Window::new(shape.side, kernel.into(), 1, stride, (padding, padding));
        Self { kind, window, pitch: pitch(shape.channels) }
    }

    pub(super) fn scratch(&self) -> usize {
        if self.window.has_border() { self.window.pixels() * self.pitch } else { 0 }
    }

    pub(super) fn run(&self, x: &[f32], scratch: &mut [f32], out: &mut [f32]) {
        let border = match self.kind {
            Pooling::Max => f32::NEG_INFINITY,
            Pooling::Average => 0.0,
        };
        let x = if self.window.has_border() {
            self.window.place_copy(self.pitch, border, x, scratch);
            &*scratch
        } else {
            x
        };
        let share = 1.0 / self.window.taps.len() as f32;
        fast(|| match self.kind {
            Pooling::Max => self.reduce(x, out, f32::max, |x| x),
            Pooling::Average => self.reduce(x, out, |a, b| a + b, |x| x * share),
        });
    }

    #[inline(always)]
    fn reduce(
        &self,
        x: &[f32],
        out: &mut [f32],
        join: impl Fn(f32, f32) -> f32,
        finish: impl Fn(f32) -> f32,
    ) {
        let pitch = self.pitch;
        for (start, out) in self.window.starts.iter().zip(out.chunks_exact_mut(pitch)) {
            let mut pixels =
                self.window.taps.iter().map(|tap| &x[(start + tap) * pitch..][..pitch]);
            if let Some(first) = pixels.next() {
                out.copy_from_slice(first);
            }
            for pixel in pixels {
                out.iter_mut().zip(pixel).for_each(|(out, x)| *out = join(*out, *x));
            }
            out.iter_mut().for_each(|out| *out = finish(*out));
        }
    }
}
