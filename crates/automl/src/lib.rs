#![doc = include_str!("../README.md")]

#[cfg(feature = "train")]
pub use automl_compress as compress;
#[cfg(feature = "train")]
pub use automl_fidelities as fidelities;
#[cfg(feature = "train")]
pub use automl_models as models;
#[cfg(feature = "train")]
pub use automl_train as train;
pub use {
    automl_arch as arch, automl_augment as augment, automl_candidates as candidates,
    automl_data as data, automl_deploy as deploy, automl_evolution as evolution,
    automl_extent as extent, automl_gp as gp, automl_lists as lists, automl_numeric as numeric,
    automl_pictures as pictures, automl_quantize as quantize, automl_registry as registry,
    automl_report as report, automl_scheduler as scheduler, automl_search as search,
    automl_serve as serve, automl_settings as settings, automl_simulate as simulate,
    automl_space as space, automl_storage as storage, automl_study as study, automl_tpe as tpe,
    automl_transfer as transfer, automl_tune as tune,
};

/// The types of most programs: `use automl::prelude::*;`.
pub mod prelude {
    pub use automl_evolution::{CmaEsSampler, Nsga2Sampler, RegularizedEvolutionSampler};
    pub use automl_gp::GpSampler;
    pub use automl_registry::{AutoSampler, PartSpec, pair};
    pub use automl_scheduler::{Asha, Hyperband, PercentileStopping, SuccessiveHalving};
    pub use automl_space::{Config, Key, Space};
    pub use automl_storage::SqliteStorage;
    pub use automl_study::part::StudyContext;
    pub use automl_study::{
        Direction, History, Ladder, Next, Outcome, RandomSampler, Sampler, Scheduler, State,
        Storage, Study, Trial, Verdict, View,
    };
    pub use automl_tpe::TpeSampler;
}
