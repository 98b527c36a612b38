//! Two processes work on one study in an SQLite file, without a coordinator.
//!
//! Run: `cargo example many_processes`

use automl::registry::{PartSpec, sampler};
use automl::space::Space;
use automl::storage::open;
use automl::study::part::StudyContext;
use automl::study::{Next, State, Study};
use std::collections::BTreeSet;
use std::error::Error;
use std::process::Command;
use std::time::Duration;

const TRIALS: u64 = 40;

/// Each process has a study object of its own on the same record.
fn study(path: &str) -> Result<Study, Box<dyn Error>> {
    let mut builder = Space::builder();
    builder.float("x", -5.0..=5.0).add()?;
    builder.float("y", -5.0..=5.0).add()?;
    let space = builder.build()?;
    let sampler = sampler(&PartSpec::named("tpe"), &StudyContext::new(&space))?;
    let storage = open(path, "shared")?;
    let mut study = Study::builder(space).sampler(sampler).storage(storage).build()?;
    study.set_trial_limit(Some(TRIALS));
    Ok(study)
}

/// Works until the trials are used up. Before each proposal the study reads the others' results.
fn work(path: &str) -> Result<(), Box<dyn Error>> {
    let mut study = study(path)?;
    let missing = "the space has x and y";
    let (x, y) = (study.space().float_key("x"), study.space().float_key("y"));
    let (x, y) = (x.ok_or(missing)?, y.ok_or(missing)?);
    loop {
        match study.next_job()? {
            Next::Run(job) => {
                std::thread::sleep(Duration::from_millis(20));
                let loss = (job.config[x] - 1.0).powi(2) + (job.config[y] + 2.0).powi(2);
                study.set_attribute(job.number, "process", std::process::id().into())?;
                study.tell(job.number, loss)?;
            }
            Next::Wait => std::thread::sleep(Duration::from_millis(5)),
            Next::Finished => return Ok(()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(path) = std::env::args().nth(1) {
        return work(&path);
    }
    let path = std::env::temp_dir().join(format!("many-processes-{}.db", std::process::id()));
    let file = path.to_str().ok_or("the temporary folder's name is not UTF-8")?;
    let program = std::env::current_exe()?;
    let start = || Command::new(&program).arg(file).spawn();
    let children = [start()?, start()?];
    for mut child in children {
        assert!(child.wait()?.success());
    }

    let study = study(file)?;
    let trials = study.history().trials();
    let processes: BTreeSet<u64> =
        trials.iter().filter_map(|trial| trial.number_attribute("process")).collect();
    let best = study.best().ok_or("no trial is complete")?;
    println!(
        "{} trials by {} processes, best loss {:.3}",
        trials.len(),
        processes.len(),
        best.values[0]
    );
    // No trial too many, none twice, none lost.
    assert_eq!(study.history().count(State::Complete) as u64, TRIALS);
    assert_eq!(study.history().distinct() as u64, TRIALS);
    assert_eq!(processes.len(), 2);
    drop(study);
    std::fs::remove_file(path)?;
    Ok(())
}
