//! AutoML for models that have to be small: one facade over search spaces, studies, samplers,
//! schedulers, storages and light networks.

#[cfg(feature = "train")]
pub use automl_compress as compress;
#[cfg(feature = "train")]
pub use automl_data as data;
#[cfg(feature = "train")]
pub use automl_models as models;
#[cfg(feature = "train")]
pub use automl_train as train;
pub use {
    automl_arch as arch, automl_evolution as evolution, automl_gp as gp, automl_numeric as numeric,
    automl_registry as registry, automl_scheduler as scheduler, automl_search as search,
    automl_serve as serve, automl_simulate as simulate, automl_space as space,
    automl_storage as storage, automl_study as study, automl_tpe as tpe,
};

/// The Rust code of the repository's documents, compiled and run by `cargo test --doc`.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../CONTRIBUTING.md")]
    mod contributing {}
    #[doc = include_str!("../../../docs/guides/optimizer-alone.md")]
    mod optimizer_alone {}
}
