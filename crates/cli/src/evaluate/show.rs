//! The result of an evaluation as tables or as JSON.

use crate::Failure;
use crate::output::say;
use automl::data::metrics::{ConfusionMatrix, MetricsReport};
use serde_json::{Value, json};

/// A wrong prediction.
pub(super) struct Mistake {
    pub(super) file: String,
    pub(super) class: String,
    pub(super) predicted: String,
    /// Probability of the true class.
    pub(super) probability: f32,
    pub(super) predicted_probability: f32,
}

/// All that is shown.
pub(super) struct Result {
    /// The images, in words.
    pub(super) data: String,
    pub(super) report: MetricsReport,
    /// Number of wrong predictions.
    pub(super) wrong: usize,
    /// The worst of them.
    pub(super) mistakes: Vec<Mistake>,
}

impl Result {
    pub(super) fn show(&self, as_json: bool) -> std::result::Result<(), Failure> {
        if as_json {
            return say(self.json());
        }
        let report = &self.report;
        let images = report.confusion.total();
        say(format_args!("data               {}, {images} images", self.data))?;
        let bounds = report.intervals.as_ref().map_or(String::new(), |intervals| {
            let [low, high] = intervals.accuracy;
            format!(" ({:.1} to {:.1})", 100.0 * low, 100.0 * high)
        });
        say(format_args!("accuracy           {:.2} %{bounds}", 100.0 * report.accuracy))?;
        say(format_args!("balanced accuracy  {:.2} %", 100.0 * report.balanced_accuracy))?;
        say(format_args!("macro F1           {:.4}", report.macro_f1))?;
        say(format_args!("loss               {:.4}", report.loss))?;
        self.show_classes()?;
        show_confusion(&report.confusion)?;
        self.show_mistakes()
    }

    fn show_classes(&self) -> std::result::Result<(), Failure> {
        let classes = &self.report.classes;
        let width = classes.iter().map(|c| c.class.chars().count()).max().unwrap_or(0).max(5);
        say(format_args!(
            "\n{:>3}  {:width$}  {:>7}  {:>9}  {:>7}  {:>7}",
            "", "class", "images", "precision", "recall", "F1"
        ))?;
        let percent =
            |share: Option<f64>| share.map_or("-".into(), |x| format!("{:.1} %", 100.0 * x));
        for (index, class) in classes.iter().enumerate() {
            let f1 = class.f1.map_or("-".into(), |f1| format!("{f1:.3}"));
            say(format_args!(
                "{index:>3}  {:width$}  {:>7}  {:>9}  {:>7}  {f1:>7}",
                class.class,
                class.images,
                percent(class.precision),
                percent(class.recall),
            ))?;
        }
        Ok(())
    }

    fn show_mistakes(&self) -> std::result::Result<(), Failure> {
        if self.mistakes.is_empty() {
            return say("\nno errors");
        }
        say(format_args!("\nworst of {} errors", self.wrong))?;
        let width = self.mistakes.iter().map(|m| m.file.chars().count()).max().unwrap_or(0);
        for mistake in &self.mistakes {
            let Mistake { file, class, predicted, .. } = mistake;
            let (own, other) = (100.0 * mistake.probability, 100.0 * mistake.predicted_probability);
            let line =
                format!("{file:width$}  {class} {own:.1} %, taken for {predicted} {other:.1} %");
            say(line)?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let mistake = |m: &Mistake| {
            json!({
                "file": m.file,
                "class": m.class,
                "predicted": m.predicted,
                "probability": m.probability,
                "predicted_probability": m.predicted_probability,
            })
        };
        json!({
            "data": self.data,
            "images": self.report.confusion.total(),
            "metrics": self.report,
            "wrong": self.wrong,
            "errors": self.mistakes.iter().map(mistake).collect::<Vec<_>>(),
        })
    }
}

/// Rows are true classes, columns predicted ones.
fn show_confusion(confusion: &ConfusionMatrix) -> std::result::Result<(), Failure> {
    let largest = confusion.rows().iter().flatten().max().copied().unwrap_or(0);
    let width = largest.to_string().len().max(confusion.classes().to_string().len()) + 1;
    let header: String = (0..confusion.classes()).map(|class| format!("{class:>width$}")).collect();
    say(format_args!(
        "\nimages by true class (rows) and predicted class (columns)\n{:>3} {header}",
        ""
    ))?;
    for (class, row) in confusion.rows().iter().enumerate() {
        let counts: String = row.iter().map(|count| format!("{count:>width$}")).collect();
        say(format_args!("{class:>3} {counts}"))?;
    }
    Ok(())
}
