//! Offsets of buffers in one arena, greedily by size.

use super::{MemoryPlan, MemoryStep};

/// Tensors that share one place, and the steps during which it is taken, both ends included.
#[derive(Clone, Copy)]
struct Buffer {
    bytes: u64,
    first: usize,
    last: usize,
}

impl Buffer {
    fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

pub(super) fn plan(input: u64, steps: &[MemoryStep]) -> MemoryPlan {
    let (buffers, buffer_of) = buffers(input, steps);
    let starts = place(&buffers);
    let ends = starts.iter().zip(&buffers).map(|(start, buffer)| start + buffer.bytes);
    let alive = |step: usize| {
        let taken = buffers.iter().filter(|buffer| (buffer.first..=buffer.last).contains(&step));
        taken.map(|buffer| buffer.bytes).sum::<u64>()
    };
    MemoryPlan {
        arena: ends.max().unwrap_or(0),
        bound: (0..steps.len().max(1)).map(alive).max().unwrap_or(0),
        offsets: buffer_of.iter().map(|&buffer| starts[buffer]).collect(),
    }
}

/// The buffers, and the buffer of each tensor.
fn buffers(input: u64, steps: &[MemoryStep]) -> (Vec<Buffer>, Vec<usize>) {
    let last = last_uses(steps);
    let size = |tensor: usize| if tensor == 0 { input } else { steps[tensor - 1].bytes };
    let aligned = |bytes: u64| bytes.next_multiple_of(MemoryPlan::ALIGNMENT);
    let mut buffers = vec![Buffer { bytes: aligned(input), first: 0, last: last[0] }];
    let mut buffer_of = vec![0];
    for (index, step) in steps.iter().enumerate() {
        let free = |tensor: &&usize| {
            **tensor <= index && last[**tensor] == index && size(**tensor) == step.bytes
        };
        let replaced = step.replaceable.iter().find(free);
        let buffer = match replaced {
            Some(&tensor) => buffer_of[tensor],
            None => {
                buffers.push(Buffer { bytes: aligned(step.bytes), first: index, last: index });
                buffers.len() - 1
            }
        };
        buffers[buffer].last = last[index + 1];
        buffer_of.push(buffer);
    }
    (buffers, buffer_of)
}

/// The last step that needs each tensor: the last that reads it, or the one that writes it; for the
/// program's output the last of all.
fn last_uses(steps: &[MemoryStep]) -> Vec<usize> {
    let mut last: Vec<usize> = (0..=steps.len()).map(|tensor| tensor.saturating_sub(1)).collect();
    for (index, step) in steps.iter().enumerate() {
        for &tensor in step.inputs.iter().filter(|tensor| **tensor <= index) {
            last[tensor] = index;
        }
    }
    last
}

fn place(buffers: &[Buffer]) -> Vec<u64> {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(buffers[index].bytes), index));
    let mut starts = vec![0; buffers.len()];
    let mut placed: Vec<usize> = Vec::new();
    for index in order {
        let buffer = &buffers[index];
        placed.sort_by_key(|&other| (starts[other], other));
        let mut start = 0_u64;
        for &other in placed.iter().filter(|&&other| buffers[other].meets(buffer)) {
            if starts[other] >= start + buffer.bytes {
                break;
            }
            start = start.max(starts[other] + buffers[other].bytes);
        }
        starts[index] = start;
        placed.push(index);
    }
    starts
}
