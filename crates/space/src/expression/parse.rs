//! From text to a formula, by recursive descent.

mod arithmetic;
mod cursor;

use super::formula::{Formula, Relation};
use super::term::Term;
use super::token::Token;
use crate::{Choice, Param};
use cursor::Cursor;

/// Parses a whole text.
pub(super) fn formula(text: &str, params: &[Param]) -> Result<Formula, String> {
    let mut parser = Parser { cursor: Cursor::new(text)?, params };
    let formula = parser.any()?;
    match parser.cursor.peek() {
        None => Ok(formula),
        Some(_) => Err(format!("expected the end, found {}", parser.cursor.found())),
    }
}

/// Parses a whole text as a number.
pub(super) fn term(text: &str, params: &[Param]) -> Result<Term, String> {
    let mut parser = Parser { cursor: Cursor::new(text)?, params };
    let term = parser.sum()?;
    match parser.cursor.peek() {
        None => Ok(term),
        Some(_) => Err(format!("expected the end, found {}", parser.cursor.found())),
    }
}

/// A parser of formulas over the given parameters.
struct Parser<'a> {
    cursor: Cursor,
    params: &'a [Param],
}

/// A side of a comparison.
enum Side {
    Term(Term),
    /// A parameter with choices that are not all numbers.
    Param(usize),
    Literal(Choice),
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Formula, String> {
        let mut parts = vec![self.all()?];
        while self.cursor.word("or") || self.cursor.symbol("||") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Formula::Any(parts) })
    }

    fn all(&mut self) -> Result<Formula, String> {
        let mut parts = vec![self.negation()?];
        while self.cursor.word("and") || self.cursor.symbol("&&") {
            parts.push(self.negation()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Formula::All(parts) })
    }

    fn negation(&mut self) -> Result<Formula, String> {
        self.cursor.enter()?;
        let formula = if self.cursor.word("not") {
            self.negation()?.negated()
        } else {
            let start = self.cursor.mark();
            // A parenthesis opens a formula or a term: whichever can be parsed.
            match self.comparison() {
                Ok(formula) => formula,
                Err(reason) => {
                    self.cursor.reset(start);
                    if !self.cursor.symbol("(") {
                        return Err(reason);
                    }
                    match self.any() {
                        Ok(formula) if self.cursor.symbol(")") => formula,
                        Err(inner) => return Err(inner),
                        Ok(_) => return Err(reason),
                    }
                }
            }
        };
        self.cursor.leave();
        Ok(formula)
    }

    fn comparison(&mut self) -> Result<Formula, String> {
        let left = self.side()?;
        let negative = self.cursor.word("not");
        if self.cursor.word("in") {
            return self.membership(&left, !negative);
        }
        let relation =
            ["<=", "<", ">=", ">", "==", "!="].into_iter().find(|s| self.cursor.symbol(s));
        let Some(relation) = relation.filter(|_| !negative) else {
            return Err(format!("expected a comparison, found {}", self.cursor.found()));
        };
        let right = self.side()?;
        let (left, right) = match (left, right) {
            (Side::Term(left), Side::Term(right)) => (left, right),
            (left, right) => {
                if !matches!(relation, "==" | "!=") {
                    return Err(format!("{relation:?} compares numbers, not choices or text"));
                }
                return self.equality(left, right, relation == "==");
            }
        };
        Ok(match relation {
            "<=" => Formula::Compare(Relation::AtMost, left, right),
            "<" => Formula::Compare(Relation::Less, left, right),
            ">=" => Formula::Compare(Relation::AtMost, right, left),
            ">" => Formula::Compare(Relation::Less, right, left),
            "==" => Formula::Compare(Relation::Equal, left, right),
            _ => Formula::Compare(Relation::Unequal, left, right),
        })
    }

    /// A parameter against a literal.
    fn equality(&self, left: Side, right: Side, expected: bool) -> Result<Formula, String> {
        let (side, literal) = match (left, right) {
            (side, Side::Literal(literal)) | (Side::Literal(literal), side) => (side, literal),
            (side @ Side::Param(_), Side::Term(Term::Constant(x)))
            | (Side::Term(Term::Constant(x)), side @ Side::Param(_)) => (side, x.into()),
            _ => return Err("a choice can be compared with a literal only".into()),
        };
        self.one_of(&side, &[literal], expected)
    }

    fn membership(&mut self, left: &Side, expected: bool) -> Result<Formula, String> {
        self.cursor.require("[")?;
        let mut literals = vec![self.literal()?];
        while self.cursor.symbol(",") {
            literals.push(self.literal()?);
        }
        self.cursor.require("]")?;
        self.one_of(left, &literals, expected)
    }

    fn one_of(&self, side: &Side, literals: &[Choice], expected: bool) -> Result<Formula, String> {
        let index = match side {
            Side::Param(index) | Side::Term(Term::Param(index) | Term::Choice(index, _)) => *index,
            _ => return Err("only a parameter can be compared with literals".into()),
        };
        let param = &self.params[index];
        let values = literals.iter().map(|literal| {
            let refused = || format!("{:?} cannot have the value {literal}", param.name());
            param.domain().value_of(literal).ok_or_else(refused)
        });
        Ok(Formula::OneOf { index, values: values.collect::<Result<_, _>>()?, expected })
    }

    fn literal(&mut self) -> Result<Choice, String> {
        let negative = self.cursor.symbol("-");
        match self.cursor.next() {
            Some(Token::Number(x)) => Ok(if negative { -x } else { x }.into()),
            Some(Token::Text(text)) if !negative => Ok(Choice::Str(text)),
            Some(Token::Word(word)) if !negative => {
                truth(&word).ok_or_else(|| format!("expected a literal, found {word:?}"))
            }
            _ => Err("expected a literal: a number, a text in quotes, true or false".into()),
        }
    }

    fn side(&mut self) -> Result<Side, String> {
        if let Some(Token::Text(text)) = self.cursor.peek() {
            let text = text.clone();
            self.cursor.next();
            return Ok(Side::Literal(Choice::Str(text)));
        }
        if let Some(Token::Word(word) | Token::Name(word)) = self.cursor.peek() {
            let word = word.clone();
            if let Some(index) = self.params.iter().position(|p| p.name() == word) {
                if arithmetic::numbers(&self.params[index]).is_none() {
                    self.cursor.next();
                    return Ok(Side::Param(index));
                }
            } else if let Some(literal) = truth(&word) {
                self.cursor.next();
                return Ok(Side::Literal(literal));
            }
        }
        Ok(Side::Term(self.sum()?))
    }
}

/// The boolean that a word denotes.
fn truth(word: &str) -> Option<Choice> {
    match word {
        "true" => Some(Choice::Bool(true)),
        "false" => Some(Choice::Bool(false)),
        _ => None,
    }
}
