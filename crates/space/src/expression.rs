//! Constraints as text: `kernel * kernel <= 9 * stride and act != "relu"`.

mod formula;
mod measure;
mod parse;
mod term;
mod token;

pub use measure::Measure;

use crate::{Config, Param, SpaceError};
pub(crate) use formula::{Formula, Relation};
pub(crate) use term::Term;

/// A constraint on the values of parameters, parsed from text.
///
/// A comparison that reads an inactive parameter holds.
///
/// ```text
/// condition  = conjunction { "or" conjunction }
/// conjunction= negation { "and" negation }
/// negation   = "not" negation | comparison | "(" condition ")"
/// comparison = sum ( "<=" | "<" | ">=" | ">" | "==" | "!=" ) sum
///            | parameter [ "not" ] "in" "[" literal { "," literal } "]"
/// sum        = product { ( "+" | "-" ) product }
/// product    = factor { ( "*" | "/" | "%" ) factor }
/// factor     = "-" factor | atom [ "^" factor ]
/// atom       = number | parameter | function "(" sum { "," sum } ")" | "(" sum ")"
/// ```
///
/// A parameter is written by its name, in backquotes where the name is not an identifier. Choices
/// are compared with string, number or boolean literals. `&&`, `||` and `**` stand for `and`, `or`
/// and `^`. Functions: `abs`, `ceil`, `exp`, `floor`, `ln`, `log2`, `log10`, `max`, `min`, `sqrt`.
///
/// # Examples
/// ```
/// use automl_space::{Expression, Space};
///
/// let mut builder = Space::builder();
/// builder.ordinal("kernel", [3, 5, 7]).add()?;
/// builder.choice("act", ["relu", "silu"]).add()?;
/// let space = builder.build()?;
///
/// let rule = Expression::parse("kernel <= 5 or act == 'relu'", space.params())?;
/// let config = space.config([("kernel", 7.into()), ("act", "silu".into())])?;
/// assert_eq!(rule.violation(&config), 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    formula: Formula,
}

impl Expression {
    /// Parses an expression over the given parameters.
    ///
    /// # Errors
    /// [`SpaceError::Constraint`] with the text and the reason: a syntax error, an unknown
    /// parameter or function, a literal outside its domain, or nesting beyond 100 levels.
    pub fn parse(text: &str, params: &[Param]) -> Result<Self, SpaceError> {
        match parse::formula(text, params) {
            Ok(formula) => Ok(Self { text: text.trim().to_owned(), formula }),
            Err(reason) => Err(SpaceError::Constraint { name: shortened(text), reason }),
        }
    }

    /// The text of the expression.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parsed formula.
    pub(crate) fn formula(&self) -> &Formula {
        &self.formula
    }

    /// The size of the violation in `[0, inf]`, zero where the expression holds: of a comparison the
    /// difference of its sides, of a conjunction the sum, of a disjunction the minimum, of a wrong
    /// choice 1. A comparison with NaN is violated infinitely.
    pub fn violation(&self, config: &Config) -> f64 {
        self.formula.violation(config)
    }
}

/// The longest text that an error shows, in characters.
const SHOWN: usize = 100;

/// A text as an error shows it.
fn shortened(text: &str) -> String {
    match text.trim().char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text.trim()[..end]),
        None => text.trim().to_owned(),
    }
}
