//! Crossover and mutation of single values.

use crate::mutation::different_value;
use automl_space::{Domain, Value};
use rand::{Rng, RngExt};

/// One child of a crossover of two values.
///
/// On ordered domains simulated binary crossover within the bounds, with probability 1/2 as in the
/// authors' code; otherwise the value of either parent. `eta` is the distribution index.
pub(super) fn crossover(domain: &Domain, x: Value, y: Value, eta: f64, rng: &mut dyn Rng) -> Value {
    let swap = rng.random::<bool>();
    let (u, v) = (domain.to_unit(x), domain.to_unit(y));
    if !domain.is_ordered() || (u - v).abs() < 1e-14 || rng.random::<bool>() {
        return if swap { y } else { x };
    }
    let (low, high) = (u.min(v), u.max(v));
    let uniform = rng.random::<f64>();
    // The spread factor, from the distance of the nearer parent to its bound.
    let spread = |distance: f64| {
        let beta = 1.0 + 2.0 * distance / (high - low);
        let alpha = 2.0 - beta.powf(-(eta + 1.0));
        let power = 1.0 / (eta + 1.0);
        if uniform <= 1.0 / alpha {
            (uniform * alpha).powf(power)
        } else {
            (1.0 / (2.0 - uniform * alpha)).powf(power)
        }
    };
    let unit = if swap {
        0.5 * ((low + high) - spread(low) * (high - low))
    } else {
        0.5 * ((low + high) + spread(1.0 - high) * (high - low))
    };
    domain.from_unit(unit)
}

/// Polynomial mutation within the bounds; discrete values and choices always change. `eta` is the
/// distribution index.
pub(super) fn polynomial_mutation(
    domain: &Domain,
    value: Value,
    eta: f64,
    rng: &mut dyn Rng,
) -> Value {
    let x = domain.to_unit(value);
    if domain.is_ordered() {
        let u = rng.random::<f64>();
        let power = 1.0 / (eta + 1.0);
        let delta = if u < 0.5 {
            (2.0 * u + (1.0 - 2.0 * u) * (1.0 - x).powf(eta + 1.0)).powf(power) - 1.0
        } else {
            let v = 2.0 * (1.0 - u) + 2.0 * (u - 0.5) * x.powf(eta + 1.0);
            1.0 - v.powf(power)
        };
        let other = domain.from_unit((x + delta).clamp(0.0, 1.0));
        if other != value {
            return other;
        }
    }
    different_value(domain, value, 1.0 / (eta + 1.0), rng)
}
