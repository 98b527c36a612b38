//! `[fidelity]`: by which settings candidates are compared before they are trained in full.

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

use super::SettingsError;
use automl_data::Subset;

/// Settings of cheap comparisons between candidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FidelitySettings {
    /// The fidelities of the search.
    pub ladder: LadderSettings,
    /// The number of architectures that `automl fidelities` trains at each setting.
    pub architectures: u64,
    /// The settings that `automl fidelities` compares with the full one. Default: a list that the
    /// data and `training.epochs` give.
    pub candidates: Option<Vec<RungSettings>>,
}

impl Default for FidelitySettings {
    fn default() -> Self {
        Self { ladder: LadderSettings::default(), architectures: 30, candidates: None }
    }
}

/// The fidelities of a search: a text or a list in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LadderSettings {
    /// `"epochs"`: every epoch of one training, which pauses and goes on.
    #[default]
    Epochs,
    /// The name of a file with the ladder in its section `[fidelity]`, as `automl fidelities` writes it.
    File(String),
    /// Settings of rising cost; the last is the full one.
    List(Vec<RungSettings>),
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RungSettings {
    /// Epochs.
    pub epochs: u64,
    /// The share of the search's training images.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub share: f64,
    /// The way in which they are chosen, the name of a [`Subset`].
    #[serde(default = "random", skip_serializing_if = "is_random")]
    pub subset: String,
    /// The shorter side of the images in pixels, which keep their proportions. Default: their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<usize>,
}

fn whole() -> f64 {
    1.0
}

fn is_whole(share: &f64) -> bool {
    *share == 1.0
}

fn random() -> String {
    "random".into()
}

fn is_random(subset: &str) -> bool {
    subset == "random"
}

impl Serialize for LadderSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Epochs => serializer.serialize_str("epochs"),
            Self::File(path) => serializer.serialize_str(path),
            Self::List(rungs) => rungs.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for LadderSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = LadderSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"epochs\", a file's name or a list of settings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<LadderSettings, E> {
                Ok(match text {
                    "epochs" => LadderSettings::Epochs,
                    path => LadderSettings::File(path.to_owned()),
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<LadderSettings, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(LadderSettings::List)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl LadderSettings {
    /// The epochs of its highest fidelity, where it says so.
    pub(super) fn top_epochs(&self) -> Option<u64> {
        match self {
            Self::List(rungs) => rungs.last().map(|rung| rung.epochs),
            Self::Epochs | Self::File(_) => None,
        }
    }
}

impl FidelitySettings {
    /// Reads the ladder's file, if it is one.
    pub(super) fn resolve(&mut self) -> Result<(), SettingsError> {
        #[derive(Deserialize)]
        struct File {
            fidelity: FidelitySettings,
        }
        let LadderSettings::File(path) = &self.ladder else { return Ok(()) };
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Value {
            name: "fidelity.ladder",
            value: format!("{path:?}"),
            reason: format!("neither \"epochs\" nor a file that can be read: {source}"),
        })?;
        let bad = |reason: String| SettingsError::Parse { place: path.clone(), reason };
        let file: File =
            toml::from_str(&text).map_err(|e| bad(e.to_string().trim_end().to_owned()))?;
        self.ladder = match file.fidelity.ladder {
            LadderSettings::File(_) => return Err(bad("leads to yet another file".into())),
            ladder => ladder,
        };
        Ok(())
    }

    /// Checks ranges, as [`Settings::check`](super::Settings::check).
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |name: &'static str, value: String, reason: String| {
            Err(SettingsError::Value { name, value, reason })
        };
        if self.architectures < 5 {
            let value = self.architectures.to_string();
            return wrong("fidelity.architectures", value, "must be at least 5".into());
        }
        let ladder = match &self.ladder {
            LadderSettings::List(rungs) if rungs.is_empty() => {
                return wrong("fidelity.ladder", "[]".into(), "holds no setting".into());
            }
            LadderSettings::List(rungs) => rungs.as_slice(),
            _ => &[],
        };
        let candidates = self.candidates.as_deref().unwrap_or_default();
        for (name, rungs) in [("fidelity.ladder", ladder), ("fidelity.candidates", candidates)] {
            for rung in rungs {
                rung.check().or_else(|reason| wrong(name, rung.to_string(), reason))?;
            }
        }
        Ok(())
    }
}

impl RungSettings {
    fn check(&self) -> Result<(), String> {
        if self.epochs == 0 {
            return Err("epochs must be at least 1".into());
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err("share must lie in (0, 1]".into());
        }
        if self.subset.parse::<Subset>().is_err() {
            return Err(format!("subset must be one of {}", Subset::names()));
        }
        if self.side.is_some_and(|side| side < 2) {
            return Err("side must be at least 2 pixels".into());
        }
        Ok(())
    }
}

impl fmt::Display for RungSettings {
    /// As settings files and `--set` take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match toml::Value::try_from(self) {
            Ok(value) => value.fmt(f),
            // More epochs than TOML can say.
            Err(_) => write!(f, "{self:?}"),
        }
    }
}

/// A `[fidelity]` table with this ladder, as settings files and `--ladder` take it.
pub fn ladder_toml(ladder: &LadderSettings) -> String {
    match ladder {
        LadderSettings::Epochs => "[fidelity]\nladder = \"epochs\"\n".into(),
        LadderSettings::File(path) => format!("[fidelity]\nladder = {path:?}\n"),
        LadderSettings::List(rungs) => {
            let lines: String = rungs.iter().map(|rung| format!("    {rung},\n")).collect();
            format!("[fidelity]\nladder = [\n{lines}]\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn list() -> Vec<RungSettings> {
        let rung = |epochs, share, subset: &str, side| RungSettings {
            epochs,
            share,
            subset: subset.into(),
            side,
        };
        vec![rung(3, 0.1, "herding", Some(14)), rung(27, 1.0, "random", None)]
    }

    #[test]
    fn a_ladder_is_a_word_a_file_or_a_list() {
        let load = |ladder: &str| Settings::load(None, &[format!("fidelity.ladder={ladder}")]);
        assert_eq!(load("epochs").unwrap().fidelity.ladder, LadderSettings::Epochs);
        let text = "[{epochs = 3, share = 0.1, subset = \"herding\", side = 14}, {epochs = 27}]";
        assert_eq!(load(text).unwrap().fidelity.ladder, LadderSettings::List(list()));

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ladder.toml");
        std::fs::write(&path, ladder_toml(&LadderSettings::List(list()))).unwrap();
        let from_file = load(&path.display().to_string()).unwrap();
        assert_eq!(from_file.fidelity.ladder, LadderSettings::List(list()));
        let written = crate::to_toml(&from_file);
        assert_eq!(toml::from_str::<Settings>(&written).unwrap(), from_file);

        for (bad, named) in [
            ("nowhere.toml", "nowhere.toml"),
            ("[]", "holds no setting"),
            ("7", "a list of settings"),
            ("[{epochs = 0}]", "epochs = 0"),
            ("[{epochs = 3, share = 1.5}]", "fidelity.ladder = { epochs = 3, share = 1.5 }: share"),
            ("[{epochs = 3, subset = \"best\"}]", "el2n-hardest"),
            ("[{epochs = 3, sides = 7}]", "sides"),
            ("[{share = 0.5}]", "epochs"),
        ] {
            let error = load(bad).unwrap_err().to_string();
            assert!(error.contains(named), "{bad}: {error}");
        }
        for name in ["training.epochs", "training.min-epochs"] {
            let both = [format!("fidelity.ladder={}", path.display()), format!("{name}=2")];
            let error = Settings::load(None, &both).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name} = 2")), "{error}");
            assert!(error.contains("fidelity.ladder"), "{error}");
        }
        std::fs::write(&path, "[fidelity]\nladder = \"other.toml\"\n").unwrap();
        assert!(load(&path.display().to_string()).unwrap_err().to_string().contains("another"));
    }
}
