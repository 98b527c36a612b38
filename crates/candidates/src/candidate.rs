//! Candidate networks: a configuration with its architecture, graph and cost.

use crate::elastic_space::ElasticSpace;
use automl_arch::{Architecture, ArchitectureError, BlockSpace, Cost, Graph, NetworkSpace};
use automl_data::Recipe;
use automl_space::{Config, Space, Value};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Candidates that are held at once; a proposal compares far fewer.
const HELD: usize = 1024;

/// A search space of networks.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Layer};
/// use automl_candidates::ArchitectureSpace;
/// use automl_space::{Config, Key, Space};
///
/// /// Convolutional networks of 8 to 48 channels for images of the digits.
/// #[derive(Debug)]
/// struct Widths {
///     space: Space,
///     width: Key<i64>,
/// }
///
/// impl ArchitectureSpace for Widths {
///     fn space(&self) -> &Space {
///         &self.space
///     }
///     fn architecture(&self, config: &Config) -> Architecture {
///         let channels = 8 * config[self.width] as usize;
///         Architecture::new(1, 8, [
///             Layer::once(Block::conv(channels, 3, 2, Activation::Relu)),
///             Layer::once(Block::GlobalAvgPool),
///             Layer::once(Block::Flatten),
///             Layer::once(Block::linear(10)),
///         ])
///     }
/// }
///
/// let mut space = Space::builder();
/// let width = space.int("width", 1..=6).add()?;
/// let widths = Widths { space: space.build()?, width };
/// assert_eq!(widths.space().params().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ArchitectureSpace: fmt::Debug + Send + Sync {
    /// The parameters that samplers choose.
    fn space(&self) -> &Space;

    /// The architecture of a configuration.
    fn architecture(&self, config: &Config) -> Architecture;

    /// The recipe of a configuration's training, from that of the settings; by default the same.
    fn tuned(&self, _config: &Config, recipe: &Recipe) -> Recipe {
        recipe.clone()
    }

    /// The configuration with the recipe of the settings; by default the same.
    fn usual(&self, config: &Config) -> Config {
        config.clone()
    }

    /// The values that decide the recipe; by default none.
    fn recipe_values(&self, _config: &Config) -> Vec<Option<Value>> {
        Vec::new()
    }

    /// The block space, if this is one. Only block spaces have a weight-sharing network.
    fn blocks(&self) -> Option<&BlockSpace> {
        None
    }

    /// The elastic space, if this is one: all of its networks are parts of one.
    fn elastic(&self) -> Option<&ElasticSpace> {
        None
    }
}

impl ArchitectureSpace for NetworkSpace {
    fn space(&self) -> &Space {
        self.space()
    }

    fn architecture(&self, config: &Config) -> Architecture {
        self.architecture(config)
    }

    fn blocks(&self) -> Option<&BlockSpace> {
        match self {
            Self::Blocks(blocks) => Some(blocks),
            Self::NasBenchMacro(_) => None,
        }
    }
}

impl ArchitectureSpace for ElasticSpace {
    fn space(&self) -> &Space {
        self.space()
    }

    fn architecture(&self, config: &Config) -> Architecture {
        self.architecture(config)
    }

    fn elastic(&self) -> Option<&ElasticSpace> {
        Some(self)
    }
}

/// A network of the search space. Configurations of one network have the same `id`.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Values of the parameters.
    pub config: Config,
    /// The blocks.
    pub architecture: Architecture,
    /// The lowered architecture.
    pub graph: Graph,
    /// Parameters, multiply-accumulates and activations of the graph.
    pub cost: Cost,
    /// Fingerprint of the graph.
    pub id: u64,
}

impl Candidate {
    /// Lowers an architecture.
    ///
    /// # Errors
    /// Those of [`Architecture::graph`].
    pub fn new(config: Config, architecture: Architecture) -> Result<Self, ArchitectureError> {
        let graph = architecture.graph()?;
        let (cost, id) = (graph.cost(), graph.fingerprint());
        Ok(Self { config, architecture, graph, cost, id })
    }
}

/// Candidates of a space by configuration, which sampler, constraints and workers share.
#[derive(Clone, Debug)]
pub struct Candidates {
    networks: Arc<dyn ArchitectureSpace>,
    held: Arc<Mutex<HashMap<Config, Arc<Candidate>>>>,
}

impl Candidates {
    /// The candidates of a space.
    pub fn new(networks: Arc<dyn ArchitectureSpace>) -> Self {
        Self { networks, held: Arc::default() }
    }

    /// The space of networks.
    pub fn networks(&self) -> &dyn ArchitectureSpace {
        &*self.networks
    }

    /// The parameters that samplers choose.
    pub fn space(&self) -> &Space {
        self.networks.space()
    }

    /// The architecture of a configuration.
    pub fn architecture(&self, config: &Config) -> Architecture {
        self.networks.architecture(config)
    }

    /// The recipe of a configuration's training, from that of the settings.
    pub fn tuned(&self, config: &Config, recipe: &Recipe) -> Recipe {
        self.networks.tuned(config, recipe)
    }

    /// The candidate of a configuration, lowered unless it is held already.
    ///
    /// # Errors
    /// Those of [`Architecture::graph`].
    pub fn of(&self, config: &Config) -> Result<Arc<Candidate>, ArchitectureError> {
        if let Some(candidate) = self.held().get(config) {
            return Ok(Arc::clone(candidate));
        }
        let architecture = self.networks.architecture(config);
        let candidate = Arc::new(Candidate::new(config.clone(), architecture)?);
        let mut held = self.held();
        if held.len() >= HELD {
            held.clear();
        }
        held.insert(config.clone(), Arc::clone(&candidate));
        Ok(candidate)
    }

    /// The held candidates, also after a panic of another thread: entries change as a whole.
    fn held(&self) -> MutexGuard<'_, HashMap<Config, Arc<Candidate>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::BlockSpaceOptions;
    use automl_numeric::stream;

    #[test]
    fn a_candidate_is_lowered_once() {
        let options = BlockSpaceOptions { width: 0.125, ..BlockSpaceOptions::default() };
        let blocks = BlockSpace::new(1, 8, 10, &options).unwrap();
        let candidates = Candidates::new(Arc::new(NetworkSpace::Blocks(blocks)));
        let draw = |number| candidates.space().sample_prior(&mut stream(number, 0, "test"));
        let first = candidates.of(&draw(0)).unwrap();
        assert!(Arc::ptr_eq(&first, &candidates.of(&draw(0)).unwrap()));
        assert_eq!(first.cost, first.architecture.cost().unwrap());
        assert_eq!(first.id, first.architecture.fingerprint().unwrap());
        for number in 0..2 * HELD as u64 {
            candidates.of(&draw(number)).unwrap();
        }
        assert!(candidates.held().len() <= HELD);
        assert_eq!(candidates.of(&draw(0)).unwrap(), first);
    }
}
