//! Texts with placeholders in braces.

use automl_study::part::nearest;
use std::collections::BTreeMap;
use thiserror::Error;

/// The reason for which a text with placeholders was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// A brace that neither begins nor ends a placeholder.
    #[error("{text:?} has a single brace: a placeholder is {{name}}, a brace itself {{{{ or }}}}")]
    Brace {
        /// The text.
        text: String,
    },
    /// A placeholder without a meaning in this study.
    #[error("{text:?} names {{{name}}}{hint}: there are {known}")]
    Unknown {
        /// The text.
        text: String,
        /// The name.
        name: String,
        /// A name that is near, in parentheses.
        hint: String,
        /// The names that have a meaning.
        known: String,
    },
}

/// The values of placeholders; a name without a value is known and has none in this run.
pub(crate) type Values = BTreeMap<String, Option<String>>;

/// A text with placeholders such as `--lr={lr}`; `{{` and `}}` stand for braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let brace = || TemplateError::Brace { text: text.to_owned() };
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = rest.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let inner = rest.strip_prefix('{').ok_or_else(brace)?;
                let (name, after) = inner.split_once('}').ok_or_else(brace)?;
                if name.is_empty() || name.contains(['{', '"', '\n']) {
                    return Err(brace());
                }
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Placeholder(name.to_owned()));
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The text as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The names of the placeholders.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether the text is one placeholder and nothing else.
    pub(crate) fn is_placeholder(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Placeholder(_)])
    }

    /// Refuses placeholders that are not among the known ones.
    pub(crate) fn check<'a>(
        &self,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), TemplateError> {
        match self.names().find(|name| known.clone().all(|known| known != *name)) {
            None => Ok(()),
            Some(name) => {
                let hint = nearest(name, known.clone())
                    .map(|near| format!(" (did you mean {{{near}}}?)"))
                    .unwrap_or_default();
                let known: Vec<String> = known.map(|name| format!("{{{name}}}")).collect();
                Err(TemplateError::Unknown {
                    text: self.text.clone(),
                    name: name.to_owned(),
                    hint,
                    known: known.join(" "),
                })
            }
        }
    }

    /// The text with the values; `None` where a placeholder has none.
    pub(crate) fn render(&self, values: &Values) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Placeholder(name) => text.push_str(values.get(name)?.as_ref()?),
            }
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> Values {
        [("lr", Some("0.1")), ("momentum", None)]
            .map(|(name, value)| (name.to_owned(), value.map(str::to_owned)))
            .into()
    }

    #[test]
    fn placeholders_are_replaced() {
        for (text, expected) in [
            ("--lr={lr}", Some("--lr=0.1")),
            ("{lr}/{lr}", Some("0.1/0.1")),
            ("{{print $1}}", Some("{print $1}")),
            ("{momentum}", None),
            ("", Some("")),
        ] {
            let rendered = Template::parse(text).unwrap().render(&values());
            assert_eq!(rendered.as_deref(), expected, "{text}");
        }
        for text in ["{", "}", "{}", "{\"a\": 1}", "{a", "a}b"] {
            assert!(matches!(Template::parse(text), Err(TemplateError::Brace { .. })), "{text}");
        }
    }

    #[test]
    fn unknown_names_are_answered_with_a_near_one() {
        let template = Template::parse("--momentum={momentun}").unwrap();
        let known = values();
        let error = template.check(known.keys().map(String::as_str)).unwrap_err().to_string();
        assert!(error.contains("did you mean {momentum}?"), "{error}");
    }

    proptest! {
        /// Doubled braces give any text back.
        #[test]
        fn escaped_texts_are_themselves(text in ".*") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            let template = Template::parse(&escaped).unwrap();
            prop_assert_eq!(template.render(&values()), Some(text));
        }
    }
}
