//! Early termination and multi-fidelity: who trains how long.
//!
//! Schedulers decide from the history alone (see [`automl_study::Scheduler`]): no clock, no
//! thread, no I/O.
//!
//! | Scheduler | Trials | Needs checkpoints |
//! |---|---|---|
//! | [`PercentileStopping`] | are stopped below a percentile of the complete ones | no |
//! | [`AshaStopping`] | are stopped outside the best `1 / eta` of a rung | no |
//! | [`Asha`] | are promoted from rung to rung, one by one | yes |
//! | [`Pasha`] | as by `Asha`, with rungs opened only as needed | yes |
//! | [`SuccessiveHalving`] | are promoted rung by rung | yes |
//! | [`Hyperband`] | the same, in brackets | yes |
//! | [`AsyncHyperband`] | as by `Asha`, in brackets | yes |
//! | [`FreezeThaw`] | go on if their predicted curve promises most | yes |
//! | [`PopulationScheduler`] | are replaced by changed copies of better ones | yes |
//!
//! BOHB is [`Hyperband`] with [`BohbSampler`]; PriorBand is [`Hyperband`] with [`PriorBandSampler`].
//! [`RungGpSampler`] proposes by Gaussian processes over the results at the rungs.
//!
//! ```
//! use automl_scheduler::Asha;
//! use automl_study::Ladder;
//!
//! let ladder = Ladder::new("epoch", 1, 27, true)?;
//! let asha = Asha::new(&ladder, 3.0)?;
//! assert_eq!(asha.rungs(), [1, 3, 9, 27]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asha;
mod asha_stopping;
mod async_hyperband;
mod bohb;
mod bracket;
mod bracket_iterations;
mod bracket_set;
mod freeze_thaw;
mod halving;
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
