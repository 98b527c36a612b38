//! Racing: which of the trained networks to train once more, so that the order of the front is settled.

/// The most trainings of one network.
const MOST: usize = 5;

/// The points of Student's t distribution with 1, 2, ... degrees of freedom beyond which 5 % lie, on both
/// sides together.
const STUDENT: [f64; 12] =
    [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18];

/// A network in a race: its cost, and the loss of each of its trainings.
#[derive(Clone, Debug, PartialEq)]
pub struct Racer {
    /// What it costs, smaller is better.
    pub cost: f64,
    /// The validation losses, of independent trainings.
    pub losses: Vec<f64>,
}

impl Racer {
    /// The mean of the losses.
    pub fn mean(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }
}

/// The network of which a further training would say most about the front; `None` once chance no longer
/// decides which networks are on it, or each that matters has had five trainings.
///
/// A network `j` is on the front if its mean loss `m_j` is below that of the best network `i` that costs no
/// more. The comparison is settled where
///
/// ```text
/// |m_i - m_j| > t s sqrt(1/k_i + 1/k_j)
/// ```
///
/// for `k` trainings each, the standard deviation `s` pooled over all networks, and the 97.5 % point `t` of
/// Student's distribution with as many degrees of freedom as `s` has. Of the comparisons that are not, the
/// closest one, relative to its error, gets a training of its network with fewer of them. Until a network
/// was trained twice `s` is unknown, and the closest comparison counts. A race in the sense of Maron and
/// Moore (1994), by the t test of Birattari et al. (2002), without correction for the number of
/// comparisons.
///
/// # Examples
/// ```
/// use automl_candidates::{Racer, unsettled};
///
/// let racer = |cost, losses: &[f64]| Racer { cost, losses: losses.to_vec() };
/// // The second and the third are close, and chance moves them further than that.
/// let racers = [racer(1.0, &[0.9]), racer(2.0, &[0.50, 0.54]), racer(3.0, &[0.49])];
/// assert_eq!(unsettled(&racers), Some(2));
/// // Far apart, and hardly moved by chance.
/// let racers = [racer(1.0, &[0.9, 0.901]), racer(2.0, &[0.5, 0.501])];
/// assert_eq!(unsettled(&racers), None);
/// ```
pub fn unsettled(racers: &[Racer]) -> Option<usize> {
    let error = pooled_error(racers);
    let mut closest: Option<(f64, usize)> = None;
    for (j, racer) in racers.iter().enumerate() {
        let Some(i) = rival(racers, j) else { continue };
        let gap = (racers[i].mean() - racer.mean()).abs();
        let [own, other] = [racer, &racers[i]].map(|racer| racer.losses.len());
        let (distance, is_settled) = match error {
            Some((deviation, t)) => {
                let error = deviation * (1.0 / own as f64 + 1.0 / other as f64).sqrt();
                (gap / error, gap > t * error)
            }
            None => (gap, false),
        };
        let next = if own <= other { j } else { i };
        // NaN is no comparison.
        let is_open = !is_settled && !distance.is_nan() && racers[next].losses.len() < MOST;
        if is_open && closest.is_none_or(|(least, _)| distance < least) {
            closest = Some((distance, next));
        }
    }
    closest.map(|(_, next)| next)
}

/// The network of least mean loss that costs no more than another one.
fn rival(racers: &[Racer], of: usize) -> Option<usize> {
    let cheaper = (0..racers.len()).filter(|&i| i != of && racers[i].cost <= racers[of].cost);
    cheaper.min_by(|&a, &b| racers[a].mean().total_cmp(&racers[b].mean()))
}

/// The standard deviation of a training's loss, pooled over the networks, and the point of Student's
/// distribution that belongs to it; `None` as long as no network was trained twice.
fn pooled_error(racers: &[Racer]) -> Option<(f64, f64)> {
    let freedom: usize = racers.iter().map(|racer| racer.losses.len().saturating_sub(1)).sum();
    let squares = |racer: &Racer| {
        let mean = racer.mean();
        racer.losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>()
    };
    let sum: f64 = racers.iter().map(squares).sum();
    let t = *STUDENT.get(freedom.checked_sub(1)?).unwrap_or(&(1.96 + 2.6 / freedom as f64));
    Some(((sum / freedom as f64).sqrt(), t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use proptest::prelude::*;
    use rand::RngExt;

    /// Races networks of these costs and true losses; the losses of trainings vary by `noise`.
    fn race(networks: &[(f64, f64)], noise: f64, seed: u64) -> Vec<Racer> {
        let mut rng = stream(seed, 0, "race");
        let mut train = |loss: f64| {
            // Nearly normal.
            let sum: f64 = (0..12).map(|_| rng.random::<f64>()).sum();
            loss + noise * (sum - 6.0)
        };
        let mut racers: Vec<Racer> = networks
            .iter()
            .map(|&(cost, loss)| Racer { cost, losses: vec![train(loss)] })
            .collect();
        while let Some(next) = unsettled(&racers) {
            racers[next].losses.push(train(networks[next].1));
        }
        racers
    }

    fn is_on_front(losses: &[f64], j: usize) -> bool {
        losses[..j].iter().all(|loss| *loss > losses[j])
    }

    proptest! {
        /// A race ends, and no network is trained more often than allowed.
        #[test]
        fn races_end(
            networks in prop::collection::vec((0.0..9.0f64, 0.0..1.0f64), 0..9),
            noise in 0.0..0.2f64,
            seed: u64,
        ) {
            let racers = race(&networks, noise, seed);
            prop_assert!(racers.iter().all(|racer| (1..=MOST).contains(&racer.losses.len())));
        }
    }

    #[test]
    fn trainings_go_where_chance_decides() {
        // The fourth is far better than all before; the second and third are close.
        let networks = [(1.0, 0.9), (2.0, 0.50), (3.0, 0.49), (4.0, 0.1)];
        let count: Vec<usize> = (0..100).fold(vec![0; 4], |mut count, seed| {
            for (n, racer) in count.iter_mut().zip(race(&networks, 0.02, seed)) {
                *n += racer.losses.len() - 1;
            }
            count
        });
        assert!(count[1] > 3 * count[0] && count[2] > 3 * count[3], "{count:?}");
    }

    #[test]
    fn races_mend_fronts_that_chance_made() {
        // In pairs: the dearer one of each is slightly better.
        let networks: Vec<(f64, f64)> = (0..6)
            .map(|i| (f64::from(i), 0.9 - 0.2 * f64::from(i / 2) - 0.02 * f64::from(i % 2)))
            .collect();
        let truth: Vec<f64> = networks.iter().map(|network| network.1).collect();
        let (mut once, mut raced) = (0, 0);
        for seed in 0..200 {
            let racers = race(&networks, 0.02, seed);
            let first: Vec<f64> = racers.iter().map(|racer| racer.losses[0]).collect();
            let mean: Vec<f64> = racers.iter().map(Racer::mean).collect();
            for j in 0..6 {
                once += usize::from(is_on_front(&first, j) != is_on_front(&truth, j));
                raced += usize::from(is_on_front(&mean, j) != is_on_front(&truth, j));
            }
        }
        assert!(3 * raced < 2 * once, "{raced} and {once} wrong memberships of 1,200");
    }

    #[test]
    fn losses_that_are_no_numbers_are_no_comparison() {
        let racer = |cost, loss| Racer { cost, losses: vec![loss] };
        assert_eq!(unsettled(&[racer(1.0, f64::NAN), racer(2.0, 0.5)]), None);
        assert_eq!(unsettled(&[]), None);
        assert_eq!(unsettled(&[racer(1.0, 0.5)]), None);
    }
}
