//! A shifted and perhaps mirrored copy: a random crop of the image with a black margin.

use automl_extent::Extent;
use std::ops::Range;

/// A copy of an image `[channels, height, width]` in which the pixel `(x, y)` is the pixel
/// `(x + right, y + down)` of the image, or of its mirror image; black outside.
pub(super) fn crop(
    image: &[u8],
    side: Extent,
    (down, right): (isize, isize),
    mirror: bool,
) -> Vec<u8> {
    let mut copy = vec![0; image.len()];
    let plane = side.pixels().max(1);
    let Extent { height, width } = side;
    let (from_y, from_x) = (inside(height, down), inside(width, right));
    let (to_y, to_x) = (inside(height, -down), inside(width, -right));
    for (from, to) in image.chunks_exact(plane).zip(copy.chunks_exact_mut(plane)) {
        for (y_from, y_to) in from_y.clone().zip(to_y.clone()) {
            let source = &from[y_from * width..][..width];
            let target = &mut to[y_to * width..][..width][to_x.clone()];
            if mirror {
                let mirrored = source.iter().rev().skip(from_x.start);
                target.iter_mut().zip(mirrored).for_each(|(to, from)| *to = *from);
            } else {
                target.copy_from_slice(&source[from_x.clone()]);
            }
        }
    }
    copy
}

/// The part of `0..side` that is still inside after a shift back.
fn inside(side: usize, shift: isize) -> Range<usize> {
    let start = shift.clamp(0, side as isize);
    let end = (side as isize + shift).clamp(start, side as isize);
    start as usize..end as usize
}
