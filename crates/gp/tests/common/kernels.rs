//! Every kind of kernel with data, for the tests in the crate and those of its public functions.

use super::{Column, DMatrix, Distance, Kernel, KernelFamily};
use proptest::prelude::*;

pub(super) fn square(scale: usize) -> Column {
    Column { distance: Distance::Square, scale }
}

/// Rows of three numbers and an index of three choices.
fn columns() -> Vec<Column> {
    vec![square(0), square(1), square(1), Column { distance: Distance::Hamming, scale: 2 }]
}

/// Every kind of kernel over such rows.
pub(super) fn kernels() -> Vec<Kernel> {
    let all = |family| Kernel::new(family, columns());
    let embedded = Column { distance: Distance::Embedded { choices: 3 }, scale: 3 };
    let learned = vec![square(0), square(1), square(2), embedded];
    vec![
        all(KernelFamily::Matern32),
        all(KernelFamily::Matern52),
        all(KernelFamily::Rbf),
        all(KernelFamily::Matern12),
        Kernel::new(KernelFamily::Matern52, learned),
        Kernel::linear(4, 0.5),
        all(KernelFamily::Matern52).warped(vec![0, 2]),
        Kernel::sum(all(KernelFamily::Rbf), Kernel::linear(4, 0.3)).warped(vec![1]),
        Kernel::sum(all(KernelFamily::Matern52), Kernel::linear(4, 0.3)),
        Kernel::product(
            all(KernelFamily::Rbf),
            Kernel::sum(Kernel::linear(4, -1.0), all(KernelFamily::Matern32)),
        ),
    ]
}

/// Their number.
pub(super) const KERNELS: usize = 10;

/// Rows with a value each.
pub(super) fn data() -> impl Strategy<Value = (DMatrix<f64>, Vec<f64>)> {
    (5usize..40).prop_flat_map(|n| {
        (
            proptest::collection::vec(0.0..1.0f64, 3 * n),
            proptest::collection::vec(0..3i32, n),
            proptest::collection::vec(-2.0..2.0f64, n),
        )
            .prop_map(move |(x, c, y)| {
                let entry = |i: usize, j: usize| {
                    if j < 3 { x[3 * i + j] } else { f64::from(c[i]) }
                };
                (DMatrix::from_fn(n, 4, entry), y)
            })
    })
}
