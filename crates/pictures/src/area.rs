//! Smaller images by area.

use automl_extent::Extent;

/// Planes at a smaller height and width in pixels: each new pixel is the mean of the area that it covers,
/// with parts of pixels in proportion.
///
/// # Examples
/// ```
/// use automl_pictures::shrunk;
///
/// let plane = [10, 30, 0, 40];
/// assert_eq!(shrunk([&plane[..]].into_iter(), 2, 1), [20]);
/// assert_eq!(shrunk([&plane[..]].into_iter(), 2, (2, 1)), [20, 20]);
/// ```
pub fn shrunk<'a>(
    planes: impl Iterator<Item = &'a [u8]>,
    from: impl Into<Extent>,
    to: impl Into<Extent>,
) -> Vec<u8> {
    let (from, to) = (from.into(), to.into());
    let (rows, columns) = (windows(from.height, to.height), windows(from.width, to.width));
    let mut pixels = Vec::with_capacity(planes.size_hint().0 * to.pixels());
    for plane in planes {
        for (top, down) in &rows {
            for (left, across) in &columns {
                let mut sum = 0.0;
                for (y, tall) in down.iter().enumerate() {
                    let row = &plane[(top + y) * from.width + left..];
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
