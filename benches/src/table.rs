//! Tabular problems from a data folder: exhaustively evaluated search spaces.

use crate::problem::{Problem, Score};
use automl::numeric::pareto;
use automl::space::{Config, Space};
use serde_json::Value;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// An unreadable or invalid table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A file has invalid contents.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Description of the defect.
        reason: String,
    },
}

fn content(path: &Path, reason: impl Into<String>) -> TableError {
    TableError::Content { path: path.to_owned(), reason: reason.into() }
}

fn bytes(path: &Path) -> Result<Vec<u8>, TableError> {
    std::fs::read(path).map_err(|source| TableError::Read { path: path.to_owned(), source })
}

/// The problems of the tables present in a data folder: FCNet, HPOBench and NAS-Bench-Macro.
///
/// # Errors
/// [`TableError`] for a table that is present but cannot be read.
pub fn problems(folder: &Path) -> Result<Vec<Problem>, TableError> {
    let mut problems = Vec::new();
    for (family, sign) in [("fcnet", 1.0), ("hpobench-mlp", -1.0)] {
        let folder = folder.join(family);
        if folder.join("meta.json").exists() {
            problems.extend(grids(&folder, family, sign)?);
        }
    }
    let macro_nets = folder.join("nas-bench-macro").join("nas-bench-macro_cifar10.csv");
    if macro_nets.exists() {
        problems.extend(nas_bench_macro(&macro_nets)?);
    }
    Ok(problems)
}

/// Full grids: a space in `meta.json`, and one value per configuration and seed for each task.
fn grids(folder: &Path, family: &str, sign: f64) -> Result<Vec<Problem>, TableError> {
    let path = folder.join("meta.json");
    let meta: Value = serde_json::from_slice(&bytes(&path)?)
        .map_err(|e| content(&path, format!("not JSON: {e}")))?;
    let axes = meta["space"].as_object().map(|map| map.iter().collect::<Vec<_>>());
    let axes: Vec<(String, Vec<Value>)> = match (&axes, meta["space"].as_array()) {
        (Some(map), _) => map
            .iter()
            .map(|(k, v)| ((*k).clone(), v.as_array().cloned().unwrap_or_default()))
            .collect(),
        (None, Some(list)) => list
            .iter()
            .map(|axis| {
                let name = axis["name"].as_str().or(axis[0].as_str()).unwrap_or_default();
                let values = axis["values"].as_array().or(axis[1].as_array());
                (name.to_owned(), values.cloned().unwrap_or_default())
            })
            .collect(),
        _ => return Err(content(&path, "has no \"space\"")),
    };
    let space = axis_space(&axes).map_err(|reason| content(&path, reason))?;
    let size: usize = axes.iter().map(|(_, values)| values.len()).product();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|source| TableError::Read { path: folder.to_owned(), source })?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "f32"))
        .collect();
    files.sort();
    files.iter().map(|file| grid(file, family, sign, &space, &axes, size)).collect()
}

/// A space of ordinal parameters for numeric axes, and of categorical ones for the others.
fn axis_space(axes: &[(String, Vec<Value>)]) -> Result<Space, String> {
    let list: Vec<Value> = axes
        .iter()
        .map(|(name, values)| {
            let ordered = values.iter().all(Value::is_number);
            serde_json::json!({
                "name": name, "type": "categorical", "choices": values, "ordered": ordered
            })
        })
        .collect();
    Space::from_json(&Value::Array(list)).map_err(|e| e.to_string())
}

/// The row of a configuration in a grid.
fn position(config: &Config, axes: &[(String, Vec<Value>)]) -> usize {
    axes.iter().enumerate().fold(0, |index, (axis, (_, values))| {
        index * values.len() + config.value(axis).map_or(0, |v| v.as_f64() as usize)
    })
}

/// One task of a grid as a problem.
fn grid(
    file: &Path,
    family: &str,
    sign: f64,
    space: &Space,
    axes: &[(String, Vec<Value>)],
    size: usize,
) -> Result<Problem, TableError> {
    let raw = bytes(file)?;
    if size == 0 || raw.len() % (4 * size) != 0 || raw.is_empty() {
        return Err(content(file, format!("{} bytes for {size} configurations", raw.len())));
    }
    let seeds = raw.len() / 4 / size;
    let values: Vec<f64> = raw
        .chunks_exact(4)
        .map(|b| sign * f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
        .collect();
    let means: Vec<f64> =
        values.chunks_exact(seeds).map(|v| v.iter().sum::<f64>() / seeds as f64).collect();
    let mut sorted = means.clone();
    sorted.sort_by(f64::total_cmp);
    let axes = axes.to_vec();
    let other = axes.clone();
    let name = file.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    Ok(Problem {
        name: format!("{family}-{name}"),
        space: space.clone(),
        objectives: 1,
        score: Score::Regret { optimum: sorted[0], median: sorted[size / 2] },
        noisy: Box::new(move |config, trial| {
            vec![values[position(config, &axes) * seeds + trial as usize % seeds]]
        }),
        exact: Box::new(move |config, _| vec![means[position(config, &other)]]),
    })
}

/// NAS-Bench-Macro: error alone, against MACs and against parameters.
///
/// Hypervolumes are of (error in percent, cost scaled to `[0, 1]` over the table) with the
/// reference point at the worst error and cost of the table.
fn nas_bench_macro(path: &Path) -> Result<Vec<Problem>, TableError> {
    let text = String::from_utf8_lossy(&bytes(path)?).into_owned();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |names: &[&str]| {
        header
            .iter()
            .position(|h| names.contains(&h.trim()))
            .ok_or_else(|| content(path, format!("has no column {}", names.join(" or "))))
    };
    let (arch, mean) = (column(&["arch"])?, column(&["mean", "mean_acc"])?);
    let (params, macs) = (column(&["params"])?, column(&["flops", "macs"])?);
    let mut rows = vec![[f64::NAN; 3]; 6561];
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |i: usize| cells.get(i).and_then(|c| c.trim().parse::<f64>().ok());
        let code = cells.get(arch).map_or("", |c| c.trim());
        let index = code.bytes().fold(0usize, |n, digit| n * 3 + usize::from(digit - b'0').min(2));
        match (rows.get_mut(index), number(mean), number(params), number(macs)) {
            (Some(row), Some(mean), Some(params), Some(macs)) if code.len() == 8 => {
                *row = [100.0 - mean, params, macs];
            }
            _ => return Err(content(path, format!("bad line {line:?}"))),
        }
    }
    if rows.iter().any(|row| row[0].is_nan()) {
        return Err(content(path, "does not hold all 6,561 networks"));
    }
    let list: Vec<Value> = (0..8)
        .map(|i| {
            serde_json::json!({
                "name": format!("layer{i}"), "type": "categorical",
                "choices": ["identity", "mb3", "mb6"]
            })
        })
        .collect();
    let space = Space::from_json(&Value::Array(list)).map_err(|e| content(path, e.to_string()))?;
    let index = |config: &Config| {
        (0..8).fold(0, |n, i| n * 3 + config.value(i).map_or(0, |v| v.as_f64() as usize))
    };
    let mut errors: Vec<f64> = rows.iter().map(|row| row[0]).collect();
    errors.sort_by(f64::total_cmp);
    let table = rows.clone();
    let mut problems = vec![Problem {
        name: "nas-macro".into(),
        space: space.clone(),
        objectives: 1,
        score: Score::Regret { optimum: errors[0], median: errors[errors.len() / 2] },
        noisy: {
            let table = table.clone();
            Box::new(move |config, _| vec![table[index(config)][0]])
        },
        exact: Box::new(move |config, _| vec![table[index(config)][0]]),
    }];
    for (name, cost) in [("nas-macro-params", 1), ("nas-macro-macs", 2)] {
        let least = rows.iter().map(|r| r[cost]).fold(f64::INFINITY, f64::min);
        let most = rows.iter().map(|r| r[cost]).fold(0.0, f64::max);
        let table: Vec<Vec<f64>> =
            rows.iter().map(|r| vec![r[0], (r[cost] - least) / (most - least)]).collect();
        let reference = vec![errors[errors.len() - 1], 1.0];
        let best = pareto::hypervolume(&table, &reference);
        let twin = table.clone();
        problems.push(Problem {
            name: name.into(),
            space: space.clone(),
            objectives: 2,
            score: Score::Hypervolume { reference, best },
            noisy: Box::new(move |config, _| table[index(config)].clone()),
            exact: Box::new(move |config, _| twin[index(config)].clone()),
        });
    }
    Ok(problems)
}
