//! Evolutionary samplers: CMA-ES, NSGA-II, regularised evolution, and a policy-gradient controller.
//!
//! Each is a pure function of the trials: what other libraries keep as the state of an optimiser
//! (a mean and a covariance, a population) is computed from the judged trials in the order of
//! their numbers. So a study can be resumed, and several workers can share one, without a word
//! about the sampler in the record.
//!
//! ```
//! use automl_evolution::CmaEsSampler;
//! use automl_space::Space;
//! use automl_study::Study;
//!
//! let mut space = Space::builder();
//! let x = space.float("x", -5.0..=5.0).add()?;
//! let y = space.float("y", -5.0..=5.0).add()?;
//! let mut study = Study::builder(space.build()?).sampler(CmaEsSampler::default()).build()?;
//! study.optimize(150, |config| (config[x] - 1.0).powi(2) + 10.0 * (config[y] + 2.0).powi(2))?;
//! assert!(study.best().expect("trials have finished").values[0] < 0.1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ageing;
mod cmaes;
mod nsga2;
mod reinforce;
mod standing;
mod vary;

pub use ageing::{RegularizedEvolutionOptions, RegularizedEvolutionSampler};
pub use cmaes::{CmaEs, CmaEsOptions, CmaEsSampler};
pub use nsga2::{Nsga2Options, Nsga2Sampler};
pub use reinforce::{PolicyGradientOptions, PolicyGradientSampler};
