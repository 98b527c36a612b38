//! The sampler that chooses a sampler.

use automl_gp::GpSampler;
use automl_scheduler::{BohbSampler, PriorBandSampler, SettingError};
use automl_space::Config;
use automl_study::{ProposeError, Sampler, View};
use automl_tpe::TpeSampler;
use rand::{Rng, RngExt};

/// Trials up to which the Gaussian process proposes to studies of one objective. It stays ahead of
/// the Parzen model (`docs/benchmarks/gp.md`), but then an ask takes tens of milliseconds.
const GP_TRIALS: usize = 1_000;

/// The same for several objectives.
const GP_FRONT_TRIALS: usize = 150;

/// The sampler that fits the study.
///
/// - **Without fidelities** the first 1,000 trials are proposed by [`GpSampler`], of several
///   objectives the first 150, and the later ones by [`TpeSampler`].
/// - **With fidelities**, of one objective, half of the proposals are BOHB's ([`BohbSampler`]) and
///   half PriorBand's ([`PriorBandSampler`]). The first finds regions that are good at the highest
///   fidelity with enough results, the second changes the best trial of the highest fidelity;
///   both keep a share of chance, so that what is good early cannot lead the study astray.
/// - **With fidelities**, of several objectives, it is [`TpeSampler`].
///
/// The choice depends on the trials and on the draws only, so the samplers' law holds.
/// `docs/benchmarks/schedulers.md` has the figures behind it.
#[derive(Debug)]
pub struct AutoSampler {
    gp: GpSampler,
    tpe: TpeSampler,
    bohb: BohbSampler,
    prior_band: PriorBandSampler,
}

impl AutoSampler {
    /// For schedulers whose rungs are `eta` apart.
    ///
    /// # Errors
    /// [`SettingError::Eta`].
    pub fn new(eta: f64) -> Result<Self, SettingError> {
        Ok(Self {
            gp: GpSampler::default(),
            tpe: TpeSampler::default(),
            bohb: BohbSampler::new(eta)?,
            prior_band: PriorBandSampler::new(eta)?,
        })
    }
}

impl Sampler for AutoSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        if takes_tpe(view) {
            self.tpe.propose(view, rng)
        } else if view.ladder.is_none() {
            self.gp.propose(view, rng)
        } else if rng.random::<bool>() {
            self.bohb.propose(view, rng)
        } else {
            self.prior_band.propose(view, rng)
        }
    }

    fn prepare(&mut self, view: &View<'_>) {
        if takes_tpe(view) {
            self.tpe.prepare(view);
        }
    }
}

fn takes_tpe(view: &View<'_>) -> bool {
    let several = view.history.directions().len() > 1;
    let gp_trials = if several { GP_FRONT_TRIALS } else { GP_TRIALS };
    match view.ladder {
        Some(_) => several,
        None => view.history.len() >= gp_trials,
    }
}
