//! The page holds every trial, whatever names and states there are.
#![allow(clippy::unwrap_used)]

mod common;

use automl_report::{PageOptions, StudyData, html, trials_csv};
use automl_space::{Config, Value};
use automl_study::{Direction, State, Trial};
use common::{choice, data, float, record, search};

fn page(data: &StudyData) -> String {
    html(data, &PageOptions::default())
}

/// A section of the page.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let start = page.find(&format!("<section id=\"{id}\"")).unwrap();
    &page[start..start + page[start..].find("</section>").unwrap()]
}

/// The trials that the marks of a section stand for, sorted.
fn marks(section: &str) -> Vec<u64> {
    let attribute = |name: &str| -> Vec<u64> {
        let start = format!(" {name}=\"");
        let parts = section.split(&start).skip(1);
        let lists = parts.filter_map(|part| part.split('"').next());
        lists
            .flat_map(|list| list.split(',').filter_map(|n| n.parse().ok()).collect::<Vec<_>>())
            .collect()
    };
    let mut marks = attribute("data-trials");
    marks.sort_unstable();
    marks
}

#[test]
fn every_trial_with_a_value_has_its_mark() {
    let data = data(search(300));
    let page = page(&data);
    let expected: Vec<u64> = data
        .trials()
        .iter()
        .filter(|trial| trial.state != State::Failed)
        .map(|trial| trial.number.0)
        .collect();
    assert_eq!(marks(section(&page, "front")), expected);
    let front = section(&page, "front").matches("class=\"mark\"").count();
    assert_eq!(front, data.front().len());
    assert!(front > 1);
    let lanes = section(&page, "timeline");
    assert_eq!(marks(lanes).len(), 300);
}

#[test]
fn all_figures_are_there() {
    let page = page(&data(search(200)));
    for id in [
        "setup",
        "front",
        "progress",
        "curves",
        "importance",
        "slices",
        "parallel",
        "timeline",
        "rungs",
        "failures",
        "trials",
    ] {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    // Rungs are those at which trials stopped.
    let rungs = section(&page, "rungs");
    for rung in ["<th scope=\"row\">1</th>", "<th scope=\"row\">3</th>", "<th scope=\"col\">9</th>"]
    {
        assert!(rungs.contains(rung), "{rung}");
    }
    assert!(section(&page, "failures").contains("the loss became NaN"));
}

#[test]
fn the_file_is_small_and_refers_to_nothing() {
    for (trials, most) in [(1, 60_000), (1_000, 500_000), (10_000, 500_000), (40_000, 500_000)] {
        let page = page(&data(search(trials)));
        assert!(page.len() < most, "{trials} trials: {} bytes", page.len());
        let outside = ["http://", "https://", " src=", "@import", "url("];
        let inside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(outside.iter().all(|text| !inside.contains(text)));
    }
}

/// Whatever fills a page: many objectives with a front of thousands, long messages, many parameters.
#[test]
fn pages_of_large_studies_stay_small() {
    let mut study = record(
        "wide",
        &["a", "b", "c", "d"].map(|name| (name, Direction::Minimize)),
        (0..40).map(|_| ("a parameter with a name of some length", float(0.0, 1.0))).collect(),
    );
    for n in 0..8_000 {
        let draw = |k: u64| common::noise(64 * n + k);
        let mut config = Config::empty(40);
        (0..40).for_each(|k| config.set(k, Some(Value::Float(draw(k as u64 + 8)))));
        let mut trial = Trial::waiting(n, config);
        trial.started = Some(n as i64 * 1_000_000);
        trial.finished = Some((n as i64 + 5) * 1_000_000);
        trial.state = State::Complete;
        trial.values = (0..4).map(draw).collect();
        if n % 8 == 0 {
            trial.state = State::Failed;
            trial.attributes.insert("automl:reason".into(), "<no> & \"yes\" ".repeat(99).into());
        }
        study.trials.push(trial);
    }
    let study = data(study);
    let page = page(&study);
    assert!(page.len() < 500_000, "{} bytes", page.len());
    let front = section(&page, "front");
    assert!(study.front().len() > 100, "{}", study.front().len());
    assert!(front.contains(" of 7,000 trials are drawn"));
    // Each plot has the whole front, as links or as dots.
    let links = front.matches("class=\"mark\"").count();
    let best = |path: &&str| path.split("/>").next().unwrap().contains("data-trials");
    let dots: usize = front
        .split("class=\"dots best\"")
        .skip(1)
        .filter(best)
        .map(|path| path.split("data-trials=\"").nth(1).unwrap().split('"').next().unwrap())
        .map(|list| list.split(',').count())
        .sum();
    assert_eq!(links + dots, 6 * study.front().len());
    assert!(section(&page, "timeline").contains("3,000 of 8,000 trials are drawn"));
    assert!(section(&page, "trials").contains(" of 8,000 trials"));
}

#[test]
fn a_sample_is_said() {
    let page = page(&data(search(10_000)));
    assert!(section(&page, "trials").contains(" of 10,000 trials"));
    assert!(section(&page, "curves").contains("curves are drawn"));
    assert_eq!(marks(section(&page, "front")).len(), 9_000);
}

#[test]
fn hostile_names_stay_text() {
    let evil =
        ["<script>alert(1)</script>", "</script><b>", "\"'&<>", "🚀\u{202e}txet", "שלום", "a,b~3"];
    let objectives = [(evil[0], Direction::Minimize), (evil[1], Direction::Maximize)];
    let params =
        vec![(evil[2], float(0.0, 1.0)), (evil[3], choice(&evil)), (evil[5], float(0.0, 1.0))];
    let mut record = record("</title><script>alert(2)</script>", &objectives, params);
    record.place = "<img src=x onerror=alert(3)>".into();
    for n in 0..40 {
        let mut config = Config::empty(3);
        config.set(0, Some(Value::Float(common::noise(n))));
        config.set(1, Some(Value::Category(n as usize % evil.len())));
        let mut trial = Trial::waiting(n, config);
        trial.state = if n % 7 == 6 { State::Failed } else { State::Complete };
        trial.values = vec![common::noise(n), common::noise(n + 100)];
        trial.attributes.insert("automl:reason".into(), evil[0].into());
        record.trials.push(trial);
    }
    let data = data(record);
    let page = page(&data);
    let scripts = page.matches("<script").count();
    assert_eq!((scripts, page.matches("</script>").count()), (2, 2), "data and script only");
    for tag in ["<img", "<b>", "</title><script"] {
        let body = page.split("<style>").next().unwrap().to_owned()
            + page.split("</style>").nth(1).unwrap();
        let body = body.split("<script nonce").next().unwrap();
        assert!(!body.contains(tag), "{tag}");
    }
    // The numbers of the trials and the values come back from the embedded data.
    let json = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["params"][1]["choices"][0], evil[0]);
    assert_eq!(json["objectives"][1]["name"], evil[1]);
    assert_eq!(json["params"][2]["cells"], "~40");
    assert!(trials_csv(&data).contains("\"params_a,b~3\""));
}

#[test]
fn unusual_studies_have_pages() {
    let single = [("value", Direction::Minimize)];
    let empty = record("empty", &single, Vec::new());
    assert!(page(&data(empty)).contains("none yet"));

    let mut failed = record("failed", &single, vec![("x", float(0.0, 1.0))]);
    let mut one = record("one", &single, vec![("x", float(0.0, 1.0))]);
    for n in 0..5 {
        let mut config = Config::empty(1);
        config.set(0, Some(Value::Float(0.5)));
        let mut trial = Trial::waiting(n, config);
        trial.state = State::Failed;
        failed.trials.push(trial.clone());
        if n == 0 {
            trial.state = State::Complete;
            trial.values = vec![1.5];
            one.trials.push(trial);
        }
    }
    let page_of_failures = page(&data(failed));
    assert!(section(&page_of_failures, "failures").contains("no reason was recorded"));
    assert!(!page_of_failures.contains("<section id=\"front\""));
    let page_of_one = page(&data(one));
    assert!(section(&page_of_one, "front").contains("class=\"mark\""));

    let three =
        [("a", Direction::Minimize), ("b", Direction::Maximize), ("c", Direction::Minimize)];
    let mut record = record("three", &three, vec![("x", float(0.0, 1.0))]);
    for n in 0..30 {
        let mut config = Config::empty(1);
        config.set(0, Some(Value::Float(common::noise(n))));
        let mut trial = Trial::waiting(n, config);
        trial.state = State::Complete;
        trial.values = vec![common::noise(n), common::noise(n + 50), common::noise(n + 90)];
        // Values that are not finite have no place in a plot.
        if n == 3 {
            trial.values[1] = f64::INFINITY;
        }
        trial.finished = Some(n as i64);
        record.trials.push(trial);
    }
    let page_of_three = page(&data(record));
    assert_eq!(section(&page_of_three, "front").matches("<svg").count(), 3);
    assert!(section(&page_of_three, "front").contains("1 of 30"));
    assert!(section(&page_of_three, "progress").contains("hypervolume"));
}

#[test]
fn a_live_page_says_so() {
    let data = data(search(20));
    let mut options = PageOptions::default();
    assert!(!html(&data, &options).contains("under way"));
    options.is_live = true;
    assert!(html(&data, &options).contains("under way"));
}

#[test]
fn the_table_of_all_trials_has_all_columns() {
    let csv = trials_csv(&data(search(12)));
    let mut lines = csv.split("\r\n");
    let header = "number,state,values_accuracy,values_size,fidelity,started,finished,seconds,feasible,\
                  worker,reason,params_block,params_width,params_gain";
    assert_eq!(lines.next().unwrap(), header);
    assert_eq!(lines.clone().filter(|line| !line.is_empty()).count(), 12);
    let failed = lines.find(|line| line.starts_with("9,failed")).unwrap();
    assert!(failed.contains("the loss became NaN"), "{failed}");
}
