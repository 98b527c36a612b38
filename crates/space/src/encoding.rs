//! Encoding of configurations as points of the unit cube with an activity mask.

use crate::{Config, Space};

/// An encoded configuration: a point of the unit cube with one coordinate for each parameter.
///
/// # Examples
/// ```
/// use automl_space::Space;
///
/// let mut builder = Space::builder();
/// builder.float("rate", 1e-4..=1.0).log().add()?;
/// let space = builder.build()?;
/// let config = space.config([("rate", 1.0.into())])?;
/// let point = space.encode(&config);
/// assert_eq!((point.unit[0], point.active[0]), (1.0, true));
/// assert_eq!(space.decode(&point.unit), config);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The coordinates `[d]` in `[0, 1]`, see [`crate::Domain::to_unit`]; `1/2` where inactive.
    pub unit: Vec<f64>,
    /// The activity mask `[d]`.
    pub active: Vec<bool>,
}

impl Space {
    /// Encodes a configuration.
    pub fn encode(&self, config: &Config) -> Point {
        let mut point = Point { unit: vec![0.5; self.len()], active: vec![false; self.len()] };
        for (index, param) in self.params().iter().enumerate() {
            if let Some(value) = config.value(index) {
                point.unit[index] = param.domain().to_unit(value);
                point.active[index] = true;
            }
        }
        point
    }

    /// Decodes coordinates `[d]` to a configuration; the inverse of [`Space::encode`]. Coordinates of
    /// inactive parameters are ignored, missing ones count as `1/2`.
    pub fn decode(&self, unit: &[f64]) -> Config {
        self.build_config(|index, param| {
            param.domain().from_unit(unit.get(index).copied().unwrap_or(0.5))
        })
    }
}
