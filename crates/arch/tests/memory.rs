//! Laws of the memory plan, and the flash and RAM of known networks.

mod common;

use automl_arch::{Activation, Architecture, Block, Cost, Layer, MemoryPlan, MemoryStep};
use proptest::prelude::*;

/// Programs of any shape: each step reads one or two earlier tensors.
fn program() -> impl Strategy<Value = (u64, Vec<MemoryStep>)> {
    let step = (any::<[prop::sample::Index; 2]>(), any::<bool>(), 1_u64..200, any::<bool>());
    (1_u64..200, prop::collection::vec(step, 1..24)).prop_map(|(input, steps)| {
        let made = steps.into_iter().enumerate().map(|(index, (reads, two, bytes, in_place))| {
            let count = if two { 2 } else { 1 };
            let read = |read: &prop::sample::Index| read.index(index + 1);
            let inputs: Vec<usize> = reads[..count].iter().map(read).collect();
            let replaceable = if in_place { inputs.clone() } else { Vec::new() };
            MemoryStep { inputs, bytes: bytes / 40 * 40 + 1, constants: 0, replaceable }
        });
        (input / 40 * 40 + 1, made.collect())
    })
}

/// The steps at the end of which each tensor must still hold its values: from its writing up to the step
/// before the last that reads it; to the end for the output.
fn holds(steps: &[MemoryStep], tensor: usize) -> std::ops::Range<usize> {
    let first = tensor.saturating_sub(1);
    let reads = steps.iter().rposition(|step| step.inputs.contains(&tensor));
    let end = if tensor == steps.len() { steps.len() } else { reads.unwrap_or(first + 1) };
    first..end
}

proptest! {
    /// No two tensors that hold values at the same time share a byte; a step that does not work in
    /// place writes over none of its inputs; one that does overlaps an input wholly or not at all.
    #[test]
    fn living_tensors_do_not_overlap((input, steps) in program()) {
        let plan = MemoryPlan::new(input, &steps);
        let size = |tensor: usize| if tensor == 0 { input } else { steps[tensor - 1].bytes };
        let bytes = |tensor: usize| plan.offset(tensor)..plan.offset(tensor) + size(tensor);
        let apart = |a: usize, b: usize| bytes(a).end <= bytes(b).start || bytes(b).end <= bytes(a).start;
        for a in 0..=steps.len() {
            prop_assert!(bytes(a).end <= plan.arena_bytes());
            prop_assert_eq!(plan.offset(a) % MemoryPlan::ALIGNMENT, 0);
            for b in 0..a {
                let (one, two) = (holds(&steps, a), holds(&steps, b));
                let together = one.start < two.end && two.start < one.end;
                prop_assert!(!together || apart(a, b), "{} {}", a, b);
            }
        }
        for (index, step) in steps.iter().enumerate() {
            for &read in &step.inputs {
                let same = bytes(index + 1) == bytes(read);
                prop_assert!(apart(index + 1, read) || (step.replaceable.contains(&read) && same));
            }
        }
        prop_assert_eq!(MemoryPlan::new(input, &steps), plan);
    }

    /// No arena is smaller than what is alive at once, none larger than all tensors together.
    #[test]
    fn the_arena_lies_between_its_bounds((input, steps) in program()) {
        let plan = MemoryPlan::new(input, &steps);
        let aligned = |bytes: u64| bytes.next_multiple_of(MemoryPlan::ALIGNMENT);
        let all = aligned(input) + steps.iter().map(|step| aligned(step.bytes)).sum::<u64>();
        prop_assert!((plan.lower_bound()..=all).contains(&plan.arena_bytes()));
    }

    /// Work in place never needs more than the same program without.
    #[test]
    fn work_in_place_lowers_the_bound((input, steps) in program()) {
        let copies: Vec<MemoryStep> =
            steps.iter().map(|step| MemoryStep { replaceable: Vec::new(), ..step.clone() }).collect();
        let bound = |steps: &[MemoryStep]| MemoryPlan::new(input, steps).lower_bound();
        prop_assert!(bound(&steps) <= bound(&copies));
    }

    /// Every weight takes a byte, and no program holds more than the floats of training do, apart
    /// from alignment and the copies that a sum of quantized maps needs.
    #[test]
    fn int8_is_smaller(architecture in common::architecture()) {
        let Cost { parameters, flash_bytes, ram_bytes, peak_activation_bytes, .. } =
            architecture.cost().unwrap();
        prop_assert!(flash_bytes > 0 && flash_bytes < 9 * parameters + 256 * 64);
        prop_assert!(ram_bytes > 0 && ram_bytes <= peak_activation_bytes);
    }
}

fn head(classes: usize) -> [Layer; 3] {
    [
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(classes)),
    ]
}

/// The bytes of an inverted residual block, counted by hand.
#[test]
fn a_residual_block_holds_input_and_two_maps() {
    let layers = [Layer::once(Block::inverted_residual(3, 4.0, 8, 1))];
    let architecture = Architecture::new(8, 16, layers.into_iter().chain(head(10)));
    let cost = architecture.cost().unwrap();
    let pixels = 16 * 16;
    // Expanded maps, their depthwise outputs, and the input for the sum.
    assert_eq!(cost.ram_bytes, (8 + 32 + 32) * pixels);
    let products = [(8 * 32, 32), (32 * 9, 32), (32 * 8, 8), (8 * 10, 10)];
    let flash: u64 = products.iter().map(|(weights, outputs)| weights + 9 * outputs).sum();
    assert_eq!(cost.flash_bytes, 8 * 8 + flash);
}

/// ReLU costs nothing, a table works in place.
#[test]
fn activations_work_in_place() {
    let of = |activation: Activation| {
        let layers = [Layer::once(Block::conv(16, 3, 1, activation))];
        Architecture::new(1, 8, layers.into_iter().chain(head(4))).cost().unwrap()
    };
    let (plain, relu, swish) =
        (of(Activation::Identity), of(Activation::Relu), of(Activation::HardSwish));
    assert_eq!(plain, relu);
    assert_eq!(swish.flash_bytes, relu.flash_bytes + 256);
    assert_eq!(swish.ram_bytes, relu.ram_bytes);
}

/// Costs kept by earlier versions are read.
#[test]
fn earlier_costs_are_read() {
    let text = r#"{"parameters": 1, "macs": 2, "peak_activation_bytes": 3}"#;
    let cost: Cost = serde_json::from_str(text).unwrap();
    assert_eq!((cost.parameters, cost.flash_bytes, cost.ram_bytes), (1, 0, 0));
}
