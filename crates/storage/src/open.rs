//! Storages by URL.

use automl_study::StoreError;
use thiserror::Error;

/// An error of [`open`](crate::open()).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No storage has URLs of this form.
    #[error("the storage {url:?} is not supported: {forms}")]
    Unknown {
        /// The address, without a password.
        url: String,
        /// The forms of the URLs of all storages.
        forms: String,
    },
    /// The query of the URL has an option that would change what the URL means.
    #[error("the storage {url:?} has the option {option:?}, which is not supported (only {known})")]
    UnknownOption {
        /// The address, without a password.
        url: String,
        /// The option.
        option: String,
        /// The options that are taken.
        known: String,
    },
    /// The crate was built without a feature that the storage needs.
    #[error("the storage {url:?} needs a build with --features {feature}")]
    MissingFeature {
        /// The address, without a password.
        url: String,
        /// The Cargo feature.
        feature: &'static str,
    },
    /// The storage cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}
