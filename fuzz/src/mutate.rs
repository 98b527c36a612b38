//! Mutations of inputs: of bytes, of numbers in texts, and of lines.

use rand::{Rng, RngExt};

/// Numbers at the ends of ranges, and words of numbers.
const NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65536",
    "2147483648",
    "4294967295",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "1e400",
    "-0.0",
    "NaN",
    "0.1",
];

/// Bytes at the ends of ranges and of meaning in formats.
const BYTES: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'[', b',', b'\n', b'-', b'9'];

/// The longest input.
const LONGEST: usize = 1 << 16;

/// An input with a few mutations; `other` is another one, of which parts are taken.
pub(crate) fn mutate(input: &[u8], other: &[u8], rng: &mut dyn Rng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..rng.random_range(1..=6) {
        mutate_once(&mut bytes, other, rng);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn mutate_once(bytes: &mut Vec<u8>, other: &[u8], rng: &mut dyn Rng) {
    if bytes.is_empty() {
        bytes.push(BYTES[rng.random_range(0..BYTES.len())]);
        return;
    }
    let at = rng.random_range(0..bytes.len());
    let end = bytes.len().min(at + 1 + rng.random_range(0..32_usize));
    match rng.random_range(0..9) {
        0 => bytes[at] ^= 1 << rng.random_range(0..8),
        1 => bytes[at] = BYTES[rng.random_range(0..BYTES.len())],
        2 => drop(bytes.drain(at..end)),
        3 => bytes.truncate(at),
        4 => {
            let part = bytes[at..end].to_vec();
            let times = rng.random_range(1..=8);
            bytes.splice(at..at, part.repeat(times));
        }
        5 if !other.is_empty() => {
            let from = rng.random_range(0..other.len());
            let to = other.len().min(from + rng.random_range(1..=64_usize));
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        6 => {
            for byte in bytes[at..].iter_mut().take(rng.random_range(1..=8)) {
                *byte = 0xff;
            }
        }
        7 => lines(bytes, rng),
        _ => number(bytes, at, rng),
    }
}

/// Replaces a number in a text, the next one from a place on.
fn number(bytes: &mut Vec<u8>, at: usize, rng: &mut dyn Rng) {
    let is_part = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = bytes[at..].iter().position(is_part).map(|start| at + start) else { return };
    let length = bytes[start..].iter().take_while(|byte| is_part(byte)).count();
    let number = NUMBERS[rng.random_range(0..NUMBERS.len())];
    bytes.splice(start..start + length, number.bytes());
}

/// Removes, doubles or swaps a line.
fn lines(bytes: &mut Vec<u8>, rng: &mut dyn Rng) {
    let mut lines: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let (first, second) = (rng.random_range(0..lines.len()), rng.random_range(0..lines.len()));
    match rng.random_range(0..3) {
        0 => drop(lines.remove(first)),
        1 => lines.insert(second, lines[first].clone()),
        _ => lines.swap(first, second),
    }
    *bytes = lines.join(&b'\n');
}
