//! A worker: trains, reports, and writes down what was acknowledged.

use super::faulty::{Fault, Faulty};
use automl_space::Space;
use automl_study::{
    Assignment, Fidelity, History, Job, Ladder, Next, Run, Scheduler, State, Study, TellError,
    Trial, TrialId, Verdict, survive_file_limit,
};
use rand::RngExt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The time between two heartbeats; three times as long is the lease.
const BEAT: Duration = Duration::from_secs(1);

/// A delay after which a worker does not count as healthy any longer.
const DELAY: Duration = Duration::from_millis(700);

const RUNGS: [Fidelity; 3] = [Fidelity(1), Fidelity(3), Fidelity(9)];

pub(crate) fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.int("n", 1..=1_000_000).add().unwrap();
    builder.build().unwrap()
}

/// The study of one process.
pub(crate) fn study(url: &str, fault: Option<Fault>) -> Result<Study, String> {
    let ladder = Ladder::new("epoch", 1, 9, true).unwrap();
    // An error at the first opening is one of the worker.
    let first = automl_storage::open(url, "chaos").map_err(|e| e.to_string())?;
    let mut first = Some(first);
    let first = std::sync::Mutex::new(&mut first);
    let open = || {
        let opened = first.lock().unwrap().take();
        opened.unwrap_or_else(|| automl_storage::open(url, "chaos").unwrap())
    };
    let study = Study::builder(space())
        .scheduler(ladder, Halving)
        .heartbeat(BEAT)
        .storage(Faulty::new(open, fault))
        .build();
    study.map_err(|e| e.to_string())
}

/// Promotes the best third of each rung.
#[derive(Debug)]
struct Halving;

impl Scheduler for Halving {
    fn next_job(&mut self, history: &History) -> Job {
        for rung in [1, 0] {
            let reached = |trial: &&Trial| trial.report_at(RUNGS[rung]).is_some();
            let reached: Vec<&Trial> = history.trials().iter().filter(reached).collect();
            let on = reached.iter().filter(|trial| trial.target() > Some(RUNGS[rung])).count();
            let loss = |trial: &Trial| trial.last_values().map_or(f64::INFINITY, |v| v[0]);
            let paused = history.in_state(State::Paused);
            let best = paused
                .filter(|trial| trial.fidelity() == RUNGS[rung])
                .min_by(|a, b| loss(a).total_cmp(&loss(b)));
            if let Some(trial) = best.filter(|_| on < reached.len() / 3) {
                return Job::Resume { trial: trial.number, target: RUNGS[rung + 1] };
            }
        }
        Job::Start(Run::to(RUNGS[0]))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let Some(trial) = history.get(trial) else { return Verdict::Continue };
        match (trial.fidelity(), trial.target()) {
            (Fidelity(9), _) => Verdict::Complete,
            (step, Some(until)) if step >= until => Verdict::Pause,
            _ => Verdict::Continue,
        }
    }
}

/// Arguments: address, folder, seed, fault or `-`.
pub(crate) fn main(args: &[String]) -> ExitCode {
    survive_file_limit();
    let [url, folder, seed, fault] = args else { return ExitCode::from(2) };
    let (folder, seed) = (PathBuf::from(folder), seed.parse().unwrap());
    let fault = super::fault(fault).ok();
    let log =
        OpenOptions::new().create(true).append(true).open(folder.join(format!("told-{seed}")));
    let is_late = Arc::new(AtomicBool::new(false));
    let seen = is_late.clone();
    // A process that was stopped finds out by a thread that slept for too long.
    std::thread::spawn(move || {
        loop {
            let start = Instant::now();
            std::thread::sleep(Duration::from_millis(10));
            if start.elapsed() > DELAY {
                seen.store(true, Ordering::SeqCst);
            }
        }
    });
    let worker = Worker { url, folder: &folder, seed, fault, log: log.unwrap(), is_late };
    match worker.work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            worker.say(&format!("error {error}"));
            ExitCode::FAILURE
        }
    }
}

struct Worker<'a> {
    url: &'a str,
    folder: &'a Path,
    seed: u64,
    fault: Option<Fault>,
    log: File,
    is_late: Arc<AtomicBool>,
}

impl Worker<'_> {
    /// One line in one write, so that a kill leaves no part of it.
    fn say(&self, line: &str) {
        // Without room on the disk nothing is acknowledged either.
        let _ = (&self.log).write_all(format!("{line}\n").as_bytes());
    }

    fn checkpoint(&self, number: TrialId) -> PathBuf {
        self.folder.join(format!("checkpoint-{}", number.0))
    }

    fn work(&self) -> Result<(), String> {
        let mut study = study(self.url, self.fault)?;
        study.recover().map_err(|e| e.to_string())?;
        loop {
            if self.folder.join("stop").exists() {
                study.set_trial_limit(Some(0));
            }
            match study.next_job().map_err(|e| e.to_string())? {
                Next::Run(job) => match self.train(&mut study, &job) {
                    Ok(()) => {}
                    Err(error) if error.is_lease_lost() => {
                        let late = self.is_late.load(Ordering::SeqCst);
                        let how = if late { "lost-late" } else { "lost" };
                        self.say(&format!("{how} {} {error}", job.number));
                    }
                    Err(error) => return Err(error.to_string()),
                },
                Next::Wait => std::thread::sleep(Duration::from_millis(50)),
                Next::Finished => return Ok(()),
            }
        }
    }

    fn train(&self, study: &mut Study, job: &Assignment) -> Result<(), TellError> {
        let mut rng = automl_numeric::stream(self.seed, job.number.0, "chaos");
        let (number, until) = (job.number, job.target.unwrap_or(RUNGS[2]));
        let path = self.checkpoint(number);
        let mut at = job.fidelity.0;
        if at > 0 {
            let kept = fs::read_to_string(&path).ok().and_then(|text| text.parse().ok());
            if kept.is_none_or(|kept: u64| kept < at) {
                self.say(&format!("missing {number} {at} {kept:?}"));
            }
        }
        while at < until.0 {
            at += 1;
            // One in fifty takes longer than a lease.
            let long = rng.random_bool(0.02);
            std::thread::sleep(Duration::from_millis(if long {
                4000
            } else {
                rng.random_range(1..20)
            }));
            let value = (self.seed as f64) + rng.random::<f64>();
            let temporary = self.folder.join(format!("checkpoint-{}-{}", number.0, self.seed));
            let written = fs::write(&temporary, at.to_string());
            if written.and_then(|()| fs::rename(&temporary, &path)).is_err() {
                return study.release(number);
            }
            let start = Instant::now();
            let verdict = study.report(number, at, vec![value]);
            if start.elapsed() > DELAY {
                self.is_late.store(true, Ordering::SeqCst);
            }
            let verdict = verdict?;
            self.say(&format!("report {number} {at} {value}"));
            match verdict {
                Verdict::Continue => {}
                Verdict::Pause | Verdict::Stop => {
                    if self.fault == Some(Fault::CheckpointFreedEarly) {
                        let _ = fs::remove_file(&path);
                    }
                    return Ok(());
                }
                Verdict::Complete => {
                    study.tell(number, value)?;
                    self.say(&format!("end {number} {value}"));
                    return Ok(());
                }
            }
        }
        study.release(number)
    }
}
