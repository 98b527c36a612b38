//! Settings from a TOML file and assignments of the command line.

use super::{Settings, SettingsError};
use crate::near::with_nearest;
use automl_data::Side;
use std::path::Path;

/// Former names of settings, which files and command lines may still use, and their names now.
const RENAMED: [(&str, &str); 3] = [
    ("search.against", "search.cost-objective"),
    ("search.filter", "search.zero-cost-proxy"),
    ("search.front", "search.final-networks"),
];

impl Settings {
    /// The defaults, changed by a TOML file if given, then by assignments `path=value`, in order.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown setting, a value of the wrong type or out of range.
    ///
    /// # Examples
    /// ```
    /// use automl_settings::Settings;
    ///
    /// let settings = Settings::load(None, &["training.epochs=20".into(), "seed=3".into()])?;
    /// assert_eq!((settings.training.epochs, settings.seed), (Some(20), 3));
    /// # Ok::<(), automl_settings::SettingsError>(())
    /// ```
    pub fn load(file: Option<&Path>, assignments: &[String]) -> Result<Self, SettingsError> {
        let mut table = toml::Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
            let place = path.display().to_string();
            let bad = |e: toml::de::Error| SettingsError::Parse {
                place: place.clone(),
                reason: reason(&e, Some(&text)),
            };
            table = text.parse().map_err(bad)?;
            rename(&mut table);
            // Reads it once alone, so that an error names the file.
            toml::from_str::<Self>(&text).map_err(bad)?;
        }
        let read = table.clone();
        for assignment in assignments {
            assign(&mut table, assignment)?;
        }
        imply_dataset(&mut table);
        let has_side = table.get("data").is_some_and(|data| data.get("side").is_some());
        let mut settings: Self = table.try_into().map_err(|e: toml::de::Error| {
            let reason = reason(&e, None);
            SettingsError::Parse { place: place_of_fault(read, assignments), reason }
        })?;
        settings.fidelity.resolve()?;
        // Images are read at the largest side, and made smaller from there.
        if let Some(largest) = settings.search.sides.iter().max() {
            let side = settings.data.side;
            settings.data.side = Side::Pixels(match side {
                Side::Pixels(own) if own.shorter() > 0 => own.scaled_to(*largest),
                _ => (*largest).into(),
            });
            let gives_form = matches!(side, Side::Pixels(own) if !own.is_square());
            if has_side && !gives_form && side != settings.data.side {
                let (name, value) = ("data.side", side.to_string());
                let reason = format!(
                    "images are read at the largest of the sides that are searched, {largest}; leave one of \
                     the two out, or give the form of images that are not square"
                );
                return Err(SettingsError::Value { name, value, reason });
            }
        }
        settings.check()?;
        Ok(settings)
    }
}

/// The setting of the first assignment after which the settings are not valid.
fn place_of_fault(mut table: toml::Table, assignments: &[String]) -> String {
    let fault = assignments.iter().find(|assignment| {
        assign(&mut table, assignment).is_err() || table.clone().try_into::<Settings>().is_err()
    });
    fault.map_or_else(|| "the settings".into(), |assignment| path_of(assignment))
}

/// The setting that an assignment changes, without its value, which may hold a password.
fn path_of(assignment: &str) -> String {
    without_addresses(assignment.split('=').next().unwrap_or_default())
}

/// The message of an error with its line, without the text there, which may hold a password.
fn reason(error: &toml::de::Error, text: Option<&str>) -> String {
    let message = with_nearest(&without_addresses(error.message()));
    let start = error.span().map(|span| span.start);
    match text.zip(start).and_then(|(text, start)| text.get(..start)) {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message,
    }
}

/// A text in one line without passwords.
fn without_addresses(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    automl_storage::without_passwords(&line)
}

/// The name of a setting by a current or former name.
fn current_name(path: &str) -> &str {
    RENAMED.iter().find(|(former, _)| *former == path).map_or(path, |(_, now)| now)
}

/// Moves settings with former names to the current ones.
fn rename(table: &mut toml::Table) {
    for (former, now) in RENAMED {
        if let (Some((section, former)), Some((_, now))) =
            (former.split_once('.'), now.split_once('.'))
            && let Some(section) = table.get_mut(section).and_then(toml::Value::as_table_mut)
            && let Some(value) = section.remove(former)
        {
            section.entry(now).or_insert(value);
        }
    }
}

/// A folder alone is one of images.
fn imply_dataset(table: &mut toml::Table) {
    if let Some(data) = table.get_mut("data").and_then(toml::Value::as_table_mut)
        && data.contains_key("dir")
        && !data.contains_key("dataset")
    {
        data.insert("dataset".into(), "folder".into());
    }
}

/// Applies one `path=value`; a value that is not TOML counts as a string.
fn assign(table: &mut toml::Table, assignment: &str) -> Result<(), SettingsError> {
    let bad = |reason: &str| SettingsError::Parse {
        place: path_of(assignment),
        reason: reason.to_owned(),
    };
    let (path, text) = assignment.split_once('=').ok_or_else(|| bad("write path=value"))?;
    // A height and width such as 0x64 is no hexadecimal number.
    let is_extent = path.trim().ends_with("side") && text.contains(['x', 'X']);
    let value = format!("value = {text}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .filter(|value| value.is_str() || !is_extent)
        .unwrap_or_else(|| toml::Value::String(text.to_owned()));
    let path = current_name(path.trim());
    let mut keys: Vec<&str> = path.split('.').collect();
    let last = keys.pop().filter(|key| !key.is_empty()).ok_or_else(|| bad("the path is empty"))?;
    let mut place = table;
    for key in keys {
        let entry = place.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        // A part by its name alone gets an option.
        if let toml::Value::String(name) = entry {
            let name = toml::Value::String(std::mem::take(name));
            *entry = toml::Value::Table(toml::Table::from_iter([("name".to_owned(), name)]));
        }
        place = entry.as_table_mut().ok_or_else(|| bad("the path leads through a value"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a file may hold a password: an error names the line and not what stands there.
    #[test]
    fn no_error_shows_a_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let url = "postgresql://me:secret@host/x";
        for text in [
            format!("seed = 1\nstorag = \"{url}\"\n"),
            format!("seed = 1\nstorage = \"{url}\n"),
            format!("seed = 1\nstorage = {url}\n"),
            format!("seed = 1\n[storage]\nurl = \"{url}\"\n"),
            format!("seed = 1\nstorage = [\"{url}\"]\n"),
            format!("seed = 1\n\"{url}\" = 3\n"),
            "seed = \"host=h password=secret\"\n".into(),
            "seed = \"postgresql://me:a secret b@h\"\n".into(),
            "seed = 'postgresql:me:secret@h'\n".into(),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = Settings::load(Some(&path), &[]).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{text}: {error}");
            assert!(error.contains("settings.toml") && error.contains("line "), "{text}: {error}");
        }
        for assignment in [
            format!("stores={url}"),
            format!("storage=[\"{url}\"]"),
            format!("={url}"),
            url.to_owned(),
        ] {
            let error = Settings::load(None, &[assignment]).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    /// Height and width are no hexadecimal number, and no side is dropped for those that are searched.
    #[test]
    fn sides_are_what_they_say() {
        let load = |assignments: &[&str]| {
            let assignments: Vec<String> = assignments.iter().map(|a| (*a).to_owned()).collect();
            Settings::load(None, &assignments)
        };
        for (text, expected) in
            [("16", "16"), ("0x10", ""), ("48x64", "48x64"), ("0X20", ""), ("\"auto\"", "auto")]
        {
            let found = load(&[&format!("data.side={text}")]);
            match found {
                Ok(settings) => assert_eq!(settings.data.side.to_string(), expected, "{text}"),
                Err(error) => {
                    assert!(expected.is_empty() && error.to_string().contains("data.side"))
                }
            }
        }
        let sides = "search.sides=[16,24]";
        assert!(load(&[sides]).unwrap().data.side == Side::Pixels(24.into()));
        assert!(load(&[sides, "data.side=24"]).is_ok());
        assert!(
            load(&[sides, "data.side=16x20"]).unwrap().data.side == Side::Pixels((24, 30).into())
        );
        for side in ["32", "48", "auto"] {
            let error = load(&[sides, &format!("data.side={side}")]).unwrap_err().to_string();
            assert!(error.contains(&format!("data.side = {side}: images are read at")), "{error}");
        }
    }
}
