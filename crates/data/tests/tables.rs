//! Data sets in lists, archives and tables.
#![allow(clippy::unwrap_used)]

mod encoded;

use automl_data::{DataSplits, Dataset, DatasetFormat, Kind, Side, Source};
use encoded::encode;
use image::{Rgb, RgbImage};
use std::path::{Path, PathBuf};

fn load(place: &Path) -> Dataset {
    let source = Source { folder: Some(place), side: Side::Pixels(8.into()), ..Source::default() };
    DatasetFormat::find("folder").unwrap().load(&source).unwrap()
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// Images `0.png` to `5.png` in a folder.
fn images(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for number in 0..6u8 {
        let image = RgbImage::from_pixel(8, 8, Rgb([number, 100, 200]));
        std::fs::write(folder.join(format!("{number}.png")), encode(&image.into(), "png")).unwrap();
    }
}

#[test]
fn lists_are_found_in_a_folder_and_by_name() {
    let folder = tempfile::tempdir().unwrap();
    images(&folder.path().join("images"));
    let rows = "file,class\n0.png,10\nimages/1.png,9\n2,10\n3.png,9\ngone.png,9\n4.png,\n";
    std::fs::write(folder.path().join("labels.csv"), rows).unwrap();
    let dataset = load(folder.path());
    assert_eq!(dataset.class_names, ["9", "10"]);
    assert_eq!(dataset.train.labels, [1, 0, 1, 0]);
    assert_eq!(dataset.train.iter().map(|image| image[0]).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let kinds: Vec<_> =
        dataset.report.left_out.iter().map(|file| (file.kind, file.file.as_str())).collect();
    let [gone, bare] = [(Kind::Unreadable, "gone.png"), (Kind::Unlabeled, "4.png")];
    assert_eq!(kinds, [gone, bare, (Kind::Unlisted, "images/5.png")]);
    let named = load(&folder.path().join("labels.csv"));
    assert_eq!((named.name.as_str(), named.train), ("labels", dataset.train));
}

#[test]
fn lists_may_name_parts() {
    let folder = tempfile::tempdir().unwrap();
    images(&folder.path().join("train"));
    let row = |number: usize, part: &str| {
        format!(r#"{{"path": "train/{number}.png", "label": "{}", "split": "{part}"}}"#, number % 2)
    };
    let rows: Vec<String> = (0..6).map(|n| row(n, ["train", "train", "test"][n / 2])).collect();
    std::fs::write(folder.path().join("all.jsonl"), rows.join("\n")).unwrap();
    let dataset = load(folder.path());
    assert_eq!((dataset.train.len(), dataset.test.unwrap().len()), (4, 2));
    std::fs::remove_file(folder.path().join("all.jsonl")).unwrap();
    for (part, rows) in [("train", "0.png,a\n1.png,b\n2.png,a"), ("val", "3.png,b\n4.png,a")] {
        std::fs::write(folder.path().join(format!("{part}.csv")), format!("path,label\n{rows}\n"))
            .unwrap();
    }
    let dataset = load(folder.path());
    assert_eq!((dataset.train.len(), dataset.validation.unwrap().len()), (3, 2));
    std::fs::write(folder.path().join("other.csv"), "path,label\n5.png,a\n").unwrap();
    let source = Source { folder: Some(folder.path()), ..Source::default() };
    let error = DatasetFormat::find("list").unwrap().load(&source).unwrap_err().to_string();
    assert!(error.contains("other"), "{error}");
}

#[test]
fn parquet_of_the_hub_is_read() {
    for place in [testdata("hub.parquet"), {
        let folder = std::env::temp_dir().join(format!("automl-hub-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("data")).unwrap();
        std::fs::copy(testdata("hub.parquet"), folder.join("data/train-00000-of-00001.parquet"))
            .unwrap();
        folder
    }] {
        let dataset = load(&place);
        assert_eq!(dataset.class_names, ["cat", "dog", "emu"]);
        assert_eq!(dataset.train.labels, [1, 0, 1, 2, 2]);
        assert_eq!(dataset.train.image(3)[0], 120);
        assert_eq!(dataset.report.left_out[0].kind, Kind::Damaged);
        assert!(dataset.report.left_out[0].file.ends_with("#4/4.png"), "{:?}", dataset.report);
        if place.is_dir() {
            std::fs::remove_dir_all(place).unwrap();
        }
    }
}

#[test]
fn numpy_archives_are_read() {
    let dataset = load(&testdata("medical.npz"));
    assert_eq!(
        (dataset.name.as_str(), dataset.class_names.join(" ")),
        ("medical", "0 2 10".into())
    );
    assert_eq!((dataset.train.channels, dataset.train.side), (3, 8.into()));
    assert_eq!(dataset.train.labels, [0, 2, 1, 0]);
    // The array holds 0, 1, 2, ... by rows, columns and channels.
    let image = dataset.train.image(0);
    assert_eq!((image[0], image[1], image[64], image[128]), (0, 3, 1, 2));
    let data = DataSplits::split(&dataset, 0.2, 0).unwrap();
    assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (4, 2, 2));
}

#[test]
fn known_files_are_detected() {
    let folder = tempfile::tempdir().unwrap();
    let record = |label: u8| [vec![7, label], vec![label; 3072]].concat();
    let records: Vec<u8> = (0..100).flat_map(record).collect();
    std::fs::write(folder.path().join("train.bin"), &records).unwrap();
    std::fs::write(folder.path().join("test.bin"), &records[..3074]).unwrap();
    let cifar = load(folder.path());
    assert_eq!((cifar.name.as_str(), cifar.classes, cifar.train.labels[42]), ("cifar100", 100, 42));
    let text = folder.path().join("notes.md");
    std::fs::write(&text, "text").unwrap();
    let source = Source { folder: Some(&text), ..Source::default() };
    let error = DatasetFormat::find("folder").unwrap().load(&source).unwrap_err().to_string();
    assert!(error.contains("notes.md"), "{error}");
}

#[test]
fn built_in_data_have_names_and_no_lines_of_warnings() {
    let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
    assert_eq!(data.lines().len(), 1);
    assert!(data.lines()[0].starts_with("classes: 0 178, 1 182, "), "{:?}", data.lines());
    assert_eq!(data.class_names.len(), 10);
}

/// Lists as they come from other machines and programs, of the same six images.
#[test]
fn lists_in_many_forms_are_read() {
    let lines = |line: &dyn Fn(usize, &str) -> String| -> String {
        (0..6).map(|n| line(n, ["cat", "dog"][n % 2])).collect()
    };
    let json: Vec<String> =
        (0..6).map(|n| format!(r#"{{"id": {n}, "file_name": "train/{n}.png"}}"#)).collect();
    let marks: Vec<String> =
        (0..6).map(|n| format!(r#"{{"image_id": {n}, "category_id": {}}}"#, n % 2)).collect();
    let coco = format!(
        r#"{{"images": [{}], "annotations": [{}], "categories": [{{"id": 0, "name": "cat"}}, {{"id": 1, "name": "dog"}}]}}"#,
        json.join(","),
        marks.join(",")
    );
    for (name, text) in [
        (
            "labels.csv",
            format!("path,label\n{}", lines(&|n, c| format!("/content/drive/train/{n}.png,{c}\n"))),
        ),
        (
            "labels.csv",
            format!("path,label\n{}", lines(&|n, c| format!("C:\\data\\train\\{n}.png,{c}\n"))),
        ),
        (
            "labels.csv",
            format!(
                "path,cat,dog\n{}",
                lines(&|n, c| format!(
                    "train/{n}.png,{},{}\n",
                    u8::from(c == "cat"),
                    u8::from(c == "dog")
                ))
            ),
        ),
        ("labels.txt", lines(&|n, c| format!("train/{n}.png {c}\n"))),
        ("labels.json", coco),
    ] {
        let folder = tempfile::tempdir().unwrap();
        images(&folder.path().join("train"));
        std::fs::write(folder.path().join(name), &text).unwrap();
        let dataset = load(folder.path());
        assert_eq!(
            (dataset.train.len(), dataset.class_names.join(" ")),
            (6, "cat dog".into()),
            "{text}"
        );
        let is_moved = text.contains("drive") || text.contains("C:");
        assert_eq!(
            dataset.report.notes[0].contains("found below"),
            is_moved,
            "{:?}",
            dataset.report
        );
    }
}

#[test]
fn results_beside_classes_are_no_list_and_unknown_parts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        images(&folder.path().join(class));
    }
    std::fs::write(folder.path().join("results.csv"), "path,score\na/0.png,3\n").unwrap();
    assert_eq!(load(folder.path()).train.len(), 12);
    let parts = |parts: [&str; 3]| {
        let rows = (0..6).map(|n| format!("a/{n}.png,{},{}\n", n % 2, parts[n / 2]));
        let list = format!("path,label,split\n{}", rows.collect::<String>());
        std::fs::write(folder.path().join("list.csv"), list).unwrap();
        let source = Source { folder: Some(folder.path()), ..Source::default() };
        DatasetFormat::find("list").unwrap().load(&source)
    };
    let error = parts(["train", "test", "fold3"]).unwrap_err().to_string();
    assert!(error.contains("a/4.png is in the part \"fold3\""), "{error}");
    let dataset = parts(["x", "y", "z"]).unwrap();
    assert!(dataset.report.notes[0].contains("names no parts"), "{:?}", dataset.report);
}

/// Arrays of other names are told by their shapes; archives may be named after parts.
#[test]
fn numpy_archives_of_other_programs_are_read() {
    let dataset = load(&testdata("shapes.npz"));
    assert_eq!((dataset.train.len(), dataset.train.side, dataset.train.channels), (6, 8.into(), 1));
    assert_eq!(dataset.class_names, ["0", "1", "2"]);
    let test = dataset.test.unwrap();
    assert_eq!((&test.labels[..], test.image(0)[0]), (&[0u16, 2][..], 255));
    let notes = dataset.report.notes.join("\n");
    assert!(notes.contains("images trainPics and labels trainKinds"), "{notes}");
    assert!(notes.contains("12x8 pixels are brought to 8x8 by squash"), "{notes}");

    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "test"] {
        let path = folder.path().join(format!("{part}.npz"));
        std::fs::copy(testdata("pair.npz"), path).unwrap();
    }
    let dataset = load(folder.path());
    assert_eq!((dataset.train.len(), dataset.test.unwrap().len()), (4, 4));
    assert_eq!(dataset.class_names, ["cat", "dog"]);
    let error = |path: &Path| {
        let source = Source { folder: Some(path), ..Source::default() };
        DatasetFormat::find("folder").unwrap().load(&source)
    };
    std::fs::copy(testdata("medical.npz"), folder.path().join("train.npz")).unwrap();
    assert!(error(folder.path()).unwrap_err().to_string().contains("second array"));
    let archive = folder.path().join("photos.zip");
    std::fs::write(&archive, b"PK").unwrap();
    assert!(error(&archive).unwrap_err().to_string().contains("unpack it first"));
}

#[test]
fn parquet_in_folders_of_parts_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "test"] {
        let own = folder.path().join("default").join(part);
        std::fs::create_dir_all(&own).unwrap();
        std::fs::copy(testdata("hub.parquet"), own.join("0000.parquet")).unwrap();
    }
    let dataset = load(folder.path());
    assert_eq!((dataset.train.len(), dataset.test.unwrap().len()), (5, 5));
}
