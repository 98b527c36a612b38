//! ConfigSpace's JSON form (format 0.4 of ConfigSpace 1.x), read and written.
//!
//! What one side has and the other lacks is refused by name rather than approximated. Read: uniform
//! and normal numbers, categoricals with weights, ordinals, constants; conditions `EQ`, `NEQ`, `IN`,
//! `GT`, `LT`, their conjunctions, and disjunctions over values of one parent; forbidden clauses,
//! conjunctions of them and relations. Refused: beta distributions and disjunctions over several
//! parents. Defaults are not read, as a default is no belief; those written are the priors' modes.

mod read;
mod write;
