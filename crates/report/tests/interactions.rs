//! Interactions of pairs of parameters: found where two parameters matter together, absent where their
//! effects add up, and never a failure.
#![allow(clippy::unwrap_used)]

mod common;

use automl_report::{StudyData, interactions};
use automl_space::{Config, Value};
use automl_storage::StudyRecord;
use automl_study::{Direction, State, Trial};
use common::{choice, data, float, noise, record};

/// A study of `trials` draws of `x`, `y` and `z` in `[0, 1]` and a choice.
fn study(trials: u64, value: impl Fn(&[f64; 4]) -> f64) -> StudyRecord {
    let params = vec![
        ("x", float(0.0, 1.0)),
        ("y", float(0.0, 1.0)),
        ("z", float(0.0, 1.0)),
        ("k", choice(&["a", "b"])),
    ];
    let mut record = record("pairs", &[("value", Direction::Minimize)], params);
    for n in 0..trials {
        let mut drawn = [0, 1, 2, 3].map(|k| noise(8 * n + k));
        drawn[3] = drawn[3].round();
        let mut config = Config::empty(4);
        (0..3).for_each(|at| config.set(at, Some(Value::Float(drawn[at]))));
        config.set(3, Some(Value::Category(drawn[3] as usize)));
        let mut trial = Trial::waiting(n, config);
        trial.state = State::Complete;
        trial.values = vec![value(&drawn)];
        record.trials.push(trial);
    }
    record
}

#[test]
fn products_interact_and_sums_do_not() {
    let product = interactions(&data(study(200, |[x, y, ..]| (x - 0.5) * (y - 0.5))), 0);
    assert_eq!(product[0].params, [0, 1]);
    assert!(product[0].share > 0.5 && product[1].share < 0.1, "{product:?}");
    // A parameter whose direction a choice decides.
    let switch = interactions(&data(study(200, |[x, .., k]| if *k > 0.5 { *x } else { -x })), 0);
    assert_eq!(switch[0].params, [0, 3]);
    assert!(switch[0].share > 0.2 && switch[1].share < 0.1, "{switch:?}");
    let sum = interactions(&data(study(200, |[x, y, z, _]| x + 2.0 * y + z)), 0);
    assert!(sum.iter().all(|pair| pair.share < 0.1), "{sum:?}");
    assert_eq!(sum.len(), 6);
    let again = interactions(&data(study(200, |[x, y, z, _]| x + 2.0 * y + z)), 0);
    assert_eq!(sum, again);
}

#[test]
fn unusual_studies_have_none_and_do_not_fail() {
    let of = |record: StudyRecord| interactions(&StudyData::new(record, None), 0);
    assert!(of(study(0, |_| 0.0)).is_empty());
    assert!(of(study(19, |[x, ..]| *x)).is_empty());
    assert!(of(study(50, |_| 3.0)).is_empty());
    let mut gaps = study(60, |[x, y, ..]| x * y);
    gaps.trials.iter_mut().step_by(7).for_each(|trial| trial.config.set(0, None));
    gaps.trials.iter_mut().step_by(5).for_each(|trial| trial.values[0] = f64::INFINITY);
    assert_eq!(of(gaps).len(), 3);
    // Values that differ by less than a forest can tell, and by more than a double can add.
    let mut narrow = study(60, |[x, y, ..]| 1e300 * x * y);
    for trial in &mut narrow.trials {
        trial.config.set(2, Some(Value::Float(0.5 + f64::EPSILON * trial.number.0 as f64)));
    }
    assert!(of(narrow).iter().all(|pair| (0.0..=1.0).contains(&pair.share)));
    assert!(interactions(&data(study(60, |[x, ..]| *x)), 3).is_empty());
}
