//! Constraints as text: `kernel * kernel <= 9 * stride and act != "relu"`.
//!
//! ```text
//! condition  = conjunction { "or" conjunction }
//! conjunction= negation { "and" negation }
//! negation   = "not" negation | comparison | "(" condition ")"
//! comparison = sum ( "<=" | "<" | ">=" | ">" | "==" | "!=" ) sum
//!            | parameter [ "not" ] "in" "[" literal { "," literal } "]"
//! sum        = product { ( "+" | "-" ) product }
//! product    = factor { ( "*" | "/" | "%" ) factor }
//! factor     = "-" factor | atom [ "^" factor ]
//! atom       = number | parameter | function "(" sum { "," sum } ")" | "(" sum ")"
//! ```
//!
//! A parameter is written by its name, in backquotes where that is not an identifier. Choices are
//! compared with string, number or truth literals. Functions: `abs`, `ceil`, `exp`, `floor`, `ln`,
//! `log2`, `log10`, `max`, `min`, `sqrt`.

mod parse;
mod token;

use crate::{Config, Param, SpaceError, Value};

/// A condition on values that every configuration has to meet, as data.
///
/// A comparison that reads an inactive parameter holds: what is not there breaks nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    condition: Condition,
}

/// Negations are pushed down to the comparisons when the text is read.
#[derive(Clone, Debug, PartialEq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(Relation, Number, Number),
    /// Whether the parameter has one of the values.
    OneOf {
        index: usize,
        values: Vec<Value>,
        expected: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    Less,
    AtMost,
    Equal,
    Unequal,
}

#[derive(Clone, Debug, PartialEq)]
enum Number {
    Constant(f64),
    /// The value of a numerical parameter.
    Param(usize),
    /// The number behind the choice of a parameter whose choices are all numbers.
    Choice(usize, Vec<f64>),
    Apply(Function, Vec<Number>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
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

impl Expression {
    /// Reads an expression over some parameters.
    ///
    /// # Errors
    /// [`SpaceError::Constraint`] names the expression, and what in it cannot be read.
    pub fn parse(text: &str, params: &[Param]) -> Result<Self, SpaceError> {
        match parse::condition(text, params) {
            Ok(condition) => Ok(Self { text: text.trim().to_owned(), condition }),
            Err(reason) => Err(SpaceError::Constraint { name: text.trim().to_owned(), reason }),
        }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// ConfigSpace's name for what a comparison of two parameters forbids, with their indexes.
    pub(crate) fn relation(&self) -> Option<(&'static str, usize, usize)> {
        let Condition::Compare(relation, Number::Param(left), Number::Param(right)) =
            &self.condition
        else {
            return None;
        };
        match relation {
            Relation::Less => Some(("RELATION_GE", *left, *right)),
            Relation::AtMost => Some(("RELATION_GT", *left, *right)),
            Relation::Unequal => Some(("RELATION_EQ", *left, *right)),
            Relation::Equal => None,
        }
    }

    /// How far a configuration is from meeting the condition, zero where it does. The sides'
    /// difference for a comparison, the sum over a conjunction, the least of a disjunction, 1 for a
    /// wrong choice. A comparison with NaN is infinitely far off.
    pub fn violation(&self, config: &Config) -> f64 {
        self.condition.violation(config)
    }
}

impl Condition {
    fn violation(&self, config: &Config) -> f64 {
        match self {
            Self::All(parts) => parts.iter().map(|part| part.violation(config)).sum(),
            Self::Any(parts) => {
                parts.iter().map(|part| part.violation(config)).fold(f64::INFINITY, f64::min)
            }
            Self::Compare(relation, left, right) => {
                match (left.value(config), right.value(config)) {
                    (Some(left), Some(right)) => relation.violation(left, right),
                    _ => 0.0,
                }
            }
            Self::OneOf { index, values, expected } => match config.value(*index) {
                Some(value) => f64::from(u8::from(values.contains(&value) != *expected)),
                None => 0.0,
            },
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::All(parts) => Self::Any(parts.into_iter().map(Self::negated).collect()),
            Self::Any(parts) => Self::All(parts.into_iter().map(Self::negated).collect()),
            Self::Compare(relation, left, right) => match relation {
                Relation::Less => Self::Compare(Relation::AtMost, right, left),
                Relation::AtMost => Self::Compare(Relation::Less, right, left),
                Relation::Equal => Self::Compare(Relation::Unequal, left, right),
                Relation::Unequal => Self::Compare(Relation::Equal, left, right),
            },
            Self::OneOf { index, values, expected } => {
                Self::OneOf { index, values, expected: !expected }
            }
        }
    }
}

impl Relation {
    fn violation(self, left: f64, right: f64) -> f64 {
        if left.is_nan() || right.is_nan() {
            return f64::INFINITY;
        }
        // The smallest positive number keeps a violation of a strict relation visible.
        let excess = |holds: bool, by: f64| if holds { 0.0 } else { by.max(f64::MIN_POSITIVE) };
        match self {
            Self::Less => excess(left < right, left - right),
            Self::AtMost => excess(left <= right, left - right),
            Self::Equal => excess(left == right, (left - right).abs()),
            Self::Unequal => excess(left != right, 1.0),
        }
    }
}

impl Number {
    /// The number; `None` where it reads an inactive parameter.
    fn value(&self, config: &Config) -> Option<f64> {
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
                values.try_fold(function.of_one(first), |sum, x| Some(function.of_two(sum, x?)))?
            }
        })
    }
}

impl Function {
    /// How many arguments it takes.
    fn arity(self) -> std::ops::RangeInclusive<usize> {
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

    /// What a function of one argument makes of it; those of several begin with it as it is.
    fn of_one(self, x: f64) -> f64 {
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

    /// What a function of several arguments makes of the result so far and the next one.
    fn of_two(self, sum: f64, x: f64) -> f64 {
        match self {
            Self::Add => sum + x,
            Self::Subtract => sum - x,
            Self::Multiply => sum * x,
            Self::Divide => sum / x,
            Self::Remainder => sum.rem_euclid(x),
            Self::Power => sum.powf(x),
            // Not `f64::max`, which would swallow a NaN.
            Self::Max => {
                if sum > x || sum.is_nan() {
                    sum
                } else {
                    x
                }
            }
            Self::Min => {
                if sum < x || sum.is_nan() {
                    sum
                } else {
                    x
                }
            }
            _ => x,
        }
    }

    fn named(name: &str) -> Option<Self> {
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
}
