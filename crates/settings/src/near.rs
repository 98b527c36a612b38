//! Names that a misspelt one was perhaps meant to be.

use automl_study::part::nearest;

/// The known name nearest to a misspelt one, as a part of an error text; empty where none is near.
///
/// # Examples
/// ```
/// use automl_settings::near;
///
/// assert_eq!(near("squish", ["squash", "crop", "pad"]), " (did you mean \"squash\"?)");
/// assert_eq!(near("fill", ["squash", "crop", "pad"]), "");
/// ```
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(name, known);
    near.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}

/// A message about an unknown name, with the nearest of those that it lists, all in backticks.
pub(crate) fn with_nearest(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let is_of_names =
        message.starts_with("unknown variant") || message.starts_with("unknown field");
    match names.next().filter(|_| is_of_names) {
        Some(given) => {
            let quoted = format!("`{given}`");
            message.replacen(&quoted, &format!("{quoted}{}", near(given, names)), 1)
        }
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::Settings;

    /// Every choice of every setting, and each name of a setting, is found again with a letter too many, too
    /// few or exchanged.
    #[test]
    fn a_slip_in_a_word_is_told() {
        let error = |assignment: &str| {
            Settings::load(None, &[assignment.to_owned()]).unwrap_err().to_string()
        };
        for (setting, words) in [
            ("search.space", "blocks recent-blocks gated-blocks elastic nas-bench-macro"),
            ("search.metric", "accuracy macro-f1 balanced-accuracy"),
            ("search.cost-objective", "params latency flash"),
            ("search.zero-cost-proxy", "params naswot synflow gradient-norm"),
            ("search.board", "arduino-nano-33-ble esp32-s3"),
            ("search.sampler", "evolution nsga2 turbo"),
            ("search.scheduler", "hyperband pasha"),
            ("training.recipe", "light short long"),
            ("training.balance", "sample loss"),
            ("training.optimizer", "adamw"),
            ("data.dataset", "digits fashion-mnist cifar100 folder parquet"),
        ] {
            for word in words.split(' ') {
                let (start, end) = word.split_at(2);
                let (first, second) = start.split_at(1);
                for slip in [
                    format!("{start}x{end}"),
                    format!("{second}{first}{end}"),
                    format!("{start}{}", &end[1..]),
                ] {
                    let error = error(&format!("{setting}={slip}"));
                    assert!(error.contains("did you mean"), "{setting} {slip}: {error}");
                }
            }
        }
        for name in
            ["raining.batch=3", "training.patch=3", "starch.trials=2", "data.aside=8", "sed=1"]
        {
            assert!(error(name).contains("did you mean"), "{}", error(name));
        }
        assert!(!error("training.zzzzzz=3").contains("did you mean"));
    }
}
