//! Classes of image files.

use crate::engine::{Engine, Session};
use crate::record::{NetworkError, TrainedNetwork};
use automl_data::{DecodeError, Images, Preprocessing};

/// A trained network that takes image files.
///
/// # Examples
/// ```no_run
/// use automl_deploy::{Classifier, TrainedNetwork};
///
/// let network = TrainedNetwork::read("runs/digits-1/front/trial-7".as_ref())?;
/// let classifier = Classifier::new(&network)?;
/// let prediction = classifier.classify(&std::fs::read("seven.png")?)?;
/// for (class, probability) in prediction.top(3) {
///     println!("{} {probability:.3}", network.record.class_name(class));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Classifier {
    engine: Engine,
    input: Preprocessing,
}

/// Probabilities of the classes of one image: the softmax of the scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Natural logarithms of the probabilities, by class.
    pub log_probabilities: Vec<f32>,
}

impl Classifier {
    /// Prepares a network.
    ///
    /// # Errors
    /// [`NetworkError`] if the record lacks the preprocessing, or the weights do not fit.
    pub fn new(network: &TrainedNetwork) -> Result<Self, NetworkError> {
        let Some(input) = network.record.input.clone() else {
            return Err(NetworkError::Record {
                path: network.path.clone(),
                reason: "the record has no mean and deviation of the images: name the data set of \
                         its training by --dataset and --data-dir"
                    .to_owned(),
            });
        };
        Ok(Self { engine: Engine::new(&network.program()?), input })
    }

    /// Memory for one image at a time.
    pub fn session(&self) -> Session<'_> {
        self.engine.session()
    }

    /// Classifies the bytes of an image file.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that cannot be decoded.
    pub fn classify(&self, file: &[u8]) -> Result<Prediction, DecodeError> {
        self.classify_in(&mut self.session(), file)
    }

    /// As [`Classifier::classify`], in the memory of a session of this classifier.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that cannot be decoded.
    pub fn classify_in(
        &self,
        session: &mut Session<'_>,
        file: &[u8],
    ) -> Result<Prediction, DecodeError> {
        let pixels = self.input.pixels(file)?;
        Ok(self.classify_pixels(session, &pixels))
    }

    /// Classifies images of a data set, on at most so many threads.
    pub fn classify_images(&self, images: &Images, threads: usize) -> Vec<Prediction> {
        let share = images.len().div_ceil(threads.max(1)).max(1);
        let work = |first: usize| -> Vec<Prediction> {
            let mut session = self.session();
            let indexes = first..(first + share).min(images.len());
            indexes.map(|index| self.classify_pixels(&mut session, images.image(index))).collect()
        };
        std::thread::scope(|scope| {
            let firsts = (0..images.len()).step_by(share);
            let parts: Vec<_> = firsts.map(|first| scope.spawn(move || work(first))).collect();
            // A thread only ends early by a panic, which goes on here.
            let joined = parts.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined
                .flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    /// Classifies pixels `[channels, height, width]` in 0 to 255. All probabilities are NaN where there
    /// are too many or too few pixels.
    pub fn classify_pixels(&self, session: &mut Session<'_>, pixels: &[u8]) -> Prediction {
        let scores = session.run(&self.input.normalized(pixels));
        Prediction::of(&scores.unwrap_or_else(|_| vec![f32::NAN; self.engine.classes()]))
    }
}

impl Prediction {
    /// The softmax of scores.
    pub fn of(scores: &[f32]) -> Self {
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = scores.iter().map(|score| (score - most).exp()).sum();
        let log = sum.ln();
        Self { log_probabilities: scores.iter().map(|score| (score - most) - log).collect() }
    }

    /// The probability of a class, in `[0, 1]`; 0 for a class that there is not.
    pub fn probability(&self, class: usize) -> f32 {
        self.log_probabilities.get(class).map_or(0.0, |log| log.exp())
    }

    /// The class of the largest probability, the first of equals.
    pub fn class(&self) -> usize {
        self.top(1).first().map_or(0, |(class, _)| *class)
    }

    /// The `count` most probable classes, the largest probability first.
    pub fn top(&self, count: usize) -> Vec<(usize, f32)> {
        let logs = self.log_probabilities.iter();
        let mut classes: Vec<(usize, f32)> = logs.map(|log| log.exp()).enumerate().collect();
        classes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        classes.truncate(count);
        classes
    }
}

#[cfg(test)]
mod tests {
    use super::Prediction;

    #[test]
    fn probabilities_are_the_softmax() {
        let prediction = Prediction::of(&[1000.0, 1001.0, 1000.0]);
        let e = std::f32::consts::E;
        assert!((prediction.probability(1) - e / (e + 2.0)).abs() < 1e-6);
        assert_eq!(prediction.class(), 1);
        let top: Vec<usize> = prediction.top(2).iter().map(|(class, _)| *class).collect();
        assert_eq!(top, [1, 0]);
    }
}
