#![doc = include_str!("../README.md")]

mod csv;
mod data;
mod error;
mod figure;
mod importance;
mod location;
mod page;
mod payload;
mod plot;
mod tensorboard;
mod write;

pub use csv::trials_csv;
pub use data::{NetworkCard, Objective, StudyData};
pub use error::ReportError;
pub use importance::{Importance, importance};
pub use location::Location;
pub use page::{PageOptions, html};
pub use tensorboard::tensorboard;
pub use write::{LiveReport, write};
