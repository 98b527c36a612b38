//! Numerical parts that the other crates share, without any notion of a search space or a trial.
//!
//! | Module | Contents |
//! |---|---|
//! | [`stream`](mod@stream) | counter-based random streams, keyed by seed, trial and purpose |
//! | [`normal`] | distribution function, quantiles and truncation of the normal distribution |
//! | [`linalg`] | blocked Cholesky factorization and triangular solves |
//! | [`order`] | total orders of losses |
//! | [`pareto`] | dominance, non-domination ranks, crowding distance, hypervolume |
//! | [`correlation`] | rank correlation: Kendall's tau-b and Spearman's rho |
//! | [`simd`] | wider registers where the processor has them |
//!
//! ```
//! use automl_numeric::pareto;
//!
//! let losses = [[1.0, 4.0], [2.0, 2.0], [3.0, 3.0]];
//! assert_eq!(pareto::ranks(&losses), [0, 0, 1]);
//! assert_eq!(pareto::hypervolume(&losses, &[5.0, 5.0]), 10.0);
//! ```

pub mod correlation;
pub mod linalg;
pub mod normal;
pub mod order;
pub mod pareto;
pub mod simd;
pub mod stream;

pub use stream::{Stream, stream};
