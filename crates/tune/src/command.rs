//! The command of a study: words and environment with placeholders.

use crate::template::{Template, TemplateError, Values};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The placeholder that stands for `--name value` of every active parameter.
const PARAMS: &str = "params";

/// The reason for which a command was refused before anything started.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no program.
    #[error("there is no command: automl tune ... -- PROGRAM ARGUMENTS")]
    Empty,
    /// A placeholder is not understood.
    #[error("the command: {0}")]
    Template(#[from] TemplateError),
    /// The program is not found.
    #[error("the program {program:?} is not found{place}")]
    Missing {
        /// The program.
        program: String,
        /// The place that was searched.
        place: &'static str,
    },
    /// The program is not an executable file.
    #[error("the program {program:?} is not executable")]
    NotExecutable {
        /// The program.
        program: String,
    },
    /// An environment variable is not of the form `NAME=VALUE`.
    #[error("the environment variable {text:?} is not of the form NAME=VALUE")]
    Variable {
        /// The text.
        text: String,
    },
}

/// The command of a study.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    words: Vec<Template>,
    environment: Vec<(String, Template)>,
}

/// A command with the values of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) words: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Command {
    pub(crate) fn parse(words: &[String], environment: &[String]) -> Result<Self, CommandError> {
        if words.first().is_none_or(|word| word.is_empty()) {
            return Err(CommandError::Empty);
        }
        let variable = |text: &String| {
            let bad = || CommandError::Variable { text: text.clone() };
            let (name, value) = text.split_once('=').ok_or_else(bad)?;
            if name.is_empty() {
                return Err(bad());
            }
            Ok((name.to_owned(), Template::parse(value)?))
        };
        Ok(Self {
            words: words.iter().map(|word| Template::parse(word)).collect::<Result<_, _>>()?,
            environment: environment.iter().map(variable).collect::<Result<_, CommandError>>()?,
        })
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        self.words.iter().chain(self.environment.iter().map(|(_, template)| template))
    }

    /// Whether a word or variable has this placeholder.
    pub(crate) fn uses(&self, placeholder: &str) -> bool {
        self.templates().any(|template| template.names().any(|name| name == placeholder))
    }

    /// Whether a word stands for all parameters.
    pub(crate) fn uses_all_params(&self) -> bool {
        self.uses(PARAMS)
    }

    /// Refuses unknown placeholders and a program that does not exist.
    pub(crate) fn check(&self, known: &[String]) -> Result<(), CommandError> {
        let known = || known.iter().map(String::as_str);
        for template in self.templates() {
            // `{params}` stands for several words, so it is a word of its own.
            if template.is_placeholder() && template.names().any(|name| name == PARAMS) {
                continue;
            }
            template.check(known())?;
        }
        let program = &self.words[0];
        if program.names().next().is_none() {
            executable(&program.render(&Values::new()).unwrap_or_default())?;
        }
        Ok(())
    }

    /// The words and variables of one run.
    ///
    /// A word with a placeholder that has no value is left out, with the option name before it: of
    /// `--momentum {momentum}` nothing remains where `momentum` is inactive.
    pub(crate) fn render(&self, values: &Values, params: &[(String, String)]) -> Rendered {
        let mut words: Vec<String> = Vec::new();
        for (at, template) in self.words.iter().enumerate() {
            if template.is_placeholder() && template.names().any(|name| name == PARAMS) {
                words.extend(params.iter().flat_map(|(n, v)| [format!("--{n}"), v.clone()]));
                continue;
            }
            match template.render(values) {
                Some(word) => words.push(word),
                None => {
                    let before = at.checked_sub(1).map(|before| &self.words[before]);
                    let is_option = before.is_some_and(|before| {
                        before.text().starts_with('-') && before.names().next().is_none()
                    });
                    if template.is_placeholder() && is_option {
                        words.pop();
                    }
                }
            }
        }
        let environment = self.environment.iter();
        let environment = environment
            .filter_map(|(name, template)| Some((name.clone(), template.render(values)?)));
        Rendered { words, environment: environment.collect() }
    }
}

impl Rendered {
    /// The command as a line for a shell, with the variables before it.
    pub(crate) fn line(&self) -> String {
        let variables =
            self.environment.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let words = self.words.iter().map(|word| quoted(word));
        variables.chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Looks a program up as the system does.
fn executable(program: &str) -> Result<(), CommandError> {
    let missing = |place| CommandError::Missing { program: program.to_owned(), place };
    let candidates: Vec<PathBuf> = if program.contains('/') {
        vec![PathBuf::from(program)]
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(program)).collect()
    };
    let found: Vec<&PathBuf> = candidates.iter().filter(|path| path.is_file()).collect();
    if found.is_empty() {
        return Err(missing(if program.contains('/') { "" } else { " in PATH" }));
    }
    if !found.iter().any(|path| may_run(path)) {
        return Err(CommandError::NotExecutable { program: program.to_owned() });
    }
    Ok(())
}

#[cfg(unix)]
fn may_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn may_run(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Result<Command, CommandError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Command::parse(&words, &["RATE={lr}".to_owned()])
    }

    fn render(words: &[&str]) -> Rendered {
        let values: Values =
            [("lr".to_owned(), Some("0.1".to_owned())), ("m".to_owned(), None)].into();
        command(words).unwrap().render(&values, &[("lr".to_owned(), "0.1".to_owned())])
    }

    #[test]
    fn inactive_parameters_leave_with_their_option() {
        for (words, expected) in [
            (&["x", "--lr", "{lr}", "--m", "{m}", "end"][..], &["x", "--lr", "0.1", "end"][..]),
            (&["x", "--m={m}", "end"], &["x", "end"]),
            (&["x", "file", "{m}"], &["x", "file"]),
            (&["x", "{params}"], &["x", "--lr", "0.1"]),
        ] {
            assert_eq!(render(words).words, expected);
        }
        assert_eq!(render(&["x"]).environment, [("RATE".to_owned(), "0.1".to_owned())]);
        assert_eq!(render(&["x", "a b", "it's"]).line(), "RATE=0.1 x 'a b' 'it'\\''s'");
    }

    #[test]
    fn mistakes_are_found_before_anything_starts() {
        let known = ["lr".to_owned(), "m".to_owned()];
        let error = |words: &[&str]| {
            command(words).and_then(|command| command.check(&known)).unwrap_err().to_string()
        };
        assert!(error(&["no-such-program-here"]).contains("no-such-program-here"));
        assert!(error(&["/etc/passwd"]).contains("not executable"));
        assert!(error(&["sh", "{rl}"]).contains("{rl}"));
        assert!(error(&["sh", "--x={params}"]).contains("{params}"));
        assert!(error(&[]).contains("-- PROGRAM"));
        let bad = Command::parse(&["sh".into()], &["=1".into()]).unwrap_err();
        assert!(bad.to_string().contains("NAME=VALUE"));
    }
}
