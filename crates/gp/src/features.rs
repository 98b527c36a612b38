//! From configurations to the rows of features that kernels compare.

use crate::regression::{Column, Distance};
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

/// The columns of a space, and one for the fidelity where trials differ in it.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    parts: Vec<Part>,
    /// The first column of each parameter.
    offsets: Vec<usize>,
    continuous: Vec<bool>,
    width: usize,
    fidelity: bool,
}

impl Features {
    pub(crate) fn new(space: &Space, fidelity: bool) -> Self {
        let part = |param: &automl_space::Param| match param.domain() {
            domain if !domain.is_ordered() => Part::Index,
            _ if param.condition().is_some() => Part::Arc,
            _ => Part::Unit,
        };
        let continuous = space.params().iter().map(
            |p| matches!(p.domain(), Domain::Float(d) if d.step().is_none() && d.low() < d.high()),
        );
        let parts: Vec<Part> = space.params().iter().map(part).collect();
        let mut width = 0;
        let offsets = parts.iter().map(|part| {
            let offset = width;
            width += if *part == Part::Arc { 2 } else { 1 };
            offset
        });
        let offsets = offsets.collect();
        let width = width + usize::from(fidelity);
        Self { offsets, continuous: continuous.collect(), parts, width, fidelity }
    }

    /// One length scale for each parameter, and one for the fidelity.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::with_capacity(self.width);
        for (scale, part) in self.parts.iter().enumerate() {
            let distance = if *part == Part::Index { Distance::Differs } else { Distance::Square };
            columns.push(Column { distance, scale });
            if *part == Part::Arc {
                columns.push(Column { distance, scale });
            }
        }
        if self.fidelity {
            columns.push(Column { distance: Distance::Square, scale: self.parts.len() });
        }
        columns
    }

    /// By how much each parameter's distances exceed those of a number, in logarithms of length:
    /// two uniform numbers are `1 / 6` apart in mean square, two choices of `n` differ with
    /// probability `1 - 1 / n`. Without it every change of a category would lead to a configuration
    /// that nothing is known of.
    pub(crate) fn reach(&self, space: &Space) -> Vec<f64> {
        let one = |(part, param): (&Part, &automl_space::Param)| match (
            part,
            param.domain().cardinality(),
        ) {
            (Part::Index, Some(n)) if n > 1 => 0.5 * (6.0 * (1.0 - 1.0 / n as f64)).ln(),
            _ => 0.0,
        };
        self.parts.iter().zip(space.params()).map(one).collect()
    }

    /// The row of a configuration at a fidelity in `[0, 1]`.
    pub(crate) fn row(&self, space: &Space, config: &Config, fidelity: f64) -> Vec<f64> {
        let mut row = Vec::with_capacity(self.width);
        for (i, part) in self.parts.iter().enumerate() {
            let value = config.value(i);
            let unit = |value| space.params()[i].domain().to_unit(value);
            match (part, value) {
                (Part::Unit, value) => row.push(value.map_or(0.5, unit)),
                (Part::Arc, None) => row.extend([0.0, 0.0]),
                (Part::Arc, Some(value)) => {
                    let unit = unit(value);
                    row.extend([unit.sin(), unit.cos()]);
                }
                (Part::Index, Some(Value::Category(index))) => row.push(index as f64),
                (Part::Index, _) => row.push(-1.0),
            }
        }
        if self.fidelity {
            row.push(fidelity);
        }
        row
    }

    /// The columns that lie in the unit interval and take more than a few values.
    pub(crate) fn warpable(&self) -> Vec<usize> {
        (0..self.parts.len())
            .filter(|&i| self.parts[i] == Part::Unit && self.continuous[i])
            .map(|i| self.offsets[i])
            .collect()
    }

    /// Whether a parameter varies continuously.
    pub(crate) fn is_continuous(&self, parameter: usize) -> bool {
        self.continuous[parameter]
    }

    /// The active parameters that vary continuously.
    pub(crate) fn free(&self, config: &Config) -> Vec<usize> {
        (0..self.parts.len()).filter(|&i| self.continuous[i] && config.value(i).is_some()).collect()
    }

    /// Puts the unit position of one active, continuous parameter into a row.
    pub(crate) fn set(&self, row: &mut [f64], parameter: usize, unit: f64) {
        let at = self.offsets[parameter];
        match self.parts[parameter] {
            Part::Arc => (row[at], row[at + 1]) = (unit.sin(), unit.cos()),
            _ => row[at] = unit,
        }
    }

    /// The derivative along the unit position of one parameter from that along its columns.
    pub(crate) fn pull(&self, gradient: &[f64], parameter: usize, unit: f64) -> f64 {
        let at = self.offsets[parameter];
        match self.parts[parameter] {
            Part::Arc => gradient[at] * unit.cos() - gradient[at + 1] * unit.sin(),
            _ => gradient[at],
        }
    }
}
