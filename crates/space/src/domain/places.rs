//! Where choices stand in a list.

use crate::Choice;
use std::collections::BTreeMap;

/// The place of each choice, so that long lists are not searched from their beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places(BTreeMap<Literal, usize>);

/// A literal in order. `2` is found as `2.0` and the reverse, as [`Choice::matches`] says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    /// The bits of an integer's nearest float.
    NearInt(u64),
    /// The bits of a float.
    Float(u64),
    Str(String),
}

/// The bits of a number; both zeros are one.
fn bits(x: f64) -> u64 {
    (x + 0.0).to_bits()
}

impl Places {
    /// The first place of a choice that matches.
    pub(super) fn find(&self, choice: &Choice) -> Option<usize> {
        let at = |literal: Literal| self.0.get(&literal).copied();
        match choice {
            Choice::Null => at(Literal::Null),
            Choice::Bool(x) => at(Literal::Bool(*x)),
            Choice::Int(x) => at(Literal::Int(*x)).or_else(|| at(Literal::Float(bits(*x as f64)))),
            Choice::Float(x) => {
                at(Literal::Float(bits(*x))).or_else(|| at(Literal::NearInt(bits(*x))))
            }
            Choice::Str(text) => at(Literal::Str(text.clone())),
        }
    }

    /// Adds a choice, which must not be found yet.
    pub(super) fn insert(&mut self, choice: &Choice, place: usize) {
        let literal = match choice {
            Choice::Null => Literal::Null,
            Choice::Bool(x) => Literal::Bool(*x),
            Choice::Int(x) => {
                // Of integers with one nearest float the first is found by it.
                self.0.entry(Literal::NearInt(bits(*x as f64))).or_insert(place);
                Literal::Int(*x)
            }
            Choice::Float(x) => Literal::Float(bits(*x)),
            Choice::Str(text) => Literal::Str(text.clone()),
        };
        self.0.insert(literal, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn choice() -> impl Strategy<Value = Choice> {
        prop_oneof![
            Just(Choice::Null),
            any::<bool>().prop_map(Choice::Bool),
            (-2i64..3).prop_map(Choice::Int),
            (-2i64..3).prop_map(|x| Choice::Int((1 << 53) + x)),
            (-2i32..3).prop_map(|x| Choice::Float(f64::from(x) / 2.0)),
            Just(Choice::Float(-0.0)),
            Just(Choice::Float(9_007_199_254_740_992.0)),
            "[ab]{0,2}".prop_map(Choice::Str),
        ]
    }

    proptest! {
        #[test]
        fn places_are_those_of_a_search_from_the_beginning(
            all in prop::collection::vec(choice(), 1..20),
            wanted in choice(),
        ) {
            let (mut places, mut list) = (Places::default(), Vec::<Choice>::new());
            for choice in all {
                let known = list.iter().position(|own| own.matches(&choice));
                prop_assert_eq!(places.find(&choice), known);
                if known.is_none() {
                    places.insert(&choice, list.len());
                    list.push(choice);
                }
            }
            let found = list.iter().position(|own| own.matches(&wanted));
            prop_assert_eq!(places.find(&wanted), found);
        }
    }
}
