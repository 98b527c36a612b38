//! The images that settings name, read as an earlier job or a network asks for.

use crate::{DataSettings, Settings};
use automl_data::{
    Dataset, DatasetError, DatasetFormat, Manifest, Preprocessing, ResizeRule, Side, Source,
    default_cache,
};
use automl_extent::Extent;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The time between notes on the progress of reading.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// An earlier job on the data, or a network that is given.
#[derive(Clone, Debug)]
pub enum Earlier<'a> {
    /// None, or another program's.
    Nothing,
    /// One of a version that kept no manifest: classes in the order of text, always three channels.
    Former,
    /// One with a manifest.
    Files(&'a Manifest),
    /// A network without a record of its images.
    Network(NetworkInput),
}

/// The images that a network takes.
///
/// # Examples
/// ```
/// use automl_settings::{Earlier, NetworkInput, Settings};
///
/// let input = NetworkInput { channels: 1, side: 8.into(), resize: None, classes: Vec::new() };
/// let digits = Settings::default().data.read(&Earlier::Network(input), &|_| {}, &|| false)?;
/// assert!(digits.train.side == 8);
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkInput {
    /// Channels.
    pub channels: usize,
    /// Height and width in pixels.
    pub side: Extent,
    /// The way in which images get their height and width, where it is known.
    pub resize: Option<ResizeRule>,
    /// The names of the classes in the order of the outputs, where they are known.
    pub classes: Vec<String>,
}

impl NetworkInput {
    /// The images by the preprocessing of a trained network.
    pub fn known(mut self, input: Option<&Preprocessing>, classes: &[String]) -> Self {
        self.resize = input.map(|input| input.resize);
        self.classes = classes.to_vec();
        self
    }
}

impl<'a> Earlier<'a> {
    /// The job with this manifest; without one, a former job where there was a job at all.
    pub fn new(known: Option<&'a Manifest>, is_job: bool) -> Self {
        match known {
            Some(known) => Self::Files(known),
            None if is_job => Self::Former,
            None => Self::Nothing,
        }
    }

    /// The same, or a network where there was no job.
    pub fn or_network(self, input: NetworkInput) -> Self {
        match self {
            Self::Nothing => Self::Network(input),
            job => job,
        }
    }
}

impl DataSettings {
    /// Reads the data set, as the earlier job did or as the network asks for unless the settings say
    /// otherwise. `note` is told of slow reading, and of classes that are not those of the network; `stop` is
    /// asked whether reading is to end.
    ///
    /// # Errors
    /// [`DatasetError`], [`Stopped`](DatasetError::Stopped) where it was.
    pub fn read(
        &self,
        earlier: &Earlier<'_>,
        note: &(dyn Fn(String) + Sync),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Dataset, DatasetError> {
        let usual = Settings::default().data;
        let noted = Mutex::new(Instant::now());
        let progress = |done: usize, all: usize| {
            if let Ok(mut noted) = noted.try_lock()
                && noted.elapsed() >= NOTE_EVERY
            {
                *noted = Instant::now();
                note(format!("reading images: {done} of {all}"));
            }
        };
        let cache = default_cache().filter(|_| self.cache);
        let mut source = Source {
            folder: self.dir.as_deref(),
            side: self.side,
            resize: self.resize,
            channels: self.channels,
            strict: self.strict,
            cache: cache.as_deref(),
            progress: &progress,
            stop,
        };
        let mut take = |side: Extent, resize: ResizeRule, channels: usize| {
            if self.side == Side::Auto || self.side == usual.side {
                source.side = Side::Pixels(side);
            }
            if self.resize == usual.resize {
                source.resize = resize;
            }
            source.channels = self.channels.or(Some(channels));
        };
        match earlier {
            Earlier::Nothing => {}
            Earlier::Former => source.channels = self.channels.or(Some(3)),
            Earlier::Files(known) => take(known.side, known.resize, known.channels),
            Earlier::Network(input) => {
                take(input.side, input.resize.unwrap_or(self.resize), input.channels);
            }
        }
        let dataset = DatasetFormat::find(&self.dataset)?.load(&source)?;
        Ok(match earlier {
            Earlier::Former if self.dataset == "folder" => {
                let mut names = dataset.class_names.clone();
                names.sort();
                dataset.with_class_order(&names)
            }
            Earlier::Files(known) => dataset.with_class_order(&known.identity.classes),
            Earlier::Network(NetworkInput { classes, .. }) if !classes.is_empty() => {
                let dataset = dataset.with_class_order(classes);
                if dataset.class_names != *classes {
                    note(other_classes(classes, &dataset.class_names));
                }
                dataset
            }
            _ => dataset,
        })
    }
}

fn other_classes(network: &[String], data: &[String]) -> String {
    let (network, data) = (network.join(", "), data.join(", "));
    format!(
        "the classes of the network ({network}) are not those of the data ({data}), which its outputs \
         stand for now"
    )
}

/// The name of a data set with the characters that a study's name may have.
///
/// # Examples
/// ```
/// assert_eq!(automl_settings::study_name("../my photos (2)"), "-my-photos--2-");
/// assert_eq!(automl_settings::study_name(".."), "study");
/// ```
pub fn study_name(dataset: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = dataset.chars().map(plain).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "study".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes of two pictures of 12 pixels.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (class, shade) in [("a", 10u8), ("b", 200)] {
            std::fs::create_dir(folder.path().join(class)).unwrap();
            for number in 0..2u8 {
                let path = folder.path().join(class).join(format!("{number}.pgm.bmp"));
                std::fs::write(path, bitmap(12, shade + number)).unwrap();
            }
        }
        folder
    }

    /// A grey BMP file.
    fn bitmap(side: u32, shade: u8) -> Vec<u8> {
        let mut file = b"BM".to_vec();
        let words = [54 + 3 * side * side, 0, 54, 40, side, side, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
        file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        file.resize(file.len() + (3 * side * side) as usize, shade);
        file
    }

    #[test]
    fn images_are_read_as_a_network_takes_them() {
        let folder = folder();
        let mut settings = Settings::default().data;
        settings.dataset = "folder".into();
        settings.dir = Some(folder.path().to_owned());
        settings.cache = false;
        let notes = Mutex::new(Vec::new());
        let note = |text| notes.lock().unwrap().push(text);
        let classes = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let input = NetworkInput {
            channels: 3,
            side: (10, 7).into(),
            resize: None,
            classes: classes(["b", "a"]),
        };
        let read = |settings: &DataSettings, input: &NetworkInput| {
            settings.read(&Earlier::Network(input.clone()), &note, &|| false).unwrap()
        };
        let data = read(&settings, &input);
        assert_eq!((data.train.channels, data.train.side), (3, (10, 7).into()));
        assert_eq!((data.class_names, data.train.labels), (classes(["b", "a"]), vec![1, 1, 0, 0]));
        assert!(notes.lock().unwrap().is_empty());
        // What was asked for counts, and other classes are said.
        let given = DataSettings { side: Side::Pixels(6.into()), channels: Some(1), ..settings };
        let data = read(&given, &NetworkInput { classes: classes(["x", "y"]), ..input });
        assert_eq!((data.train.channels, data.train.side), (1, 6.into()));
        assert_eq!(data.class_names, ["a", "b"]);
        assert!(notes.lock().unwrap()[0].contains("(x, y)"));
    }
}
