//! Turns of phrase that doc comments must not have.

use crate::shell;
use crate::source;
use anyhow::Result;
use std::path::Path;

const PRONOUN: &str = "a pronoun for a person: name the thing, or use \"that\" or \"which\"";
const NONE: &str =
    "a relative clause without its noun: say what is invalid, such as \"is outside (0, 1)\"";
const NO: &str =
    "a negation of the noun: \"is not a\", or the state that it is in, such as \"is infinite\"";

/// Each phrase with the reason for it. `*` stands for one word.
const PHRASES: &[(&str, &str)] = &[
    ("who", PRONOUN),
    ("whoever", PRONOUN),
    ("whom", PRONOUN),
    ("whose", PRONOUN),
    ("nobody", PRONOUN),
    ("somebody", PRONOUN),
    ("that is none", NONE),
    ("that are none", NONE),
    ("that is no *", NONE),
    ("that are no *", NONE),
    ("is no * any more", NO),
    ("is no whole", NO),
    ("no whole", NO),
    ("is no number", NO),
    ("are no numbers", NO),
    ("is none of the", NO),
    ("otherwise than", "not an English comparison: \"differently from\""),
];

/// The phrases in the doc comments of every crate, as `file:line: phrase: reason`.
pub(crate) fn findings() -> Result<Vec<String>> {
    let root = shell::root();
    let mut findings = Vec::new();
    for folder in ["crates", "benches", "examples", "fuzz", "xtask"] {
        for file in source::files(&root.join(folder))? {
            let text = source::read(&file)?;
            let shown = file.strip_prefix(&root).unwrap_or(&file);
            findings.extend(found(&text, shown));
        }
    }
    Ok(findings)
}

fn found(text: &str, file: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for words in comments(text) {
        for (phrase, reason) in PHRASES {
            let phrase: Vec<&str> = phrase.split(' ').collect();
            for window in words.windows(phrase.len()) {
                let same = |(pattern, (_, word)): (&&str, &(usize, String))| {
                    *pattern == "*" || *pattern == word
                };
                if phrase.iter().zip(window).all(same) {
                    let said: Vec<&str> = window.iter().map(|(_, word)| word.as_str()).collect();
                    let (file, line) = (file.display(), window[0].0);
                    found.push(format!("{file}:{line}: \"{}\": {reason}", said.join(" ")));
                }
            }
        }
    }
    found
}

/// The words of each doc comment in lower case, with their lines. Code is left out.
fn comments(text: &str) -> Vec<Vec<(usize, String)>> {
    let mut comments = vec![Vec::new()];
    let mut code = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let Some(prose) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            code = false;
            comments.push(Vec::new());
            continue;
        };
        if prose.trim_start().starts_with("```") {
            code = !code;
        } else if !code && let Some(words) = comments.last_mut() {
            // Every other part stands between backticks.
            let prose = prose.split('`').step_by(2).collect::<Vec<_>>().join(" ` ");
            let letters = |c: char| !c.is_alphanumeric() && c != '`' && c != '\'' && c != '-';
            let parts = prose.split(letters).filter(|word| !word.is_empty());
            words.extend(parts.map(|word| (number + 1, word.to_lowercase())));
        }
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::found;
    use std::path::Path;

    fn lines(text: &str) -> Vec<String> {
        let found = found(text, Path::new("a.rs"));
        found.iter().map(|line| line.split("\": ").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn phrases_are_found_with_their_line() {
        let text = "//! Whose a trial is.\nfn a() {}\n    /// The loss is no number any more.\n";
        assert_eq!(
            lines(text),
            ["a.rs:1: \"whose", "a.rs:3: \"is no number any more", "a.rs:3: \"is no number"]
        );
    }

    #[test]
    fn phrases_run_over_lines_but_not_over_comments() {
        assert_eq!(lines("/// A share that\n/// is none.\n"), ["a.rs:1: \"that is none"]);
        assert!(lines("/// A share that\nstruct A;\n/// is none.\n").is_empty());
    }

    #[test]
    fn code_and_other_comments_are_left_out() {
        assert!(lines("/// The field `who`.\n// Who asks.\nlet who = 1;\n").is_empty());
        assert!(lines("/// ```\n/// let who = 1;\n/// ```\n").is_empty());
        assert_eq!(lines("/// ```\n/// let a = 1;\n/// ```\n/// Who.\n"), ["a.rs:4: \"who"]);
    }

    #[test]
    fn plain_english_is_not_found() {
        assert!(lines("/// There is no such trial, which is no longer open.\n").is_empty());
    }
}
