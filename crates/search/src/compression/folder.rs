//! The folder of a compressed network.

use crate::FileError;
use crate::file::write_file;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A folder that cannot take a compressed network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutFolderError {
    /// The folder holds a file of a network, which is not overwritten.
    #[error("{} exists already; choose another folder", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The folder cannot be created or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The files of a trained network, of which none is overwritten.
const FILES: [&str; 5] =
    ["metrics.json", "network.json", "model.yaml", "weights.safetensors", "weights.bpk"];

/// The folder of the compressed network, created before the work; removed unless it is kept.
pub(super) struct OutFolder {
    /// The folders that were created for it, the innermost first.
    made: Vec<PathBuf>,
}

impl OutFolder {
    /// Makes the folder and tries to write in it.
    pub(super) fn claim(path: &Path) -> Result<Self, OutFolderError> {
        let files = FILES.map(|name| path.join(name));
        // A dangling link counts too.
        if let Some(path) = files.into_iter().find(|file| file.symlink_metadata().is_ok()) {
            return Err(OutFolderError::Taken { path });
        }
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made = path.ancestors().take_while(missing).map(Path::to_owned).collect();
        let folder = Self { made };
        std::fs::create_dir_all(path).map_err(FileError::of("create", path))?;
        let probe = path.join("metrics.json.part");
        write_file(&probe, "")?;
        std::fs::remove_file(&probe).map_err(FileError::of("remove", &probe))?;
        Ok(folder)
    }

    pub(super) fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for OutFolder {
    fn drop(&mut self) {
        for path in &self.made {
            // Only empty folders can be removed so; another one stays.
            if std::fs::remove_dir(path).is_err() {
                break;
            }
        }
    }
}
