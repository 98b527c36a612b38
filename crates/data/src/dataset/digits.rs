//! The embedded digits; `data/README.md` tells their origin and license.

use super::format::DatasetFormat;
use super::{Dataset, DatasetError, numbered};
use crate::images::Images;
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::Path;

const BYTES: &[u8] = include_bytes!("../../data/digits.bin.gz");

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "digits",
    summary: "handwritten digits, embedded, 1,797 images of 8x8 (Alpaydin & Kaynak 1998)",
    files: None,
    is_resized: false,
    load: |_| load(),
};

/// A label and 64 pixels.
const RECORD: usize = 65;

pub(super) fn load() -> Result<Dataset, DatasetError> {
    let place = Path::new("the embedded digits");
    let mut raw = Vec::new();
    GzDecoder::new(BYTES).read_to_end(&mut raw).map_err(|e| DatasetError::read(place, e))?;
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for record in raw.chunks_exact(RECORD) {
        labels.push(record[0].into());
        // 0 to 16 becomes 0 to 255.
        pixels.extend(record[1..].iter().map(|v| (u16::from(*v) * 255 / 16) as u8));
    }
    let train = Images::new(1, 8, pixels, labels);
    Ok(Dataset::new("digits", numbered(10), train, false))
}
