//! Purposes of a forward pass.

/// Purpose of a forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Scores by the running statistics.
    Evaluate,
    /// Scores by the batch's statistics, which update the running ones.
    Observe,
    /// As `Observe`, with a tape for the backward pass.
    Train,
}
