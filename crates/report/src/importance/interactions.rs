//! Interactions of pairs of parameters by fANOVA.

use crate::StudyData;
use crate::importance::importance;
use crate::payload::thinned;
use automl_study::{State, Trial};
use fanova::{FanovaOptions, RandomForestOptions};
use std::num::NonZeroUsize;

/// The trees of the forest.
const TREES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// The most trials and parameters of the forest, and the fewest trials. A tree takes time with the square of
/// the trials; a page is written while its study runs.
const TRIALS: usize = 200;
const PARAMS: usize = 8;
const FEWEST: usize = 20;

/// The steps of a parameter's range that the forest tells apart.
const STEPS: f64 = 1e6;

/// How much of an objective's variance two parameters explain only together.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// Positions of the two parameters in [`StudyData::params`].
    pub params: [usize; 2],
    /// Share of the variance in `[0, 1]`, beyond what each of the two explains alone.
    pub share: f64,
}

/// The interactions of pairs of parameters for an objective by functional analysis of variance, the
/// strongest first.
///
/// A random forest is fitted to the complete trials with a finite value, at most 200 at equal distances;
/// each of its trees is a function that is constant on boxes, and the variance of its marginal over two
/// parameters, less those over either one, is their interaction. The eight most important parameters count
/// that have a value in each of these trials and differ; choices count by their position. With fewer than
/// 20 trials, or where the objective does not vary, there are none.
///
/// # Source
/// Hutter, Hoos & Leyton-Brown (2014), "An Efficient Approach for Assessing Hyperparameter Importance",
/// ICML.
///
/// # Examples
/// ```
/// use automl_report::{StudyData, interactions};
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let [x, y, z] = ["x", "y", "z"].map(|name| space.float(name, -1.0..=1.0).add());
/// let (x, y, z) = (x?, y?, z?);
/// let storage = SqliteStorage::open(&path, "demo")?;
/// let mut study = Study::builder(space.build()?).storage(storage).build()?;
/// study.optimize(100, |config| config[x] * config[y] + 0.1 * config[z])?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// let strongest = &interactions(&data, 0)[0];
/// assert_eq!(strongest.params.map(|at| data.params()[at].name.as_str()), ["x", "y"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn interactions(data: &StudyData, objective: usize) -> Vec<Interaction> {
    let counts = |trial: &&Trial| {
        trial.state == State::Complete
            && trial.values.get(objective).is_some_and(|value| value.is_finite())
    };
    let trials: Vec<&Trial> = data.trials().iter().filter(counts).collect();
    let trials = thinned(&trials, TRIALS);
    let column = |param: usize| -> Option<Vec<f64>> {
        let unit =
            |trial: &&Trial| Some(data.params()[param].domain.to_unit(trial.config.value(param)?));
        trials.iter().map(unit).map(|x| Some((x? * STEPS).round() / STEPS)).collect()
    };
    let ranking = importance(data, objective);
    let columns: Vec<(usize, Vec<f64>)> = ranking
        .iter()
        .filter_map(|item| Some((item.param, column(item.param)?)))
        .filter(|(_, column)| column.iter().any(|x| *x != column[0]))
        .take(PARAMS)
        .collect();
    let values: Vec<f64> = trials.iter().map(|trial| trial.values[objective]).collect();
    let varies = values.iter().any(|value| *value != values[0]);
    let (Some(features), true) = (NonZeroUsize::new(columns.len()), varies) else {
        return Vec::new();
    };
    if trials.len() < FEWEST {
        return Vec::new();
    }
    let forest = RandomForestOptions::new().seed(0).trees(TREES).max_features(features);
    let inputs = columns.iter().map(|(_, column)| column.as_slice()).collect();
    let Ok(mut fitted) = FanovaOptions::new().random_forest(forest).fit(inputs, &values) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for a in 0..columns.len() {
        for b in a + 1..columns.len() {
            let share = fitted.quantify_importance(&[a, b]).mean;
            let mut params = [columns[a].0, columns[b].0];
            params.sort_unstable();
            if share.is_finite() {
                found.push(Interaction { params, share: share.clamp(0.0, 1.0) });
            }
        }
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.params.cmp(&b.params)));
    found
}
