//! The list of storages: each describes itself and opens a study by URL.

mod journal;
mod memory;
mod postgres;
mod sqlite;

use crate::address::{Address, DRIVER_OPTIONS, Refusal};
use crate::open::OpenError;
use automl_secrets::without_password;
use automl_study::SharedStorage;
use std::fmt;

/// The description of a kind of storage, for error texts, the command line and the reference page.
///
/// # Examples
/// ```
/// use automl_storage::{Sharing, storages};
///
/// let sqlite = storages().iter().find(|entry| entry.name == "sqlite").expect("is built in");
/// assert_eq!(sqlite.sharing, Sharing::OneMachine);
/// assert!(sqlite.opens("sqlite:///study.db") && !sqlite.opens("postgresql://host/studies"));
/// ```
#[derive(Clone, Copy)]
pub struct StorageEntry {
    /// Name of the storage.
    pub name: &'static str,
    /// Form of its URLs.
    pub form: &'static str,
    /// Documentation; the first line is a summary.
    pub docs: &'static str,
    /// Processes that may work on one study.
    pub sharing: Sharing,
    /// Cargo feature that a build needs, if any.
    pub feature: Option<&'static str>,
    opens: fn(&str) -> bool,
    /// Absent in a build without the feature.
    open: Option<Open>,
}

/// A constructor of a storage from URL and name of the study.
type Open = fn(&str, &str) -> Result<Box<dyn SharedStorage>, OpenError>;

/// The processes that may work on one study in a storage at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sharing {
    /// Threads of one process.
    OneProcess,
    /// Processes of one machine.
    OneMachine,
    /// Processes of many machines.
    ManyMachines,
}

/// One line per storage; the first that opens a URL is used.
static STORAGES: &[StorageEntry] = &[journal::ENTRY, memory::ENTRY, postgres::ENTRY, sqlite::ENTRY];

/// All storages by name, including those that this build lacks a feature for.
pub fn storages() -> &'static [StorageEntry] {
    STORAGES
}

/// Opens the study of a name in the storage at a URL; [`storages`] lists the forms.
///
/// The database is created if it does not exist, and the study when a
/// [`Study`](automl_study::Study) is built on it.
///
/// # Errors
/// [`OpenError`] for a URL of an unknown form, a storage that needs another feature, or one that
/// cannot be opened. No message contains a password.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::open;
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let file = format!("sqlite:///{}", folder.path().join("studies.db").display());
/// for url in ["memory://", &file] {
///     let mut space = Space::builder();
///     let x = space.float("x", 0.0..=1.0).add()?;
///     let storage = open(url, "demo")?;
///     let mut study = Study::builder(space.build()?).storage(storage).build()?;
///     study.optimize(10, |config| config[x])?;
///     assert_eq!(study.history().len(), 10);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
/// # use automl_storage::open;
/// let error = open("mysql://me:secret@host/studies", "demo").unwrap_err().to_string();
/// assert!(error.contains("sqlite:///FILE") && !error.contains("secret"));
/// ```
pub fn open(url: &str, study: &str) -> Result<Box<dyn SharedStorage>, OpenError> {
    let Some(entry) = STORAGES.iter().find(|entry| entry.opens(url)) else {
        return Err(refused(url, Address::of(url).err().unwrap_or(Refusal::Form)));
    };
    match (entry.open, entry.feature) {
        (Some(open), _) => open(url, study),
        (None, feature) => Err(OpenError::MissingFeature {
            url: without_password(url),
            feature: feature.unwrap_or_default(),
        }),
    }
}

impl<'a> Address<'a> {
    /// Parses a file name, `sqlite:///FILE`, `journal:///FILE` or `postgresql://HOST/DATABASE`. As in SQLAlchemy, a driver
    /// may follow the kind (`sqlite+pysqlite:///FILE`), and options of Python's driver a file
    /// (`?timeout=60`); both change nothing here.
    ///
    /// # Errors
    /// [`OpenError::Unknown`] and [`OpenError::UnknownOption`] for any other URL.
    pub fn parse(url: &'a str) -> Result<Self, OpenError> {
        Self::of(url).map_err(|refusal| refused(url, refusal))
    }
}

/// The error for a URL that no storage opens.
fn refused(url: &str, refusal: Refusal) -> OpenError {
    let url = without_password(url);
    match refusal {
        Refusal::Form => OpenError::Unknown { url, forms: forms() },
        Refusal::Option(option) => {
            OpenError::UnknownOption { url, option, known: DRIVER_OPTIONS.join(", ") }
        }
    }
}

/// The forms of all URLs, for error texts.
fn forms() -> String {
    STORAGES.iter().map(|entry| entry.form).collect::<Vec<_>>().join(", ")
}

impl StorageEntry {
    /// Whether a URL is of this storage's form.
    pub fn opens(&self, url: &str) -> bool {
        (self.opens)(url)
    }

    /// Whether this build has the storage.
    pub fn is_available(&self) -> bool {
        self.open.is_some()
    }

    /// The first sentence of the documentation.
    pub fn summary(&self) -> &'static str {
        self.docs.lines().next().unwrap_or_default()
    }
}

impl fmt::Debug for StorageEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageEntry").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneProcess => "threads of one process",
            Self::OneMachine => "processes of one machine",
            Self::ManyMachines => "processes of many machines",
        })
    }
}
