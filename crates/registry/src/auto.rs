//! The sampler that chooses a sampler.

use crate::turns;
use automl_gp::{GpOptions, GpSampler};
use automl_scheduler::{BohbSampler, PriorBandSampler, RungGpSampler, SettingError};
use automl_space::Config;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};
use automl_study::{ProposeError, Sampler, Sources, State, TrialId, View};
use automl_tpe::TpeSampler;
use rand::{Rng, RngExt};

/// Complete trials after which a ladder counts as unused where no trial was paused or pruned.
const COMPLETE: usize = 10;

/// The sampler that fits the study.
///
/// - **Without fidelities** the first 1,000 trials are proposed by [`GpSampler`]. Of the later ones it
///   proposes three of four, and [`TpeSampler`] the fourth; one of four once TPE's proposals reach
///   significantly lower losses. Once three trials tie exactly for the best, each proposal is TPE's with
///   probability one half. Of several objectives the first 150 trials are proposed by the process, from
///   four objectives on in turns with TPE, and the later ones by TPE.
/// - **With fidelities** a third of the proposals is [`RungGpSampler`]'s, a third BOHB's
///   ([`BohbSampler`]) and a third PriorBand's ([`PriorBandSampler`]). The first is quick where
///   losses are smooth, the second finds regions that are good at the highest fidelity with enough
///   results, the third changes the best trial of the highest fidelity; the last two keep a share of
///   chance, so that what is good early cannot lead the study astray. Several objectives over a
///   conditional space are left to [`TpeSampler`]: of architectures it finds the wider fronts.
/// - **Trials that start at the highest fidelity** although lower ones are compared (where fidelities are
///   not resumable) are [`GpSampler`]'s, with the results of all fidelities.
/// - **Fidelities that no scheduler uses** (ten trials are complete and none was paused or pruned)
///   are as good as none.
///
/// The choice depends on the trials and on the draws only, so the samplers' law holds.
/// `docs/benchmarks/schedulers.md` has the figures behind it.
#[derive(Debug)]
pub struct AutoSampler {
    gp_trials: usize,
    gp_front_trials: usize,
    /// Whether the study has fidelities.
    has_ladder: bool,
    gp: GpSampler,
    /// For studies with more than `gp_trials` trials.
    late_gp: GpSampler,
    tpe: TpeSampler,
    bohb: BohbSampler,
    prior_band: PriorBandSampler,
    rung_gp: RungGpSampler,
}

impl AutoSampler {
    /// The sampler with these options.
    ///
    /// # Errors
    /// [`OptionError::Value`].
    pub fn new(config: &AutoConfig) -> Result<Self, OptionError> {
        config.check()?;
        let refused = |error: SettingError| OptionError::Unsupported {
            part: AutoConfig::NAME,
            reason: format!("cannot be made: {error}"),
        };
        let count = |trials: u64| usize::try_from(trials).unwrap_or(usize::MAX);
        Ok(Self {
            gp_trials: count(config.gp_trials),
            gp_front_trials: count(config.gp_front_trials),
            has_ladder: false,
            gp: GpSampler::default(),
            late_gp: GpSampler::new(GpOptions { max_rows: LATE_ROWS, ..GpOptions::default() }),
            tpe: TpeSampler::default(),
            bohb: BohbSampler::new(config.eta).map_err(refused)?,
            prior_band: PriorBandSampler::new(config.eta).map_err(refused)?,
            rung_gp: RungGpSampler::new(config.eta).map_err(refused)?,
        })
    }

    /// Whether TPE proposes.
    fn takes_tpe(&self, view: &View<'_>) -> bool {
        let several = view.history.directions().len() > 1;
        if is_partial(view) {
            several && view.space.is_conditional()
        } else if several {
            let is_turn =
                view.history.directions().len() >= MANY_OBJECTIVES && view.number.0 % 2 == 1;
            is_turn || view.history.len() >= self.gp_front_trials
        } else {
            self.is_late(view) && !turns::is_first(view, self.gp_trials)
        }
    }

    /// Whether the study has so many trials that two samplers take turns.
    fn is_late(&self, view: &View<'_>) -> bool {
        view.history.len() >= self.gp_trials
    }
}

automl_study::options! {
    /// The sampler that fits the study: a Gaussian process, Parzen estimators, or with fidelities a
    /// mixture of models over the rungs.
    ///
    /// Without fidelities the first trials are proposed by a Gaussian process, and later ones by it and
    /// TPE in turns that follow their results; with fidelities a third each by `rung-gp`, `bohb` and
    /// `priorband`.
    pub struct AutoConfig = "auto" {
        /// Reduction factor `eta` of the rungs; that of the scheduler where one has an option `eta`.
        pub eta: f64 = 3.0, in above(1.0);
        /// Trials up to which the Gaussian process alone proposes to studies of one objective; beyond,
        /// TPE takes a quarter of the turns, or three quarters where it reaches lower losses.
        pub gp_trials: u64 = 1_000, in at_least(0.0);
        /// Trials up to which the Gaussian process proposes to studies of several objectives, from four
        /// objectives on in turns with TPE; beyond, TPE does.
        pub gp_front_trials: u64 = 150, in at_least(0.0);
    }
}

impl SamplerConfig for AutoConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        let has_ladder = study.ladder.is_some();
        Ok(Box::new(AutoSampler { has_ladder, ..AutoSampler::new(self)? }))
    }
}

impl Sampler for AutoSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        if self.takes_tpe(view) {
            self.tpe.propose(view, rng)
        } else if !is_partial(view) {
            if is_trapped(view) && rng.random::<f64>() < TPE_SHARE {
                return self.tpe.propose(view, rng);
            }
            if self.is_late(view) {
                self.late_gp.propose(view, rng)
            } else {
                self.gp.propose(view, rng)
            }
        } else if starts_at_the_top(view) {
            self.gp.propose(view, rng)
        } else {
            match rng.random_range(0..3) {
                0 => self.rung_gp.propose(view, rng),
                1 => self.bohb.propose(view, rng),
                _ => self.prior_band.propose(view, rng),
            }
        }
    }

    fn prepare(&mut self, view: &View<'_>) {
        if self.takes_tpe(view) {
            self.tpe.prepare(view);
        }
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.gp.warm_start(sources);
        self.late_gp.warm_start(sources);
        self.tpe.warm_start(sources);
        self.bohb.warm_start(sources);
        self.prior_band.warm_start(sources);
        self.rung_gp.warm_start(sources);
    }

    fn first_wanted(&self, sources: &Sources) -> usize {
        if self.has_ladder { usize::MAX } else { self.gp.first_wanted(sources) }
    }

    fn recommend(&mut self, view: &View<'_>) -> Option<TrialId> {
        self.gp.recommend(view)
    }
}

/// Observations that the Gaussian process of a late study is conditioned on; of more, half as many.
const LATE_ROWS: usize = 1_000;

/// Objectives from which on TPE takes every other turn: it is quicker where losses are rugged or change
/// in a small part of the space, the process where they are smooth.
const MANY_OBJECTIVES: usize = 4;

/// The number of trials that tie with the best from which on the Gaussian process counts as trapped.
const TIES: usize = 3;

/// The share of TPE's proposals where the Gaussian process is trapped.
const TPE_SHARE: f64 = 0.5;

/// Whether at least [`TIES`] complete trials have exactly the loss of the best, by which a Gaussian
/// process, for which all of them are equally near to an improvement, returns to them again and again.
fn is_trapped(view: &View<'_>) -> bool {
    let history = view.history;
    let (1, Some(best)) = (history.directions().len(), history.best()) else { return false };
    let complete = history.in_state(State::Complete).filter(|trial| trial.is_feasible());
    complete.filter(|trial| trial.values[0] == best.values[0]).nth(TIES - 1).is_some()
}

/// Whether the trial is trained to the highest fidelity at once although lower ones are compared, as
/// [`CostBalancedAsha`](automl_scheduler::CostBalancedAsha) orders where fidelities are not resumable.
fn starts_at_the_top(view: &View<'_>) -> bool {
    let one = view.history.directions().len() == 1;
    one && view.ladder.is_some_and(|l| !l.resumable() && view.target == Some(l.max()))
}

/// Whether trials are compared before they are complete, as far as the trials show.
fn is_partial(view: &View<'_>) -> bool {
    let count = |state| view.history.count(state);
    let all_complete = count(State::Complete) >= COMPLETE
        && count(State::Paused) == 0
        && count(State::Pruned) == 0;
    view.ladder.is_some() && !all_complete
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use automl_space::Space;
    use automl_study::{Direction, History, Ladder, Trial};

    /// Whether the Gaussian process proposes after twelve trials, the last of them in `state`.
    fn takes_gp(state: State) -> bool {
        let mut builder = Space::builder();
        let x = builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
        let mut history = History::new(vec![Direction::Minimize]);
        for number in 0..12_u64 {
            let config = space.decode(&[(number as f64 + 0.5) / 12.0]);
            let values = vec![(config[x] - 0.4).powi(2)];
            let state = if number == 11 { state } else { State::Complete };
            history.push(Trial { state, values, ..Trial::waiting(number, config) }).unwrap();
        }
        let ladder = Some(&ladder);
        let view = View {
            space: &space,
            history: &history,
            number: TrialId(12),
            seed: 3,
            planned_trials: None,
            ladder,
            target: None,
        };
        let rng = || stream(3, 12, "propose");
        let ours =
            AutoSampler::new(&AutoConfig::default()).unwrap().propose(&view, &mut rng()).unwrap();
        ours == GpSampler::default().propose(&view, &mut rng()).unwrap()
    }

    /// Whether TPE proposes to two objectives with a paused trial over a space with or without a
    /// condition.
    fn leaves_fronts_to_tpe(conditional: bool) -> bool {
        let mut builder = Space::builder();
        let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
        let x = builder.float("x", 0.0..=1.0);
        let _ = if conditional { x.when(kind, "a").add() } else { x.add() }.unwrap();
        let space = builder.build().unwrap();
        let ladder = Ladder::new("epoch", 1, 27, true).unwrap();
        let mut history = History::new(vec![Direction::Minimize; 2]);
        let config = space.decode(&[0.2, 0.5]);
        let paused = Trial { state: State::Paused, ..Trial::waiting(0, config) };
        history.push(paused).unwrap();
        AutoSampler::new(&AutoConfig::default()).unwrap().takes_tpe(&View {
            space: &space,
            history: &history,
            number: TrialId(1),
            seed: 3,
            planned_trials: None,
            ladder: Some(&ladder),
            target: None,
        })
    }

    /// Complete trials at even distances along `space`, of one parameter, with the losses of each by its
    /// number and its place.
    fn along(
        space: &Space,
        (objectives, trials): (usize, u64),
        losses: impl Fn(u64, f64) -> f64,
    ) -> History {
        let mut history = History::new(vec![Direction::Minimize; objectives]);
        for number in 0..trials {
            let place = (number as f64 + 0.5) / trials as f64;
            let (config, values) =
                (space.decode(&[place]), vec![losses(number, place); objectives]);
            let trial = Trial { state: State::Complete, values, ..Trial::waiting(number, config) };
            history.push(trial).unwrap();
        }
        history
    }

    /// Whether TPE proposes the trials 12 to 15 to so many objectives.
    fn turns_of_tpe(objectives: usize) -> Vec<bool> {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let history = along(&space, (objectives, 12), |number, _| number as f64);
        let sampler = AutoSampler::new(&AutoConfig::default()).unwrap();
        let takes = |number| {
            sampler.takes_tpe(&View {
                space: &space,
                history: &history,
                number: TrialId(number),
                seed: 3,
                planned_trials: None,
                ladder: None,
                target: None,
            })
        };
        (12..16).map(takes).collect()
    }

    #[test]
    fn from_four_objectives_on_tpe_proposes_every_other_trial() {
        assert_eq!(turns_of_tpe(2), [false; 4]);
        assert_eq!(turns_of_tpe(3), [false; 4]);
        assert_eq!(turns_of_tpe(4), [false, true, false, true]);
    }

    /// How many of a hundred proposals are the Gaussian process's and TPE's, after 20 trials of which so
    /// many have exactly the least loss, and where `late` after `gp-trials`.
    fn shares(ties: u64, late: bool) -> (usize, usize) {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let history = along(&space, (1, 20), |number, x| if number < ties { 0.0 } else { 1.0 + x });
        let gp_trials = if late { 20 } else { 1_000 };
        let config = AutoConfig { gp_trials, ..AutoConfig::default() };
        let (mut gp, mut tpe) = (0, 0);
        for number in 20..120 {
            let view = View {
                space: &space,
                history: &history,
                number: TrialId(number),
                seed: 3,
                planned_trials: None,
                ladder: None,
                target: None,
            };
            let mut rng = stream(3, number, "propose");
            let ours = AutoSampler::new(&config).unwrap().propose(&view, &mut rng.clone()).unwrap();
            if ties >= 3 {
                // The draw that chooses between the two.
                let _ = rng.random::<f64>();
            }
            let of = |sampler: &mut dyn Sampler| sampler.propose(&view, &mut rng.clone()).unwrap();
            gp += usize::from(ours == of(&mut GpSampler::default()));
            tpe += usize::from(ours == of(&mut TpeSampler::default()));
        }
        (gp, tpe)
    }

    #[test]
    fn from_three_exact_ties_on_tpe_proposes_every_other_trial() {
        assert_eq!(shares(1, false), (100, 0));
        assert_eq!(shares(2, false), (100, 0));
        let (gp, tpe) = shares(3, false);
        assert!(gp + tpe == 100 && (30..70).contains(&tpe), "{gp} {tpe}");
    }

    #[test]
    fn the_gaussian_process_proposes_three_of_four_late_trials() {
        assert_eq!(shares(1, true), (75, 25));
    }

    #[test]
    fn fronts_over_conditional_spaces_are_left_to_tpe() {
        assert!(leaves_fronts_to_tpe(true));
        assert!(!leaves_fronts_to_tpe(false));
    }

    #[test]
    fn a_ladder_that_no_scheduler_uses_is_as_good_as_none() {
        assert!(takes_gp(State::Complete));
        assert!(!takes_gp(State::Paused));
        assert!(!takes_gp(State::Pruned));
    }
}
