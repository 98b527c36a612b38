//! Samplers and schedulers by name, with options.
//!
//! Each part is declared once, with its options, ranges, defaults and documentation
//! ([`automl_study::part`]); [`samplers`] and [`schedulers`] list the declarations. Settings, the
//! command line, the ask/tell protocol, error texts and the reference page are made from these
//! lists.
//!
//! ```
//! use automl_registry::{PartSpec, pair};
//! use automl_space::Space;
//! use automl_study::part::StudyContext;
//! use automl_study::{Ladder, Study};
//!
//! let mut space = Space::builder();
//! let x = space.float("x", 0.0..=1.0).add()?;
//! let space = space.build()?;
//! let ladder = Ladder::new("epoch", 1, 27, true)?;
//!
//! let context = StudyContext { ladder: Some(&ladder), ..StudyContext::new(&space) };
//! let (sampler, scheduler) =
//!     pair(&"tpe{startup=5}".parse()?, &PartSpec::named("asha").with("eta", 4), &context)?;
//! let scheduler = scheduler.expect("the study has fidelities");
//! let study = Study::builder(space).sampler(sampler).scheduler(ladder, scheduler).build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod auto;
mod entry;
mod error;
mod gp_temp;
mod pair;
mod reference;
mod samplers;
mod schedulers;
mod spec;

pub use auto::{AutoConfig, AutoSampler};
pub use entry::{Entry, SamplerEntry, SchedulerEntry};
pub use error::PartError;
pub use pair::{Parts, check_pair, pair};
pub use reference::reference;
pub use samplers::{sampler, samplers};
pub use schedulers::{AutoSchedulerConfig, scheduler, schedulers};
pub use spec::{PartSpec, SpecError};
