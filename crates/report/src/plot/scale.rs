//! Scales: from values to positions, with ticks.

use super::format::number;

/// A mapping from an interval of values to an interval of positions in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
    /// Whether ticks are whole numbers.
    whole: bool,
}

impl Scale {
    /// The scale that covers all finite values, a logarithmic one only where all are positive.
    /// Without values it covers `[0, 1]`; a single value gets some room.
    pub(crate) fn of(
        values: impl IntoIterator<Item = f64>,
        log: bool,
        [from, to]: [f64; 2],
    ) -> Self {
        let finite = values.into_iter().filter(|x| x.is_finite());
        let (low, high) = finite
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (x.min(low), x.max(high)));
        let log = log && low >= f64::MIN_POSITIVE && high > low;
        let (low, high) = match (low, high) {
            (low, high) if low > high => (0.0, 1.0),
            (low, high) if low == high => {
                let room = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
                ((low - room).max(f64::MIN), (high + room).min(f64::MAX))
            }
            both => both,
        };
        Self { low, high, from, to, log, whole: false }
    }

    /// The scale with its ends moved outwards to ticks where they lie near.
    pub(crate) fn nice(mut self) -> Self {
        if !self.log {
            let step = step(self.low, self.high, 5.0);
            if step > 0.0 && step.is_finite() {
                self.low = ((self.low / step).floor() * step).max(f64::MIN);
                self.high = ((self.high / step).ceil() * step).min(f64::MAX);
            }
        } else {
            let margin = (0.03 * (self.high.ln() - self.low.ln())).exp();
            self.low = (self.low / margin).max(f64::MIN_POSITIVE);
            self.high = (self.high * margin).min(f64::MAX);
        }
        self
    }

    /// The scale with ticks at whole numbers only: values are counts.
    pub(crate) fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    pub(crate) fn is_log(&self) -> bool {
        self.log
    }

    /// The position of a value; outside the interval it lies outside the range.
    pub(crate) fn at(&self, x: f64) -> f64 {
        // Logarithms and halves, because the ratio and the width of the widest intervals overflow.
        let (above, width) = if self.log {
            let low = self.low.ln();
            (x.max(f64::MIN_POSITIVE).ln() - low, self.high.ln() - low)
        } else {
            (x / 2.0 - self.low / 2.0, self.high / 2.0 - self.low / 2.0)
        };
        // The width of the narrowest intervals vanishes.
        let share = if width > 0.0 { above / width } else { 0.5 };
        self.from + share * (self.to - self.from)
    }

    /// Ticks with their labels, about `count` of them.
    pub(crate) fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let ticks = if self.log { self.log_ticks(count) } else { self.linear_ticks(count) };
        ticks.into_iter().map(|tick| (tick, number(tick))).collect()
    }

    fn linear_ticks(&self, count: usize) -> Vec<f64> {
        let step = step(self.low, self.high, count as f64);
        let step = if self.whole { step.max(1.0) } else { step };
        if !(step > 0.0 && step.is_finite()) {
            return vec![self.low];
        }
        let (first, last) = ((self.low / step - 1e-9).ceil(), (self.high / step + 1e-9).floor());
        // From whole multiples, without the errors of a sum.
        let decimals = (-step.log10().floor()).max(0.0) as i32 + 1;
        let round = |x: f64| {
            let power = 10f64.powi(decimals.min(300));
            if power.is_finite() && (x * power).is_finite() {
                (x * power).round() / power
            } else {
                x
            }
        };
        let ticks = (last - first).clamp(0.0, 20.0) as usize;
        (0..=ticks).map(|k| round((first + k as f64) * step)).collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<f64> {
        let (low, high) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let every = ((high - low) as usize).div_ceil(count.max(1)).max(1) as i32;
        let multiples: &[f64] = match high - low {
            ..=1 => &[1.0, 2.0, 3.0, 5.0, 7.0],
            2 => &[1.0, 2.0, 5.0],
            3 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let decades = (low..=high).filter(|exponent| exponent.rem_euclid(every) == 0);
        let all = decades.flat_map(|e| multiples.iter().map(move |m| m * 10f64.powi(e)));
        let inside: Vec<f64> = all.filter(|x| (self.low..=self.high).contains(x)).collect();
        if inside.is_empty() { vec![self.low, self.high] } else { inside }
    }
}

/// A step of 1, 2 or 5 times a power of ten that cuts an interval into about `count` parts.
fn step(low: f64, high: f64, count: f64) -> f64 {
    let raw = (high / count - low / count).abs();
    let power = 10f64.powf(raw.log10().floor());
    let factor = match raw / power {
        ..1.5 => 1.0,
        1.5..3.5 => 2.0,
        3.5..7.5 => 5.0,
        _ => 10.0,
    };
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        let scale = Scale::of([0.03, 0.97], false, [0.0, 100.0]).nice();
        let labels: Vec<String> = scale.ticks(5).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        let counts = Scale::of([1.0, 2.0], false, [0.0, 100.0]).whole();
        let labels: Vec<String> = counts.ticks(3).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["1", "2"]);
        let log = Scale::of([1e-5, 1e-1], true, [0.0, 100.0]);
        assert_eq!(log.ticks(5).len(), 5);
        assert!((log.at(1e-3) - 50.0).abs() < 1e-9);
        assert!(!Scale::of([-1.0, 10.0], true, [0.0, 1.0]).is_log());
    }

    proptest! {
        /// Whatever the values, positions are finite and inside, and ticks few and inside.
        #[test]
        fn every_value_has_a_place(
            values in proptest::collection::vec(proptest::num::f64::ANY, 0..8), log: bool,
        ) {
            let scale = Scale::of(values.iter().copied(), log, [10.0, 90.0]).nice();
            for value in values.into_iter().filter(|x| x.is_finite()) {
                let at = scale.at(value);
                prop_assert!((9.0..=91.0).contains(&at), "{value} at {at} of {scale:?}");
            }
            let ticks = scale.ticks(5);
            prop_assert!(ticks.len() <= 21, "{ticks:?}");
        }
    }
}
