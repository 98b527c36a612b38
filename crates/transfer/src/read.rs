//! Sources from the places where studies are kept.

use crate::{Renames, SourceSpec, TransferError, WarmStart};
use automl_space::Space;
use automl_storage::StudyRecord;
use automl_study::{Direction, Sources};
use std::path::{Path, PathBuf};

/// The database in the folder of a study.
const DATABASE: &str = "study.db";

/// The sources that were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// For [`StudyBuilder::warm_start`](automl_study::StudyBuilder::warm_start).
    pub sources: Sources,
    /// For each study of a place with several that does not fit, the reason.
    pub left_out: Vec<String>,
}

/// Reads the sources of a new study.
///
/// - A **name** is that of a study in the folder `runs`.
/// - A **folder** is that of one study, or one with folders of studies, all of which count.
/// - A **file** or an **address** is that of a database; all of its studies count unless one is named.
///
/// Of several studies of a place the one of the name `own` is no source. A single study must fit; of a place with several those that
/// do not fit are left out, with a message in [`Found::left_out`], as long as one is left.
///
/// # Errors
/// [`TransferError`]: a place that is not there or cannot be read, or a study that does not fit.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::SqliteStorage;
/// use automl_study::{Direction, Study};
/// use automl_transfer::{SourceSpec, read};
///
/// let runs = tempfile::tempdir()?;
/// std::fs::create_dir(runs.path().join("monday"))?;
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let storage = SqliteStorage::open(runs.path().join("monday/study.db"), "monday")?;
/// Study::builder(space.clone()).storage(storage).build()?.optimize(10, |config| config[x])?;
///
/// let specs = [SourceSpec::from("monday")];
/// let found = read(&specs, runs.path(), "tuesday", &space, &[Direction::Minimize])?;
/// assert_eq!(found.sources.studies()[0].name, "monday");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(
    specs: &[SourceSpec],
    runs: &Path,
    own: &str,
    space: &Space,
    directions: &[Direction],
) -> Result<Found, TransferError> {
    let mut warm_start = WarmStart::new(space, directions);
    let mut left_out = Vec::new();
    for spec in specs {
        let records = records(spec, runs, own)?;
        let single = records.len() == 1;
        let before = warm_start.studies().len();
        let mut first = None;
        for record in &records {
            match warm_start.add_record(record, &spec.rename) {
                Ok(()) => {}
                Err(error @ TransferError::Rename { .. }) => return Err(error),
                Err(error) if single => return Err(error),
                Err(error) => {
                    left_out.push(error.to_string());
                    first.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first.filter(|_| warm_start.studies().len() == before) {
            return Err(error);
        }
    }
    Ok(Found { sources: warm_start.sources(), left_out })
}

/// The records of a place.
fn records(spec: &SourceSpec, runs: &Path, own: &str) -> Result<Vec<StudyRecord>, TransferError> {
    let place = spec.place.as_str();
    let named = runs.join(place);
    let folder = [Path::new(place), named.as_path()].into_iter().find(|path| path.is_dir());
    let databases = match folder {
        Some(folder) => databases(folder)?,
        None if place.contains("://") || Path::new(place).is_file() => vec![place.to_owned()],
        None => {
            let (name, runs) = (place.to_owned(), runs.display().to_string());
            return Err(TransferError::Missing { name, runs });
        }
    };
    let (mut records, single) = (Vec::new(), databases.len() == 1);
    for url in databases {
        if let Some(study) = &spec.study {
            let has_study = || Ok::<_, TransferError>(StudyRecord::list(&url)?);
            if folder.is_none() || has_study()?.iter().any(|known| known.name == *study) {
                records.push(StudyRecord::read(&url, Some(study))?);
            }
            continue;
        }
        let studies = StudyRecord::list(&url)?;
        // Of a place with several studies the new one itself is no source.
        let is_only = studies.len() == 1 && single;
        for summary in studies.iter().filter(|summary| is_only || summary.name != own) {
            records.push(StudyRecord::read(&url, Some(&summary.name))?);
        }
    }
    if records.is_empty() {
        return Err(TransferError::NoStudies { folder: automl_storage::without_password(place) });
    }
    Ok(records)
}

/// The database of a folder, or those of the folders in it, by name.
fn databases(folder: &Path) -> Result<Vec<String>, TransferError> {
    let own = folder.join(DATABASE);
    if own.is_file() {
        return Ok(vec![own.display().to_string()]);
    }
    let refused = |source| TransferError::Folder { folder: folder.display().to_string(), source };
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        let path = entry.map_err(refused)?.path().join(DATABASE);
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found.into_iter().map(|path| path.display().to_string()).collect())
}

impl SourceSpec {
    /// Reads sources from texts, all with the same renamings.
    ///
    /// # Errors
    /// [`TransferError::Rename`] for a renaming of another form.
    pub fn parse<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        renames: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Self>, TransferError> {
        let rename = Renames::parse(renames)?;
        let one = |text| Self { rename: rename.clone(), ..Self::from(text) };
        Ok(texts.into_iter().map(one).collect())
    }
}
