#![doc = include_str!("../README.md")]

mod csv;
mod data;
mod error;
mod figure;
mod importance;
mod location;
mod network_page;
mod page;
mod parquet;
mod payload;
mod plot;
mod tensorboard;
mod terminal;
mod write;

pub use csv::trials_csv;
pub use data::{NetworkCard, Objective, StudyData};
pub use error::ReportError;
pub use importance::{Importance, Interaction, importance, importance_among, interactions};
pub use location::{Location, address, is_journal};
pub use network_page::{Epoch, network_html};
pub use page::{PageOptions, html};
pub use parquet::trials_parquet;
pub use tensorboard::tensorboard;
pub use terminal::terminal_plot;
pub use write::{LiveReport, write};
