#![doc = include_str!("../README.md")]

mod auto;
mod entry;
mod error;
mod pair;
mod recommending;
mod reference;
mod samplers;
mod schedulers;
mod spec;
mod turns;

pub use auto::{AutoConfig, AutoSampler};
pub use entry::{Entry, SamplerEntry, SchedulerEntry};
pub use error::PartError;
pub use pair::{Parts, check_pair, pair};
pub use reference::reference;
pub use samplers::{sampler, samplers};
pub use schedulers::{AutoSchedulerConfig, scheduler, schedulers};
pub use spec::{PartSpec, SpecError};
