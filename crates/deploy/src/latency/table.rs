//! A lookup table of operations that predicts how long networks take.

use super::least_squares::{Column, Wanted, solve};
use super::{Operation, OperationKind, operations};
use automl_arch::{ArchitectureError, Graph};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// How far an operation's own time lies from that of its kind: the variance of the relative noise
/// of a measurement over that of the factors.
const PENALTY: f64 = 0.1;

/// The fewest timed networks that a table is fitted to.
const FEWEST: usize = 8;

/// Reasons for which a table cannot be fitted.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LatencyError {
    /// Too few networks were timed.
    #[error("{samples} timed networks are too few for a latency table: it needs {FEWEST}")]
    TooFew {
        /// Number of timed networks.
        samples: usize,
    },
    /// A network cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A time is not positive.
    #[error("a network cannot take {microseconds} microseconds")]
    Time {
        /// The time.
        microseconds: f64,
    },
    /// A stop was requested, or the time was over, before enough networks were timed.
    #[error("stopped after {timed} networks were timed: a latency table of them needs {needed}")]
    Stopped {
        /// Number of timed networks.
        timed: usize,
        /// Number of networks that a table needs.
        needed: usize,
    },
}

/// A network, or a part of one, that was timed.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencySample {
    /// Operations of the network.
    pub operations: Vec<Operation>,
    /// Measured time in microseconds.
    pub microseconds: f64,
}

impl LatencySample {
    /// A timed network.
    pub fn new(network: &Graph, microseconds: f64) -> Self {
        Self { operations: operations(network), microseconds }
    }
}

/// Predicts the time of a network as a constant plus the times of its operations.
///
/// # Formula
/// `t = t_0 + sum over operations o of f_o (a + b macs(o) + c numbers(o) + d weights(o))`, with rates
/// a, b, c, d >= 0 of the operation's kind and a factor f_o of the operation itself, keyed by kind, channels, kernel,
/// groups and sides; an operation that was not timed has the factor 1.
///
/// Constant and rates minimize the sum of the squared relative errors. The factors then minimize
/// the rest of it plus .1 (f_o - 1)^2 each, so that what was seen once hardly moves and what was
/// seen often has its own time.
///
/// # Source
/// Cai, Zhu & Han (2019), "ProxylessNAS", appendix B, for the sum over a table of operations;
/// Williams, Waterman & Patterson (2009), "Roofline", for the two rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "File", into = "File")]
pub struct LatencyTable {
    constant: f64,
    rates: BTreeMap<OperationKind, Rates>,
    factors: BTreeMap<Operation, f64>,
}

/// Cost rates of one kind of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rates {
    /// Microseconds of the operation itself.
    call: f64,
    /// Microseconds of a million multiply-accumulates.
    mega_mac: f64,
    /// Microseconds of a million numbers of maps, read or written.
    mega_number: f64,
    /// Microseconds of a million weights.
    mega_weight: f64,
}

/// The table as it is written down.
#[derive(Clone, Serialize, Deserialize)]
struct File {
    constant: f64,
    rates: BTreeMap<OperationKind, Rates>,
    operations: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    operation: Operation,
    factor: f64,
}

impl From<File> for LatencyTable {
    fn from(file: File) -> Self {
        let entry = |entry: Entry| (entry.operation, entry.factor);
        let factors = file.operations.into_iter().map(entry).collect();
        Self { constant: file.constant, rates: file.rates, factors }
    }
}

impl From<LatencyTable> for File {
    fn from(table: LatencyTable) -> Self {
        let entry = |(operation, factor)| Entry { operation, factor };
        let operations = table.factors.into_iter().map(entry).collect();
        Self { constant: table.constant, rates: table.rates, operations }
    }
}

impl LatencyTable {
    /// The table of some timed networks.
    ///
    /// # Errors
    /// Fewer than eight networks, or a time that is not positive.
    pub fn fit(samples: &[LatencySample]) -> Result<Self, LatencyError> {
        if samples.len() < FEWEST {
            return Err(LatencyError::TooFew { samples: samples.len() });
        }
        for LatencySample { microseconds, .. } in samples {
            if !(microseconds.is_finite() && *microseconds > 0.0) {
                return Err(LatencyError::Time { microseconds: *microseconds });
            }
        }
        let mut table = Self::fit_rates(samples);
        table.factors = table.fit_factors(samples);
        Ok(table)
    }

    fn fit_rates(samples: &[LatencySample]) -> Self {
        let constant = samples.iter().map(|sample| 1.0 / sample.microseconds);
        let constant: Column = constant.enumerate().collect();
        let mut columns: BTreeMap<(OperationKind, usize), Column> = BTreeMap::new();
        for (row, sample) in samples.iter().enumerate() {
            for operation in &sample.operations {
                for (part, value) in amounts(operation).into_iter().enumerate() {
                    let column = columns.entry((operation.kind, part)).or_default();
                    add(column, row, value / sample.microseconds);
                }
            }
        }
        let keys: Vec<(OperationKind, usize)> = columns.keys().copied().collect();
        let all: Vec<Column> = std::iter::once(constant).chain(columns.into_values()).collect();
        let found = solve(&all, &vec![1.0; samples.len()], Wanted::NonNegative);
        let mut rates: BTreeMap<OperationKind, Rates> = BTreeMap::new();
        for ((kind, part), value) in keys.into_iter().zip(&found[1..]) {
            let rates = rates.entry(kind).or_default();
            match part {
                0 => rates.call = *value,
                1 => rates.mega_mac = *value,
                2 => rates.mega_number = *value,
                _ => rates.mega_weight = *value,
            }
        }
        Self { constant: found[0], rates, factors: BTreeMap::new() }
    }

    fn fit_factors(&self, samples: &[LatencySample]) -> BTreeMap<Operation, f64> {
        let mut columns: BTreeMap<Operation, Column> = BTreeMap::new();
        let mut errors = Vec::with_capacity(samples.len());
        for (row, sample) in samples.iter().enumerate() {
            errors.push(1.0 - self.predict(&sample.operations) / sample.microseconds);
            for operation in &sample.operations {
                let share = self.by_rates(operation) / sample.microseconds;
                add(columns.entry(*operation).or_default(), row, share);
            }
        }
        let (operations, columns): (Vec<Operation>, Vec<Column>) = columns.into_iter().unzip();
        let found = solve(&columns, &errors, Wanted::Small(PENALTY));
        // A time is never negative.
        operations.into_iter().zip(found.into_iter().map(|x| (1.0 + x).max(0.0))).collect()
    }

    /// The predicted time of some operations, in microseconds.
    pub fn predict(&self, operations: &[Operation]) -> f64 {
        let time = |operation: &Operation| {
            let factor = self.factors.get(operation).copied().unwrap_or(1.0);
            factor * self.by_rates(operation)
        };
        self.constant + operations.iter().map(time).sum::<f64>()
    }

    /// The predicted time of a network, in microseconds.
    pub fn latency(&self, network: &Graph) -> f64 {
        self.predict(&operations(network))
    }

    /// The time of an operation by the rates of its kind; a kind that was never timed costs what
    /// the dearest of the others does.
    fn by_rates(&self, operation: &Operation) -> f64 {
        let time = |rates: &Rates| {
            let Rates { call, mega_mac, mega_number, mega_weight } = *rates;
            let rates = [call, mega_mac, mega_number, mega_weight];
            rates.iter().zip(amounts(operation)).map(|(rate, amount)| rate * amount).sum()
        };
        match self.rates.get(&operation.kind) {
            Some(rates) => time(rates),
            None => self.rates.values().map(time).fold(0.0, f64::max),
        }
    }
}

/// Amounts by which the four rates are multiplied.
fn amounts(operation: &Operation) -> [f64; 4] {
    let millions = |count: usize| count as f64 / 1e6;
    let numbers = millions(operation.numbers());
    [1.0, operation.macs() / 1e6, numbers, millions(operation.weights())]
}

/// Adds to the last row of a column, or a new row.
fn add(column: &mut Column, row: usize, value: f64) {
    match column.last_mut() {
        Some((last, sum)) if *last == row => *sum += value,
        _ => column.push((row, value)),
    }
}
