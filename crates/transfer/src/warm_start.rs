//! Sources of a new study.

use crate::map::{Earlier, mapped};
use crate::{Renames, TransferError, portfolio};
use automl_space::Space;
use automl_storage::StudyRecord;
use automl_study::{Direction, History, Source, Sources};

/// Collects the earlier studies that a new one learns from.
///
/// # Examples
/// An earlier study in a database, and a new one with another range:
/// ```
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::{Direction, Study};
/// use automl_transfer::{Renames, WarmStart};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "earlier")?;
/// let mut earlier = Study::builder(space.build()?).storage(storage).build()?;
/// earlier.optimize(20, |config| (config[x] - 0.8).powi(2))?;
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=0.5).add()?;
/// let space = space.build()?;
/// let mut warm_start = WarmStart::new(&space, &[Direction::Minimize]);
/// let record = StudyRecord::read(&path.display().to_string(), None)?;
/// warm_start.add_record(&record, &Renames::default())?;
/// let sources = warm_start.sources();
/// // The best value is clipped to the new range.
/// assert_eq!(sources.first()[0][x], 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WarmStart {
    space: Space,
    directions: Vec<Direction>,
    studies: Vec<Source>,
}

impl WarmStart {
    /// No source yet, for a new study over this space with these objectives.
    pub fn new(space: &Space, directions: &[Direction]) -> Self {
        Self { space: space.clone(), directions: directions.to_vec(), studies: Vec::new() }
    }

    /// Adds a recorded study.
    ///
    /// # Errors
    /// [`TransferError`] where it has no parameter, no objective or no trial that fits.
    pub fn add_record(
        &mut self,
        record: &StudyRecord,
        renames: &Renames,
    ) -> Result<(), TransferError> {
        let params = record.params.iter().map(|param| (param.name.as_str(), &param.domain));
        self.add(
            &Earlier {
                name: &record.name,
                directions: &record.directions,
                params: params.collect(),
                trials: &record.trials,
            },
            renames,
        )
    }

    /// Adds a study in memory.
    ///
    /// # Errors
    /// As [`WarmStart::add_record`].
    pub fn add_history(
        &mut self,
        name: &str,
        space: &Space,
        history: &History,
        renames: &Renames,
    ) -> Result<(), TransferError> {
        let params = space.params().iter().map(|param| (param.name(), param.domain()));
        self.add(
            &Earlier {
                name,
                directions: history.directions(),
                params: params.collect(),
                trials: history.trials(),
            },
            renames,
        )
    }

    fn add(&mut self, earlier: &Earlier<'_>, renames: &Renames) -> Result<(), TransferError> {
        let source = mapped(earlier, &self.space, &self.directions, renames)?;
        self.studies.push(source);
        Ok(())
    }

    /// The studies that were added.
    pub fn studies(&self) -> &[Source] {
        &self.studies
    }

    /// The sources for [`StudyBuilder::warm_start`](automl_study::StudyBuilder::warm_start), with their
    /// [`portfolio`] as the first configurations.
    pub fn sources(self) -> Sources {
        let first = portfolio(&self.space, &self.studies, self.directions.len());
        Sources::new(first, self.studies)
    }
}
