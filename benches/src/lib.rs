//! Problems, solvers and statistics of the side-by-side runs against other libraries.
//!
//! Our samplers run in this process; those of other libraries run as programs that speak the
//! ask/tell protocol (`benches/peers/server.py`), so every solver sees the same problems, seeds
//! and budgets in one run.

pub mod fidelity;
mod peer;
pub mod pool;
pub mod problem;
pub mod solver;
pub mod stats;
pub mod synthetic;
pub mod table;
pub mod wider;
