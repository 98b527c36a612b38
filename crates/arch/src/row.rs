//! Rows of a configuration: the arguments of one block.

mod error;
mod item;
mod value;

pub use error::YamlError;
pub(crate) use item::Item;
pub(crate) use value::Value;

/// The arguments of one row, taken from the left.
pub(crate) struct Row<'a> {
    block: usize,
    name: &'a str,
    items: Vec<Item>,
    next: usize,
}

impl<'a> Row<'a> {
    pub(crate) fn new(block: usize, name: &'a str, items: Vec<Item>) -> Self {
        Self { block, name, items, next: 0 }
    }

    /// Name of the module.
    pub(crate) fn name(&self) -> &'a str {
        self.name
    }

    /// Takes the next argument, or `default` where the row has ended.
    ///
    /// # Errors
    /// [`YamlError::Argument`] for a value of another kind, or a missing one without a default.
    pub(crate) fn take<T: Value>(&mut self, default: Option<T>) -> Result<T, YamlError> {
        let value = match self.items.get(self.next) {
            None => default,
            Some(item) => T::read(item),
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
    /// [`YamlError::Argument`] for a superfluous one.
    pub(crate) fn end(&self) -> Result<(), YamlError> {
        if self.next < self.items.len() {
            return Err(self.error("absent"));
        }
        Ok(())
    }

    /// The error for a name that no block has.
    pub(crate) fn unknown_module(&self, known: String) -> YamlError {
        YamlError::Module { block: self.block, name: self.name.to_owned(), known }
    }

    fn error(&self, expected: &'static str) -> YamlError {
        let found = self.items.get(self.next).map_or("missing".to_owned(), Item::describe);
        let (name, position) = (self.name.to_owned(), self.next + 1);
        YamlError::Argument { block: self.block, name, position, expected, found }
    }
}
