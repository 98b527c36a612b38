//! Files that earlier builds wrote, in `testdata/`: a study that was killed half-way, a trained
//! network, a compressed one and sessions of the ask/tell protocol. All stay readable and usable.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// A line with each fraction taken out, and the fractions: what is left is compared byte by byte,
/// the fractions up to the mathematical functions of another machine.
fn without_fractions(line: &str) -> (String, Vec<f64>) {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e');
    let (mut text, mut fractions) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit() || c == '-') {
        let tail = &rest[start..];
        let word = &tail[..tail.find(|c: char| !is_part(c)).unwrap_or(tail.len())];
        text += &rest[..start];
        match word.parse::<f64>() {
            Ok(fraction) if word.contains(['.', 'e']) => {
                fractions.push(fraction);
                text.push('#');
            }
            _ => text += word,
        }
        rest = &tail[word.len()..];
    }
    (text + rest, fractions)
}

#[test]
fn fractions_are_told_from_names() {
    let (text, fractions) = without_fractions(r#"{"id":3,"x-1.5":[-2.5e-3,7,"a-b"]}"#);
    assert_eq!(text, r##"{"id":3,"x#":[#,7,"a-b"]}"##);
    assert_eq!(fractions, [-1.5, -2.5e-3]);
}

/// A session is recorded as `> request` and `< reply`, in order.
fn replay(name: &str) {
    let session = std::fs::read_to_string(testdata("serve").join(name)).unwrap();
    let part = |mark: &str| -> Vec<String> {
        session.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
    };
    let (requests, expected) = (part("> "), part("< "));
    let mut output = Vec::new();
    automl::serve::serve((requests.join("\n") + "\n").as_bytes(), &mut output).unwrap();
    let replies = String::from_utf8(output).unwrap();
    let replies: Vec<&str> = replies.lines().collect();
    assert_eq!(replies.len(), expected.len(), "{name}");
    for (number, (reply, expected)) in replies.iter().zip(&expected).enumerate() {
        let request = &requests[number];
        let differs = || format!("{name}: {request}\n  was {expected}\n  is  {reply}");
        if expected.starts_with(r#"{"error":"#) {
            // The words of a message may change.
            assert!(reply.starts_with(r#"{"error":""#), "{}", differs());
            continue;
        }
        let ((text, now), (known, then)) = (without_fractions(reply), without_fractions(expected));
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
        assert!(text == known && now.iter().zip(&then).all(close), "{}", differs());
    }
}

#[test]
fn a_session_over_a_conditional_space_is_answered_as_before() {
    replay("conditional.txt");
}

#[test]
fn a_session_with_fidelities_is_answered_as_before() {
    replay("fidelities.txt");
}

#[test]
fn a_session_with_objectives_and_constraints_is_answered_as_before() {
    replay("constraints.txt");
}

#[cfg(feature = "train")]
mod trained {
    use super::testdata;
    use automl::compress::{Pruning, RankRule};
    use automl::search::compression::{self, Goal, Job, Method};
    use automl::search::{self, Device, Event, NetworkRecord, Settings, fit};
    use automl::study::StopFlag;
    use serde_json::Value;
    use std::fs;
    use std::path::Path;
    use std::sync::Mutex;

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }

    fn json(path: &Path) -> Value {
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn settings() -> Settings {
        Settings { device: Device::Cpu, workers: Some(1), ..Settings::default() }
    }

    fn near(what: &str, found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{what}: was {expected}, is {found}");
    }

    /// Accuracies and losses, in the order of their names.
    fn same_results(found: [f64; 4], recorded: &Value, tolerance: f64) {
        let names = ["validation_accuracy", "validation_loss", "test_accuracy", "test_loss"];
        for (name, found) in names.into_iter().zip(found) {
            near(name, found, recorded[name].as_f64().unwrap(), tolerance);
        }
    }

    #[test]
    fn kept_settings_are_read() {
        let mut expected = settings();
        expected.study = Some("kept".into());
        expected.search.trials = 8;
        expected.search.final_networks = 2;
        expected.search.max_params = Some(3000);
        expected.training.epochs = Some(6);
        expected.training.final_epochs = Some(6);
        // Written by every study then; unset stands for it since there are optimizers with others.
        expected.training.weight_decay = Some(5e-4);
        let kept = json(&testdata("study/settings.json"));
        assert_eq!(serde_json::from_value::<Settings>(kept).unwrap(), expected);
    }

    /// The study was killed after six trials: one is complete, one runs, and checkpoints of the
    /// complete one and of two paused ones are there. It goes on to its eighth trial.
    #[test]
    fn a_killed_study_goes_on() {
        let runs = tempfile::tempdir().unwrap();
        let study = runs.path().join("kept");
        copy(&testdata("study"), &study);
        let mut settings = settings();
        settings.study = Some("kept".into());
        settings.runs = runs.path().to_owned();
        settings.search.trials = 8;
        settings.search.final_networks = 2;
        settings.training.final_epochs = Some(6);
        let events = Mutex::new(Vec::new());
        let observer = |event: &Event| {
            let line = match event {
                Event::Note(note) => note.clone(),
                Event::Start(start) => format!("after {} of {}", start.known, start.trials),
                Event::Training { trial, params, from, until } => {
                    format!("trial {trial} of {params} parameters from {from} to {until}")
                }
                Event::Candidate { trial, state, epochs, .. } => {
                    format!("trial {trial} {state} at {epochs}")
                }
                _ => return,
            };
            events.lock().unwrap().push(line);
        };
        let outcome = search::run(&settings, &StopFlag::new(), &observer).unwrap();
        let summary = outcome.finished().unwrap();
        assert_eq!(
            events.into_inner().unwrap(),
            [
                "going on with search.max-params = 3000, training.epochs = 6, \
                 training.weight-decay = 0.0005, as the study began",
                "after 6 of 8",
                "trial 5 of 2475 parameters from 0 to 2",
                "trial 5 paused at 2",
                "trial 4 of 1900 parameters from 2 to 6",
                "trial 4 complete at 6",
                "trial 6 of 1242 parameters from 0 to 2",
                "trial 6 paused at 2",
                "trial 7 of 2548 parameters from 0 to 2",
                "trial 7 paused at 2",
            ]
        );
        assert_eq!(summary.trials, 8);
        let front = summary.front.iter().map(|n| (n.trial, n.params, n.macs));
        assert_eq!(front.collect::<Vec<_>>(), [(6, 1242, 21824), (4, 1900, 41584)]);
        // Six epochs on another processor may differ by a few images.
        near("validation accuracy", summary.front[0].validation_accuracy, 0.7526, 0.03);
        near("validation accuracy", summary.front[1].validation_accuracy, 0.8780, 0.03);
        for file in summary.front.iter().flat_map(|network| &network.files) {
            assert!(study.join(file).exists(), "{file}");
        }
        assert_eq!(fs::read_dir(study.join("checkpoints")).unwrap().count(), 0);
    }

    #[test]
    fn a_kept_summary_is_read() {
        let text = fs::read_to_string(testdata("finished/summary.json")).unwrap();
        let summary: search::Summary = serde_json::from_str(&text).unwrap();
        let front: Vec<_> = summary.front.iter().map(|n| (n.trial, n.params, n.macs)).collect();
        assert_eq!((summary.trials, front), (6, vec![(4, 1261, 27544), (2, 1877, 37720)]));
    }

    fn train(network: &str, seed: u64, epochs: u64) -> NetworkRecord {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings { seed, ..settings() };
        settings.training.final_epochs = Some(epochs);
        // Images were augmented in all epochs then.
        settings.training.augmented_until = Some(1.0);
        let (network, out) = (testdata(network), folder.path().join("out"));
        let done = fit::run(&settings, &network, &out, &StopFlag::new(), &|_| {}).unwrap();
        done.finished().unwrap()
    }

    /// The same training again gives what was recorded.
    #[test]
    fn a_trained_network_is_trained_again() {
        let recorded = json(&testdata("trained/metrics.json"));
        let kept = NetworkRecord::read(&testdata("trained")).unwrap();
        let again = train("trained", 5, 3);
        assert_eq!((again.params, again.macs, &again.split), (1877, 37720, &kept.split));
        same_results(measured(&again.measured()), &recorded, 5e-3);
    }

    #[test]
    fn a_compressed_network_is_trained_again() {
        let again = train("compressed", 0, 2);
        assert_eq!((again.params, again.macs), (1123, 25918));
        near("validation loss", again.validation_loss, 2.214477, 5e-3);
        near("test loss", again.test_loss, 2.235439, 5e-3);
    }

    fn compress(network: &Path, share: f64, epochs: u64) -> NetworkRecord {
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            network: network.to_owned(),
            weights: None,
            out: folder.path().join("out"),
            method: Method::Prune,
            goal: Goal { keep_params: Some(share), ..Goal::default() },
            ranks: RankRule::Energy(0.9),
            pruning: Pruning::default(),
            epochs: Some(epochs),
            rate: 0.3,
            meant: Vec::new(),
        };
        let done = compression::run(&settings(), &job, &StopFlag::new(), &|_| {}).unwrap();
        done.finished().unwrap()
    }

    fn before(record: &NetworkRecord) -> [f64; 4] {
        measured(&record.compression.as_ref().unwrap().before)
    }

    fn measured(network: &compression::Measured) -> [f64; 4] {
        [
            network.validation_accuracy,
            network.validation_loss,
            network.test_accuracy,
            network.test_loss,
        ]
    }

    /// Its weights give the recorded results, and the same compression gives the same network.
    #[test]
    fn a_network_of_a_search_is_compressed() {
        let smaller = compress(&testdata("finished/front/trial-2"), 0.6, 2);
        assert!(smaller.split_is_known);
        let recorded = json(&testdata("finished/front/trial-2/metrics.json"));
        same_results(before(&smaller), &recorded, 1e-5);
        assert_eq!((smaller.params, smaller.macs), (1123, 25918));
        let recorded = &json(&testdata("compressed/metrics.json"))["after"];
        same_results(measured(&smaller.measured()), recorded, 2e-2);
    }

    #[test]
    fn a_compressed_network_is_compressed_again() {
        let recorded = json(&testdata("compressed/metrics.json"));
        let kept = NetworkRecord::read(&testdata("compressed")).unwrap();
        assert_eq!((kept.params, kept.macs, kept.split_is_known), (1123, 25918, true));
        let smaller = compress(&testdata("compressed"), 0.7, 0);
        assert!(smaller.split_is_known);
        same_results(before(&smaller), &recorded["after"], 1e-5);
        assert_eq!((smaller.params, smaller.macs), (767, 12436));
    }
}
