//! What a network is, in one of the two forms that files have.

use automl_models::{Architecture, ArchitectureError, Canonical, CanonicalError, YamlError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A network as blocks (`model.yaml`) or, where its widths are no block's any more, as primitive
/// nodes (`network.json`, the JSON form of [`Canonical`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Description {
    /// A chain of blocks.
    Blocks(Architecture),
    /// Primitive nodes.
    Nodes(Canonical),
}

/// Why a network's description cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without a network.
    #[error("{} holds neither network.json nor model.yaml", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The file of blocks is not valid.
    #[error("{}: {source}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: YamlError,
    },
    /// The file of nodes is not valid.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Blocks that cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Nodes that cannot be built.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl Description {
    /// The file that describes the network at `path`: itself, or in a folder of a trained network
    /// `network.json` or `model.yaml`.
    ///
    /// # Errors
    /// [`DescriptionError::Folder`] for a folder that holds neither.
    pub fn file(path: &Path) -> Result<PathBuf, DescriptionError> {
        if !path.is_dir() {
            return Ok(path.to_owned());
        }
        let files = ["network.json", "model.yaml"].map(|name| path.join(name));
        let found = files.into_iter().find(|file| file.exists());
        found.ok_or_else(|| DescriptionError::Folder { path: path.to_owned() })
    }

    /// Reads a `.json` file as nodes, any other as blocks.
    ///
    /// # Errors
    /// [`DescriptionError`] names the file and what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, DescriptionError> {
        let own = || path.to_owned();
        let text = std::fs::read_to_string(path)
            .map_err(|source| DescriptionError::Read { path: own(), source })?;
        if path.extension().is_some_and(|extension| extension == "json") {
            let nodes = serde_json::from_str(&text)
                .map_err(|source| DescriptionError::Json { path: own(), source })?;
            return Ok(Self::Nodes(nodes));
        }
        let blocks = Architecture::from_yaml(&text)
            .map_err(|source| DescriptionError::Yaml { path: own(), source })?;
        Ok(Self::Blocks(blocks))
    }

    /// The primitive nodes, checked.
    ///
    /// # Errors
    /// What cannot be built.
    pub fn canonical(&self) -> Result<Canonical, DescriptionError> {
        match self {
            Self::Blocks(architecture) => Ok(architecture.canonical()?),
            Self::Nodes(canonical) => {
                canonical.check()?;
                Ok(canonical.clone())
            }
        }
    }

    /// The file's name in a folder of a trained network.
    pub fn file_name(&self) -> &'static str {
        match self {
            Self::Blocks(_) => "model.yaml",
            Self::Nodes(_) => "network.json",
        }
    }

    /// The file's text; reading it gives the same network.
    pub(crate) fn text(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Blocks(architecture) => Ok(architecture.to_yaml()),
            Self::Nodes(canonical) => serde_json::to_string_pretty(canonical),
        }
    }
}

impl From<&Architecture> for Description {
    fn from(architecture: &Architecture) -> Self {
        Self::Blocks(architecture.clone())
    }
}

impl From<&Canonical> for Description {
    fn from(canonical: &Canonical) -> Self {
        Self::Nodes(canonical.clone())
    }
}

impl From<&Self> for Description {
    fn from(description: &Self) -> Self {
        description.clone()
    }
}
