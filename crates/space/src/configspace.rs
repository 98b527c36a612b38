//! Reading and writing of ConfigSpace's JSON form (format 0.4 of ConfigSpace 1.x).
//!
//! Features without a counterpart are refused by name, not approximated. Read: uniform and normal
//! numbers, categoricals with weights, ordinals, constants; conditions `EQ`, `NEQ`, `IN`, `GT`,
//! `LT`, their conjunctions, and disjunctions with parts that differ in one parent; forbidden clauses of
//! every kind, their conjunctions and disjunctions, and relations. Refused: beta distributions and
//! disjunctions of conditions over several parents. Defaults are ignored on reading; those written
//! are the modes of the priors.

mod read;
mod write;
