//! Comparison of a stored study with the requested one.

use automl_space::{Param, Predicate, Space};
use automl_study::{Direction, State, Trial};

/// The first difference between the stored and the requested study, in words.
pub(crate) fn difference(
    stored: (Option<&Space>, &[Direction]),
    asked: (&Space, &[Direction]),
) -> Option<String> {
    if stored.1 != asked.1 {
        return Some(format!("its objectives are {:?}, not {:?}", stored.1, asked.1));
    }
    let (old, new) = (stored.0?, asked.0);
    for param in old.params() {
        let name = param.name();
        match new.index_of(name).map(|index| &new.params()[index]) {
            None => return Some(format!("its parameter {name:?} is not in the space")),
            Some(other) if other.domain() != param.domain() => {
                return Some(format!("its parameter {name:?} has another domain"));
            }
            Some(other) if clauses(new, other) != clauses(old, param) => {
                return Some(format!("its parameter {name:?} has another condition"));
            }
            Some(_) => {}
        }
    }
    let added = new.params().iter().find(|param| old.index_of(param.name()).is_none());
    added.map(|param| format!("it has no parameter {:?}", param.name()))
}

/// A parameter's condition with the names of its parents, which may have other positions.
fn clauses<'a>(space: &'a Space, param: &'a Param) -> Vec<(&'a str, &'a Predicate)> {
    let clauses = param.condition().map(|condition| condition.clauses.as_slice());
    let named = clauses.unwrap_or_default().iter();
    named.map(|clause| (space.params()[clause.parent].name(), &clause.predicate)).collect()
}

/// Whether the parameters of two spaces stand in another order.
pub(crate) fn is_reordered(old: &Space, new: &Space) -> bool {
    old.params().iter().map(Param::name).ne(new.params().iter().map(Param::name))
}

/// Why the study of another program is a study of something else: none of its finished trials fits the
/// space.
pub(crate) fn unfit(trials: &[Trial]) -> Option<String> {
    let finished = trials.iter().filter(|trial| trial.state == State::Failed);
    let first = finished.clone().find_map(|trial| Some((trial.number, trial.misfit()?)))?;
    let fits = trials.iter().any(|trial| trial.state.is_finished() && !trial.is_set_aside());
    (!fits).then(|| format!("no trial fits the space; of trial {} {}", first.0, first.1))
}
