//! Cross-validation of one network.

use super::{Job, Progress};
use crate::file::remove;
use crate::network_record::Repeat;
use crate::{SearchError, Settings};
use automl_study::StopFlag;
use std::path::PathBuf;
use std::sync::Arc;

/// Trains the network of a job once for each fold of the settings, each time without one part of the
/// images, by which it is validated. An interrupted fold goes on from its checkpoint.
pub(super) fn cross_validate(
    job: &Job<'_>,
    settings: &Settings,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Vec<Repeat>, SearchError> {
    let Some(count) = settings.training.folds else { return Ok(Vec::new()) };
    let note = |note: String| observer(&Progress::Note(note));
    let folds = job.data.folds(count, job.seed)?;
    let checkpoint = |fold: usize| job.checkpoint.with_file_name(format!("fold-{fold}.ckpt"));
    let mut found = Vec::with_capacity(count);
    for (number, data) in folds.into_iter().enumerate() {
        note(format!("fold {} of {count}", number + 1));
        let recipe = settings.training.final_recipe(&data, job.recipe.epochs);
        let path: PathBuf = checkpoint(number);
        let fold = Job { data: Arc::new(data), recipe: &recipe, checkpoint: &path, ..*job };
        let training = fold.train(stop, observer)?;
        found.push(Repeat::evaluate(&training));
    }
    (0..count).for_each(|fold| remove(&checkpoint(fold)));
    Ok(found)
}
