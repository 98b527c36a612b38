//! From words to a condition, by recursive descent.

use super::token::{Token, tokens};
use super::{Condition, Function, Number, Relation};
use crate::{Choice, Domain, Param};

/// How deeply an expression may be nested.
const DEPTH: usize = 100;

/// Reads a whole text.
pub(super) fn condition(text: &str, params: &[Param]) -> Result<Condition, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, params, depth: 0 };
    let condition = parser.any()?;
    match parser.peek() {
        None => Ok(condition),
        Some(_) => Err(format!("expected the end, found {}", parser.found())),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    params: &'a [Param],
    depth: usize,
}

/// A side of a comparison: a number, or something that can only be compared for equality.
enum Side {
    Number(Number),
    /// A parameter with choices that are not all numbers.
    Param(usize),
    Literal(Choice),
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.word("or") || self.symbol("||") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.negation()?];
        while self.word("and") || self.symbol("&&") {
            parts.push(self.negation()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn negation(&mut self) -> Result<Condition, String> {
        self.deeper()?;
        let condition = if self.word("not") {
            self.negation()?.negated()
        } else {
            let start = (self.at, self.depth);
            // A parenthesis opens a condition or a number: whichever can be read.
            match self.comparison() {
                Ok(condition) => condition,
                Err(reason) => {
                    (self.at, self.depth) = start;
                    if !self.symbol("(") {
                        return Err(reason);
                    }
                    match self.any() {
                        Ok(condition) if self.symbol(")") => condition,
                        Err(inner) => return Err(inner),
                        Ok(_) => return Err(reason),
                    }
                }
            }
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        let left = self.side()?;
        let negative = self.word("not");
        if self.word("in") {
            return self.membership(&left, !negative);
        }
        let relation = ["<=", "<", ">=", ">", "==", "!="].into_iter().find(|s| self.symbol(s));
        let Some(relation) = relation.filter(|_| !negative) else {
            return Err(format!("expected a comparison, found {}", self.found()));
        };
        let right = self.side()?;
        let (left, right) = match (left, right) {
            (Side::Number(left), Side::Number(right)) => (left, right),
            (left, right) => {
                if !matches!(relation, "==" | "!=") {
                    return Err(format!("{relation:?} compares numbers, not choices or text"));
                }
                return self.equality(left, right, relation == "==");
            }
        };
        Ok(match relation {
            "<=" => Condition::Compare(Relation::AtMost, left, right),
            "<" => Condition::Compare(Relation::Less, left, right),
            ">=" => Condition::Compare(Relation::AtMost, right, left),
            ">" => Condition::Compare(Relation::Less, right, left),
            "==" => Condition::Compare(Relation::Equal, left, right),
            _ => Condition::Compare(Relation::Unequal, left, right),
        })
    }

    /// A parameter against a literal.
    fn equality(&self, left: Side, right: Side, expected: bool) -> Result<Condition, String> {
        let (side, literal) = match (left, right) {
            (side, Side::Literal(literal)) | (Side::Literal(literal), side) => (side, literal),
            (side @ Side::Param(_), Side::Number(Number::Constant(x)))
            | (Side::Number(Number::Constant(x)), side @ Side::Param(_)) => (side, x.into()),
            _ => return Err("a choice can be compared with a literal only".into()),
        };
        self.one_of(&side, &[literal], expected)
    }

    fn membership(&mut self, left: &Side, expected: bool) -> Result<Condition, String> {
        self.require("[")?;
        let mut literals = vec![self.literal()?];
        while self.symbol(",") {
            literals.push(self.literal()?);
        }
        self.require("]")?;
        self.one_of(left, &literals, expected)
    }

    fn one_of(
        &self,
        side: &Side,
        literals: &[Choice],
        expected: bool,
    ) -> Result<Condition, String> {
        let index = match side {
            Side::Param(index) | Side::Number(Number::Param(index) | Number::Choice(index, _)) => {
                *index
            }
            _ => return Err("only a parameter can be compared with literals".into()),
        };
        let param = &self.params[index];
        let values = literals.iter().map(|literal| {
            let refused = || format!("{:?} cannot have the value {literal}", param.name());
            param.domain().value_of(literal).ok_or_else(refused)
        });
        Ok(Condition::OneOf { index, values: values.collect::<Result<_, _>>()?, expected })
    }

    fn literal(&mut self) -> Result<Choice, String> {
        let negative = self.symbol("-");
        match self.next() {
            Some(Token::Number(x)) => Ok(if negative { -x } else { x }.into()),
            Some(Token::Text(text)) if !negative => Ok(Choice::Str(text)),
            Some(Token::Word(word)) if !negative => {
                truth(&word).ok_or_else(|| format!("expected a literal, found {word:?}"))
            }
            _ => Err("expected a literal: a number, a text in quotes, true or false".into()),
        }
    }

    fn side(&mut self) -> Result<Side, String> {
        if let Some(Token::Text(text)) = self.peek() {
            let text = text.clone();
            self.at += 1;
            return Ok(Side::Literal(Choice::Str(text)));
        }
        if let Some(Token::Word(word) | Token::Name(word)) = self.peek() {
            let word = word.clone();
            if let Some(index) = self.params.iter().position(|p| p.name() == word) {
                if numbers(&self.params[index]).is_none() {
                    self.at += 1;
                    return Ok(Side::Param(index));
                }
            } else if let Some(literal) = truth(&word) {
                self.at += 1;
                return Ok(Side::Literal(literal));
            }
        }
        Ok(Side::Number(self.sum()?))
    }

    fn sum(&mut self) -> Result<Number, String> {
        let mut sum = self.product()?;
        loop {
            let function = if self.symbol("+") {
                Function::Add
            } else if self.symbol("-") {
                Function::Subtract
            } else {
                return Ok(sum);
            };
            sum = Number::Apply(function, vec![sum, self.product()?]);
        }
    }

    fn product(&mut self) -> Result<Number, String> {
        let mut product = self.factor()?;
        loop {
            let function = if self.symbol("*") {
                Function::Multiply
            } else if self.symbol("/") {
                Function::Divide
            } else if self.symbol("%") {
                Function::Remainder
            } else {
                return Ok(product);
            };
            product = Number::Apply(function, vec![product, self.factor()?]);
        }
    }

    fn factor(&mut self) -> Result<Number, String> {
        self.deeper()?;
        let factor = if self.symbol("-") {
            match self.factor()? {
                Number::Constant(x) => Number::Constant(-x),
                factor => Number::Apply(Function::Negate, vec![factor]),
            }
        } else {
            let atom = self.atom()?;
            if self.symbol("^") || self.symbol("**") {
                Number::Apply(Function::Power, vec![atom, self.factor()?])
            } else {
                atom
            }
        };
        self.depth -= 1;
        Ok(factor)
    }

    fn atom(&mut self) -> Result<Number, String> {
        if self.symbol("(") {
            let sum = self.sum()?;
            self.require(")")?;
            return Ok(sum);
        }
        let found = self.found();
        match self.next() {
            Some(Token::Number(x)) => Ok(Number::Constant(x)),
            Some(Token::Word(word)) => match self.params.iter().position(|p| p.name() == word) {
                Some(index) => self.number(index),
                None if self.symbol("(") => self.call(&word),
                None => Err(format!("there is no parameter {word:?}")),
            },
            Some(Token::Name(name)) => match self.params.iter().position(|p| p.name() == name) {
                Some(index) => self.number(index),
                None => Err(format!("there is no parameter {name:?}")),
            },
            _ => Err(format!("expected a number or a parameter, found {found}")),
        }
    }

    fn number(&self, index: usize) -> Result<Number, String> {
        match (&self.params[index], numbers(&self.params[index])) {
            (param, None) => Err(format!("the choices of {:?} are not numbers", param.name())),
            (_, Some(numbers)) if numbers.is_empty() => Ok(Number::Param(index)),
            (_, Some(numbers)) => Ok(Number::Choice(index, numbers)),
        }
    }

    /// A function's arguments, behind the opening parenthesis.
    fn call(&mut self, name: &str) -> Result<Number, String> {
        let function =
            Function::named(name).ok_or_else(|| format!("there is no function {name:?}"))?;
        let mut arguments = vec![self.sum()?];
        while self.symbol(",") {
            arguments.push(self.sum()?);
        }
        self.require(")")?;
        if !function.arity().contains(&arguments.len()) {
            return Err(format!("{name:?} takes one argument, not {}", arguments.len()));
        }
        Ok(Number::Apply(function, arguments))
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH { Err("it is nested too deeply".into()) } else { Ok(()) }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    fn symbol(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(symbol)) if *symbol == wanted);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word == wanted);
        self.at += usize::from(found);
        found
    }

    fn require(&mut self, wanted: &str) -> Result<(), String> {
        if self.symbol(wanted) {
            Ok(())
        } else {
            Err(format!("expected {wanted:?}, found {}", self.found()))
        }
    }

    fn found(&self) -> String {
        match self.peek() {
            None => "the end".into(),
            Some(Token::Number(x)) => x.to_string(),
            Some(Token::Text(text) | Token::Word(text) | Token::Name(text)) => format!("{text:?}"),
            Some(Token::Symbol(symbol)) => format!("{symbol:?}"),
        }
    }
}

fn truth(word: &str) -> Option<Choice> {
    match word {
        "true" => Some(Choice::Bool(true)),
        "false" => Some(Choice::Bool(false)),
        _ => None,
    }
}

/// The numbers behind a parameter's choices, empty for a numerical parameter; `None` where some
/// choice is not a number.
fn numbers(param: &Param) -> Option<Vec<f64>> {
    match param.domain() {
        Domain::Categorical(d) => d.choices().iter().map(Choice::as_f64).collect(),
        _ => Some(Vec::new()),
    }
}
