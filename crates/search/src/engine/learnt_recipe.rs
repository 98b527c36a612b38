//! The recipe that a study of an earlier version learned before its trials.

use super::artifact;
use crate::{SearchError, TrainingSettings};
use automl_study::SharedStorage;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The study's attribute that holds the outcome.
const ATTRIBUTE: &str = "automl:recipe";

/// `recipe.json`, and the study's attribute: the outcome, which holds for the whole study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Learnt(Learnt),
    /// The reason for which the given recipe stays.
    NotLearnt {
        not_learnt: String,
    },
}

/// A learned recipe with its comparison to the given one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Learnt {
    learning_rate: f64,
    weight_decay: f64,
    label_smoothing: f64,
    augmented: f64,
    /// The batch at which this learning rate is right; not known of older ones.
    #[serde(default)]
    batch: Option<usize>,
    /// The same network on the validation images, trained from scratch with the given recipe and with
    /// the learned one.
    given: Outcome,
    learnt: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Outcome {
    accuracy: f64,
    loss: f64,
}

impl Learnt {
    /// Compares by accuracy, since label smoothing raises the loss of networks that are as good.
    fn is_better(&self) -> bool {
        let key = |outcome: Outcome| (outcome.accuracy, -outcome.loss);
        key(self.learnt) > key(self.given)
    }

    fn apply(&self, training: &mut TrainingSettings) {
        training.learning_rate = Some(self.learning_rate);
        training.weight_decay = Some(self.weight_decay);
        training.label_smoothing = Some(self.label_smoothing);
        training.augmented = Some(self.augmented);
        training.batch = training.batch.or(self.batch);
    }
}

/// The training settings of a study that was to learn its recipe: with the learned one where that did
/// better, as given where it did not or nothing was learned.
pub(super) fn settings(
    record: &mut dyn SharedStorage,
    folder: &Path,
    given: &TrainingSettings,
) -> Result<TrainingSettings, SearchError> {
    let mut training = given.clone();
    let known = artifact::known::<Kept>(record, ATTRIBUTE, &folder.join("recipe.json"))?;
    if let Some(Kept::Learnt(learnt)) = known.filter(|kept| match kept {
        Kept::Learnt(learnt) => learnt.is_better(),
        Kept::NotLearnt { .. } => false,
    }) {
        learnt.apply(&mut training);
    }
    Ok(training)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use automl_data::{DataSplits, Dataset};
    use automl_storage::MemoryStorage;

    /// A learned recipe counts where it was better, and its rate goes with its batch.
    #[test]
    fn a_study_of_an_earlier_version_keeps_its_recipe() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let given = Settings::default().training;
        let folder = tempfile::tempdir().unwrap();
        let recipe = |text: &str| {
            std::fs::write(folder.path().join("recipe.json"), text).unwrap();
            let training = settings(&mut MemoryStorage::new(), folder.path(), &given).unwrap();
            training.recipe(&data, 27)
        };
        let learnt = |accuracy: f64| {
            format!(
                r#"{{"learning_rate":0.05,"weight_decay":1e-4,"label_smoothing":0.01,
                "augmented":0.8,"batch":32,"given":{{"accuracy":0.9,"loss":0.4}},
                "learnt":{{"accuracy":{accuracy},"loss":0.4}}}}"#
            )
        };
        let better = recipe(&learnt(0.92));
        assert_eq!((better.batch, better.learning_rate), (32, 0.05));
        assert_eq!((better.weight_decay, better.augmentation.share), (1e-4, 0.8));
        let usual = given.recipe(&data, 27);
        assert_eq!(recipe(&learnt(0.88)), usual);
        assert_eq!(recipe(r#"{"not_learnt":"the time for it was over"}"#), usual);
        std::fs::remove_file(folder.path().join("recipe.json")).unwrap();
        let none = settings(&mut MemoryStorage::new(), folder.path(), &given).unwrap();
        assert_eq!(none, given);
    }
}
