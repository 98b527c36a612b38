//! Maps with their channels fastest.

use crate::program::Shape;

/// Channels of one vector at most: pixels are filled up to a multiple.
pub(super) const LANES: usize = 8;

/// Numbers from one pixel to the next.
pub(super) fn pitch(channels: usize) -> usize {
    channels.next_multiple_of(LANES)
}

/// Numbers of maps in memory.
pub(super) fn size(shape: Shape) -> usize {
    shape.positions() * pitch(shape.channels)
}

/// Copies planes `[channels, height, width]` to pixels.
pub(super) fn from_planes(shape: Shape, planes: &[f32], pixels: &mut [f32]) {
    let pitch = pitch(shape.channels);
    for (channel, plane) in planes.chunks(shape.positions()).enumerate() {
        for (pixel, value) in pixels.chunks_exact_mut(pitch).zip(plane) {
            pixel[channel] = *value;
        }
    }
}

/// Copies pixels to planes `[channels, height, width]`.
pub(super) fn to_planes(shape: Shape, pixels: &[f32], planes: &mut [f32]) {
    let pitch = pitch(shape.channels);
    for (channel, plane) in planes.chunks_mut(shape.positions()).enumerate() {
        for (pixel, value) in pixels.chunks_exact(pitch).zip(plane) {
            *value = pixel[channel];
        }
    }
}
