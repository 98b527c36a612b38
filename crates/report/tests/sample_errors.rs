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

/// A page of a thousand trials with forty networks of photographs keeps its size: all have a card, those
/// with room the pictures too.
#[test]
fn cards_and_pictures_share_a_bounded_room() {
    for (networks, errors) in [(40, 12), (4, 12), (4, 1)] {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..networks {
            network(&folder.path().join(format!("front/trial-{n}")), errors, 5_000);
        }
        let data = StudyData::new(search(1_000), Some(folder.path()));
        let page = html(&data, &PageOptions::default());
        assert!(page.len() < 500_000, "{networks}: {}", page.len());
        assert_eq!(page.matches("<details class=\"network\"").count(), networks);
        let shown = pictures(&page);
        let expected = if errors == 1 { networks } else { 8 };
        assert!(shown >= expected, "{networks}: {shown} pictures");
    }
}
