//! A source as it is named on the command line and in the protocol.

use crate::Renames;
use serde::{Deserialize, Deserializer, Serialize};

/// The place of one or several earlier studies: a study of the folder of studies by name, a folder, a
/// file of a database or its address, the latter two with `#NAME` for one study of several.
///
/// In JSON a text, or an object such as
/// `{"place": "studies.db", "study": "first", "rename": {"parameters": {"lr": "rate"}}}`.
///
/// # Examples
/// ```
/// use automl_transfer::SourceSpec;
///
/// let spec = SourceSpec::from("studies.db#first");
/// assert_eq!((spec.place.as_str(), spec.study.as_deref()), ("studies.db", Some("first")));
/// let json = r#"{"place": "studies.db", "study": "first"}"#;
/// assert_eq!(serde_json::from_str::<SourceSpec>(json)?, spec);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceSpec {
    /// A name, a folder, a file or an address.
    pub place: String,
    /// One study of the place; all of them without it.
    pub study: Option<String>,
    /// Names that have changed.
    pub rename: Renames,
}

impl From<&str> for SourceSpec {
    fn from(text: &str) -> Self {
        let (place, study) = match text.rsplit_once('#') {
            Some((place, study)) if !place.is_empty() && !study.is_empty() => (place, Some(study)),
            _ => (text, None),
        };
        let study = study.map(str::to_owned);
        Self { place: place.to_owned(), study, rename: Renames::default() }
    }
}

/// The form of an object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    place: String,
    study: Option<String>,
    #[serde(default)]
    rename: Renames,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a source is a text, or an object with \"place\", \"study\" and \"rename\""
)]
enum Form {
    Text(String),
    Object(Fields),
}

impl<'de> Deserialize<'de> for SourceSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => Self::from(text.as_str()),
            Form::Object(Fields { place, study, rename }) => Self { place, study, rename },
        })
    }
}
