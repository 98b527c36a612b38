//! Memory of a program on a microcontroller: lifetimes of tensors, work in place, one arena.

mod arena;
mod footprint;

use serde::{Deserialize, Serialize};

/// One step of a program, as its memory sees it: one tensor is written, earlier ones are read.
///
/// Tensors are numbered in the order in which they are written: 0 is the program's input, `i + 1`
/// the output of step `i`. The output of the last step is that of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryStep {
    /// Tensors that are read.
    pub inputs: Vec<usize>,
    /// Bytes of the output.
    pub bytes: u64,
    /// Bytes of the step's constants.
    pub constants: u64,
    /// Inputs that the output may replace, where they have its size and no later step reads them.
    pub replaceable: Vec<usize>,
}

/// The place of every tensor of a program in one arena.
///
/// A tensor is alive from the step that writes it to the last step that reads it; the program's
/// output stays alive to the end. Tensors that share a place because a step works in place are one
/// buffer. Buffers are placed in the order of their sizes, the largest first, each at the lowest
/// offset where it overlaps no placed buffer that is alive at the same time. Offsets are multiples
/// of [`MemoryPlan::ALIGNMENT`]. The plan is a function of the steps.
///
/// # Source
/// The greedy planner of TensorFlow Lite Micro (David et al. 2021, arXiv 2010.08678, section 4.4.2);
/// Pisarchyk & Lee (2020), "Efficient memory management for deep neural net inference", arXiv
/// 2001.03288, algorithm 3 (greedy by size).
///
/// # Examples
/// ```
/// use automl_arch::{MemoryPlan, MemoryStep};
///
/// // 64 bytes -> 256 bytes -> a table in place -> 10 bytes
/// let step = |input: usize, bytes: u64, replaceable: &[usize]| MemoryStep {
///     inputs: vec![input], bytes, constants: 0, replaceable: replaceable.to_vec(),
/// };
/// let plan = MemoryPlan::new(64, &[step(0, 256, &[]), step(1, 256, &[1]), step(2, 10, &[])]);
/// assert_eq!(plan.arena_bytes(), 64 + 256);
/// assert_eq!(plan.offset(1), plan.offset(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    offsets: Vec<u64>,
    arena: u64,
    bound: u64,
}

impl MemoryPlan {
    /// Every buffer begins at a multiple of this number of bytes.
    pub const ALIGNMENT: u64 = 4;

    /// Plans the memory of a program with an input of `input` bytes.
    ///
    /// A step that reads a tensor which is not written before it does not extend any lifetime.
    pub fn new(input: u64, steps: &[MemoryStep]) -> Self {
        arena::plan(input, steps)
    }

    /// The first byte of a tensor in the arena; 0 for an unknown tensor.
    pub fn offset(&self, tensor: usize) -> u64 {
        self.offsets.get(tensor).copied().unwrap_or(0)
    }

    /// Bytes of the arena.
    pub fn arena_bytes(&self) -> u64 {
        self.arena
    }

    /// The largest number of bytes that are alive during one step: no plan of these lifetimes has a
    /// smaller arena.
    pub fn lower_bound(&self) -> u64 {
        self.bound
    }
}

pub(crate) use footprint::footprint;
