//! Learning-curve pools from a data folder: trained configurations with their accuracy after every
//! epoch.

use crate::problem::Score;
use crate::table::TableError;
use crate::transfer::Task;
use automl::simulate::Workload;
use automl::space::{Config, Space};
use automl::study::History;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The parameters of LCBench: name, low, high, whether logarithmic, whether integer.
const PARAMS: [(&str, f64, f64, bool, bool); 7] = [
    ("batch_size", 16.0, 512.0, true, true),
    ("learning_rate", 1e-4, 1e-1, true, false),
    ("momentum", 0.1, 0.99, false, false),
    ("weight_decay", 1e-5, 1e-1, false, false),
    ("num_layers", 1.0, 5.0, false, true),
    ("max_units", 64.0, 1024.0, true, true),
    ("max_dropout", 0.0, 1.0, false, false),
];

/// Number of epochs of a curve.
pub const EPOCHS: u64 = 52;

/// One task of LCBench: 2,000 configurations with 52 epochs each. A proposal has the curve of the
/// nearest configuration in the unit cube.
#[derive(Debug)]
pub struct Pool {
    /// Name of the task.
    pub name: String,
    space: Space,
    rows: Vec<[f64; 7]>,
    /// Validation errors. `[rows, EPOCHS]`
    errors: Vec<f64>,
    optimum: f64,
    median: f64,
}

/// The configurations of a folder with `configs.csv`.
struct Configurations {
    space: Space,
    /// Values in the units of the parameters.
    values: Vec<[f64; 7]>,
    /// Positions in the unit cube.
    rows: Vec<[f64; 7]>,
}

fn read(path: &Path) -> Result<Vec<u8>, TableError> {
    std::fs::read(path).map_err(|source| TableError::Read { path: path.to_owned(), source })
}

fn content(path: &Path, reason: String) -> TableError {
    TableError::Content { path: path.to_owned(), reason }
}

/// Numbers of 32 bits, little-endian.
fn floats(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
}

fn configurations(folder: &Path) -> Result<Configurations, TableError> {
    let path = folder.join("configs.csv");
    let text = String::from_utf8_lossy(&read(&path)?).into_owned();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let columns: Vec<usize> = PARAMS
        .iter()
        .map(|(name, ..)| {
            let at = header.iter().position(|h| h == name);
            at.ok_or_else(|| content(&path, format!("has no column {name}")))
        })
        .collect::<Result<_, _>>()?;
    let (mut values, mut rows) = (Vec::new(), Vec::new());
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let (mut own, mut row) = ([0.0; 7], [0.0; 7]);
        for (i, column) in columns.iter().enumerate() {
            let cell = cells.get(*column).and_then(|cell| cell.trim().parse().ok());
            let x: f64 = cell.ok_or_else(|| content(&path, format!("bad line {line:?}")))?;
            (own[i], row[i]) = (x, unit(i, x));
        }
        values.push(own);
        rows.push(row);
    }
    let space: Vec<serde_json::Value> = PARAMS
        .iter()
        .map(|(name, low, high, log, whole)| {
            if *whole {
                json!({ "name": name, "type": "int", "low": *low as i64, "high": *high as i64, "log": log })
            } else {
                json!({ "name": name, "type": "float", "low": low, "high": high, "log": log })
            }
        })
        .collect();
    let space = Space::from_json(&space.into()).map_err(|e| content(&path, e.to_string()))?;
    Ok(Configurations { space, values, rows })
}

/// The tasks of `final_accuracy.f32` (`[tasks, configurations]`, in percent) with their names in
/// `final_accuracy_tasks.json`: a proposal is moved to the nearest configuration of the table that was
/// not evaluated yet.
///
/// # Errors
/// [`TableError`] for a file that cannot be read or has invalid contents.
pub fn final_tasks(folder: &Path) -> Result<Vec<Task>, TableError> {
    let Configurations { space, values, rows } = configurations(folder)?;
    let path = folder.join("final_accuracy_tasks.json");
    let names: Vec<serde_json::Value> = serde_json::from_slice(&read(&path)?)
        .map_err(|e| content(&path, format!("not a list of tasks: {e}")))?;
    let path = folder.join("final_accuracy.f32");
    let losses: Vec<f64> = floats(&read(&path)?).map(|accuracy| 1.0 - accuracy / 100.0).collect();
    if rows.is_empty() || losses.len() != names.len() * rows.len() {
        let reason = format!("{} values for {} tasks", losses.len(), names.len());
        return Err(content(&path, reason));
    }
    let config = |row: &[f64; 7]| {
        space.build_config(|i, param| {
            param.domain().nearest(row[i]).unwrap_or_else(|| param.default_value())
        })
    };
    let table: Arc<Vec<(Config, [f64; 7])>> =
        Arc::new(values.iter().map(config).zip(rows.iter().copied()).collect());
    let tasks = names.iter().zip(losses.chunks_exact(rows.len())).map(|(name, losses)| {
        let mut sorted = losses.to_vec();
        sorted.sort_by(f64::total_cmp);
        let configs = table.iter().map(|(config, _)| config.clone()).collect();
        let (table, own) = (table.clone(), losses.to_vec());
        let evaluate = move |config: &Config, history: &History| {
            let point = point(config);
            let open = (0..table.len()).filter(|i| !history.seen(&table[*i].0));
            let distance = |i: &usize| distance(&table[*i].1, &point);
            let row = open.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0);
            (table[row].0.clone(), vec![own[row]])
        };
        Task {
            name: format!("lcbench-{}", name.as_str().map_or(name.to_string(), str::to_owned)),
            space: space.clone(),
            objectives: 1,
            evaluate: Box::new(evaluate),
            score: Score::Regret { optimum: sorted[0], median: sorted[sorted.len() / 2] },
            table: configs,
        }
    });
    Ok(tasks.collect())
}

/// The pools of a folder with `configs.csv` and `val_accuracy_TASK.f32`.
///
/// # Errors
/// [`TableError`] for a file that cannot be read or has invalid contents.
pub fn pools(folder: &Path) -> Result<Vec<Pool>, TableError> {
    let Configurations { space, rows, .. } = configurations(folder)?;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map_err(|source| TableError::Read { path: folder.to_owned(), source })?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    let mut pools = Vec::new();
    for file in files {
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let Some(task) = stem.strip_prefix("val_accuracy_") else { continue };
        let errors: Vec<f64> =
            floats(&read(&file)?).map(|accuracy| 1.0 - accuracy / 100.0).collect();
        if errors.len() != rows.len() * EPOCHS as usize || rows.is_empty() {
            let reason = format!("{} values for {} configurations", errors.len(), rows.len());
            return Err(content(&file, reason));
        }
        let curves = errors.chunks_exact(EPOCHS as usize);
        let mut finals: Vec<f64> = curves.map(|curve| curve[EPOCHS as usize - 1]).collect();
        finals.sort_by(f64::total_cmp);
        pools.push(Pool {
            name: format!("lcbench-{task}"),
            space: space.clone(),
            rows: rows.clone(),
            errors,
            optimum: finals[0],
            median: finals[finals.len() / 2],
        });
    }
    Ok(pools)
}

/// The position of a value in its parameter's range.
fn unit(i: usize, x: f64) -> f64 {
    let (_, low, high, log, _) = PARAMS[i];
    if log { (x / low).ln() / (high / low).ln() } else { (x - low) / (high - low) }
}

/// The position of a configuration in the unit cube.
fn point(config: &Config) -> [f64; 7] {
    std::array::from_fn(|i| unit(i, config.value(i).map_or(0.0, |value| value.as_f64())))
}

/// The squared distance of two positions.
fn distance(a: &[f64; 7], b: &[f64; 7]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl Pool {
    fn nearest(&self, config: &Config) -> usize {
        let point = point(config);
        let rows = self.rows.iter().map(|row| distance(row, &point)).enumerate();
        rows.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(row, _)| row)
    }

    fn error(&self, config: &Config, epoch: u64) -> f64 {
        let epoch = epoch.clamp(1, EPOCHS) as usize;
        self.errors[self.nearest(config) * EPOCHS as usize + epoch - 1]
    }
}

impl Workload for Pool {
    fn space(&self) -> &Space {
        &self.space
    }

    fn loss(&self, config: &Config, _trial: u64, fidelity: u64, _max: u64) -> f64 {
        self.error(config, fidelity)
    }

    fn final_loss(&self, config: &Config) -> f64 {
        self.error(config, EPOCHS)
    }

    fn optimum(&self) -> f64 {
        self.optimum
    }

    fn median(&self) -> f64 {
        self.median
    }

    /// `0.7 units + 0.3 layers` of the nearest trained configuration, both scaled to `[0, 1]`.
    fn size(&self, config: &Config) -> f64 {
        let row = self.rows[self.nearest(config)];
        0.7 * row[5] + 0.3 * row[4]
    }
}
