//! Loads a data set and prints what was found, with the time it took:
//! `cargo run --release -p automl-data --example load -- FOLDER SIDE [cached]`.

#![allow(clippy::print_stdout)]

use automl_data::{DataSplits, DatasetFormat, Side, Source, default_cache};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, side, cached @ ..] = &arguments[..] else {
        return Err("usage: load FOLDER SIDE [cached]".into());
    };
    let cache = default_cache().filter(|_| !cached.is_empty());
    let source = Source {
        folder: Some(folder.as_ref()),
        side: side.parse::<Side>()?,
        cache: cache.as_deref(),
        ..Source::default()
    };
    let start = Instant::now();
    let dataset = DatasetFormat::find("folder")?.load(&source)?;
    let read = start.elapsed();
    let data = DataSplits::split(&dataset, 0.2, 0)?;
    let all = data.with_validation();
    println!("{} and {} images of {}x{}", all.train.len(), all.test.len(), all.side, all.side);
    data.lines().iter().for_each(|line| println!("{line}"));
    println!(
        "read in {:.2} s, split in {:.2} s",
        read.as_secs_f64(),
        (start.elapsed() - read).as_secs_f64()
    );
    Ok(())
}
