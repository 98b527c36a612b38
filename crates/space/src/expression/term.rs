//! Terms: arithmetic on the values of parameters.

use crate::{Config, Value};

/// An arithmetic term.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Constant(f64),
    /// The value of a numerical parameter.
    Param(usize),
    /// The choice of a parameter, given the number of each choice.
    Choice(usize, Vec<f64>),
    Apply(Function, Vec<Term>),
    /// Operators of one rank from left to right: a level of nesting, however many they are.
    Chain(Box<Term>, Vec<(Function, Term)>),
}

impl Term {
    /// A term and what follows it.
    pub(super) fn chain(first: Self, rest: Vec<(Function, Self)>) -> Self {
        if rest.is_empty() { first } else { Self::Chain(Box::new(first), rest) }
    }

    /// Whether the term reads a parameter.
    pub(super) fn reads(&self, wanted: usize) -> bool {
        match self {
            Self::Constant(_) => false,
            Self::Param(index) | Self::Choice(index, _) => *index == wanted,
            Self::Apply(_, arguments) => arguments.iter().any(|argument| argument.reads(wanted)),
            Self::Chain(first, rest) => {
                first.reads(wanted) || rest.iter().any(|(_, term)| term.reads(wanted))
            }
        }
    }

    /// The value of the term; `None` where it reads an inactive parameter.
    pub(super) fn value(&self, config: &Config) -> Option<f64> {
        Some(match self {
            Self::Constant(x) => *x,
            Self::Param(index) => config.value(*index)?.as_f64(),
            Self::Choice(index, numbers) => match config.value(*index)? {
                Value::Category(choice) => *numbers.get(choice)?,
                other => other.as_f64(),
            },
            Self::Apply(function, arguments) => {
                let mut values = arguments.iter().map(|argument| argument.value(config));
                let first = values.next()??;
                values
                    .try_fold(function.unary(first), |result, x| Some(function.fold(result, x?)))?
            }
            Self::Chain(first, rest) => {
                let first = first.value(config)?;
                rest.iter().try_fold(first, |result, (function, term)| {
                    Some(function.fold(result, term.value(config)?))
                })?
            }
        })
    }
}

/// An arithmetic operator or a named function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Negate,
    Abs,
    Ceil,
    Exp,
    Floor,
    Ln,
    Log2,
    Log10,
    Max,
    Min,
    Sqrt,
}

impl Function {
    /// The function of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "abs" => Self::Abs,
            "ceil" => Self::Ceil,
            "exp" => Self::Exp,
            "floor" => Self::Floor,
            "ln" => Self::Ln,
            "log2" => Self::Log2,
            "log10" => Self::Log10,
            "max" => Self::Max,
            "min" => Self::Min,
            "sqrt" => Self::Sqrt,
            _ => return None,
        })
    }

    /// The numbers of arguments that are valid.
    pub(super) fn arity(self) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Add
            | Self::Subtract
            | Self::Multiply
            | Self::Divide
            | Self::Remainder
            | Self::Power => 2..=2,
            Self::Max | Self::Min => 1..=usize::MAX,
            _ => 1..=1,
        }
    }

    /// The value of a unary function; the identity for functions of several arguments.
    fn unary(self, x: f64) -> f64 {
        match self {
            Self::Negate => -x,
            Self::Abs => x.abs(),
            Self::Ceil => x.ceil(),
            Self::Exp => x.exp(),
            Self::Floor => x.floor(),
            Self::Ln => x.ln(),
            Self::Log2 => x.log2(),
            Self::Log10 => x.log10(),
            Self::Sqrt => x.sqrt(),
            _ => x,
        }
    }

    /// The result of a function of several arguments after one more argument.
    fn fold(self, result: f64, x: f64) -> f64 {
        match self {
            Self::Add => result + x,
            Self::Subtract => result - x,
            Self::Multiply => result * x,
            Self::Divide => result / x,
            Self::Remainder => result.rem_euclid(x),
            Self::Power => result.powf(x),
            // Unlike `f64::max` and `f64::min`, these keep a NaN.
            Self::Max if result > x || result.is_nan() => result,
            Self::Min if result < x || result.is_nan() => result,
            _ => x,
        }
    }
}
