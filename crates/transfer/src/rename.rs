//! Parameters and choices with other names in the earlier study.

use crate::TransferError;
use automl_space::{Choice, Space};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names that have changed since an earlier study.
///
/// As text, `old=new` renames a parameter and `parameter:old=new` a choice of the new parameter.
///
/// # Examples
/// ```
/// use automl_transfer::Renames;
///
/// let renames = Renames::parse(["lr=learning_rate", "optimizer:sgd=momentum"])?;
/// assert_eq!(renames.parameters["lr"], "learning_rate");
/// assert!(Renames::parse(["lr"]).is_err());
/// # Ok::<(), automl_transfer::TransferError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Renames {
    /// New names of parameters by their old ones.
    pub parameters: BTreeMap<String, String>,
    /// New choices by the text of the old ones, for each parameter by its new name.
    pub choices: BTreeMap<String, BTreeMap<String, Choice>>,
}

impl Renames {
    /// Reads renamings from text.
    ///
    /// # Errors
    /// [`TransferError::Rename`] for a text of another form, or an old name that is given twice.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, TransferError> {
        let mut renames = Self::default();
        for text in texts {
            let refused = |reason: &str| TransferError::Rename {
                text: text.to_owned(),
                reason: reason.to_owned(),
            };
            let (old, new) = text
                .split_once('=')
                .filter(|(old, new)| !old.is_empty() && !new.is_empty())
                .ok_or_else(|| refused("is not of the form old=new or parameter:old=new"))?;
            let is_first = match old.split_once(':') {
                None => renames.parameters.insert(old.to_owned(), new.to_owned()).is_none(),
                Some((parameter, old)) => {
                    let choice = serde_json::from_str(new).unwrap_or_else(|_| new.into());
                    let choices = renames.choices.entry(parameter.to_owned()).or_default();
                    choices.insert(old.to_owned(), choice).is_none()
                }
            };
            if !is_first {
                return Err(refused("is given twice"));
            }
        }
        Ok(renames)
    }

    /// Whether nothing is renamed.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty() && self.choices.is_empty()
    }

    /// Checks that the new names are those of parameters and choices of the space.
    ///
    /// # Errors
    /// [`TransferError::Rename`] that names the first one that is not.
    pub fn check(&self, space: &Space) -> Result<(), TransferError> {
        let refused = |text: String, reason: String| Err(TransferError::Rename { text, reason });
        for (old, new) in &self.parameters {
            if space.index_of(new).is_none() {
                let reason = format!("names {new:?}, which is no parameter of this space");
                return refused(format!("{old}={new}"), reason);
            }
        }
        for (name, choices) in &self.choices {
            let Some(index) = space.index_of(name) else {
                let reason = "is for no parameter of this space".to_owned();
                return refused(format!("{name}:..."), reason);
            };
            for (old, new) in choices {
                if space.params()[index].domain().value_of(new).is_none() {
                    let reason = format!("names {new}, which is no value of {name:?}");
                    return refused(format!("{name}:{old}={new}"), reason);
                }
            }
        }
        Ok(())
    }

    /// The old name of a parameter; its own where it has none.
    pub(crate) fn old_name<'a>(&'a self, new: &'a str) -> &'a str {
        let renamed = self.parameters.iter().find(|(_, name)| *name == new);
        renamed.map_or(new, |(old, _)| old)
    }

    /// The new literal of a parameter's old one.
    pub(crate) fn literal(&self, parameter: &str, old: Choice) -> Choice {
        let new = self.choices.get(parameter).and_then(|choices| choices.get(&text(&old)));
        new.cloned().unwrap_or(old)
    }
}

/// A literal as text, strings without quotes.
fn text(literal: &Choice) -> String {
    literal.as_str().map_or_else(|| literal.to_string(), str::to_owned)
}
