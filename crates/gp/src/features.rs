//! From configurations to the rows of features that kernels compare.

use crate::model::{Column, Distance};
use automl_space::{Config, Domain, Space, Value};

/// How one parameter fills its columns.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// Its position in the unit interval.
    Unit,
    /// A point of an arc, or the centre while inactive: two columns.
    Arc,
    /// The index of the choice, or -1 while inactive.
    Index,
}

/// The columns of a space.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    parts: Vec<Part>,
    continuous: Vec<bool>,
}

impl Features {
    pub(crate) fn new(space: &Space) -> Self {
        let part = |param: &automl_space::Param| match param.domain() {
            domain if !domain.is_ordered() => Part::Index,
            _ if param.condition().is_some() => Part::Arc,
            _ => Part::Unit,
        };
        let continuous = space.params().iter().map(
            |p| matches!(p.domain(), Domain::Float(d) if d.step().is_none() && d.low() < d.high()),
        );
        Self { parts: space.params().iter().map(part).collect(), continuous: continuous.collect() }
    }

    pub(crate) fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        for (scale, part) in self.parts.iter().enumerate() {
            let distance = if *part == Part::Index { Distance::Differs } else { Distance::Square };
            columns.push(Column { distance, scale });
            if *part == Part::Arc {
                columns.push(Column { distance, scale });
            }
        }
        columns
    }

    /// The row of a configuration.
    pub(crate) fn row(&self, space: &Space, config: &Config) -> Vec<f64> {
        let point = space.encode(config);
        let mut row = Vec::with_capacity(2 * self.parts.len());
        for (i, part) in self.parts.iter().enumerate() {
            let active = point.active[i];
            match part {
                Part::Unit => row.push(point.unit[i]),
                Part::Arc if active => row.extend([point.unit[i].sin(), point.unit[i].cos()]),
                Part::Arc => row.extend([0.0, 0.0]),
                Part::Index => row.push(match config.value(i) {
                    Some(Value::Category(index)) => index as f64,
                    _ => -1.0,
                }),
            }
        }
        row
    }

    /// The active parameters that vary continuously.
    pub(crate) fn free(&self, config: &Config) -> Vec<usize> {
        (0..self.parts.len()).filter(|&i| self.continuous[i] && config.value(i).is_some()).collect()
    }

    /// Puts the unit position of one active, continuous parameter into a row.
    pub(crate) fn set(&self, row: &mut [f64], parameter: usize, unit: f64) {
        let at = self.offset(parameter);
        match self.parts[parameter] {
            Part::Arc => (row[at], row[at + 1]) = (unit.sin(), unit.cos()),
            _ => row[at] = unit,
        }
    }

    /// The derivative along the unit position of one parameter from that along its columns.
    pub(crate) fn pull(&self, gradient: &[f64], parameter: usize, unit: f64) -> f64 {
        let at = self.offset(parameter);
        match self.parts[parameter] {
            Part::Arc => gradient[at] * unit.cos() - gradient[at + 1] * unit.sin(),
            _ => gradient[at],
        }
    }

    fn offset(&self, parameter: usize) -> usize {
        self.parts[..parameter].iter().map(|p| if *p == Part::Arc { 2 } else { 1 }).sum()
    }
}
