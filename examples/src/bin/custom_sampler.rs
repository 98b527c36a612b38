//! A sampler of one's own, with options that are given by name and checked.
//!
//! Run: `cargo example custom_sampler`

use automl::registry::PartSpec;
use automl::space::{Config, Space};
use automl::study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};
use automl::study::{ProposeError, Sampler, Study, View};
use rand::{Rng, RngExt};
use std::error::Error;

automl::study::options! {
    /// Hill climbing: a mutant of the best trial so far.
    struct ClimbConfig = "climb" {
        /// Probability that a parameter changes.
        pub rate: f64 = 0.5, in inside(0.0, 1.0);
        /// Size of a change, in units of a parameter's range.
        pub step: f64 = 0.1, in up_to(0.0, 1.0);
        /// Share of uniform proposals, against local minima.
        pub random_share: f64 = 0.1, in between(0.0, 1.0);
    }
}

impl SamplerConfig for ClimbConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        Ok(Box::new(Climb(self.clone())))
    }
}

#[derive(Debug)]
struct Climb(ClimbConfig);

impl Sampler for Climb {
    /// A function of the view and of `rng` alone, so that a study can be resumed and repeated.
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let config = match view.history.best() {
            Some(best) if rng.random::<f64>() >= self.0.random_share => {
                view.space.mutate(&best.config, self.0.rate, self.0.step, rng)
            }
            _ => view.space.sample(rng),
        };
        // No configuration twice while another is left.
        Ok(view.deduplicated(config, rng))
    }
}

/// The least value of a function of eight parameters in 300 trials.
fn best(text: &str) -> Result<f64, Box<dyn Error>> {
    let mut builder = Space::builder();
    let keys = (0..8)
        .map(|i| builder.float(&format!("x{i}"), -1.0..=1.0).add())
        .collect::<Result<Vec<_>, _>>()?;
    let space = builder.build()?;
    // From text as on a command line, by the options' names.
    let spec: PartSpec = text.parse()?;
    let config = ClimbConfig::from_options(&spec.options)?;
    let sampler = config.build(&StudyContext::new(&space))?;
    let mut study = Study::builder(space).sampler(sampler).build()?;
    study.optimize(300, |c| keys.iter().map(|key| (c[*key] - 0.5).powi(2)).sum::<f64>())?;
    Ok(study.best().ok_or("no trial is complete")?.values[0])
}

fn main() -> Result<(), Box<dyn Error>> {
    let (climbing, random) = (best("climb{step=0.05}")?, best("climb{random-share=1}")?);
    println!("hill climbing finds {climbing:.4}, uniform proposals find {random:.4}");
    assert!(climbing < 0.1 * random);

    // Errors name the option, its range, and the nearest known name.
    let outside = best("climb{step=3}").expect_err("a step of 3 is not allowed").to_string();
    let unknown = best("climb{stepp=0.1}").expect_err("there is no such option").to_string();
    println!("{outside}\n{unknown}");
    assert!(outside.contains("climb: step = 3") && unknown.contains("did you mean \"step\"?"));
    Ok(())
}
