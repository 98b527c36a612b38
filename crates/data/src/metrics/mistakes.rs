//! The worst errors of a classifier.

/// The most errors that are kept.
const MOST: usize = 12;

/// An image that a classifier takes for another class.
///
/// # Examples
/// ```
/// use automl_data::metrics::Tally;
///
/// let mut tally = Tally::new(2);
/// tally.add(&[-0.1, -2.35], 0);
/// tally.add(&[-0.2, -1.71], 1);
/// let worst = &tally.evaluation().mistakes[0];
/// assert_eq!((worst.image, worst.class, worst.predicted), (1, 1, 0));
/// assert!((worst.loss - 1.71).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mistake {
    /// The index of the image among those evaluated.
    pub image: usize,
    /// The true class.
    pub class: usize,
    /// The class of the highest score.
    pub predicted: usize,
    /// The cross-entropy of the image in nats: the negative logarithm of the probability of its class.
    pub loss: f64,
    /// The probability of the predicted class, in `[0, 1]`.
    pub confidence: f64,
}

/// The errors with the largest losses so far, the largest first; of equal ones, the first image.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Worst(Vec<Mistake>);

impl Worst {
    /// Keeps an error if it is among the worst. NaN is the worst loss of all.
    pub(super) fn add(&mut self, mistake: Mistake) {
        let key = |loss: f64| if loss.is_nan() { f64::INFINITY } else { loss };
        let at = self.0.partition_point(|known| key(known.loss) >= key(mistake.loss));
        if at < MOST {
            self.0.truncate(MOST - 1);
            self.0.insert(at, mistake);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Mistake> {
        self.0
    }
}
