#![doc = include_str!("../README.md")]

mod asha;
mod asha_stopping;
mod async_hyperband;
mod bohb;
mod bracket;
mod bracket_iterations;
mod bracket_set;
mod freeze_thaw;
mod halving;
mod hurdle;
mod hyperband;
mod non_dominated_fronts;
mod pasha;
mod percentile;
mod population;
mod prior_band;
mod ranking;
mod rung_gp;
mod rung_results;
mod rungs;
mod setting;
mod top_share;

pub use asha::{Asha, AshaConfig};
pub use asha_stopping::{AshaStopping, AshaStoppingConfig};
pub use async_hyperband::{AsyncHyperband, AsyncHyperbandConfig};
pub use bohb::{BohbConfig, BohbSampler};
pub use bracket::Bracket;
pub use freeze_thaw::{FreezeThaw, FreezeThawConfig};
pub use halving::{SuccessiveHalving, SuccessiveHalvingConfig};
pub use hyperband::{Hyperband, HyperbandConfig};
pub use pasha::{Pasha, PashaConfig};
pub use percentile::{MedianConfig, PercentileConfig, PercentileStopping};
pub use population::{Population, PopulationConfig, PopulationSampler, PopulationScheduler};
pub use prior_band::{PriorBandConfig, PriorBandSampler};
pub use rung_gp::{RungGpConfig, RungGpSampler};
pub use setting::SettingError;
