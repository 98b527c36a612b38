//! A run of one target.

use crate::mutate::mutate;
use crate::target::Target;
use automl_numeric::stream;
use rand::RngExt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The time after which one input counts as a hang.
const HANG: Duration = Duration::from_secs(10);

/// An input on which a reader panicked, or that took too long.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Number of the input.
    pub number: u64,
    /// What happened.
    pub reason: String,
    /// The input.
    pub input: Vec<u8>,
}

/// Reads what is kept for a target, and then inputs from a number on while `goes_on` says so. Before each
/// one, `note` gets it: it is the last to be seen of an input that ends the process.
///
/// # Examples
/// ```
/// let target = automl_fuzz::targets().iter().find(|target| target.name == "space").unwrap();
/// let findings = automl_fuzz::run(target, 0, &mut |number| number < 10, &mut |_| {});
/// assert!(findings.is_empty());
/// ```
pub fn run(
    target: &Target,
    first: u64,
    goes_on: &mut dyn FnMut(u64) -> bool,
    note: &mut dyn FnMut(&[u8]),
) -> Vec<Finding> {
    let Ok(folder) = tempfile::tempdir() else { return Vec::new() };
    let mut corpus = kept(target.name);
    corpus.extend((target.corpus)());
    let mut findings = Vec::new();
    for input in &corpus {
        note(input);
        findings.extend(read(target, 0, input, folder.path()));
    }
    let mut number = first;
    while goes_on(number) && !corpus.is_empty() {
        let mut rng = stream(number, 0, target.name);
        let input = &corpus[rng.random_range(0..corpus.len())];
        let other = &corpus[rng.random_range(0..corpus.len())];
        let input = mutate(input, other, &mut rng);
        note(&input);
        findings.extend(read(target, number, &input, folder.path()));
        number += 1;
    }
    findings
}

fn read(target: &Target, number: u64, input: &[u8], folder: &Path) -> Option<Finding> {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(input, folder)));
    let reason = match outcome {
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("panic: {}", text.unwrap_or("without words"))
        }
        Ok(()) if start.elapsed() > HANG => format!("{:.1} s", start.elapsed().as_secs_f64()),
        Ok(()) => return None,
    };
    Some(Finding { number, reason, input: input.to_vec() })
}

/// Inputs that were found before.
fn kept(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}
