//! Rank correlations of settings, and the ladder to prefer.

use super::outcome::Outcome;
use super::prefer::{self, Kind, Rung};
use super::{Measured, Ranking, Replayed};
use automl_data::DataSplits;
use automl_extent::Extent;
use automl_numeric::correlation::{kendall, kendall_standard_error};
use automl_numeric::stream;
use automl_search::shared::ETA;
use automl_settings::RungSettings;
use automl_train::Fidelity;

/// Measured accuracies and costs.
pub(super) struct Measurements<'a> {
    /// The settings; the full one is the last.
    pub(super) settings: &'a [Fidelity],
    /// The relative cost of each, and then of each of [`curve`].
    pub(super) costs: &'a [f64],
    /// Of each network at each setting, and last at the full one once more, with other weights to
    /// start from.
    pub(super) outcomes: &'a [Vec<Outcome>],
    /// Of each network.
    pub(super) parameters: &'a [f64],
    pub(super) data: &'a DataSplits,
    pub(super) seed: u64,
}

/// Points of the full training at which a search may compare candidates: after a 27th, a ninth and
/// a third of the epochs.
pub(super) fn curve(full: &Fidelity) -> Vec<Fidelity> {
    let mut epochs: Vec<u64> = [27, 9, 3].map(|part| full.epochs.div_ceil(part)).to_vec();
    epochs.dedup();
    epochs.retain(|&epochs| epochs < full.epochs);
    epochs.into_iter().map(|epochs| Fidelity { epochs, ..*full }).collect()
}

/// A setting or a point of the full training, and what it shows.
struct Row<'a> {
    fidelity: &'a Fidelity,
    rung: Rung,
    time: Option<f64>,
    /// With the second full training, and its standard error.
    tau: (Option<f64>, Option<f64>),
}

impl Measurements<'_> {
    /// Correlations, costs and the ladder.
    pub(super) fn rank(&self) -> Ranking {
        let top = self.settings.len() - 1;
        let full = self.settings[top];
        let curve = curve(&full);
        let truth: Vec<f64> = self.outcomes.iter().map(|row| row[top + 1].accuracy()).collect();
        let rows = self.rows(&curve, &truth);
        // Epochs alone, as searches compare by default: from a ninth of the epochs on.
        let lowest = full.epochs.div_ceil(9);
        let reference: Vec<usize> = (0..rows.len())
            .filter(|&i| rows[i].rung.kind == Kind::Curve && rows[i].fidelity.epochs >= lowest)
            .collect();
        let rungs: Vec<Rung> = rows.iter().map(|row| row.rung.clone()).collect();
        let mut rng = stream(self.seed, 0, "ladders");
        let (preferred, by_epochs) = prefer::ladder(&rungs, &truth, &reference, ETA, &mut rng);
        let replayed =
            |by: &prefer::LadderOutcome| Replayed { cost: by.cost, accuracy: by.accuracy };
        let measured = |row: &Row<'_>| {
            let Row { fidelity, rung: Rung { cost, kind, .. }, time, tau: (tau, error) } = *row;
            let name = match kind {
                Kind::Curve if fidelity.epochs < full.epochs => {
                    format!("epoch {} of the full training", fidelity.epochs)
                }
                _ => fidelity.to_string(),
            };
            Measured { rung: rung(fidelity, self.data.side), name, cost, time, tau, error }
        };
        Ranking {
            architectures: self.outcomes.len(),
            settings: rows.iter().map(measured).collect(),
            null: kendall(self.parameters, &truth),
            by_preferred: replayed(&preferred),
            by_epochs: replayed(&by_epochs),
            preferred: Some(preferred.ladder)
                .filter(|ladder| *ladder != by_epochs.ladder)
                .unwrap_or_default(),
        }
    }

    /// By cost; the full setting, which is its unit, is the last.
    fn rows<'a>(&'a self, curve: &'a [Fidelity], truth: &[f64]) -> Vec<Row<'a>> {
        let top = self.settings.len() - 1;
        let full = &self.settings[top];
        let seconds =
            |setting: usize| self.outcomes.iter().map(|row| row[setting].seconds).sum::<f64>();
        let unit = (seconds(top) + seconds(top + 1)) / 2.0;
        let row = |fidelity, cost, kind, accuracies: Vec<f64>, time| {
            let tau = (kendall(&accuracies, truth), kendall_standard_error(&accuracies, truth));
            let ranks = matches!(tau, (Some(tau), Some(error)) if tau > error);
            Row { fidelity, rung: Rung { cost, accuracies, kind, ranks }, time, tau }
        };
        let settings = self.settings.iter().enumerate().map(|(setting, fidelity)| {
            let kind = match fidelity {
                _ if setting == top => Kind::Curve,
                fidelity if fidelity.continues(full) => Kind::Epochs,
                _ => Kind::Other,
            };
            let accuracies = self.outcomes.iter().map(|row| row[setting].accuracy()).collect();
            row(fidelity, self.costs[setting], kind, accuracies, Some(seconds(setting) / unit))
        });
        let points = curve.iter().zip(&self.costs[top + 1..]).map(|(fidelity, &cost)| {
            let at = |row: &Vec<Outcome>| row[top].accuracy_after(fidelity.epochs);
            row(fidelity, cost, Kind::Curve, self.outcomes.iter().map(at).collect(), None)
        });
        let mut rows: Vec<Row<'_>> = settings.chain(points).collect();
        let last = rows.remove(top);
        rows.sort_by(|a, b| a.rung.cost.total_cmp(&b.rung.cost));
        rows.push(last);
        rows
    }
}

/// A setting of images with this height and width, as a ladder names it.
pub(super) fn rung(fidelity: &Fidelity, side: Extent) -> RungSettings {
    RungSettings {
        epochs: fidelity.epochs,
        share: fidelity.share,
        subset: fidelity.subset.to_string(),
        side: Some(fidelity.side.shorter()).filter(|shorter| *shorter < side.shorter()),
    }
}

#[cfg(test)]
mod tests {
    use super::curve;
    use automl_data::Subset;
    use automl_train::Fidelity;

    /// A 27th, a ninth and a third of the epochs, rounded up, each once and none the whole.
    #[test]
    fn the_curve_is_read_at_thirds() {
        let epochs = |epochs: u64| -> Vec<u64> {
            let full = Fidelity { epochs, share: 1.0, subset: Subset::Random, side: 32.into() };
            curve(&full).iter().map(|fidelity| fidelity.epochs).collect()
        };
        assert_eq!(epochs(27), [1, 3, 9]);
        assert_eq!(epochs(50), [2, 6, 17]);
        assert_eq!(epochs(4), [1, 2]);
        assert!(epochs(1).is_empty());
    }
}
