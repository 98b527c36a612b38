//! Search spaces from files of several forms, and from texts on the command line.
//!
//! Every form is translated into the JSON form of [`Space`] and passes its checks. What has no
//! counterpart is refused by name and not approximated.

mod inline;
mod neps;
mod nni;
mod ordered;
mod toml_form;

use crate::Fidelity;
use automl_space::{Space, SpaceError};
use ordered::Ordered;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The reason for which a space was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpaceFileError {
    /// The file cannot be read.
    #[error("cannot read the space {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is of no known form, or not valid in its form.
    #[error("the space {}: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The explanation.
        reason: String,
    },
    /// A parameter on the command line is not of the form `name=type(arguments)`.
    #[error("the parameter {text:?}: {reason}")]
    Inline {
        /// The text.
        text: String,
        /// The explanation.
        reason: String,
    },
    /// The parameters do not make a space.
    #[error("the space: {0}")]
    Space(#[from] SpaceError),
}

/// A space, and the fidelity that its file declares.
///
/// # Examples
/// ```
/// use automl_tune::SpaceFile;
///
/// let read = SpaceFile::read_toml(
///     r#"
///     [parameters]
///     lr = "float(1e-5, 1e-1, log)"
///     optimizer = "choice(adam, sgd)"
///     momentum = { type = "float", low = 0, high = 0.99, condition = { parent = "optimizer", values = ["sgd"] } }
///
///     [fidelity]
///     name = "epochs"
///     min = 1
///     max = 27
///     "#,
/// )?;
/// let names: Vec<&str> = read.space.params().iter().map(|param| param.name()).collect();
/// assert_eq!(names, ["lr", "optimizer", "momentum"]);
/// assert_eq!(read.fidelity.map(|fidelity| fidelity.max), Some(27));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpaceFile {
    /// The space.
    pub space: Space,
    /// The fidelity, if the file declares one.
    pub fidelity: Option<Fidelity>,
}

/// A document in the JSON form of spaces, before the checks.
#[derive(Clone, Debug, Default)]
struct Document {
    parameters: Vec<Value>,
    constraints: Vec<Value>,
    fidelity: Option<Fidelity>,
}

impl Document {
    fn into_space(self) -> Result<SpaceFile, SpaceError> {
        let form = json!({ "parameters": self.parameters, "constraints": self.constraints });
        Ok(SpaceFile { space: Space::from_json(&form)?, fidelity: self.fidelity })
    }
}

impl SpaceFile {
    /// Reads a space from an optional file and from texts of the form `name=type(arguments)`, which
    /// follow the parameters of the file. The form of a file is known by its ending and contents:
    ///
    /// | file | form |
    /// |---|---|
    /// | `.toml` | `[parameters]`, `constraints` and `[fidelity]` |
    /// | `.json` | the JSON form of [`Space`], ConfigSpace's, or NNI's search space |
    /// | `.yaml`, `.yml` | NePS's pipeline space |
    ///
    /// # Errors
    /// [`SpaceFileError`], which names the file and the parameter.
    pub fn read(path: Option<&Path>, inline: &[String]) -> Result<Self, SpaceFileError> {
        let mut document = match path {
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|source| {
                    SpaceFileError::Unreadable { path: path.to_owned(), source }
                })?;
                if inline.is_empty()
                    && let Some(space) = configspace(path, &text)?
                {
                    return Ok(Self { space, fidelity: None });
                }
                document(path, &text).map_err(|reason| form(path, reason))?
            }
            None => Document::default(),
        };
        for text in inline {
            let parameter = inline::parse(text)
                .map_err(|reason| SpaceFileError::Inline { text: text.clone(), reason })?;
            document.parameters.push(parameter);
        }
        document.into_space().map_err(|error| match path {
            Some(path) => form(path, error.to_string()),
            None => error.into(),
        })
    }

    /// Reads the TOML form: `[parameters]` has one entry for each parameter, a text such as
    /// `"float(1e-5, 1e-1, log)"` or a table with the fields of the JSON form; `[[parameters]]` has
    /// tables with a `name`. `constraints` lists expressions, `[fidelity]` has `name`, `min` and
    /// `max`.
    ///
    /// # Errors
    /// [`SpaceFileError`], which names the parameter.
    pub fn read_toml(text: &str) -> Result<Self, SpaceFileError> {
        let document =
            toml_form::read(text).map_err(|reason| form(Path::new("in TOML"), reason))?;
        Ok(document.into_space()?)
    }
}

fn form(path: &Path, reason: String) -> SpaceFileError {
    SpaceFileError::Form { path: path.to_owned(), reason }
}

/// The space of a file in ConfigSpace's form; `None` for another form.
fn configspace(path: &Path, text: &str) -> Result<Option<Space>, SpaceFileError> {
    if ending(path) != "json" {
        return Ok(None);
    }
    let Ok(json) = serde_json::from_str::<Value>(text) else { return Ok(None) };
    if json.get("hyperparameters").is_none() {
        return Ok(None);
    }
    let space = Space::from_configspace(&json);
    space.map(Some).map_err(|error| form(path, error.to_string()))
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn document(path: &Path, text: &str) -> Result<Document, String> {
    match ending(path).as_str() {
        "toml" => toml_form::read(text),
        "yaml" | "yml" => neps::read(text),
        "json" => {
            let json: Value = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
            if json.get("hyperparameters").is_some() {
                return Err("a space in ConfigSpace's form takes no further --param".into());
            }
            if let Value::Array(parameters) = json {
                return Ok(Document { parameters, ..Document::default() });
            }
            let entries: Ordered = serde_json::from_str(text).map_err(|e| e.to_string())?;
            if nni::is_form(&entries) {
                return nni::read(&entries);
            }
            own_json(&json)
        }
        other => Err(format!(
            "a space is a .toml file, a .json file (the project's form, ConfigSpace's or NNI's) or \
             a .yaml file of NePS, not {other:?}"
        )),
    }
}

/// The object form of the project's JSON.
fn own_json(json: &Value) -> Result<Document, String> {
    let list = |key: &str| match json.get(key) {
        Some(Value::Array(list)) => Ok(list.clone()),
        Some(other) => Err(format!("{key:?} must be a list, not {other}")),
        None => Ok(Vec::new()),
    };
    if json.get("parameters").is_none() {
        let reason = "has neither \"parameters\" (the project's form), \"hyperparameters\" \
                      (ConfigSpace) nor entries with \"_type\" (NNI)";
        return Err(reason.into());
    }
    let known = ["parameters", "constraints"];
    let keys = json.as_object().into_iter().flat_map(|map| map.keys());
    if let Some(key) = keys.into_iter().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("unknown field {key:?} of the space"));
    }
    Ok(Document {
        parameters: list("parameters")?,
        constraints: list("constraints")?,
        fidelity: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<SpaceFile, SpaceFileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        SpaceFile::read(Some(&path), &[])
    }

    fn inline(texts: &[&str]) -> Space {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        SpaceFile::read(None, &texts).unwrap().space
    }

    #[test]
    fn every_form_of_one_space_is_equal() {
        let expected =
            inline(&["lr=float(1e-5,1e-1,log)", "layers=int(1,8)", "act=choice(relu,tanh)"]);
        let files = [
            (
                "a.toml",
                "[parameters]\nlr = \"float(1e-5, 1e-1, log)\"\nlayers = {type = \"int\", low = 1, high = 8}\n\
                 act = \"choice(relu, tanh)\"\n",
            ),
            (
                "a.json",
                r#"[{"name":"lr","type":"float","low":1e-5,"high":1e-1,"log":true},
                    {"name":"layers","type":"int","low":1,"high":8},
                    {"name":"act","type":"categorical","choices":["relu","tanh"]}]"#,
            ),
            (
                "nni.json",
                r#"{"lr":{"_type":"loguniform","_value":[1e-5,1e-1]},
                    "layers":{"_type":"randint","_value":[1,9]},
                    "act":{"_type":"choice","_value":["relu","tanh"]}}"#,
            ),
            (
                "configspace.json",
                r#"{"hyperparameters":[
                    {"name":"lr","type":"uniform_float","lower":1e-5,"upper":1e-1,"log":true},
                    {"name":"layers","type":"uniform_int","lower":1,"upper":8,"log":false},
                    {"name":"act","type":"categorical","choices":["relu","tanh"]}]}"#,
            ),
            (
                "neps.yaml",
                "pipeline_space:\n  lr: {lower: 1e-5, upper: 1e-1, log: true}\n  \
                 layers: {type: int, lower: 1, upper: 8}\n  act: {choices: [relu, tanh]}\n",
            ),
        ];
        for (name, text) in files {
            assert_eq!(read(name, text).unwrap().space, expected, "{name}");
        }
    }

    #[test]
    fn unknown_forms_are_named() {
        let refused = |name: &str, text: &str| read(name, text).unwrap_err().to_string();
        assert!(refused("a.ini", "").contains(".toml"));
        assert!(refused("a.json", "{\"lr\": 3}").contains("NNI"));
        assert!(refused("a.json", "{").contains("not JSON"));
        assert!(refused("a.toml", "[parameters]\nx = \"real(0,1)\"").contains("float"));
        let missing = SpaceFile::read(Some(Path::new("/nowhere/a.toml")), &[]).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/a.toml"));
    }
}
