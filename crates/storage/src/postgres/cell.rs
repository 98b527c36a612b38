//! Values as PostgreSQL has them, each by the type of its column.

use crate::sql::database::{Cell, Failure};
use automl_postgres::tokio_postgres::types::private::BytesMut;
use automl_postgres::tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

/// Microseconds from 1970 to 2000, where PostgreSQL's time begins.
const EPOCH: i64 = 946_684_800_000_000;

/// A value that goes into a statement.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    Time(i64),
}

impl From<Cell<'_>> for Bound {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(x) => Self::Int(x),
            Cell::Float(x) => Self::Float(x),
            Cell::Text(text) => Self::Text(text.to_owned()),
            Cell::Time(micros) => Self::Time(micros),
        }
    }
}

impl ToSql for Bound {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(x), &Type::INT4) => i32::try_from(*x)?.to_sql(ty, out),
            (Self::Int(x), &Type::INT8) => x.to_sql(ty, out),
            (Self::Float(x), &Type::FLOAT8) => x.to_sql(ty, out),
            (Self::Text(text), _) if is_text(ty) => text.to_sql(&Type::TEXT, out),
            (Self::Time(micros), &Type::TIMESTAMP) => {
                micros.saturating_sub(EPOCH).to_sql(&Type::INT8, out)
            }
            (cell, ty) => Err(format!("{cell:?} cannot be a value of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value that comes out of a row.
#[derive(Debug)]
pub(super) enum Any {
    Int(i64),
    Float(f64),
    Text(String),
    Time(i64),
}

impl<'a> FromSql<'a> for Any {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(match *ty {
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT8 => Self::Float(f64::from_sql(ty, raw)?),
            Type::TIMESTAMP => Self::Time(i64::from_sql(&Type::INT8, raw)?.saturating_add(EPOCH)),
            _ if is_text(ty) => Self::Text(String::from_sql(&Type::TEXT, raw)?),
            _ => return Err(format!("a value of type {ty} is not expected").into()),
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Texts, and the names in an enumeration.
fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR) || matches!(ty.kind(), Kind::Enum(_))
}
