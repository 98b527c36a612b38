//! A scheduler of one's own: a trial stops when its loss has not fallen for some epochs.
//!
//! Run: `cargo example custom_scheduler`

use automl::space::Space;
use automl::study::{
    FullFidelity, History, Job, Ladder, Next, RandomSampler, Scheduler, State, Study, TrialId,
    Verdict,
};
use std::error::Error;

/// Stops a trial with no improvement in the last `patience` reports.
#[derive(Debug)]
struct Patience {
    patience: usize,
    /// The scheduler that starts trials, resumes interrupted ones and ends those at the top.
    full: FullFidelity,
}

impl Scheduler for Patience {
    fn next_job(&mut self, history: &History) -> Job {
        self.full.next_job(history)
    }

    /// A function of the recorded trials: after a crash the decision is the same.
    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let Some(record) = history.get(trial) else { return Verdict::Stop };
        let losses: Vec<f64> =
            record.reports.iter().map(|report| history.loss(&report.values)).collect();
        let (earlier, recent) = losses.split_at(losses.len().saturating_sub(self.patience));
        let least = |losses: &[f64]| losses.iter().copied().fold(f64::INFINITY, f64::min);
        if !earlier.is_empty() && least(recent) >= least(earlier) {
            return Verdict::Stop;
        }
        self.full.verdict(history, trial)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut space = Space::builder();
    let rate = space.float("rate", 0.01..=1.0).log().add()?;
    let mut study = Study::builder(space.build()?)
        .sampler(RandomSampler::uniform())
        .scheduler(
            Ladder::new("epoch", 1, 50, true)?,
            Patience { patience: 3, full: FullFidelity::new(50) },
        )
        .build()?;
    study.set_trial_limit(Some(20));

    let mut epochs = 0;
    while let Next::Run(job) = study.next_job()? {
        for epoch in job.fidelity.0 + 1..=50 {
            epochs += 1;
            // Falls, the faster the larger the rate, and then rises again: overfitting.
            let time = job.config[rate] * epoch as f64;
            let loss = (-time).exp() + 0.02 * time;
            match study.report(job.number, epoch, vec![loss])? {
                Verdict::Continue => {}
                Verdict::Complete => study.tell(job.number, loss)?,
                Verdict::Pause | Verdict::Stop => break,
            }
        }
    }

    for trial in study.history().trials() {
        let state = format!("{:?}", trial.state).to_lowercase();
        println!("rate {:.3}: {} epochs, {state}", trial.config[rate], trial.reports.len());
    }
    println!("{epochs} epochs instead of {}", 50 * study.history().len());
    let stopped: Vec<_> = study.history().in_state(State::Pruned).collect();
    // Only trials past their minimum, at 3.9 / rate epochs, were stopped.
    assert!(!stopped.is_empty());
    assert!(stopped.iter().all(|t| t.config[rate] * t.reports.len() as f64 > 3.9));
    Ok(())
}
