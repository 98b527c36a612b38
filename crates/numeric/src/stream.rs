//! Keyed random streams.

use rand::SeedableRng;

/// The random number generator of the project: ChaCha with 8 rounds, portable across platforms and
/// versions.
pub type Stream = rand_chacha::ChaCha8Rng;

/// Creates the random stream of a purpose of a trial of a study.
///
/// The 256-bit ChaCha key consists of the seed of the study, the number of the trial and the FNV-1a
/// hash of the purpose. Streams are therefore independent of each other, of the number of threads
/// and of earlier draws.
///
/// # Source
/// Salmon et al. (2011), "Parallel Random Numbers: As Easy as 1, 2, 3", for counter-based streams;
/// Bernstein (2008), "ChaCha, a variant of Salsa20".
///
/// # Examples
/// ```
/// use automl_numeric::stream;
/// use rand::RngExt;
///
/// let draw = |trial| stream(1, trial, "weights").random::<f64>();
/// assert_eq!(draw(0), draw(0));
/// assert_ne!(draw(0), draw(1));
/// ```
pub fn stream(seed: u64, trial: u64, purpose: &str) -> Stream {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in purpose.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&trial.to_le_bytes());
    key[16..24].copy_from_slice(&hash.to_le_bytes());
    Stream::from_seed(key)
}
