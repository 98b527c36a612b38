//! ASHA: poor trials pause after a few epochs, good ones go on from their checkpoints.
//!
//! Run: `cargo example early_stopping`

use automl::scheduler::Asha;
use automl::space::Space;
use automl::study::{Ladder, Next, State, Study, Verdict};
use automl::tpe::TpeSampler;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::error::Error;

/// A model of one weight: gradient descent on (weight - 3)^2.
#[derive(Serialize, Deserialize)]
struct Model {
    weight: f64,
    epochs: u64,
}

impl Model {
    fn train_epoch(&mut self, rate: f64) -> f64 {
        self.weight -= rate * 2.0 * (self.weight - 3.0);
        self.epochs += 1;
        (self.weight - 3.0).powi(2)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut space = Space::builder();
    let rate = space.float("rate", 1e-4..=2.0).log().add()?;
    // 1 to 27 epochs; a paused trial is resumable, so that epochs are not trained twice.
    let ladder = Ladder::new("epoch", 1, 27, true)?;
    let asha = Asha::new(&ladder, 3.0)?;
    let rungs: Vec<String> = asha.rungs().iter().map(ToString::to_string).collect();
    println!("rungs at epochs {}", rungs.join(", "));
    let mut study = Study::builder(space.build()?)
        .sampler(TpeSampler::default())
        .scheduler(ladder, asha)
        .build()?;
    study.set_trial_limit(Some(60));

    let mut checkpoints: HashMap<_, String> = HashMap::new();
    let (mut epochs, mut resumed) = (0, 0);
    while let Next::Run(job) = study.next_job()? {
        let mut model = match checkpoints.get(&job.number) {
            Some(checkpoint) => serde_json::from_str(checkpoint)?,
            None => Model { weight: 0.0, epochs: 0 },
        };
        // The study knows how far each trial came, and the checkpoint agrees.
        assert_eq!(job.fidelity, model.epochs);
        resumed += u64::from(job.fidelity > 0);
        loop {
            let loss = model.train_epoch(job.config[rate]);
            epochs += 1;
            match study.report(job.number, model.epochs, vec![loss])? {
                Verdict::Continue => continue,
                Verdict::Pause => {
                    checkpoints.insert(job.number, serde_json::to_string(&model)?);
                }
                Verdict::Complete => study.tell(job.number, loss)?,
                Verdict::Stop => {}
            }
            break;
        }
    }
    study.finalize()?;

    let (complete, trials) = (study.history().count(State::Complete), study.history().len());
    let best = study.best().ok_or("no trial is complete")?;
    println!("{trials} trials, {resumed} resumes, {complete} trained to the end");
    println!("{epochs} epochs instead of {}", 27 * trials);
    println!("best rate {:.3} with loss {:.1e}", best.config[rate], best.values[0]);
    assert!(resumed > 0 && complete < trials / 3);
    assert!(3 * epochs < 27 * trials);
    assert!(best.values[0] < 1e-3);
    Ok(())
}
