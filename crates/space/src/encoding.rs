//! The unit cube: configurations as points with an activity mask.

use crate::{Config, Space};

/// A configuration in the unit cube, one coordinate for each parameter of its space.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Coordinates in `[0, 1]`, see [`crate::Domain::to_unit`]; `1/2` where inactive. `[d]`.
    pub unit: Vec<f64>,
    /// Which parameters are active. `[d]`.
    pub active: Vec<bool>,
}

impl Space {
    /// The point of a configuration.
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

    /// The configuration at a point: the inverse of [`Space::encode`]. Coordinates of inactive
    /// parameters are not read; missing ones count as `1/2`.
    pub fn decode(&self, unit: &[f64]) -> Config {
        self.build_config(|index, param| {
            param.domain().from_unit(unit.get(index).copied().unwrap_or(0.5))
        })
    }
}
