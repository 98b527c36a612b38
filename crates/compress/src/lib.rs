//! Pruning and tensor decomposition of trained networks.
//!
//! A [`Model`] is a network with its weights, as data. [`prune`] removes the channels that it needs
//! least ([`Importance`]), whole coupled [`Groups`] at a time, so that a smaller dense network is
//! left. A [`Decomposition`] puts chains of thin layers in the place of wide ones: Tucker-2 for
//! convolutions, singular values for 1x1 convolutions and linear layers. [`prune_and_tune`] and
//! [`decompose_and_tune`] train in between.
//!
//! ```
//! use automl_compress::{Budget, Decomposition, Groups, Model, prune};
//! use automl_arch::{Activation, Architecture, Block, Layer};
//! use automl_models::Network;
//!
//! let architecture = Architecture::new(1, 8, [
//!     Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
//!     Layer::new(2, Block::inverted_residual(3, 4.0, 24, 2)),
//!     Layer::once(Block::GlobalAvgPool),
//!     Layer::once(Block::Flatten),
//!     Layer::once(Block::linear(10)),
//! ]);
//! let graph = architecture.graph()?;
//! let weights = Network::from_graph(&graph, 0, &automl_train::cpu()).tensors();
//! let model = Model::new(graph, weights)?;
//!
//! let groups = Groups::find(model.graph());
//! let half = Budget { parameters: Some(model.cost().parameters / 2), macs: None };
//! let scores = vec![1.0; groups.units()];
//! let smaller = prune(&model, &groups, &scores, &half, Default::default())?;
//! assert!(half.allows(&smaller.cost()));
//!
//! let decomposition = Decomposition::of(&model);
//! let thin = decomposition.apply(&decomposition.within(&half)?)?;
//! assert!(half.allows(&thin.cost()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
mod decompose;
mod error;
pub mod factor;
mod fine_tuning;
mod groups;
mod importance;
mod model;
mod pipeline;
mod prune;
mod rank;
mod tree;

pub use budget::Budget;
pub use decompose::{DecomposeError, Decomposition, RankRule, Ranks};
pub use error::CompressError;
pub use fine_tuning::{Callbacks, CompressionEvent, FineTuning, fine_tuning, tune};
pub use groups::Groups;
pub use importance::Importance;
pub use model::{Model, ModelError};
pub use pipeline::{Pruning, RankTarget, both_and_tune, decompose_and_tune, prune_and_tune};
pub use prune::{MinChannels, PruneError, mask, prune, remove};
pub use rank::{energy_rank, evbmf_rank};
