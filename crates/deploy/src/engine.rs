//! Inference in 32-bit floats.
//!
//! Maps lie with their channels fastest (height, width, channels), each pixel filled up to whole
//! vectors, so that the loops have no remainders. Convolutions read pixels where they lie, in a copy
//! with a border of zeros where there is padding ("indirect convolution", Dukhan 2019,
//! arXiv 1907.02129).

mod activate;
mod dense;
mod depthwise;
mod elementwise;
mod exp;
mod kernel;
mod layout;
mod pool;
mod session;
mod slots;
mod window;

pub use session::{InputError, Session};

use crate::program::{Program, Shape, ValueId};
use kernel::Kernel;
use slots::Slots;

/// A program prepared for inference: weights packed for the processor at hand, memory planned.
///
/// # Examples
/// ```
/// use automl_arch::{Architecture, Block, Layer};
/// use automl_deploy::{Engine, Program, Tensor, Weights};
///
/// let graph = Architecture::new(1, 2, [
///     Layer::once(Block::GlobalAvgPool),
///     Layer::once(Block::Flatten),
///     Layer::once(Block::linear(2)),
/// ])
/// .graph()?;
/// let weights = Weights::new([
///     Tensor { name: "layers.1.Linear.weight".into(), shape: vec![2, 1], values: vec![1.0, -1.0] },
///     Tensor { name: "layers.1.Linear.bias".into(), shape: vec![2], values: vec![0.0, 0.5] },
/// ]);
/// let engine = Engine::new(&Program::lower(&graph, &weights)?);
/// // Two images of 2x2 pixels.
/// let scores = engine.scores(&[1.0, 1.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0], 1)?;
/// assert_eq!(scores, [2.0, -1.5, 0.0, 0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    input: Shape,
    output: Shape,
    output_slot: usize,
    classes: usize,
    slots: Slots,
    steps: Vec<Prepared>,
    /// Numbers of the copy with borders, of the step with the largest one.
    scratch: usize,
}

/// A step with its weights packed.
#[derive(Debug)]
struct Prepared {
    /// Slots of the inputs.
    inputs: Vec<usize>,
    /// Slot of the output.
    output: usize,
    kernel: Kernel,
}

impl Engine {
    /// Prepares a program.
    pub fn new(program: &Program) -> Self {
        let slots = Slots::plan(program);
        let slot = |value: ValueId| slots.of[value];
        let steps: Vec<_> = program
            .steps
            .iter()
            .map(|step| Prepared {
                inputs: step.inputs.iter().map(|&value| slot(value)).collect(),
                output: slot(step.output),
                kernel: Kernel::new(program, step),
            })
            .collect();
        let scratch = steps.iter().map(|step| step.kernel.scratch()).max().unwrap_or(0);
        Self {
            input: program.input_shape(),
            output: program.values[program.output],
            output_slot: slot(program.output),
            classes: program.classes,
            slots,
            steps,
            scratch,
        }
    }

    /// Numbers of one image, channels x height x width.
    pub fn image_len(&self) -> usize {
        self.input.numbers()
    }

    /// Number of scores of one image.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Memory for one image at a time.
    pub fn session(&self) -> Session<'_> {
        Session::new(self)
    }

    /// Scores of images, computed by at most so many threads.
    ///
    /// # Shapes
    /// Normalized images `[n, channels, height, width]` to `[n, classes]`. A score does not depend on
    /// the other images or on the number of threads.
    ///
    /// # Errors
    /// [`InputError`] if the numbers are not whole images.
    pub fn scores(&self, images: &[f32], threads: usize) -> Result<Vec<f32>, InputError> {
        let (size, classes) = (self.image_len(), self.classes);
        let count = images.len() / size;
        if !images.len().is_multiple_of(size) {
            return Err(InputError { expected: (count + 1) * size, found: images.len() });
        }
        let mut scores = vec![0.0; count * classes];
        let share = count.div_ceil(threads.max(1)).max(1);
        let work = |images: &[f32], scores: &mut [f32]| {
            let mut session = self.session();
            for (image, scores) in images.chunks(size).zip(scores.chunks_mut(classes)) {
                session.compute(image, scores);
            }
        };
        if share >= count {
            work(images, &mut scores);
            return Ok(scores);
        }
        std::thread::scope(|scope| {
            let parts = images.chunks(share * size).zip(scores.chunks_mut(share * classes));
            for (images, scores) in parts {
                scope.spawn(|| work(images, scores));
            }
        });
        Ok(scores)
    }
}
