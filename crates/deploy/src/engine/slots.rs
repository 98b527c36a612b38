//! Memory that several values use one after the other.

use super::layout::size;
use crate::program::Program;

/// The slot of each value. A slot is free again behind the last step that reads its value.
#[derive(Debug)]
pub(super) struct Slots {
    /// Slot of each value.
    pub(super) of: Vec<usize>,
    /// Numbers of each slot.
    pub(super) sizes: Vec<usize>,
    /// Slot of the input.
    pub(super) input: usize,
}

impl Slots {
    pub(super) fn plan(program: &Program) -> Self {
        let last = program.last_uses();
        let mut slots = Self { of: vec![0; program.values.len()], sizes: Vec::new(), input: 0 };
        let mut free = Vec::new();
        let input = slots.take(&mut free, size(program.input_shape()));
        (slots.of[Program::INPUT], slots.input) = (input, input);
        for (index, step) in program.steps.iter().enumerate() {
            slots.of[step.output] = slots.take(&mut free, size(program.values[step.output]));
            for &value in step.inputs.iter().chain([&step.output]) {
                let over = last[value].is_none_or(|last| last == index);
                if over && !free.contains(&slots.of[value]) {
                    free.push(slots.of[value]);
                }
            }
        }
        slots
    }

    /// The free slot that fits best, enlarged if it is too small, or a new one.
    fn take(&mut self, free: &mut Vec<usize>, size: usize) -> usize {
        let distance = |slot: &usize| self.sizes[*slot].abs_diff(size);
        let best = (0..free.len()).min_by_key(|&at| distance(&free[at]));
        match best {
            Some(at) => {
                let slot = free.swap_remove(at);
                self.sizes[slot] = self.sizes[slot].max(size);
                slot
            }
            None => {
                self.sizes.push(size);
                self.sizes.len() - 1
            }
        }
    }
}
