//! Metrics of classifiers: counts of true and predicted classes and the numbers made of them.

mod bootstrap;
mod confusion;
mod evaluation;
mod metric;
mod mistakes;
mod report;

pub use bootstrap::{Interval, Intervals, intervals};
pub use confusion::ConfusionMatrix;
pub use evaluation::{Evaluation, Tally};
pub use metric::{Metric, UnknownMetric};
pub use mistakes::Mistake;
pub use report::{ClassReport, MetricsReport};
