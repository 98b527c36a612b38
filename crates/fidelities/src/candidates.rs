//! The default list of settings to compare.

use automl_settings::RungSettings;

/// Settings below the full one of `epochs` epochs on images of `side` pixels: fewer epochs, fewer
/// images by every way of choosing them, smaller ones, and combinations.
pub(super) fn default(epochs: u64, side: usize) -> Vec<RungSettings> {
    let (third, ninth) = (epochs.div_ceil(3), epochs.div_ceil(9));
    let half = (side.div_ceil(2) < side && side >= 4).then(|| side.div_ceil(2));
    let three_quarters = (side >= 8).then(|| (3 * side).div_ceil(4));
    let rung = |epochs, share, subset: &str, side| RungSettings {
        epochs,
        share,
        subset: subset.to_owned(),
        side,
    };
    let mut list = vec![
        rung(third, 1.0, "random", None),
        rung(ninth, 1.0, "random", None),
        rung(epochs.div_ceil(27), 1.0, "random", None),
        rung(ninth, 0.3, "random", None),
        rung(ninth, 0.1, "random", None),
        rung(third, 0.3, "random", None),
        rung(third, 0.1, "random", None),
    ];
    for subset in ["k-centre", "herding", "el2n-easiest", "el2n-hardest"] {
        list.push(rung(third, 0.1, subset, None));
    }
    if three_quarters.is_some() {
        list.push(rung(third, 1.0, "random", three_quarters));
    }
    if half.is_some() {
        list.extend([
            rung(third, 1.0, "random", half),
            rung(ninth, 1.0, "random", half),
            rung(third, 0.3, "random", half),
            rung(third, 0.1, "random", half),
        ]);
    }
    let full = rung(epochs, 1.0, "random", None);
    let mut unique: Vec<RungSettings> = Vec::new();
    for rung in list {
        if rung != full && !unique.contains(&rung) {
            unique.push(rung);
        }
    }
    unique
}
