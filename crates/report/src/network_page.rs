//! The page of one trained network, outside of a study.

use crate::data;
use crate::figure::network_alone;
use crate::page::document;
use crate::plot::{Frame, Scale, dots, line};

use automl_study::TrialId;
use maud::{Markup, html};
use std::path::Path;

/// An epoch of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of epochs trained, from 1.
    pub epoch: u64,
    /// The mean training loss of the epoch, in nats.
    pub loss: f64,
}

impl Epoch {
    /// An epoch with its training loss.
    pub fn new(epoch: u64, loss: f64) -> Self {
        Self { epoch, loss }
    }
}

/// The page of a network that was trained or compressed into a folder of its own: its card, with layers,
/// measurements and classes, and the training loss of the epochs that this run trained. `None` where the
/// folder has no network that can be read.
///
/// # Examples
/// ```
/// use automl_report::{Epoch, network_html};
///
/// let folder = tempfile::tempdir()?;
/// assert!(network_html("mine", folder.path(), &[Epoch::new(1, 2.3)]).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn network_html(title: &str, folder: &Path, epochs: &[Epoch]) -> Option<String> {
    let card = data::network_alone(folder)?;
    let path = folder.display().to_string();
    let header = html! {
        p.kind { "Network" }
        h1 { bdi { (title) } }
    };
    let mut sections = vec![("network", "The network", network_alone(&card, &path))];
    sections.extend(curve(epochs).map(|figure| ("curve", "Training loss", figure)));
    Some(document(title, "#network", false, &header, &sections, &path, None))
}

/// The training loss over the epochs.
fn curve(epochs: &[Epoch]) -> Option<Markup> {
    let (width, height) = (1020.0, 300.0);
    let finite: Vec<(f64, f64)> = epochs
        .iter()
        .filter(|epoch| epoch.loss.is_finite())
        .map(|epoch| (epoch.epoch as f64, epoch.loss))
        .collect();
    let last = finite.last().filter(|_| finite.len() > 1)?;
    let frame = Frame {
        width,
        height,
        x: Scale::of(finite.iter().map(|(x, _)| *x), false, Frame::horizontal(width)).whole(),
        y: Scale::of(finite.iter().map(|(_, y)| *y), false, Frame::vertical(height)).nice(),
        x_label: "epochs".into(),
        y_label: "loss (nats)".into(),
    };
    let placed: Vec<(f64, f64)> =
        finite.iter().map(|(x, y)| (frame.x.at(*x), frame.y.at(*y))).collect();
    let end = (frame.x.at(last.0), frame.y.at(last.1), TrialId(0));
    let content = html! {
        path.curve.best d=(line(&placed)) {}
        (dots("best", &[end]))
    };
    let title = format!("training loss over {} epochs", finite.len());
    Some(html! { figure { (frame.plot(&title, &content)) } })
}
