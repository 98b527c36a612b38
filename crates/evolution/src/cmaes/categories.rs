//! The distribution over unordered choices.

use rand::{Rng, RngExt};

/// Independent categorical distributions that follow the natural gradient.
///
/// # Source
/// Akimoto et al. (2019), "Adaptive Stochastic Natural Gradient Method for One-Shot Neural
/// Architecture Search", algorithm 1 and section 3 (the learning rate); Hamano et al. (2024),
/// "CatCMA", section 3.2, for the margin that keeps every choice possible.
#[derive(Clone, Debug)]
pub(super) struct Categories {
    /// Probabilities of each parameter's choices.
    shares: Vec<Vec<f64>>,
    path: Vec<f64>,
    gamma: f64,
    delta: f64,
}

/// How much the path's length may exceed that of random gradients before the rate falls.
const ALPHA: f64 = 1.5;

impl Categories {
    /// The given probabilities, each at least the margin.
    pub(super) fn new(shares: Vec<Vec<f64>>) -> Self {
        let size = shares.iter().map(|s| s.len() - 1).sum();
        let mut new = Self { shares, path: vec![0.0; size], gamma: 0.0, delta: 1.0 };
        new.restrict();
        new
    }

    /// The start of a new run: all choices alike.
    pub(super) fn uniform(&self) -> Self {
        Self::new(self.shares.iter().map(|s| vec![1.0 / s.len() as f64; s.len()]).collect())
    }

    /// The index of a choice of every parameter.
    pub(super) fn sample(&self, rng: &mut dyn Rng) -> Vec<usize> {
        let draw = |shares: &Vec<f64>, rng: &mut dyn Rng| {
            let mut left = rng.random::<f64>();
            for (index, share) in shares.iter().enumerate() {
                left -= share;
                if left < 0.0 {
                    return index;
                }
            }
            shares.len() - 1
        };
        self.shares.iter().map(|shares| draw(shares, rng)).collect()
    }

    /// One generation's better half with its weights, which add up to one; an inactive parameter
    /// has no choice and teaches nothing.
    pub(super) fn update(&mut self, chosen: &[Vec<Option<usize>>], weights: &[f64]) {
        if self.path.is_empty() {
            return;
        }
        let rate = 1.0 / self.delta;
        let beta = (rate / (self.path.len() as f64).sqrt()).min(1.0);
        let mut gradient: Vec<Vec<f64>> = self.shares.iter().map(|s| vec![0.0; s.len()]).collect();
        for (choices, weight) in chosen.iter().zip(weights) {
            for ((choice, shares), gradient) in choices.iter().zip(&self.shares).zip(&mut gradient)
            {
                let Some(choice) = choice else { continue };
                for (k, (g, share)) in gradient.iter_mut().zip(shares).enumerate() {
                    *g += weight * (f64::from(u8::from(k == *choice)) - share);
                }
            }
        }
        // The gradient in coordinates in which the Fisher metric is the identity.
        let mut white = Vec::with_capacity(self.path.len());
        for (shares, gradient) in self.shares.iter().zip(&gradient) {
            let last = shares.len() - 1;
            let sum: f64 = gradient[..last].iter().sum();
            let rest = sum / (shares[last] + shares[last].sqrt());
            let pairs = shares[..last].iter().zip(gradient);
            white.extend(pairs.map(|(share, g)| g / share.sqrt() + share.sqrt() * rest));
        }
        let norm = white.iter().map(|x| x * x).sum::<f64>().sqrt() + 1e-8;
        for (shares, gradient) in self.shares.iter_mut().zip(&gradient) {
            for (share, g) in shares.iter_mut().zip(gradient) {
                // Never past the point where the best half would be all there is.
                *share += (rate / norm).min(1.0) * g;
            }
        }
        let grow = (beta * (2.0 - beta)).sqrt() / norm;
        for (path, x) in self.path.iter_mut().zip(&white) {
            *path = (1.0 - beta) * *path + grow * x;
        }
        self.gamma = (1.0 - beta).powi(2) * self.gamma + beta * (2.0 - beta);
        let length: f64 = self.path.iter().map(|x| x * x).sum();
        let factor = (beta * (self.gamma - length / ALPHA)).exp();
        self.delta = (self.delta * factor).clamp(0.1, 1e6);
        self.restrict();
    }

    /// Lifts every probability to the margin `(1 - 0.73^{1/m}) / (k - 1)` for `m` parameters and
    /// `k` choices, which leaves the likeliest joint choice about three quarters.
    fn restrict(&mut self) {
        let parameters = self.shares.len().max(1) as f64;
        for shares in &mut self.shares {
            let k = shares.len() as f64;
            if k < 2.0 {
                continue;
            }
            let least = ((1.0 - 0.73_f64.powf(1.0 / parameters)) / (k - 1.0)).min(1.0 / k);
            shares.iter_mut().for_each(|share| *share = share.max(least));
            let sum: f64 = shares.iter().sum();
            let room = sum - k * least;
            if room > 1e-12 {
                let scale = (1.0 - k * least) / room;
                shares.iter_mut().for_each(|share| *share = least + (*share - least) * scale);
            } else {
                shares.fill(1.0 / k);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Categories;
    use automl_numeric::stream;

    #[test]
    fn the_better_choices_win_and_none_dies() {
        let mut categories = Categories::new(vec![vec![0.25; 4], vec![0.5; 2]]);
        for generation in 0..60 {
            let mut rng = stream(generation, 0, "test");
            let mut drawn: Vec<Vec<usize>> = (0..8).map(|_| categories.sample(&mut rng)).collect();
            drawn.sort_by_key(|c| usize::from(c[0] != 2) + usize::from(c[1] != 0));
            let best: Vec<Vec<Option<usize>>> =
                drawn[..4].iter().map(|c| c.iter().map(|i| Some(*i)).collect()).collect();
            categories.update(&best, &[0.4, 0.3, 0.2, 0.1]);
        }
        assert!(categories.shares[0][2] > 0.7 && categories.shares[1][0] > 0.7);
        for shares in &categories.shares {
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(shares.iter().all(|share| *share > 0.01));
        }
    }
}
