//! Memory of one running program.

use super::Engine;
use super::layout::{from_planes, to_planes};
use thiserror::Error;

/// Numbers that are not an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the network takes {expected} numbers, and there are {found}")]
pub struct InputError {
    /// The number that is needed.
    pub expected: usize,
    /// The number that was given.
    pub found: usize,
}

/// An [`Engine`] with memory for one image at a time.
#[derive(Debug)]
pub struct Session<'a> {
    engine: &'a Engine,
    slots: Vec<Vec<f32>>,
    scratch: Vec<f32>,
}

impl<'a> Session<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        let slots = engine.slots.sizes.iter().map(|size| vec![0.0; *size]).collect();
        Self { engine, slots, scratch: vec![0.0; engine.scratch] }
    }

    /// Computes the scores `[classes]` of a normalized image `[channels, height, width]`.
    ///
    /// # Errors
    /// [`InputError`] for another number of pixels.
    pub fn run(&mut self, image: &[f32]) -> Result<Vec<f32>, InputError> {
        let (expected, found) = (self.engine.image_len(), image.len());
        if found != expected {
            return Err(InputError { expected, found });
        }
        let mut scores = vec![0.0; self.engine.classes];
        self.compute(image, &mut scores);
        Ok(scores)
    }

    /// Computes the scores of an image of the right size.
    pub(super) fn compute(&mut self, image: &[f32], scores: &mut [f32]) {
        let engine = self.engine;
        from_planes(engine.input, image, &mut self.slots[engine.slots.input]);
        for step in &engine.steps {
            let mut out = std::mem::take(&mut self.slots[step.output]);
            let first: &[f32] = &self.slots[step.inputs[0]];
            let second: &[f32] = step.inputs.get(1).map_or(&[], |&slot| &self.slots[slot]);
            step.kernel.run([first, second], &mut self.scratch, &mut out);
            self.slots[step.output] = out;
        }
        to_planes(engine.output, &self.slots[engine.output_slot], scores);
    }
}
