//! Batches, prepared ahead on another thread.

use crate::{Augmentation, Data};
use automl_space::stream;
use rand::seq::SliceRandom;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// How many batches are ready at most.
const AHEAD: usize = 3;

/// Images and labels of one step.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Normalised pixels `[n, channels, side, side]`.
    pub(crate) pixels: Vec<f32>,
    /// Classes `[n]`.
    pub(crate) labels: Vec<i32>,
}

/// The batches of one epoch in a random order that seed and epoch give; a rest that does not fill
/// a batch is left out.
pub(crate) fn epoch(
    data: &Arc<Data>,
    augmentation: &Augmentation,
    batch: usize,
    (seed, epoch): (u64, u64),
) -> Receiver<Batch> {
    let (sender, receiver) = sync_channel(AHEAD);
    let (data, augmentation) = (Arc::clone(data), augmentation.clone());
    // The thread ends when the epoch is over or its receiver is dropped.
    thread::spawn(move || {
        let mut order: Vec<usize> = (0..data.train.len()).collect();
        order.shuffle(&mut stream(seed, epoch, "order"));
        for indexes in order.chunks_exact(batch.max(1)) {
            let ready = prepare(&data, &augmentation, indexes, (seed, epoch));
            if sender.send(ready).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Some training images, varied as in an epoch.
pub(crate) fn prepare(
    data: &Data,
    augmentation: &Augmentation,
    indexes: &[usize],
    (seed, epoch): (u64, u64),
) -> Batch {
    let mut ready = Batch {
        pixels: Vec::with_capacity(indexes.len() * data.train.size()),
        labels: Vec::with_capacity(indexes.len()),
    };
    let mut varied = Vec::new();
    for &index in indexes {
        let key = (seed, epoch, index);
        augmentation.apply(data.train.image(index), data.side, key, &mut varied);
        data.normalise(&varied, &mut ready.pixels);
        ready.labels.push(data.train.labels[index].into());
    }
    ready
}
