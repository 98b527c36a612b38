//! Classes of unequal size, and costs of errors.

use crate::{SettingsError, TrainingSettings};
use automl_data::Balance;
use serde::{Deserialize, Serialize};

/// Remedy for classes of unequal size, as settings name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BalanceSetting {
    /// [`Balance::for_labels`]: equal shares where the largest class has more than twice the images of
    /// the smallest.
    #[default]
    Auto,
    /// None.
    None,
    /// Losses weighted by class.
    Loss,
    /// Equal shares of the classes in each epoch.
    Sample,
}

impl BalanceSetting {
    /// The remedy for training images with these labels.
    pub fn resolve(self, labels: &[u16]) -> Balance {
        match self {
            Self::Auto => Balance::for_labels(labels),
            Self::None => Balance::None,
            Self::Loss => Balance::Loss,
            Self::Sample => Balance::Sample,
        }
    }
}

/// Refuses costs of classes that the data lack, and costs below 0.
fn refused(value: String, reason: String) -> SettingsError {
    SettingsError::Value { name: "training.class-costs", value, reason }
}

impl TrainingSettings {
    /// The costs of all classes in the order of the outputs; empty where none was set.
    ///
    /// # Errors
    /// [`SettingsError::Value`] for a class that is neither a name nor a number below `classes`.
    pub fn costs(&self, names: &[String], classes: usize) -> Result<Vec<f64>, SettingsError> {
        if self.class_costs.is_empty() {
            return Ok(Vec::new());
        }
        let mut costs = vec![1.0; classes];
        for (class, cost) in &self.class_costs {
            let named = names.iter().position(|name| name == class);
            let index = named.or_else(|| class.parse().ok()).filter(|index| *index < classes);
            let Some(index) = index else {
                let known = if names.is_empty() {
                    format!("the numbers 0 to {}", classes.saturating_sub(1))
                } else {
                    names.join(", ")
                };
                return Err(refused(
                    format!("{class:?}"),
                    format!("no such class: one of {known}"),
                ));
            };
            costs[index] = *cost;
        }
        Ok(costs)
    }

    /// Checks the costs of classes.
    pub(super) fn check_costs(&self) -> Result<(), SettingsError> {
        let wrong = self.class_costs.iter().find(|(_, cost)| !(**cost >= 0.0 && cost.is_finite()));
        match wrong {
            Some((class, cost)) => {
                Err(refused(format!("{class} = {cost}"), "a cost must be at least 0".into()))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Settings;

    #[test]
    fn costs_are_given_by_name_or_number() {
        let set = ["training.class-costs.dog=3", "training.class-costs.0=0.5"].map(str::to_owned);
        let training = Settings::load(None, &set).unwrap().training;
        let names = ["cat".to_owned(), "dog".to_owned(), "elk".to_owned()];
        assert_eq!(training.costs(&names, 3).unwrap(), [0.5, 3.0, 1.0]);
        let error = training.costs(&[], 3).unwrap_err().to_string();
        assert!(error.contains("\"dog\"") && error.contains("0 to 2"), "{error}");
        let negative = ["training.class-costs.dog=-1".to_owned()];
        let error = Settings::load(None, &negative).unwrap_err().to_string();
        assert!(error.contains("dog = -1"), "{error}");
    }
}
