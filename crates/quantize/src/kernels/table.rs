//! Nonlinearities by table.

/// Replaces every value q by `table[q + 128]` in place.
pub(crate) fn table(x: &mut [i8], table: &[i8]) {
    for x in x {
        *x = table[(i32::from(*x) + 128) as usize];
    }
}
