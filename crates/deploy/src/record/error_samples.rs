//! `errors.json`: the worst errors of a trained network, with their images.

use super::error::NetworkError;
use crate::atomic::write_atomic;
use automl_data::metrics::{Evaluation, Mistake};
use automl_data::{DataSplits, Split, data_uri};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Name of the file in the folder of a trained network.
pub const ERRORS_FILE: &str = "errors.json";

/// The images of the test split that a network takes for another class with the largest losses, at
/// most twelve; of the validation split where there is no evaluation of the test.
///
/// # Examples
/// ```
/// use automl_data::metrics::Tally;
/// use automl_data::{DataSplits, Dataset};
/// use automl_deploy::ErrorSamples;
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
/// let mut tally = Tally::new(10);
/// let always_three: Vec<f32> = (0..10).map(|c| if c == 3 { -0.1 } else { -4.5 }).collect();
/// data.test.labels.iter().for_each(|label| tally.add(&always_three, usize::from(*label)));
/// let samples = ErrorSamples::new(&Default::default(), &tally.evaluation(), &data);
/// assert_eq!((samples.images, samples.samples.len()), (359, 12));
/// assert_eq!(samples.samples[0].predicted, "3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorSamples {
    /// The split of the images; absent where nothing was evaluated.
    pub split: Option<Split>,
    /// The number of images evaluated.
    pub images: u64,
    /// The number of images taken for another class.
    pub wrong: u64,
    /// Some of these, the largest loss first.
    pub samples: Vec<ErrorSample>,
}

/// An image that was taken for another class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorSample {
    /// The index of the image in its split.
    pub image: usize,
    /// The name of its file within the data set; absent where the data set is one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its class.
    pub class: String,
    /// The class of the highest score.
    pub predicted: String,
    /// The probability of that class, in `[0, 1]`; absent where it is not a number.
    pub confidence: Option<f64>,
    /// The cross-entropy in nats; absent where it is not finite.
    pub loss: Option<f64>,
    /// The image as a `data:` URI, at most 96 pixels wide and high.
    pub picture: Option<String>,
}

impl ErrorSamples {
    /// The worst errors of evaluations on the validation and test images of `data`.
    pub fn new(validation: &Evaluation, test: &Evaluation, data: &DataSplits) -> Self {
        let known = [(Split::Test, test), (Split::Validation, validation)];
        let mut known =
            known.into_iter().filter(|(_, evaluation)| !evaluation.confusion.is_empty());
        let Some((split, evaluation)) = known.next() else { return Self::default() };
        let counts = &evaluation.confusion;
        let right: u64 = counts.rows().iter().enumerate().map(|(class, row)| row[class]).sum();
        Self {
            split: Some(split),
            images: counts.total(),
            wrong: counts.total() - right,
            samples: evaluation.mistakes.iter().map(|m| sample(m, split, data)).collect(),
        }
    }

    /// Writes `errors.json` into the folder of the network.
    ///
    /// # Errors
    /// [`NetworkError::Write`].
    pub fn write(&self, folder: &Path) -> Result<(), NetworkError> {
        let path = folder.join(ERRORS_FILE);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_atomic(&path, text.as_bytes()).map_err(|source| NetworkError::Write { path, source })
    }
}

fn sample(mistake: &Mistake, split: Split, data: &DataSplits) -> ErrorSample {
    let images = data.images(split);
    let name =
        |class: usize| data.class_names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let pixels = images.image(mistake.image);
    ErrorSample {
        image: mistake.image,
        file: images.file_name(&data.files, mistake.image).map(str::to_owned),
        class: name(mistake.class),
        predicted: name(mistake.predicted),
        confidence: Some(mistake.confidence).filter(|p| p.is_finite()),
        loss: Some(mistake.loss).filter(|loss| loss.is_finite()),
        picture: data_uri(pixels, images.channels, images.side.width, images.side.height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_data::Dataset;
    use automl_data::metrics::Tally;

    /// The samples are images of their class in the split, with what was said about them.
    #[test]
    fn the_worst_come_first_and_the_file_reads_back() {
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let mut tally = Tally::new(10);
        for (index, label) in data.test.labels.iter().enumerate() {
            let mut scores = [-3.0; 10];
            // Each seventh image is taken for the next class, the later ones with more confidence.
            let class = usize::from(*label) + usize::from(index % 7 == 0);
            scores[class % 10] = -0.2;
            scores[usize::from(*label)] -= index as f32 / 1000.0;
            tally.add(&scores, usize::from(*label));
        }
        let evaluation = tally.evaluation();
        let samples = ErrorSamples::new(&evaluation, &evaluation, &data);
        assert_eq!((samples.split, samples.wrong), (Some(Split::Test), 52));
        let indexes: Vec<usize> = samples.samples.iter().map(|sample| sample.image).collect();
        assert_eq!(indexes, (40..52).rev().map(|k| 7 * k).collect::<Vec<_>>());
        let worst = &samples.samples[0];
        let label = data.test.labels[357];
        assert_eq!((&worst.class, &worst.file), (&label.to_string(), &None));
        assert_eq!(worst.picture, data_uri(data.test.image(357), 1, 8, 8));
        let folder = tempfile::tempdir().unwrap();
        samples.write(folder.path()).unwrap();
        let text = std::fs::read_to_string(folder.path().join(ERRORS_FILE)).unwrap();
        assert_eq!(serde_json::from_str::<ErrorSamples>(&text).unwrap(), samples);
        // Without an evaluation there is nothing to show.
        let none = Evaluation::default();
        assert_eq!(ErrorSamples::new(&none, &none, &data), ErrorSamples::default());
        let split = ErrorSamples::new(&evaluation, &none, &data).split;
        assert_eq!(split, Some(Split::Validation));
    }
}
