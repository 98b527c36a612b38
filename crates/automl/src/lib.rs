//! AutoML for models that have to be small: one facade over search spaces, studies, samplers,
//! schedulers, storages and light networks.

mod auto;
pub mod choose;
#[cfg(feature = "train")]
pub mod compression;
#[cfg(feature = "train")]
pub mod fidelities;
#[cfg(feature = "train")]
pub mod fit;
#[cfg(feature = "train")]
pub mod latency;
pub mod search;
mod serve;
pub mod simulate;
#[cfg(feature = "train")]
mod split;

pub use auto::AutoSampler;
pub use automl_arch as arch;
#[cfg(feature = "train")]
pub use automl_compress as compress;
#[cfg(feature = "train")]
pub use automl_data as data;
pub use automl_evolution as evolution;
pub use automl_gp as gp;
#[cfg(feature = "train")]
pub use automl_models as models;
pub use automl_numeric as numeric;
pub use automl_scheduler as scheduler;
pub use automl_space as space;
pub use automl_storage as storage;
pub use automl_study as study;
pub use automl_tpe as tpe;
#[cfg(feature = "train")]
pub use automl_train as train;
pub use serve::serve;
