//! Feature rows: the encoding of configurations that kernels compare.

use crate::regression::{Column, Distance};
use automl_space::{Config, Domain, Space, Value};

/// The encoding of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Encoding {
    /// The position in the unit interval: one column.
    Unit,
    /// A point `(sin u, cos u)` of an arc, or its center `(0, 0)` while inactive: two columns
    /// (Swersky et al. 2014).
    Arc,
    /// The index of the choice, or -1 while inactive: one column.
    Index,
}

/// The columns of a search space, and one for the fidelity where trials differ in it.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    encodings: Vec<Encoding>,
    /// The first column of each parameter.
    offsets: Vec<usize>,
    continuous: Vec<bool>,
    width: usize,
    fidelity: bool,
}

impl Features {
    pub(crate) fn new(space: &Space, fidelity: bool) -> Self {
        let encoding = |param: &automl_space::Param| match param.domain() {
            domain if !domain.is_ordered() => Encoding::Index,
            _ if param.condition().is_some() => Encoding::Arc,
            _ => Encoding::Unit,
        };
        let continuous = space.params().iter().map(
            |p| matches!(p.domain(), Domain::Float(d) if d.step().is_none() && d.low() < d.high()),
        );
        let encodings: Vec<Encoding> = space.params().iter().map(encoding).collect();
        let mut width = 0;
        let offsets = encodings.iter().map(|encoding| {
            let offset = width;
            width += if *encoding == Encoding::Arc { 2 } else { 1 };
            offset
        });
        let offsets = offsets.collect();
        let width = width + usize::from(fidelity);
        Self { offsets, continuous: continuous.collect(), encodings, width, fidelity }
    }

    /// One length scale for each parameter, and one for the fidelity.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::with_capacity(self.width);
        for (scale, encoding) in self.encodings.iter().enumerate() {
            let distance =
                if *encoding == Encoding::Index { Distance::Hamming } else { Distance::Square };
            columns.push(Column { distance, scale });
            if *encoding == Encoding::Arc {
                columns.push(Column { distance, scale });
            }
        }
        if self.fidelity {
            columns.push(Column { distance: Distance::Square, scale: self.encodings.len() });
        }
        columns
    }

    /// The shift of each parameter's mean log length scale that makes its mean squared distance
    /// that of a number: two uniform numbers are `1 / 6` apart in mean square, two choices of `n`
    /// differ with probability `1 - 1 / n`. Without the shift every change of a category would lead
    /// to a configuration without correlation to the others.
    pub(crate) fn log_length_shifts(&self, space: &Space) -> Vec<f64> {
        let one = |(encoding, param): (&Encoding, &automl_space::Param)| match (
            encoding,
            param.domain().cardinality(),
        ) {
            (Encoding::Index, Some(n)) if n > 1 => 0.5 * (6.0 * (1.0 - 1.0 / n as f64)).ln(),
            _ => 0.0,
        };
        self.encodings.iter().zip(space.params()).map(one).collect()
    }

    /// The row of a configuration at a fidelity in `[0, 1]`.
    pub(crate) fn row(&self, space: &Space, config: &Config, fidelity: f64) -> Vec<f64> {
        let mut row = Vec::with_capacity(self.width);
        for (i, encoding) in self.encodings.iter().enumerate() {
            let value = config.value(i);
            let unit = |value| space.params()[i].domain().to_unit(value);
            match (encoding, value) {
                (Encoding::Unit, value) => row.push(value.map_or(0.5, unit)),
                (Encoding::Arc, None) => row.extend([0.0, 0.0]),
                (Encoding::Arc, Some(value)) => {
                    let unit = unit(value);
                    row.extend([unit.sin(), unit.cos()]);
                }
                (Encoding::Index, Some(Value::Category(index))) => row.push(index as f64),
                (Encoding::Index, _) => row.push(-1.0),
            }
        }
        if self.fidelity {
            row.push(fidelity);
        }
        row
    }

    /// The columns of one parameter.
    pub(crate) fn columns_of(&self, parameter: usize) -> std::ops::Range<usize> {
        let start = self.offsets[parameter];
        start..start + if self.encodings[parameter] == Encoding::Arc { 2 } else { 1 }
    }

    /// The columns of unconditional continuous parameters, which input warping may be fitted to.
    pub(crate) fn warpable(&self) -> Vec<usize> {
        (0..self.encodings.len())
            .filter(|&i| self.encodings[i] == Encoding::Unit && self.continuous[i])
            .map(|i| self.offsets[i])
            .collect()
    }

    /// Whether a parameter varies continuously.
    pub(crate) fn is_continuous(&self, parameter: usize) -> bool {
        self.continuous[parameter]
    }

    /// The active parameters that vary continuously.
    pub(crate) fn free(&self, config: &Config) -> Vec<usize> {
        (0..self.encodings.len())
            .filter(|&i| self.continuous[i] && config.value(i).is_some())
            .collect()
    }

    /// Writes the unit position of one active, continuous parameter into a row.
    pub(crate) fn set(&self, row: &mut [f64], parameter: usize, unit: f64) {
        let at = self.offsets[parameter];
        match self.encodings[parameter] {
            Encoding::Arc => (row[at], row[at + 1]) = (unit.sin(), unit.cos()),
            _ => row[at] = unit,
        }
    }

    /// The derivative in the unit position of one parameter from those in its columns.
    pub(crate) fn backpropagate(&self, gradient: &[f64], parameter: usize, unit: f64) -> f64 {
        let at = self.offsets[parameter];
        match self.encodings[parameter] {
            Encoding::Arc => gradient[at] * unit.cos() - gradient[at + 1] * unit.sin(),
            _ => gradient[at],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arc of Swersky et al.: an inactive parameter is equally far from each of its values, and
    /// these from each other by the chord between their angles.
    #[test]
    fn an_inactive_parameter_is_as_far_from_each_of_its_values() {
        let mut builder = Space::builder();
        let kind = builder.choice("kind", ["with", "without"]).add().unwrap();
        let x = builder.float("x", 0.0..=1.0).when(kind, "with").add().unwrap();
        let space = builder.build().unwrap();
        let features = Features::new(&space, false);
        let at = |unit: &[f64]| {
            let config = space.decode(unit);
            assert_eq!(config.get(x).is_some(), unit[0] < 0.5);
            features.row(&space, &config, 1.0)
        };
        let distance = |a: &[f64], b: &[f64]| -> f64 {
            a[1..].iter().zip(&b[1..]).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let inactive = at(&[0.9, 0.0]);
        for u in [0.0, 0.3, 0.5, 1.0] {
            let active = at(&[0.1, u]);
            assert!((distance(&inactive, &active) - 1.0).abs() < 1e-12, "{u}");
            let chord = 2.0 - 2.0 * u.cos();
            assert!((distance(&at(&[0.1, 0.0]), &active) - chord).abs() < 1e-12, "{u}");
        }
    }
}
