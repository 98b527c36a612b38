//! Speed of augmentation on one thread: images per second of each operation of RandAugment, of
//! two of them in a row, and of the whole chain with crops, mirror images and cutout.
//!
//! `cargo run --release -p automl-augment --example augmentation -- [MAGNITUDE]`
#![allow(clippy::print_stdout)]

use automl_augment::{Augmentation, RandAugment, Transformation};
use automl_numeric::stream;
use rand::RngExt;
use std::hint::black_box;
use std::time::Instant;

/// Images of one channel and 28 pixels, or of three and 32.
const INPUTS: [(usize, usize); 2] = [(1, 28), (3, 32)];

/// How many different images there are.
const IMAGES: usize = 256;

/// Images per second of some work on each image, over about half a second.
fn speed(images: &[Vec<u8>], work: impl Fn(u64, &[u8])) -> f64 {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed().as_secs_f64() < 0.5 {
        for image in images {
            work(count, image);
            count += 1;
        }
    }
    count as f64 / start.elapsed().as_secs_f64()
}

fn main() {
    let magnitude = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap_or(9);
    let strength = f64::from(magnitude) / f64::from(RandAugment::MAX_MAGNITUDE);
    for (channels, side) in INPUTS {
        let mut rng = stream(0, 0, "noise");
        let size = channels * side * side;
        let images: Vec<Vec<u8>> =
            (0..IMAGES).map(|_| (0..size).map(|_| rng.random()).collect()).collect();
        println!("{side}x{side}x{channels}, magnitude {magnitude}");
        let print = |name: String, speed: f64| println!("  {name:<28} {speed:>12.0} images/s");
        for operation in Transformation::ALL {
            let run = |_, image: &[u8]| {
                let mut image = image.to_vec();
                operation.apply(&mut image, side, strength);
                black_box(&image);
            };
            print(format!("{operation:?}"), speed(&images, run));
        }
        let randaugment = RandAugment { operations: 2, magnitude };
        let crops = Augmentation { margin: 4, mirror: true, ..Augmentation::default() };
        let chains = [
            ("crop and mirror image", crops.clone()),
            ("RandAugment N 2", Augmentation { randaugment, ..Augmentation::default() }),
            ("all, with cutout", Augmentation { randaugment, cutout: 0.5, ..crops }),
        ];
        for (name, chain) in chains {
            let run = |number, image: &[u8]| {
                let mut rng = stream(0, number, "augment");
                let varied = chain.vary(image, side, &mut rng);
                let mut pixels: Vec<f32> = varied.iter().map(|value| f32::from(*value)).collect();
                chain.cut(&mut pixels, side, &mut rng);
                black_box(&pixels);
            };
            print(name.into(), speed(&images, run));
        }
    }
}
