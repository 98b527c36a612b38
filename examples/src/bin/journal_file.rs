//! A study in a journal file, which processes on many machines share where the file system does, copied
//! into SQLite. Optuna reads and writes both (`JournalFileBackend`).
//!
//! Run: `cargo example journal_file`

use automl::space::Space;
use automl::storage::{StudyRecord, copy_study, open};
use automl::study::{State, Study};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("journal-file-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let place = |name: &str| folder.join(name).display().to_string();
    let (journal, database) = (format!("journal:///{}", place("studies.log")), place("study.db"));

    let mut builder = Space::builder();
    let x = builder.float("x", -5.0..=5.0).add()?;
    let space = builder.build()?;
    // Two objects on one file: each takes in what the other has written before it decides.
    let study = || -> Result<Study, Box<dyn Error>> {
        Ok(Study::builder(space.clone()).storage(open(&journal, "parabola")?).build()?)
    };
    let (mut one, mut two) = (study()?, study()?);
    for _ in 0..15 {
        one.optimize(1, |config| (config[x] - 2.0).powi(2))?;
        two.optimize(1, |config| (config[x] - 2.0).powi(2))?;
    }
    assert_eq!(study()?.history().count(State::Complete), 30);

    let trials = copy_study(&journal, "parabola", &database, "parabola")?;
    let record = StudyRecord::read(&database, None)?;
    let best = record.trials.iter().map(|trial| trial.values[0]).fold(f64::INFINITY, f64::min);
    println!("{trials} trials in {journal} and {database}, the smallest value is {best:.4}");
    assert_eq!(record.trials.len(), 30);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
