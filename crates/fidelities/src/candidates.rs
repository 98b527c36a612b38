//! The default list of settings to compare.

use automl_settings::RungSettings;

/// Settings below the full one of `epochs` epochs on images with a shorter side of `side` pixels: fewer epochs, fewer
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

#[cfg(test)]
mod tests {
    use super::default;

    /// A third, a ninth and a 27th of the epochs, alone or with shares of the data, subsets of a tenth,
    /// and smaller images; none twice, and not the full training.
    #[test]
    fn settings_are_parts_of_the_full_training() {
        let shown: Vec<String> = default(27, 32)
            .into_iter()
            .map(|r| format!("{} {} {} {:?}", r.epochs, r.share, r.subset, r.side))
            .collect();
        let expected = [
            "9 1 random None",
            "3 1 random None",
            "1 1 random None",
            "3 0.3 random None",
            "3 0.1 random None",
            "9 0.3 random None",
            "9 0.1 random None",
            "9 0.1 k-centre None",
            "9 0.1 herding None",
            "9 0.1 el2n-easiest None",
            "9 0.1 el2n-hardest None",
            "9 1 random Some(24)",
            "9 1 random Some(16)",
            "3 1 random Some(16)",
            "9 0.3 random Some(16)",
            "9 0.1 random Some(16)",
        ];
        assert_eq!(shown, expected);
        // Of one epoch and tiny images only shares and subsets are left.
        assert!(default(1, 3).iter().all(|r| r.share < 1.0 && r.side.is_none()));
        assert_eq!(default(1, 3).len(), 6);
    }
}
