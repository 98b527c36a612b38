//! Histories with gaps: trials that failed after reports.
#![allow(clippy::unwrap_used)]

use automl_gp::GpSampler;
use automl_numeric::stream;
use automl_space::{Config, Space};
use automl_study::{Direction, Fidelity, History, Ladder, Report, Sampler, State, Trial, View};

/// What a trial has reported before it failed, however good, is no result: it teaches that one fails there.
#[test]
fn reports_of_failed_trials_do_not_count() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let space = builder.build().unwrap();
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    let propose = |has_reports: bool| -> Vec<Config> {
        let mut history = History::new(vec![Direction::Minimize]);
        for i in 0..16_u64 {
            let x = (i as f64 * 0.618).fract();
            let mut trial = Trial::waiting(i, space.decode(&[x]));
            let report =
                |fidelity, loss| Report { fidelity: Fidelity(fidelity), values: vec![loss] };
            if i % 4 == 1 {
                trial.state = State::Failed;
                trial.reports = vec![report(1, -9.0), report(3, -9.0)];
                trial.reports.truncate(if has_reports { 2 } else { 0 });
            } else {
                trial.state = State::Complete;
                trial.values = vec![(x - 0.5).abs()];
                trial.reports = vec![report(9, (x - 0.5).abs())];
            }
            history.push(trial).unwrap();
        }
        let propose = |seed: u64| {
            let (number, planned_trials) = (history.next_id(), None);
            let (ladder, target) = (Some(&ladder), Some(ladder.max()));
            let (history, space) = (&history, &space);
            let view = View { space, history, number, seed, planned_trials, ladder, target };
            GpSampler::default().propose(&view, &mut stream(seed, 0, "propose")).unwrap()
        };
        (0..3).map(propose).collect()
    };
    assert_eq!(propose(true), propose(false));
}
