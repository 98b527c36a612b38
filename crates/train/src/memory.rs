//! Memory of trainings and evaluations, counted before anything is allocated.

use crate::TrainError;
use automl_arch::Graph;

/// Bytes of activations of the images that are evaluated at once.
const EVALUATED: u64 = 128 << 20;

/// Bytes of activations of the images that are trained on at once. The number does not depend on
/// the machine, so that neither do the results.
const TRAINED: u64 = 256 << 20;

/// The most images that are evaluated at once.
const MOST: usize = 500;

/// The fewest images over which training normalizes.
const FEWEST: usize = 8;

/// Bytes of a 32-bit float.
const FLOAT: u64 = 4;

/// Copies of each weight in training: the weight, its gradient, its velocity, and the next weight.
const COPIES: u64 = 4;

/// Memory that a network needs, in bytes.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
/// use automl_train::Memory;
///
/// let graph = Architecture::new(3, 224, [
///     Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
///     Layer::once(Block::GlobalAvgPool),
///     Layer::once(Block::Flatten),
///     Layer::once(Block::linear(10)),
/// ])
/// .graph()?;
/// let memory = Memory::of(&graph);
/// assert_eq!(memory.weights, 4 * 634);
/// assert!(memory.evaluated_at_once() < 20 && memory.training(128) < 300 << 20);
/// # Ok::<(), automl_arch::ArchitectureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The weights as 32-bit floats.
    pub weights: u64,
    /// All activations of one image: what training keeps for the derivatives, and what is in work.
    pub image: u64,
}

impl Memory {
    /// The memory of a network.
    pub fn of(graph: &Graph) -> Self {
        let sizes = graph.activations();
        Self {
            weights: FLOAT * graph.cost().parameters,
            image: FLOAT * sizes.total.saturating_add(3 * sizes.largest),
        }
    }

    /// The number of images that are evaluated at once, 1 to 500.
    pub fn evaluated_at_once(&self) -> usize {
        fits(EVALUATED, self.image).clamp(1, MOST)
    }

    /// The number of parts of equal size into which a batch is split, so that the activations of a
    /// part fit; a part has at least 8 images.
    pub fn parts(&self, batch: usize) -> usize {
        let at_once = fits(TRAINED, self.image).max(FEWEST).max(1);
        batch.div_ceil(at_once).max(1)
    }

    /// The bytes of a training with batches of so many images.
    pub fn training(&self, batch: usize) -> u64 {
        let images = batch.div_ceil(self.parts(batch)) as u64;
        let evaluated = self.evaluated_at_once() as u64;
        let images = images.max(evaluated).saturating_mul(self.image);
        images.saturating_add(COPIES * self.weights)
    }

    /// Checks that a training fits into the memory of the machine.
    ///
    /// # Errors
    /// [`TrainError::Memory`] for a network beyond all of the machine's memory; nothing is allocated.
    pub fn check(&self, batch: usize) -> Result<(), TrainError> {
        let needs = self.training(batch);
        match total_memory() {
            Some(has) if needs > has => Err(TrainError::Memory { needs, has }),
            _ => Ok(()),
        }
    }
}

/// Items of `each` bytes in `all` bytes.
fn fits(all: u64, each: u64) -> usize {
    usize::try_from(all / each.max(1)).unwrap_or(usize::MAX)
}

/// The memory of the machine or of this process's control group, in bytes; `None` where the system
/// does not say.
pub fn total_memory() -> Option<u64> {
    least(meminfo("MemTotal:"), group("memory.max"))
}

/// The memory that is free for this process, in bytes; `None` where the system does not say.
pub fn available_memory() -> Option<u64> {
    let machine = meminfo("MemAvailable:");
    let used = group("memory.current").unwrap_or(0);
    least(machine, group("memory.max").map(|max| max.saturating_sub(used)))
}

fn least(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.into_iter().chain(b).min()
}

/// A line of Linux's `/proc/meminfo`, in bytes.
fn meminfo(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(1024 * line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?)
}

/// A number of the control group, version 2; `max` counts as none.
fn group(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_taken_in_parts() {
        let small = Memory { weights: 4_000, image: 400 << 10 };
        assert_eq!((small.evaluated_at_once(), small.parts(128)), (327, 1));
        let large = Memory { weights: 4_000, image: 16 << 20 };
        assert_eq!((large.evaluated_at_once(), large.parts(128), large.parts(7)), (8, 8, 1));
        assert!(large.training(128) <= TRAINED + 16_000);
        // A part has eight images whatever they take.
        let huge = Memory { weights: 4_000, image: 1 << 30 };
        assert_eq!((huge.evaluated_at_once(), huge.parts(128)), (1, 16));
    }

    #[test]
    fn networks_beyond_the_machine_are_refused() {
        let Some(has) = total_memory() else { return };
        assert!(available_memory().is_some_and(|free| free <= has));
        let error = Memory { weights: has, image: 1 }.check(2).unwrap_err();
        assert!(matches!(error, TrainError::Memory { .. }), "{error}");
        assert!(Memory { weights: 1, image: 1 }.check(2).is_ok());
    }
}
