//! Places of values in the arena, and how each step finds its inputs there.

use crate::program::{Int8Operation, Int8Program, Int8Step};
use automl_arch::MemoryPlan;
use std::ops::Range;

/// The arena of a program.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Bytes of the arena.
    pub(crate) bytes: usize,
    /// The bytes of each value.
    pub(crate) ranges: Vec<Range<usize>>,
    /// The inputs of each step.
    pub(crate) steps: Vec<StepLayout>,
}

/// How the kernel of a step gets its inputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepLayout {
    /// For a kernel that works in place, the position among the inputs of the one that the output
    /// holds before.
    pub(crate) resident: Option<usize>,
    /// Whether that input lies elsewhere and is copied first.
    pub(crate) copied: bool,
    /// Positions of the inputs that the kernel reads elsewhere, with one call each.
    pub(crate) reads: Vec<usize>,
}

impl Layout {
    /// The layout by a plan of the program's memory.
    pub(crate) fn new(program: &Int8Program, plan: &MemoryPlan) -> Self {
        let range = |value: usize| {
            let start = plan.offset(value) as usize;
            start..start + program.values[value].shape.numbers()
        };
        let ranges: Vec<Range<usize>> = (0..program.values.len()).map(range).collect();
        let steps = program.steps.iter().enumerate();
        let steps = steps.map(|(index, step)| step_layout(step, index + 1, &ranges)).collect();
        Self { bytes: plan.arena_bytes() as usize, ranges, steps }
    }
}

fn step_layout(step: &Int8Step, output: usize, ranges: &[Range<usize>]) -> StepLayout {
    let at = |position: usize| ranges[step.inputs[position]] == ranges[output];
    let in_place = |resident: usize, reads: &[usize]| StepLayout {
        resident: Some(resident),
        copied: !at(resident),
        reads: reads.to_vec(),
    };
    match step.operation {
        Int8Operation::Pixels { .. } | Int8Operation::Table { .. } => in_place(0, &[]),
        Int8Operation::Add { .. } if at(1) => in_place(1, &[0]),
        Int8Operation::Add { .. } | Int8Operation::Scale { .. } => in_place(0, &[1]),
        Int8Operation::Concat { .. } => StepLayout { reads: vec![0, 1], ..Default::default() },
        _ => StepLayout { reads: vec![0], ..Default::default() },
    }
}
