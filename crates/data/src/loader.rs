//! Batches, prepared ahead on other threads.

use crate::augment::Augmentation;
use crate::splits::DataSplits;
use automl_numeric::stream;
use rand::seq::SliceRandom;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// The largest number of ready batches; each thread has at least one.
const AHEAD: usize = 3;

/// Images and labels of one step.
#[derive(Debug, PartialEq)]
pub struct Batch {
    /// Normalized pixels `[n, channels, side, side]`.
    pub pixels: Vec<f32>,
    /// Classes `[n]`.
    pub labels: Vec<i32>,
}

/// The batches of an epoch in their order, for any number of threads.
#[derive(Debug)]
pub struct Batches {
    threads: Vec<Receiver<Batch>>,
    /// Index of the thread that prepares the next batch.
    turn: usize,
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.threads.get(self.turn)?.recv().ok()?;
        self.turn = (self.turn + 1) % self.threads.len();
        Some(batch)
    }
}

/// The batches of one epoch in a random order by seed and epoch, varied by the augmentation; a rest
/// that does not fill a batch is left out. They are the same for any number of threads.
///
/// # Examples
/// ```
/// use automl_data::{Augmentation, DataSplits, Dataset, loader};
/// use std::sync::Arc;
///
/// let data = Arc::new(DataSplits::split(&Dataset::digits()?, 0.2, 0)?);
/// let batches = loader::epoch(&data, &Augmentation::default(), 32, (0, 0), 2);
/// let sizes: Vec<_> = batches.map(|batch| batch.labels.len()).collect();
/// assert_eq!(sizes, [32; 35]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn epoch(
    data: &Arc<DataSplits>,
    augmentation: &Augmentation,
    batch: usize,
    (seed, epoch): (u64, u64),
    threads: usize,
) -> Batches {
    let (batch, threads) = (batch.max(1), threads.max(1));
    let mut order: Vec<usize> = (0..data.train.len()).collect();
    order.shuffle(&mut stream(seed, epoch, "order"));
    let order = Arc::new(order);
    let start = |first: usize| {
        let (sender, receiver) = sync_channel(AHEAD.div_ceil(threads));
        let (data, augmentation, order) =
            (Arc::clone(data), augmentation.clone(), Arc::clone(&order));
        // The thread ends when the epoch is over or its receiver is dropped.
        thread::spawn(move || {
            for indexes in order.chunks_exact(batch).skip(first).step_by(threads) {
                let ready = prepare(&data, &augmentation, indexes, (seed, epoch));
                if sender.send(ready).is_err() {
                    return;
                }
            }
        });
        receiver
    };
    Batches { threads: (0..threads).map(start).collect(), turn: 0 }
}

/// Some training images, varied as in an epoch.
pub fn prepare(
    data: &DataSplits,
    augmentation: &Augmentation,
    indexes: &[usize],
    (seed, epoch): (u64, u64),
) -> Batch {
    let mut pixels = Vec::with_capacity(indexes.len() * data.train.size());
    for &index in indexes {
        if augmentation.spares(seed, epoch, index) {
            data.normalize(data.train.image(index), &mut pixels);
            continue;
        }
        let mut rng = Augmentation::stream(seed, epoch, index);
        let varied = augmentation.vary(data.train.image(index), data.side, &mut rng);
        let start = pixels.len();
        data.normalize(&varied, &mut pixels);
        augmentation.cut(&mut pixels[start..], data.side, &mut rng);
    }
    let labels = indexes.iter().map(|&index| data.train.labels[index].into()).collect();
    Batch { pixels, labels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, RandAugment};

    #[test]
    fn any_number_of_threads_gives_the_same_batches() {
        let data = Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap());
        let randaugment = RandAugment { operations: 2, magnitude: 9 };
        let augmentation =
            Augmentation { margin: 1, mirror: true, randaugment, cutout: 0.5, share: 0.7 };
        let batches = |seed, threads| -> Vec<Batch> {
            epoch(&data, &augmentation, 100, (seed, 3), threads).collect()
        };
        let one = batches(1, 1);
        assert_eq!(one.len(), data.train.len() / 100);
        for threads in [2, 3, 8, 20] {
            assert_eq!(batches(1, threads), one, "{threads} threads");
        }
        assert_ne!(batches(2, 1), one);
    }
}
