//! The arithmetic part of the grammar.

use super::super::term::{Function, Term};
use super::super::token::Token;
use super::Parser;
use crate::{Choice, Domain, Param};

impl Parser<'_> {
    pub(super) fn sum(&mut self) -> Result<Term, String> {
        let first = self.product()?;
        let mut rest = Vec::new();
        loop {
            let function = if self.cursor.symbol("+") {
                Function::Add
            } else if self.cursor.symbol("-") {
                Function::Subtract
            } else {
                return Ok(Term::chain(first, rest));
            };
            rest.push((function, self.product()?));
        }
    }

    fn product(&mut self) -> Result<Term, String> {
        let first = self.factor()?;
        let mut rest = Vec::new();
        loop {
            let function = if self.cursor.symbol("*") {
                Function::Multiply
            } else if self.cursor.symbol("/") {
                Function::Divide
            } else if self.cursor.symbol("%") {
                Function::Remainder
            } else {
                return Ok(Term::chain(first, rest));
            };
            rest.push((function, self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Term, String> {
        self.cursor.enter()?;
        let factor = if self.cursor.symbol("-") {
            match self.factor()? {
                Term::Constant(x) => Term::Constant(-x),
                factor => Term::Apply(Function::Negate, vec![factor]),
            }
        } else {
            let atom = self.atom()?;
            if self.cursor.symbol("^") || self.cursor.symbol("**") {
                Term::Apply(Function::Power, vec![atom, self.factor()?])
            } else {
                atom
            }
        };
        self.cursor.leave();
        Ok(factor)
    }

    fn atom(&mut self) -> Result<Term, String> {
        if self.cursor.symbol("(") {
            let sum = self.sum()?;
            self.cursor.require(")")?;
            return Ok(sum);
        }
        let found = self.cursor.found();
        match self.cursor.next() {
            Some(Token::Number(x)) => Ok(Term::Constant(x)),
            Some(Token::Word(word)) => match self.params.iter().position(|p| p.name() == word) {
                Some(index) => self.number(index),
                None if self.cursor.symbol("(") => self.call(&word),
                None => Err(format!("there is no parameter {word:?}")),
            },
            Some(Token::Name(name)) => match self.params.iter().position(|p| p.name() == name) {
                Some(index) => self.number(index),
                None => Err(format!("there is no parameter {name:?}")),
            },
            _ => Err(format!("expected a number or a parameter, found {found}")),
        }
    }

    fn number(&self, index: usize) -> Result<Term, String> {
        match (&self.params[index], numbers(&self.params[index])) {
            (param, None) => Err(format!("the choices of {:?} are not numbers", param.name())),
            (_, Some(numbers)) if numbers.is_empty() => Ok(Term::Param(index)),
            (_, Some(numbers)) => Ok(Term::Choice(index, numbers)),
        }
    }

    /// Parses the arguments of a function after the opening parenthesis.
    fn call(&mut self, name: &str) -> Result<Term, String> {
        let function =
            Function::named(name).ok_or_else(|| format!("there is no function {name:?}"))?;
        let mut arguments = vec![self.sum()?];
        while self.cursor.symbol(",") {
            arguments.push(self.sum()?);
        }
        self.cursor.require(")")?;
        if !function.arity().contains(&arguments.len()) {
            return Err(format!("{name:?} takes one argument, not {}", arguments.len()));
        }
        Ok(Term::Apply(function, arguments))
    }
}

/// The numbers that the choices of a parameter are, empty for a numerical parameter; `None` where
/// some choice is not a number.
pub(super) fn numbers(param: &Param) -> Option<Vec<f64>> {
    match param.domain() {
        Domain::Categorical(d) => d.choices().iter().map(Choice::as_f64).collect(),
        _ => Some(Vec::new()),
    }
}
