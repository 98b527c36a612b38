//! Finite lists of choices.

use super::DomainError;
use super::places::Places;
use crate::Choice;

/// A finite list of choices: nominal, or ordinal where their order has a meaning.
///
/// # Examples
/// ```
/// use automl_space::CategoricalDomain;
///
/// let optimizer = CategoricalDomain::new(vec!["adam".into(), "sgd".into()], false)?;
/// assert_eq!(optimizer.index_of(&"sgd".into()), Some(1));
/// # Ok::<(), automl_space::DomainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CategoricalDomain {
    pub(super) choices: Vec<Choice>,
    pub(super) ordered: bool,
    /// Where the choices of a long list stand.
    places: Option<Places>,
}

/// The longest list that is searched from its beginning.
const SHORT: usize = 32;

impl CategoricalDomain {
    /// Creates a domain of the given choices; `ordered` makes it ordinal.
    ///
    /// # Errors
    /// - [`DomainError::NoChoices`]: an empty list.
    /// - [`DomainError::DuplicateChoice`]: two choices that [match](Choice::matches).
    /// - [`DomainError::ChoiceNotFinite`]: NaN or an infinity as a choice.
    pub fn new(choices: Vec<Choice>, ordered: bool) -> Result<Self, DomainError> {
        if choices.is_empty() {
            return Err(DomainError::NoChoices);
        }
        let mut places = Places::default();
        for (i, choice) in choices.iter().enumerate() {
            if matches!(choice, Choice::Float(x) if !x.is_finite()) {
                return Err(DomainError::ChoiceNotFinite { choice: choice.clone() });
            }
            if places.find(choice).is_some() {
                return Err(DomainError::DuplicateChoice { choice: choice.clone() });
            }
            places.insert(choice, i);
        }
        let places = (choices.len() > SHORT).then_some(places);
        Ok(Self { choices, ordered, places })
    }

    /// The choices in their order.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }
    /// Whether the domain is ordinal: adjacent choices are similar.
    pub fn ordered(&self) -> bool {
        self.ordered
    }
    /// The index of a choice; `None` where the list does not hold it.
    pub fn index_of(&self, choice: &Choice) -> Option<usize> {
        match &self.places {
            Some(places) => places.find(choice),
            None => self.choices.iter().position(|own| own.matches(choice)),
        }
    }
}
