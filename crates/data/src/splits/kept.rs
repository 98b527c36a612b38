//! The files of the data with their parts.

use super::DataSplits;
use crate::manifest::{Manifest, ManifestFile, entries};
use automl_lists::Split;

impl DataSplits {
    /// The files of the data with their parts.
    pub fn manifest(&self) -> Manifest {
        let parts = [Split::Train, Split::Validation, Split::Test];
        let files = parts
            .into_iter()
            .flat_map(|part| entries(&self.files, self.images(part), part).collect::<Vec<_>>());
        let mut files: Vec<ManifestFile> = files.collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Manifest {
            identity: self.identity.clone(),
            side: self.side,
            channels: self.channels,
            resize: self.resize,
            files,
            gone: Vec::new(),
        }
    }
}
