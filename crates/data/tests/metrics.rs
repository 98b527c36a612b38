//! Laws of metrics.
#![allow(clippy::unwrap_used)]

use automl_data::metrics::*;

#[test]
fn the_first_of_equal_scores_is_taken() {
    let mut tally = Tally::new(3);
    tally.add(&[-1.0, -1.0, -1.5], 1);
    tally.add(&[f32::NAN, -3.0, -4.0], 1);
    let evaluation = tally.evaluation();
    assert_eq!(evaluation.confusion.rows(), [[0, 0, 0], [1, 1, 0], [0, 0, 0]]);
    assert_eq!(evaluation.class_losses, [0.0, 2.0, 0.0]);
}

#[test]
fn the_sixth_score_is_not_among_the_top_five() {
    let scores: Vec<f32> = (0..8).map(|class| -(class as f32)).collect();
    let top = |label| {
        let mut tally = Tally::new(8);
        tally.add(&scores, label);
        tally.evaluation().top5
    };
    assert_eq!([top(0), top(4), top(5)], [Some(1.0), Some(1.0), Some(0.0)]);
}

#[test]
fn names_are_read_back() {
    for metric in Metric::ALL {
        assert_eq!(metric.name().parse(), Ok(metric));
        let written = serde_json::to_string(&metric).unwrap();
        assert_eq!(written, format!("{:?}", metric.name()));
        assert_eq!(serde_json::from_str::<Metric>(&written).unwrap(), metric);
    }
    assert_eq!("f1".parse(), Ok(Metric::MacroF1));
    assert!("auc".parse::<Metric>().unwrap_err().to_string().contains("balanced-accuracy"));
}

#[test]
fn weighted_losses_are_means_over_images() {
    let mut tally = Tally::new(2);
    tally.add(&[-1.0, -0.5], 0);
    tally.add(&[-1.0, -3.0], 1);
    tally.add(&[-1.0, -5.0], 1);
    let evaluation = tally.evaluation();
    let loss = |costs: &[f64]| Metric::Loss.value(&evaluation, costs);
    assert_eq!(loss(&[]), 3.0);
    assert!((loss(&[1.0, 1.0]) - 3.0).abs() < 1e-12);
    assert_eq!(loss(&[2.0, 1.0]), (2.0 * 1.0 + 3.0 + 5.0) / 4.0);
}

fn matrix(rows: &[&[u64]]) -> ConfusionMatrix {
    serde_json::from_value(serde_json::json!(rows)).unwrap()
}

/// Values of scikit-learn 1.7: `f1_score(average="macro")`, `balanced_accuracy_score`.
#[test]
fn means_over_classes_are_those_of_scikit_learn() {
    let counts = matrix(&[&[5, 2, 0], &[1, 7, 1], &[0, 3, 1]]);
    assert!((counts.macro_f1(&[]) - 0.589_743_589_743_589_7).abs() < 1e-12);
    let recalls = (5.0 / 7.0 + 7.0 / 9.0 + 0.25) / 3.0;
    assert!((counts.balanced_accuracy(&[]) - recalls).abs() < 1e-12);
    assert_eq!(counts.accuracy(), 13.0 / 20.0);
}

#[test]
fn classes_that_never_occur_are_left_out() {
    let counts = matrix(&[&[3, 1, 0], &[0, 4, 0], &[0, 0, 0]]);
    assert_eq!(counts.balanced_accuracy(&[]), (0.75 + 1.0) / 2.0);
    assert_eq!((counts.f1(2), counts.precision(2), counts.recall(2)), (None, None, None));
    // A class without images that was predicted has an F1 of zero.
    let predicted = matrix(&[&[3, 0, 1], &[0, 4, 0], &[0, 0, 0]]);
    assert_eq!(predicted.f1(2), Some(0.0));
    assert!(predicted.macro_f1(&[]) < counts.macro_f1(&[]));
    assert_eq!(ConfusionMatrix::new(3).macro_f1(&[]), 0.0);
}

#[test]
fn costs_weigh_classes() {
    let counts = matrix(&[&[9, 1], &[5, 5]]);
    assert_eq!(counts.weighted_accuracy(&[1.0, 1.0]), counts.accuracy());
    assert_eq!(counts.weighted_accuracy(&[0.0, 2.0]), 0.5);
    assert_eq!(counts.balanced_accuracy(&[1.0, 3.0]), (0.9 + 1.5) / 4.0);
}

#[test]
fn a_report_gives_the_evaluation_back() {
    let mut tally = Tally::new(3);
    tally.add(&[-0.5, -1.0, -3.0], 0);
    tally.add(&[-0.25, -1.5, -3.0], 1);
    let evaluation = tally.evaluation();
    let report = MetricsReport::new(&evaluation, &["a".into()], 0);
    assert_eq!((report.classes[0].class.as_str(), report.classes[2].class.as_str()), ("a", "2"));
    let known = Evaluation { mistakes: Vec::new(), ..evaluation };
    assert_eq!(Evaluation::from(&report), known);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<MetricsReport>(&text).unwrap(), report);
}

proptest::proptest! {
    /// The worst errors are the same as after sorting all of them; the classes are as told.
    #[test]
    fn the_worst_errors_are_kept(losses in proptest::collection::vec(0u8..20, 0..60)) {
        let mut tally = Tally::new(2);
        for loss in &losses {
            // An image of class 1 that is taken for class 0, except where both are equally likely.
            tally.add(&[-0.25, -0.25 - f32::from(*loss)], 1);
        }
        let mut sorted: Vec<(usize, u8)> = losses.iter().copied().enumerate().collect();
        sorted.sort_by_key(|(image, loss)| (std::cmp::Reverse(*loss), *image));
        let mistakes = tally.evaluation().mistakes;
        let kept: Vec<usize> = mistakes.iter().map(|mistake| mistake.image).collect();
        let worst: Vec<usize> = sorted.iter().take(12).map(|(image, _)| *image).collect();
        proptest::prop_assert_eq!(kept, worst);
        let is_as_told = |m: &Mistake| (m.class, m.predicted) == (1, 0) && m.confidence > 0.7;
        proptest::prop_assert!(mistakes.iter().all(is_as_told));
    }
}

/// The interval of a share is close to that of the normal distribution.
#[test]
fn intervals_have_the_width_of_a_binomial_share() {
    let counts = matrix(&[&[400, 100], &[100, 400]]);
    let found = intervals(&counts, 3).unwrap();
    let half = 1.96 * (0.8 * 0.2 / 1000.0_f64).sqrt();
    for (found, expected) in found.accuracy.into_iter().zip([0.8 - half, 0.8 + half]) {
        assert!((found - expected).abs() < 0.004, "{found} {expected}");
    }
    assert_eq!(intervals(&counts, 3), Some(found));
    assert_ne!(intervals(&counts, 4), Some(found));
    assert_eq!(intervals(&ConfusionMatrix::new(2), 0), None);
}
