//! Distributions over unordered choices.

use rand::{Rng, RngExt};

/// Independent categorical distributions, updated by natural gradients with an adaptive learning rate.
///
/// # Source
/// Akimoto et al. (2019), "Adaptive Stochastic Natural Gradient Method for One-Shot Neural
/// Architecture Search", algorithm 1 and section 3 (the learning rate); Hamano et al. (2024),
/// "CatCMA", section 3.2, for the margin that keeps every choice possible.
#[derive(Clone, Debug)]
pub(super) struct Categorical {
    /// Probabilities of the choices of each parameter.
    probabilities: Vec<Vec<f64>>,
    /// Exponential moving average of the normalized gradients, in whitened coordinates.
    path: Vec<f64>,
    /// Expected squared length of the path under random selection.
    gamma: f64,
    /// Inverse of the learning rate.
    delta: f64,
}

/// Ratio of the squared length of the path to that under random selection at which the rate stays.
const ALPHA: f64 = 1.5;

impl Categorical {
    /// Uniform distributions over choices of these numbers.
    pub(super) fn uniform(sizes: impl IntoIterator<Item = usize>) -> Self {
        let probabilities: Vec<Vec<f64>> =
            sizes.into_iter().map(|k| vec![1.0 / k as f64; k]).collect();
        let free = probabilities.iter().map(|p| p.len() - 1).sum();
        let mut new = Self { probabilities, path: vec![0.0; free], gamma: 0.0, delta: 1.0 };
        new.apply_margin();
        new
    }

    /// The number of choices of each parameter.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.probabilities.iter().map(Vec::len).collect()
    }

    /// The index of a choice for each parameter.
    pub(super) fn sample(&self, rng: &mut dyn Rng) -> Vec<usize> {
        let draw = |probabilities: &Vec<f64>, rng: &mut dyn Rng| {
            let mut left = rng.random::<f64>();
            for (index, probability) in probabilities.iter().enumerate() {
                left -= probability;
                if left < 0.0 {
                    return index;
                }
            }
            probabilities.len() - 1
        };
        self.probabilities.iter().map(|probabilities| draw(probabilities, rng)).collect()
    }

    /// One step along the natural gradient.
    ///
    /// `chosen`: the choices of the better half of a generation, `None` where inactive;
    /// `weights`: their weights, of sum 1.
    pub(super) fn update(&mut self, chosen: &[Vec<Option<usize>>], weights: &[f64]) {
        if self.path.is_empty() {
            return;
        }
        let gradient = self.gradient(chosen, weights);
        let white = self.whitened(&gradient);
        let norm = white.iter().map(|x| x * x).sum::<f64>().sqrt() + 1e-8;
        let rate = 1.0 / self.delta;
        for (probabilities, gradient) in self.probabilities.iter_mut().zip(&gradient) {
            for (probability, g) in probabilities.iter_mut().zip(gradient) {
                // A factor above 1 would overshoot the frequencies of the better half.
                *probability += (rate / norm).min(1.0) * g;
            }
        }
        self.adapt_rate(&white, norm);
        self.apply_margin();
    }

    /// The natural gradient: for each choice the weighted mean of `[chosen] - p` over the active ones.
    fn gradient(&self, chosen: &[Vec<Option<usize>>], weights: &[f64]) -> Vec<Vec<f64>> {
        let mut gradient: Vec<Vec<f64>> =
            self.probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        for (choices, weight) in chosen.iter().zip(weights) {
            let parameters = choices.iter().zip(&self.probabilities).zip(&mut gradient);
            for ((choice, probabilities), gradient) in parameters {
                let Some(choice) = choice else { continue };
                for (k, (g, probability)) in gradient.iter_mut().zip(probabilities).enumerate() {
                    *g += weight * (f64::from(u8::from(k == *choice)) - probability);
                }
            }
        }
        gradient
    }

    /// The gradient in coordinates in which the Fisher metric is the identity.
    fn whitened(&self, gradient: &[Vec<f64>]) -> Vec<f64> {
        let mut white = Vec::with_capacity(self.path.len());
        for (probabilities, gradient) in self.probabilities.iter().zip(gradient) {
            let last = probabilities.len() - 1;
            let sum: f64 = gradient[..last].iter().sum();
            let rest = sum / (probabilities[last] + probabilities[last].sqrt());
            let pairs = probabilities[..last].iter().zip(gradient);
            white.extend(pairs.map(|(p, g)| g / p.sqrt() + p.sqrt() * rest));
        }
        white
    }

    /// Adapts the learning rate: it falls while the path is longer than under random selection.
    fn adapt_rate(&mut self, white: &[f64], norm: f64) {
        let rate = 1.0 / self.delta;
        let beta = (rate / (self.path.len() as f64).sqrt()).min(1.0);
        let grow = (beta * (2.0 - beta)).sqrt() / norm;
        for (path, x) in self.path.iter_mut().zip(white) {
            *path = (1.0 - beta) * *path + grow * x;
        }
        self.gamma = (1.0 - beta).powi(2) * self.gamma + beta * (2.0 - beta);
        let length: f64 = self.path.iter().map(|x| x * x).sum();
        let factor = (beta * (self.gamma - length / ALPHA)).exp();
        self.delta = (self.delta * factor).clamp(0.1, 1e6);
    }

    /// Raises every probability to the margin `(1 - 0.73^(1/m)) / (k - 1)` for `m` parameters and `k`
    /// choices, which leaves the likeliest joint choice a probability of at most 0.73.
    fn apply_margin(&mut self) {
        let parameters = self.probabilities.len().max(1) as f64;
        for probabilities in &mut self.probabilities {
            let k = probabilities.len() as f64;
            if k < 2.0 {
                continue;
            }
            let margin = ((1.0 - 0.73_f64.powf(1.0 / parameters)) / (k - 1.0)).min(1.0 / k);
            probabilities.iter_mut().for_each(|p| *p = p.max(margin));
            let sum: f64 = probabilities.iter().sum();
            let excess = sum - k * margin;
            if excess > 1e-12 {
                let scale = (1.0 - k * margin) / excess;
                probabilities.iter_mut().for_each(|p| *p = margin + (*p - margin) * scale);
            } else {
                probabilities.fill(1.0 / k);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Categorical;
    use automl_numeric::stream;

    #[test]
    fn better_choices_win_and_every_choice_stays_possible() {
        let mut choices = Categorical::uniform([4, 2]);
        for generation in 0..60 {
            let mut rng = stream(generation, 0, "test");
            let mut drawn: Vec<Vec<usize>> = (0..8).map(|_| choices.sample(&mut rng)).collect();
            drawn.sort_by_key(|c| usize::from(c[0] != 2) + usize::from(c[1] != 0));
            let best: Vec<Vec<Option<usize>>> =
                drawn[..4].iter().map(|c| c.iter().map(|i| Some(*i)).collect()).collect();
            choices.update(&best, &[0.4, 0.3, 0.2, 0.1]);
        }
        assert!(choices.probabilities[0][2] > 0.7 && choices.probabilities[1][0] > 0.7);
        for probabilities in &choices.probabilities {
            assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(probabilities.iter().all(|p| *p > 0.01));
        }
    }
}
