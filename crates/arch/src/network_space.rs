//! The search spaces of networks, as one type.

use crate::nas_bench_macro::MacroSpace;
use crate::{Architecture, BlockSpace};
use automl_space::{Config, Space};

/// A space of networks.
#[derive(Clone, Debug)]
pub enum NetworkSpace {
    /// Seven searched blocks.
    Blocks(BlockSpace),
    /// The skeleton of NAS-Bench-Macro.
    NasBenchMacro(MacroSpace),
}

impl NetworkSpace {
    /// The parameters that samplers choose.
    pub fn space(&self) -> &Space {
        match self {
            Self::Blocks(blocks) => blocks.space(),
            Self::NasBenchMacro(skeleton) => skeleton.space(),
        }
    }

    /// The network that a configuration stands for.
    pub fn architecture(&self, config: &Config) -> Architecture {
        match self {
            Self::Blocks(blocks) => blocks.architecture(config),
            Self::NasBenchMacro(skeleton) => skeleton.architecture(config),
        }
    }
}
