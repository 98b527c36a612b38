//! Batches, prepared ahead on other threads.

use crate::balance::{Balance, balanced_order};
use crate::recipe::Recipe;
use crate::splits::DataSplits;
use automl_augment::Augmentation;
use automl_numeric::stream;
use rand::seq::SliceRandom;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// The largest number of ready batches; each thread has at least one.
const AHEAD: usize = 3;

/// Bytes of ready batches beyond which there are fewer of them.
const READY: usize = 32 << 20;

/// Images and labels of one step.
#[derive(Debug, PartialEq)]
pub struct Batch {
    /// Normalized pixels `[n, channels, height, width]`.
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
    let order = shuffled(data.train.len(), seed, epoch);
    start(data, augmentation, batch, order, (seed, epoch), threads)
}

/// The batches of one epoch of a recipe, as [`epoch`] makes them; where the recipe asks for it, with
/// the same number of images of each class ([`Balance::Sample`]).
pub fn epoch_of(
    data: &Arc<DataSplits>,
    recipe: &Recipe,
    key: (u64, u64),
    threads: usize,
) -> Batches {
    rest_of_epoch(data, recipe, key, 0, threads)
}

/// The batches of [`epoch_of`] behind the first `done` ones.
pub fn rest_of_epoch(
    data: &Arc<DataSplits>,
    recipe: &Recipe,
    (seed, epoch): (u64, u64),
    done: usize,
    threads: usize,
) -> Batches {
    let mut order = match recipe.balance {
        Balance::Sample => balanced_order(&data.train.labels, seed, epoch),
        Balance::None | Balance::Loss => shuffled(data.train.len(), seed, epoch),
    };
    order.drain(..(done * recipe.batch).min(order.len()));
    let augmentation = recipe.augmentation.in_epoch(epoch, recipe.epochs);
    start(data, &augmentation, recipe.batch, order, (seed, epoch), threads)
}

/// All images once, in a random order.
fn shuffled(images: usize, seed: u64, epoch: u64) -> Vec<(usize, u64)> {
    let mut order: Vec<usize> = (0..images).collect();
    order.shuffle(&mut stream(seed, epoch, "order"));
    order.into_iter().map(|index| (index, 0)).collect()
}

/// Batches of images in a given order, prepared on threads.
fn start(
    data: &Arc<DataSplits>,
    augmentation: &Augmentation,
    batch: usize,
    order: Vec<(usize, u64)>,
    (seed, epoch): (u64, u64),
    threads: usize,
) -> Batches {
    let (batch, threads) = (batch.max(1), threads.max(1));
    let order = Arc::new(order);
    let bytes = size_of::<f32>() * batch * data.train.size();
    let ahead = (READY / bytes.max(1)).clamp(1, AHEAD);
    let start = |first: usize| {
        let (sender, receiver) = sync_channel(ahead.div_ceil(threads));
        let (data, augmentation, order) =
            (Arc::clone(data), augmentation.clone(), Arc::clone(&order));
        // The thread ends when the epoch is over or its receiver is dropped.
        thread::spawn(move || {
            for images in order.chunks_exact(batch).skip(first).step_by(threads) {
                let ready = prepare_copies(&data, &augmentation, images, (seed, epoch));
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
    let images: Vec<(usize, u64)> = indexes.iter().map(|index| (*index, 0)).collect();
    prepare_copies(data, augmentation, &images, (seed, epoch))
}

/// The bit of an epoch's number from which copies of one image are counted, so that each has a
/// variation of its own.
const COPY: u32 = 40;

fn prepare_copies(
    data: &DataSplits,
    augmentation: &Augmentation,
    images: &[(usize, u64)],
    (seed, epoch): (u64, u64),
) -> Batch {
    let mut pixels = Vec::with_capacity(images.len() * data.train.size());
    for &(index, copy) in images {
        let epoch = epoch ^ (copy << COPY);
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
    let labels = images.iter().map(|(index, _)| data.train.labels[*index].into()).collect();
    Batch { pixels, labels }
}
