//! Artifacts of a study: results that are made once and hold for all of its trials, such as a
//! latency table. The record has them for processes in other folders; each folder has a copy.

use crate::SearchError;
use crate::file::write_file;
use automl_study::SharedStorage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The artifact in the record or, for studies of earlier versions, in the folder.
pub(super) fn known<T: Serialize + DeserializeOwned>(
    record: &mut dyn SharedStorage,
    key: &str,
    file: &Path,
) -> Result<Option<T>, SearchError> {
    if let Some(value) = record.attribute(key)?
        && let Ok(known) = serde_json::from_value(value)
    {
        copy(&known, file)?;
        return Ok(Some(known));
    }
    let text = std::fs::read_to_string(file).ok();
    let known = text.and_then(|text| serde_json::from_str(&text).ok());
    known.map(|known| keep(record, key, file, known)).transpose()
}

/// Keeps an artifact unless another process was faster; the artifact that holds from now on.
pub(super) fn keep<T: Serialize + DeserializeOwned>(
    record: &mut dyn SharedStorage,
    key: &str,
    file: &Path,
    made: T,
) -> Result<T, SearchError> {
    let value = serde_json::to_value(&made).unwrap_or_default();
    let kept = record.attribute_or_insert(key, &value)?;
    let kept = serde_json::from_value(kept).unwrap_or(made);
    copy(&kept, file)?;
    Ok(kept)
}

fn copy<T: Serialize>(kept: &T, file: &Path) -> Result<(), SearchError> {
    let text = serde_json::to_string_pretty(kept).unwrap_or_default();
    if std::fs::read_to_string(file).is_ok_and(|known| known == text) {
        return Ok(());
    }
    Ok(write_file(file, &text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_storage::MemoryStorage;

    #[test]
    fn what_the_first_process_made_counts_in_every_folder() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (here, there) = (here.path().join("made.json"), there.path().join("made.json"));
        let mut record = MemoryStorage::new();
        let mut known = |file: &Path| known::<Vec<f64>>(&mut record, "made", file).unwrap();
        assert_eq!(known(&here), None);
        // A study from before this was in the record.
        std::fs::write(&here, "[0.1, 0.2]").unwrap();
        assert_eq!(known(&here), Some(vec![0.1, 0.2]));
        assert_eq!(known(&there), Some(vec![0.1, 0.2]));
        // Another process was slower.
        std::fs::write(&there, "[7.0]").unwrap();
        assert_eq!(keep(&mut record, "made", &there, vec![9.0]).unwrap(), [0.1, 0.2]);
        let text = std::fs::read_to_string(&there).unwrap();
        assert_eq!(serde_json::from_str::<Vec<f64>>(&text).unwrap(), [0.1, 0.2]);
    }
}
