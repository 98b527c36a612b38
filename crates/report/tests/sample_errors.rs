//! Pictures of sample errors in the cards of networks.
#![allow(clippy::unwrap_used)]

mod common;

use automl_report::{PageOptions, StudyData, html, network_html};
use common::{network, search};
use serde_json::json;
use std::fs;

fn pictures(page: &str) -> usize {
    page.matches(" src=\"data:image/png;base64,").count()
}

#[test]
fn errors_are_shown_with_class_prediction_and_file() {
    let folder = tempfile::tempdir().unwrap();
    network(folder.path(), 12, 200);
    let page = network_html("mine", folder.path(), &[]).unwrap();
    assert_eq!(pictures(&page), 12);
    assert!(page.contains("The largest losses of 34 errors among 359 test images"));
    assert!(page.contains("<bdi>&lt;i&gt;cat</bdi></b> → <bdi>dog</bdi>") && page.contains("97 %"));
    assert!(page.contains("cat/11&lt;b&gt;.png"));

    // A record without errors, a picture that is not one, and no record.
    for (record, at) in [
        (json!({ "split": "test", "images": 9, "wrong": 0, "samples": [] }).to_string(), "none"),
        (json!({ "samples": [{ "picture": "https://example.org/a.png" }] }).to_string(), "address"),
        (json!({ "samples": [{ "picture": null }] }).to_string(), "null"),
        ("[".to_owned(), "damaged"),
    ] {
        fs::write(folder.path().join("errors.json"), record).unwrap();
        let page = network_html("mine", folder.path(), &[]).unwrap();
        assert!(!page.contains("Sample errors") && !page.contains("example.org"), "{at}");
    }
}

/// A page of a thousand trials with forty networks of photographs keeps its size.
#[test]
fn pictures_share_a_bounded_room() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..40 {
        network(&folder.path().join(format!("front/trial-{n}")), 12, 5_000);
    }
    let data = StudyData::new(search(1_000), Some(folder.path()));
    let page = html(&data, &PageOptions::default());
    assert_eq!(pictures(&page), 40, "one each");
    assert!(page.len() < 700_000, "{}", page.len());

    let few = tempfile::tempdir().unwrap();
    (0..4).for_each(|n| network(&few.path().join(format!("front/trial-{n}")), 12, 5_000));
    let data = StudyData::new(search(1_000), Some(few.path()));
    let page = html(&data, &PageOptions::default());
    assert_eq!(pictures(&page), 28);
    assert!(page.len() < 600_000, "{}", page.len());
}
