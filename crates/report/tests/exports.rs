//! Parquet files, plots of text and the page of a network.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use automl_report::{Epoch, StudyData, network_html, terminal_plot, trials_parquet};
use automl_study::Direction;
use common::{data, float, record, search};
use std::path::Path;
use std::process::Command;

#[test]
fn the_front_is_drawn_within_the_width() {
    let study = data(search(200));
    for width in [40, 60, 200] {
        let plot = terminal_plot(&study, width).unwrap();
        let lines: Vec<&str> = plot.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= width), "{plot}");
        assert!(plot.contains('●') && plot.contains('·'), "{plot}");
        assert!(lines[0].contains("accuracy") && plot.contains("size"), "{plot}");
    }
    assert!(terminal_plot(&study, 20).is_none());
    assert!(terminal_plot(&data(search(1)), 80).is_none());
}

/// Smaller sizes stand on the left and higher accuracies above: a front rises to the right.
#[test]
fn axes_keep_their_directions() {
    let mut study = record(
        "two",
        &[("up", Direction::Maximize), ("cost", Direction::Minimize)],
        vec![("x", float(0.0, 1.0))],
    );
    for (number, value) in [(0, 1.0), (1, 2.0), (2, 3.0)] {
        let config = automl_space::Config::empty(1);
        let mut trial = automl_study::Trial::waiting(number, config);
        trial.state = automl_study::State::Complete;
        trial.values = vec![value, value];
        study.trials.push(trial);
    }
    let plot = terminal_plot(&data(study), 50).unwrap();
    let columns: Vec<usize> =
        plot.lines().filter_map(|line| line.chars().position(|c| c == '●')).collect();
    assert_eq!(columns.len(), 3, "{plot}");
    assert!(columns.windows(2).all(|pair| pair[0] > pair[1]), "{plot}");
}

/// pandas reads the types and the absent values.
#[test]
fn parquet_files_are_read_by_pandas() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trials.parquet");
    let study: StudyData = data(search(50));
    trials_parquet(&study, &file).unwrap();
    assert!(std::fs::read(&file).unwrap().ends_with(b"PAR1"));
    let Some(python) = std::env::var_os("AUTOML_PYTHON") else {
        eprintln!("skipped: AUTOML_PYTHON names no Python");
        return;
    };
    let script = "import sys\n\
                  try:\n    import pandas, pyarrow\n\
                  except ImportError: sys.exit(9)\n\
                  d = pandas.read_parquet(sys.argv[1])\n\
                  print(len(d), int(d['number'].sum()), d['state'].iloc[9], d['started'].dt.year.iloc[0],\n\
                  d['params_width'].dtype, d['params_gain'].isna().sum() > 0, d['feasible'].all())";
    let output = Command::new(python).args(["-c", script]).arg(&file).output().unwrap();
    if output.status.code() == Some(9) {
        eprintln!("skipped: no pandas with pyarrow");
        return;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text.trim(), "50 1225 failed 1970 float64 True True", "{errors}");
}

#[test]
fn a_network_has_a_page_of_its_own() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../automl/testdata/trained");
    let epochs = [Epoch::new(1, 2.0), Epoch::new(2, 1.5), Epoch::new(3, f64::NAN)];
    let page = network_html("<mine>", &kept, &epochs).unwrap();
    assert!(page.contains("&lt;mine&gt;") && page.contains("Training loss"));
    assert!(page.contains("automl predict") && !page.contains("<script"));
    assert!(!page.contains("<h3></h3>"));
    assert!(network_html("none", Path::new("no/such/folder"), &[]).is_none());
}
