//! Differences between a data set and its manifest.

use super::{Manifest, ManifestFile};
use crate::dataset::Dataset;
use std::collections::HashMap;
use std::fmt;

/// Examples of each kind of change.
const EXAMPLES: usize = 3;

/// What changed in a data set since its manifest was written. Files that were renamed within their
/// class, and a data set that was moved, are no change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The classes then and now, where they differ.
    pub classes: Option<(Vec<String>, Vec<String>)>,
    /// New files.
    pub added: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
    /// Files with other content under the same name.
    pub changed: Vec<String>,
    /// Files with another class.
    pub relabeled: Vec<String>,
    /// Whether a data set in one file has other content.
    pub content: bool,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The changes in one line.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some((then, now)) = &self.classes {
            parts.push(format!("the classes were {} and are {}", shown(then), shown(now)));
        }
        let kinds = [
            (&self.added, "added"),
            (&self.removed, "removed"),
            (&self.changed, "changed"),
            (&self.relabeled, "moved to another class"),
        ];
        for (files, what) in kinds.iter().filter(|(files, _)| !files.is_empty()) {
            let images = if files.len() == 1 { "image" } else { "images" };
            parts.push(format!("{} {images} {what} ({})", files.len(), shown(files)));
        }
        if self.content {
            parts.push("the images or labels are others".to_owned());
        }
        f.write_str(&parts.join("; "))
    }
}

/// The first names of a list.
fn shown(names: &[String]) -> String {
    let first = names.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(EXAMPLES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

impl Manifest {
    /// What changed in a data set since this was written.
    pub fn changes(&self, dataset: &Dataset) -> Changes {
        let now = dataset.identity();
        let mut changes = Changes::default();
        if self.identity.classes != now.classes {
            changes.classes = Some((self.identity.classes.clone(), now.classes));
        }
        let files = dataset.entries();
        if self.files.is_empty() || files.is_empty() {
            changes.content = self.identity.fingerprint != now.fingerprint;
            return changes;
        }
        self.compare(&files, &dataset.class_names, &mut changes);
        changes
    }

    fn compare(&self, files: &[ManifestFile], names: &[String], changes: &mut Changes) {
        // Classes by name: their indexes change with a new class.
        let class = |file: &ManifestFile, names: &[String]| {
            names.get(usize::from(file.class)).cloned().unwrap_or_default()
        };
        let known: HashMap<&str, &ManifestFile> =
            self.files.iter().map(|file| (file.name.as_str(), file)).collect();
        // How often each content occurs in each class under names that are not in both.
        let mut spare: HashMap<(&str, String), Vec<&str>> = HashMap::new();
        let current: HashMap<&str, &ManifestFile> =
            files.iter().map(|file| (file.name.as_str(), file)).collect();
        for file in self.files.iter().filter(|file| !current.contains_key(file.name.as_str())) {
            let key = (file.hash.as_str(), class(file, &self.identity.classes));
            spare.entry(key).or_default().push(&file.name);
        }
        for file in files {
            let own = class(file, names);
            match known.get(file.name.as_str()) {
                Some(then) if then.hash != file.hash => changes.changed.push(file.name.clone()),
                Some(then) if class(then, &self.identity.classes) != own => {
                    changes.relabeled.push(file.name.clone());
                }
                Some(_) => {}
                None => {
                    let renamed = spare.get_mut(&(file.hash.as_str(), own)).and_then(Vec::pop);
                    if renamed.is_none() {
                        changes.added.push(file.name.clone());
                    }
                }
            }
        }
        changes.removed = spare.into_values().flatten().map(str::to_owned).collect();
        changes.removed.sort();
    }
}
