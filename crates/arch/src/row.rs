//! Rows of a configuration: the arguments of one block.

mod error;
mod item;
mod value;

pub use error::YamlError;
pub(crate) use item::Item;
pub(crate) use value::Value;

/// Names of kindle's arguments, each with the name of the field here.
const ALIASES: [(&str, &str); 8] = [
    ("expand_ratio", "expansion"),
    ("group", "groups"),
    ("kernel_size", "kernel"),
    ("out_channel", "channels"),
    ("out_channels", "channels"),
    ("out_features", "features"),
    ("use_hs", "hard_swish"),
    ("use_se", "squeeze_excite"),
];

/// The arguments of one row: positional ones, taken from the left, and those by name.
pub(crate) struct Row<'a> {
    block: usize,
    name: &'a str,
    items: Vec<Item>,
    next: usize,
    /// Arguments by name that were not taken yet.
    keywords: Vec<(String, Item)>,
    /// The names of the arguments so far.
    known: Vec<&'static str>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(
        block: usize,
        name: &'a str,
        items: Vec<Item>,
        keywords: Vec<(String, Item)>,
    ) -> Self {
        Self { block, name, items, next: 0, keywords, known: Vec::new() }
    }

    /// Name of the module.
    pub(crate) fn name(&self) -> &'a str {
        self.name
    }

    /// Takes the next argument, or the one of this name, or `default` where the row has neither.
    ///
    /// # Errors
    /// [`YamlError::Argument`] for a value of another kind, or a missing one without a default;
    /// [`YamlError::Keyword`] for one that stands twice.
    pub(crate) fn take<T: Value>(
        &mut self,
        name: &'static str,
        default: Option<T>,
    ) -> Result<T, YamlError> {
        self.known.push(name);
        let is_own = |key: &str| key == name || ALIASES.contains(&(key, name));
        let by_name = self.keywords.iter().position(|(key, _)| is_own(key));
        let value = match (self.items.get(self.next), by_name) {
            (Some(_), Some(at)) => {
                return Err(
                    self.keyword(at, "stands among the positional arguments too".to_owned())
                );
            }
            (None, Some(at)) => {
                let Some(value) = T::read(&self.keywords[at].1) else {
                    let found = self.keywords[at].1.describe();
                    return Err(self.keyword(at, format!("must be {}, not {found}", T::EXPECTED)));
                };
                self.keywords.remove(at);
                Some(value)
            }
            (None, None) => default,
            (Some(item), None) => T::read(item),
        };
        let value = value.ok_or_else(|| self.error(T::EXPECTED))?;
        self.next += 1;
        Ok(value)
    }

    /// Takes the next argument, which must be 1 or absent.
    ///
    /// # Errors
    /// [`YamlError::Argument`] for another value.
    pub(crate) fn take_one(&mut self) -> Result<(), YamlError> {
        match self.items.get(self.next).map(Item::size) {
            None | Some(Some(1)) => {
                self.next += 1;
                Ok(())
            }
            Some(None) => Err(self.error(usize::EXPECTED)),
            Some(Some(_)) => Err(self.error("1")),
        }
    }

    /// Checks that every argument has been taken.
    ///
    /// # Errors
    /// [`YamlError::Argument`] for a superfluous one, [`YamlError::Keyword`] for a name that the
    /// block does not have.
    pub(crate) fn end(&self) -> Result<(), YamlError> {
        if self.next < self.items.len() {
            return Err(self.error("absent"));
        }
        match self.keywords.first() {
            None => Ok(()),
            Some((key, _)) => {
                let hint = hint(key, &self.known);
                let known = match self.known.as_slice() {
                    [] => "it has none".to_owned(),
                    known => known.join(", "),
                };
                Err(self.keyword(0, format!("is no argument{hint}: {known}")))
            }
        }
    }

    /// The error for a name that no block has.
    pub(crate) fn unknown_module(&self, known: String) -> YamlError {
        YamlError::Module { block: self.block, name: self.name.to_owned(), known }
    }

    fn keyword(&self, at: usize, reason: String) -> YamlError {
        let argument = self.keywords.get(at).map_or("", |(key, _)| key).to_owned();
        YamlError::Keyword { block: self.block, name: self.name.to_owned(), argument, reason }
    }

    fn error(&self, expected: &'static str) -> YamlError {
        let found = self.items.get(self.next).map_or("missing".to_owned(), Item::describe);
        let (name, position) = (self.name.to_owned(), self.next + 1);
        YamlError::Argument { block: self.block, name, position, expected, found }
    }
}

/// The known name nearest to a misspelt one, as a part of an error text; empty where none is near.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|other| (strsim::jaro_winkler(name, other), *other));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((similarity, other)) if similarity > 0.75 => format!(" (did you mean {other:?}?)"),
        _ => String::new(),
    }
}
