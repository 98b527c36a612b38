//! A simulated worker: it trains to the fidelities that it is asked for, and begins anew after a crash.

use super::faulty::Fault;
use super::handle::Handle;
use super::ledger::{Ledger, Life};
use automl_space::Space;
use automl_study::{
    AskError, Assignment, Direction, Fidelity, History, Job, Ladder, Next, Run, Scheduler, State,
    Study, TellError, Trial, TrialId, Verdict,
};
use std::sync::Mutex;
use std::time::Duration;

pub(crate) const DIRECTIONS: &[Direction] = &[Direction::Minimize];

/// The trials of a simulation.
const TRIALS: u64 = 12;

const RUNGS: [Fidelity; 3] = [Fidelity(1), Fidelity(3), Fidelity(9)];

pub(crate) fn space() -> Space {
    let mut builder = Space::builder();
    builder.int("a", 0..=5).add().unwrap();
    builder.int("b", 0..=5).add().unwrap();
    builder.build().unwrap()
}

/// Promotes the best third of each rung.
#[derive(Debug)]
struct Halving;

impl Halving {
    fn counts(history: &History, rung: usize) -> (usize, usize) {
        let reached = |trial: &&Trial| trial.report_at(RUNGS[rung]).is_some();
        let reached: Vec<&Trial> = history.trials().iter().filter(reached).collect();
        let on = reached.iter().filter(|trial| trial.target() > Some(RUNGS[rung])).count();
        (reached.len(), on)
    }
}

impl Scheduler for Halving {
    fn next_job(&mut self, history: &History) -> Job {
        for rung in [1, 0] {
            let (reached, on) = Self::counts(history, rung);
            let loss = |trial: &Trial| trial.last_values().map_or(f64::INFINITY, |v| v[0]);
            let paused = history.in_state(State::Paused);
            let best = paused
                .filter(|trial| trial.fidelity() == RUNGS[rung])
                .min_by(|a, b| loss(a).total_cmp(&loss(b)));
            if let Some(trial) = best.filter(|_| on < reached / 3) {
                return Job::Resume { trial: trial.number, target: RUNGS[rung + 1] };
            }
        }
        Job::Start(Run::to(RUNGS[0]))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let trial = history.get(trial).unwrap();
        match (trial.fidelity(), trial.target()) {
            (Fidelity(9), _) => Verdict::Complete,
            (step, Some(until)) if step >= until => Verdict::Pause,
            _ => Verdict::Continue,
        }
    }
}

/// Works until nothing is left or the simulation is given up.
pub(crate) fn work(
    index: usize,
    ledger: &Mutex<Ledger>,
    handle: &dyn Fn() -> Handle,
    fault: Option<Fault>,
) {
    while !ledger.lock().unwrap().is_over {
        let life = ledger.lock().unwrap().life(index);
        let worker = Worker { index, life, ledger, fault };
        if worker.live(handle()) {
            break;
        }
        ledger.lock().unwrap().lives[index] += 1;
    }
}

struct Worker<'a> {
    index: usize,
    life: Life,
    ledger: &'a Mutex<Ledger>,
    fault: Option<Fault>,
}

impl Worker<'_> {
    /// One life; whether it came to a good end.
    fn live(&self, handle: Handle) -> bool {
        let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
        let study = Study::builder(space())
            .scheduler(ladder, Halving)
            .heartbeat(Duration::ZERO)
            .worker(format!("{:?}", self.life))
            .storage(handle)
            .build();
        let Ok(mut study) = study else { return false };
        study.set_trial_limit(Some(TRIALS));
        if study.recover().is_err() {
            return false;
        }
        loop {
            match study.next_job() {
                Ok(Next::Run(job)) => match self.train(&mut study, &job) {
                    Ok(()) => {}
                    Err(error) if error.is_lease_lost() => self.lost(job.number, &error),
                    Err(_) => return false,
                },
                Ok(Next::Wait) => {}
                Ok(Next::Finished) => return true,
                Err(AskError::History(error)) => {
                    let words = format!("worker {} sees another history: {error}", self.index);
                    self.ledger.lock().unwrap().violation(words);
                    return false;
                }
                Err(_) => return false,
            }
        }
    }

    /// A worker that was never silent for long keeps what is its own.
    fn lost(&self, number: TrialId, error: &TellError) {
        let mut ledger = self.ledger.lock().unwrap();
        if ledger.is_healthy(self.life) {
            ledger.violation(format!("{:?} lives and lost trial {number}: {error}", self.life));
        }
    }

    fn train(&self, study: &mut Study, job: &Assignment) -> Result<(), TellError> {
        let (number, until) = (job.number, job.target.unwrap_or(RUNGS[2]));
        let mut at = job.fidelity;
        if at.0 > 0 {
            let mut ledger = self.ledger.lock().unwrap();
            let kept = ledger.checkpoints.get(&number).copied();
            if kept.is_none_or(|kept| kept < at) {
                ledger.violation(format!("trial {number} goes on at {at} from {kept:?}"));
            }
        }
        while at < until {
            at = at + 1;
            // No two lives have the same results.
            let value = (number.0 * 1000 + at.0 * 100) as f64
                + self.index as f64
                + self.life.1 as f64 / 64.0;
            self.ledger.lock().unwrap().checkpoints.insert(number, at);
            let verdict = study.report(number, at, vec![value])?;
            self.ledger.lock().unwrap().reports.insert((number, at), value);
            match verdict {
                Verdict::Continue => {}
                Verdict::Pause | Verdict::Stop => {
                    if self.fault == Some(Fault::CheckpointFreedEarly) {
                        self.ledger.lock().unwrap().checkpoints.remove(&number);
                    }
                    return Ok(());
                }
                Verdict::Complete => {
                    study.tell(number, value)?;
                    self.ledger.lock().unwrap().ends.insert(number, value);
                    return Ok(());
                }
            }
        }
        study.release(number)
    }
}
