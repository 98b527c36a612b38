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
        match view.ladder {
            Some(_) if view.history.directions().len() == 1 => {
                if rng.random::<bool>() {
                    self.bohb.propose(view, rng)
                } else {
                    self.prior_band.propose(view, rng)
                }
            }
            Some(_) => self.tpe.propose(view, rng),
            None if view.history.len() < gp_trials(view) => self.gp.propose(view, rng),
            None => self.tpe.propose(view, rng),
        }
    }

    fn prepare(&mut self, view: &View<'_>) {
        let is_tpe = match view.ladder {
            Some(_) => view.history.directions().len() > 1,
            None => view.history.len() >= gp_trials(view),
        };
        if is_tpe {
            self.tpe.prepare(view);
        }
    }
}

fn gp_trials(view: &View<'_>) -> usize {
    if view.history.directions().len() == 1 { GP_TRIALS } else { GP_FRONT_TRIALS }
}
