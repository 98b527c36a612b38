//! Smaller images by area.

/// Square planes at a smaller side in pixels: each new pixel is the mean of the area that it covers, with
/// parts of pixels in proportion.
///
/// # Examples
/// ```
/// use automl_pictures::shrunk;
///
/// let plane = [10, 30, 0, 40];
/// assert_eq!(shrunk([&plane[..]].into_iter(), 2, 1), [20]);
/// ```
pub fn shrunk<'a>(planes: impl Iterator<Item = &'a [u8]>, from: usize, to: usize) -> Vec<u8> {
    let windows = windows(from, to);
    let mut pixels = Vec::with_capacity(planes.size_hint().0 * to * to);
    for plane in planes {
        for (top, down) in &windows {
            for (left, across) in &windows {
                let mut sum = 0.0;
                for (y, tall) in down.iter().enumerate() {
                    let row = &plane[(top + y) * from + left..];
                    let part = row.iter().zip(across).map(|(p, wide)| f64::from(*p) * wide);
                    sum += tall * part.sum::<f64>();
                }
                pixels.push(sum.round() as u8);
            }
        }
    }
    pixels
}

/// For each new pixel along one axis: the first old one that it covers, and the shares of its width
/// that this one and the next ones fill.
fn windows(from: usize, to: usize) -> Vec<(usize, Vec<f64>)> {
    // Positions in units of 1 / to of an old pixel, so all are whole numbers.
    (0..to)
        .map(|new| {
            let (start, end) = (new * from, (new + 1) * from);
            let first = start / to;
            let shares = (first..end.div_ceil(to)).map(|old| {
                let covered = end.min((old + 1) * to) - start.max(old * to);
                covered as f64 / from as f64
            });
            (first, shares.collect())
        })
        .collect()
}
