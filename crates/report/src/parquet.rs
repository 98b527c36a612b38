//! Trials as a Parquet file.

use crate::csv::{Cells, row};
use crate::data::state_name;
use crate::{ReportError, StudyData};
use automl_space::Choice;
use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::path::Path;
use std::sync::Arc;

/// The values of a column, absent ones included.
#[derive(Clone, Debug)]
enum Column {
    Bool(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    /// Microseconds since 1970, UTC.
    Time(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
}

/// Writes all trials of a study as a Parquet file, one row each, with the columns of
/// [`trials_csv`](crate::trials_csv) in their types: numbers, booleans, times in microseconds and texts.
///
/// # Errors
/// [`ReportError::Write`] where the file cannot be written; then an earlier file of the name stays.
///
/// # Examples
/// ```
/// use automl_report::{StudyData, trials_parquet};
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let n = space.int("n", 3..=9).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?.optimize(5, |config| config[n] as f64)?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// let file = folder.path().join("trials.parquet");
/// trials_parquet(&data, &file)?;
/// assert!(std::fs::read(&file)?.starts_with(b"PAR1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn trials_parquet(data: &StudyData, path: &Path) -> Result<(), ReportError> {
    let bytes = encode(&columns(data)).map_err(|error| ReportError::Write {
        path: path.to_owned(),
        source: std::io::Error::other(error),
    })?;
    crate::write::write_bytes(path, &bytes)
}

/// The columns with their names, in the order of the CSV form.
fn columns(data: &StudyData) -> Vec<(String, Column)> {
    let rows: Vec<Cells<'_>> = data.trials().iter().map(|trial| row(data, trial)).collect();
    let texts =
        |of: &dyn Fn(&Cells<'_>) -> Option<String>| Column::Text(rows.iter().map(of).collect());
    let mut columns = vec![
        (
            "number".to_owned(),
            Column::Int(rows.iter().map(|r| integer(r.trial.number.0)).collect()),
        ),
        ("state".to_owned(), texts(&|r| Some(state_name(r.trial.state).to_owned()))),
    ];
    for (at, objective) in data.objectives().iter().enumerate() {
        let values = rows.iter().map(|r| r.values.get(at).copied()).collect();
        columns.push((format!("values_{}", objective.name), Column::Float(values)));
    }
    let ints = |of: &dyn Fn(&Cells<'_>) -> Option<u64>| {
        Column::Int(rows.iter().map(|r| of(r).and_then(integer)).collect())
    };
    columns.extend([
        ("fidelity".to_owned(), ints(&|r| r.fidelity)),
        ("started".to_owned(), Column::Time(rows.iter().map(|r| r.trial.started).collect())),
        ("finished".to_owned(), Column::Time(rows.iter().map(|r| r.trial.finished).collect())),
        ("seconds".to_owned(), Column::Float(rows.iter().map(|r| r.seconds).collect())),
        (
            "feasible".to_owned(),
            Column::Bool(rows.iter().map(|r| Some(r.trial.is_feasible())).collect()),
        ),
        ("worker".to_owned(), texts(&|r| r.worker.map(str::to_owned))),
        ("reason".to_owned(), texts(&|r| r.reason.map(str::to_owned))),
    ]);
    for (at, param) in data.params().iter().enumerate() {
        let literals = data.trials().iter().map(|trial| data.literal(trial, at)).collect();
        columns.push((format!("params_{}", param.name), of_literals(literals)));
    }
    columns
}

fn integer(x: u64) -> Option<i64> {
    i64::try_from(x).ok()
}

/// The narrowest type that holds all values: booleans, integers, numbers, else texts.
fn of_literals(literals: Vec<Option<Choice>>) -> Column {
    let all = |is: &dyn Fn(&Choice) -> bool| literals.iter().flatten().all(is);
    if all(&|choice| matches!(choice, Choice::Int(_))) {
        let int = |choice| if let Choice::Int(x) = choice { Some(x) } else { None };
        return Column::Int(literals.into_iter().map(|literal| literal.and_then(int)).collect());
    }
    if all(&|choice| matches!(choice, Choice::Bool(_))) {
        let flag = |choice| if let Choice::Bool(x) = choice { Some(x) } else { None };
        return Column::Bool(literals.into_iter().map(|literal| literal.and_then(flag)).collect());
    }
    if all(&|choice| matches!(choice, Choice::Int(_) | Choice::Float(_))) {
        let number = |choice| match choice {
            Choice::Int(x) => Some(x as f64),
            Choice::Float(x) => Some(x),
            _ => None,
        };
        return Column::Float(
            literals.into_iter().map(|literal| literal.and_then(number)).collect(),
        );
    }
    let text = |literal: Option<Choice>| literal.map(|choice| choice.to_string());
    Column::Text(literals.into_iter().map(text).collect())
}

fn encode(columns: &[(String, Column)]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(|(name, column)| field(name, column));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("trials").with_fields(fields).build()?;
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties)?;
    let mut group = writer.next_row_group()?;
    for (_, column) in columns {
        let Some(mut target) = group.next_column()? else { break };
        fill(target.untyped(), column)?;
        target.close()?;
    }
    group.close()?;
    writer.into_inner()
}

fn field(name: &str, column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, converted) = match column {
        Column::Bool(_) => (Physical::BOOLEAN, ConvertedType::NONE),
        Column::Int(_) => (Physical::INT64, ConvertedType::NONE),
        Column::Time(_) => (Physical::INT64, ConvertedType::TIMESTAMP_MICROS),
        Column::Float(_) => (Physical::DOUBLE, ConvertedType::NONE),
        Column::Text(_) => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
    };
    let builder = Type::primitive_type_builder(name, physical).with_converted_type(converted);
    Ok(Arc::new(builder.with_repetition(Repetition::OPTIONAL).build()?))
}

fn fill(writer: &mut ColumnWriter<'_>, column: &Column) -> Result<(), ParquetError> {
    let done = match (writer, column) {
        (ColumnWriter::BoolColumnWriter(writer), Column::Bool(values)) => {
            let (present, levels) = split(values);
            writer.write_batch(&present, Some(&levels), None)
        }
        (ColumnWriter::Int64ColumnWriter(writer), Column::Int(values) | Column::Time(values)) => {
            let (present, levels) = split(values);
            writer.write_batch(&present, Some(&levels), None)
        }
        (ColumnWriter::DoubleColumnWriter(writer), Column::Float(values)) => {
            let (present, levels) = split(values);
            writer.write_batch(&present, Some(&levels), None)
        }
        (ColumnWriter::ByteArrayColumnWriter(writer), Column::Text(values)) => {
            let (present, levels) = split(values);
            let present: Vec<ByteArray> =
                present.into_iter().map(|text| text.into_bytes().into()).collect();
            writer.write_batch(&present, Some(&levels), None)
        }
        _ => Err(ParquetError::General("a column of another type".into())),
    };
    done.map(drop)
}

/// The values that are there, and for each row whether there is one.
fn split<T: Clone>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    let present = values.iter().flatten().cloned().collect();
    (present, values.iter().map(|value| i16::from(value.is_some())).collect())
}
