//! A cursor over tokens that bounds the depth of nesting.

use super::super::token::{Token, tokens};

/// The deepest nesting that is parsed.
const DEPTH: usize = 100;

/// A position in a list of tokens.
pub(super) struct Cursor {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// A saved position.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    at: usize,
    depth: usize,
}

impl Cursor {
    /// Splits a text into tokens.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        Ok(Self { tokens: tokens(text)?, at: 0, depth: 0 })
    }

    /// Saves the position for [`Cursor::reset`].
    pub(super) fn mark(&self) -> Mark {
        Mark { at: self.at, depth: self.depth }
    }

    /// Returns to a saved position.
    pub(super) fn reset(&mut self, mark: Mark) {
        (self.at, self.depth) = (mark.at, mark.depth);
    }

    /// Enters a level of nesting; fails beyond the deepest one.
    pub(super) fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH { Err("it is nested too deeply".into()) } else { Ok(()) }
    }

    /// Leaves a level of nesting.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The next token.
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    /// Takes the next token if it is this symbol.
    pub(super) fn symbol(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(symbol)) if *symbol == wanted);
        self.at += usize::from(found);
        found
    }

    /// Takes the next token if it is this word.
    pub(super) fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word == wanted);
        self.at += usize::from(found);
        found
    }

    /// Takes the next token, which must be this symbol.
    pub(super) fn require(&mut self, wanted: &str) -> Result<(), String> {
        if self.symbol(wanted) {
            Ok(())
        } else {
            Err(format!("expected {wanted:?}, found {}", self.found()))
        }
    }

    /// The next token as shown in error messages.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            None => "the end".into(),
            Some(Token::Number(x)) => x.to_string(),
            Some(Token::Text(text) | Token::Word(text) | Token::Name(text)) => format!("{text:?}"),
            Some(Token::Symbol(symbol)) => format!("{symbol:?}"),
        }
    }
}
