//! Problems, solvers and statistics of the side-by-side runs against other libraries.
//!
//! The samplers of this project run in process; those of other libraries run as programs behind the
//! ask/tell protocol (`benches/peers/server.py`), so that all solvers have the same problems, seeds and
//! budgets in one run.

pub mod dtlz;
pub mod fidelity;
mod peer;
pub mod pool;
pub mod problem;
pub mod solver;
pub mod stats;
pub mod synthetic;
pub mod table;
pub mod transfer;
pub mod wider;
