//! What a data set leaves out, joins or takes in another way than its user may expect is said.
#![allow(clippy::unwrap_used)]

mod encoded;

use automl_data::{
    DataSplits, Dataset, DatasetError, DatasetFormat, Kind, ResizeRule, Side, Source,
};
use encoded::encode;
use image::{Rgb, RgbImage};
use proptest::prelude::*;
use std::path::Path;

fn source(place: &Path) -> Source<'_> {
    Source { folder: Some(place), side: Side::Pixels(8.into()), ..Source::default() }
}

fn read(place: &Path) -> Result<Dataset, DatasetError> {
    DatasetFormat::find("folder").unwrap().load(&source(place))
}

fn load(place: &Path) -> Dataset {
    read(place).unwrap()
}

fn refusal(place: &Path) -> String {
    read(place).unwrap_err().to_string()
}

/// A picture at a place, another one for each name.
fn picture(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let hash = path.to_string_lossy().bytes().fold(7u32, |h, b| h.wrapping_mul(31) ^ u32::from(b));
    let image = RgbImage::from_fn(8, 8, |x, y| {
        let [r, g, b, _] = hash.wrapping_mul(x * 8 + y + 1).to_le_bytes();
        Rgb([r, g, b])
    });
    std::fs::write(path, encode(&image.into(), "png")).unwrap();
}

fn pictures(folder: &Path, count: usize) {
    (0..count).for_each(|number| picture(&folder.join(format!("{number}.png"))));
}

fn lines(dataset: &Dataset) -> String {
    dataset.report.lines().join("\n")
}

#[test]
fn links_in_circles_end() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b", "c", "d", "e", "f"] {
        let own = folder.path().join(class);
        std::fs::create_dir(&own).unwrap();
        #[cfg(unix)]
        for number in 0..8 {
            std::os::unix::fs::symlink("..", own.join(format!("up{number}"))).unwrap();
        }
    }
    assert!(refusal(folder.path()).contains("images of two classes"));
}

#[test]
fn folders_that_are_empty_or_closed_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    ["a", "b"].iter().for_each(|class| pictures(&root.join(class), 3));
    std::fs::create_dir(root.join("empty")).unwrap();
    std::fs::create_dir(root.join("bad")).unwrap();
    std::fs::write(root.join("bad/1.png"), "").unwrap();
    let said = lines(&load(root));
    assert!(said.contains("no image of empty is there: it is no class"), "{said}");
    assert!(said.contains("no image of bad can be read: it is no class"), "{said}");
    assert!(said.contains("bad/1.png is no image, but an empty file"), "{said}");
}

/// Test images in the folders of classes are never trained on, if one class has none.
#[test]
fn parts_in_classes_may_be_absent() {
    let folder = tempfile::tempdir().unwrap();
    for (place, count) in [("a/train", 4), ("a/test", 2), ("b/train", 3)] {
        pictures(&folder.path().join(place), count);
    }
    let dataset = load(folder.path());
    assert_eq!((dataset.train.len(), dataset.test.as_ref().map(|test| test.len())), (7, Some(2)));
    assert!(lines(&dataset).contains("no test images of b"), "{}", lines(&dataset));
}

#[test]
fn joined_parts_and_outer_folders_are_said() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "val", "valid"] {
        ["a", "b"].iter().for_each(|class| pictures(&folder.path().join(part).join(class), 3));
    }
    let dataset = load(folder.path());
    assert!(lines(&dataset).contains("the validation images are those of val and valid"));
    let folder = tempfile::tempdir().unwrap();
    for year in ["2023", "2024"] {
        ["cat", "dog"].iter().for_each(|class| pictures(&folder.path().join(year).join(class), 3));
    }
    let said = lines(&load(folder.path()));
    assert!(
        said.contains("the classes are the outer folders; each holds the same folders (cat, dog)")
    );
}

/// A line stays one line, and a terminal is not written to by a file's name.
#[cfg(unix)]
#[test]
fn names_of_files_keep_to_their_line() {
    let folder = tempfile::tempdir().unwrap();
    ["a", "b"].iter().for_each(|class| pictures(&folder.path().join(class), 3));
    for name in ["line\nbreak.png", "\u{1b}[31mred.png", "end .png "] {
        std::fs::write(folder.path().join("a").join(name), "no image").unwrap();
    }
    let report = load(folder.path()).report;
    assert_eq!(report.left_out.len(), 3);
    assert!(!report.lines()[0].contains(char::is_control), "{:?}", report.lines());
}

#[test]
fn images_that_a_list_does_not_name_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    pictures(&root.join("im"), 6);
    picture(&root.join("more/x.png"));
    let rows = (0..4).map(|n| format!("im/{n}.png,{}\n", ["a", "b"][n % 2]));
    let list = format!("path,label\n{}im/9,9.png,a\n", rows.collect::<String>());
    std::fs::write(root.join("labels.csv"), list).unwrap();
    let dataset = load(root);
    let of = |kind| {
        let files = dataset.report.left_out.iter().filter(move |file| file.kind == kind);
        files.map(|file| file.file.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(Kind::Unlisted), ["im/4.png", "im/5.png", "more/x.png"]);
    assert_eq!(of(Kind::Line), ["line 6 of labels.csv"]);
    // A list by its name stands for the folders of its images, not for all beside it.
    let named = load(&root.join("labels.csv"));
    let others = named.report.left_out.iter().filter(|file| file.kind == Kind::Unlisted);
    assert_eq!(others.count(), 2);
    let strict = Source { strict: true, ..source(root) };
    let error = DatasetFormat::find("folder").unwrap().load(&strict).unwrap_err().to_string();
    assert!(error.contains("1 line that is no row") && !error.contains("x.png"), "{error}");
}

/// Each table that a user may have meant as the list is named with the reason why it is none.
#[test]
fn tables_that_are_no_lists_say_why() {
    for (name, text, reason) in [
        ("l.csv", "bild,klasse\nim/0.png,x\n", "has no columns path and label, but bild, klasse"),
        (
            "l.csv",
            "path,label\nx/0.png,a\nx/1.png,b\n",
            "none of its files is there, such as x/0.png",
        ),
        (
            "l.csv",
            "path,label\nim/0.png,a\n\"im/1.png,b\n",
            "line 3: a quotation mark is not closed",
        ),
        ("l.json", "[{\"path\": \"im/0.png\", \"label\": 1},]", "is not valid JSON"),
        ("l.csv", "", "is empty"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        pictures(&folder.path().join("im"), 4);
        std::fs::write(folder.path().join(name), text).unwrap();
        let error = refusal(folder.path());
        let expected = format!("{name} is not used as a list: {reason}");
        assert!(error.contains(&expected), "{text}: {error}");
    }
}

/// Lists beside their images in the folders of parts, as the Hub writes them.
#[test]
fn lists_in_folders_of_parts_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (part, count) in [("train", 6), ("test", 4)] {
        let own = folder.path().join(part);
        pictures(&own, count);
        let rows = (0..count).map(|n| format!(r#"{{"file_name": "{n}.png", "label": {}}}"#, n % 2));
        std::fs::write(own.join("metadata.jsonl"), rows.collect::<Vec<_>>().join("\n")).unwrap();
    }
    let dataset = load(folder.path());
    assert_eq!((dataset.train.len(), dataset.test.as_ref().map(|test| test.len())), (6, Some(4)));
    assert!(lines(&dataset).contains("labels by test/metadata.jsonl, train/metadata.jsonl"));
    std::fs::remove_file(folder.path().join("test/metadata.jsonl")).unwrap();
    let said = lines(&load(folder.path()));
    assert!(said.contains("4 images that no list names"), "{said}");
}

/// Images that have one size keep it, and a wish for another one is answered.
#[test]
fn wishes_for_images_of_one_size_are_answered() {
    let digits = |source: Source<'_>| {
        let dataset = DatasetFormat::find("digits").unwrap().load(&source).unwrap();
        assert!(dataset.train.side == 8 && dataset.train.channels == 1);
        dataset.report.notes.join("\n")
    };
    let usual = Source::default();
    assert_eq!(digits(usual), "");
    assert_eq!(digits(Source { side: Side::Pixels(8.into()), channels: Some(1), ..usual }), "");
    let note = digits(Source { side: Side::Pixels(16.into()), resize: ResizeRule::Pad, ..usual });
    assert_eq!(
        note,
        "not used: side 16, resize pad; all images of digits have 8 pixels and 1 channel"
    );
    let note = digits(Source { channels: Some(3), side: Side::Auto, ..usual });
    assert!(note.starts_with("not used: side auto, channels 3;"), "{note}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Of drawn lists, each image is trained on with its label, or named.
    #[test]
    fn every_image_is_used_or_named(rows in proptest::collection::vec((0usize..12, 0u8..5), 4..16)) {
        let folder = tempfile::tempdir().unwrap();
        pictures(&folder.path().join("im"), 8);
        let row = |(image, kind): &(usize, u8)| match kind {
            0 => format!("im/{image}.png,"),
            1 => format!("im/{image}.png,a,b,c"),
            2 => format!("\"im/{image}.png\",\"a\""),
            _ => format!("im/{image}.png,{}", ["a", "b"][image % 2]),
        };
        let all = rows.iter().map(row).collect::<Vec<_>>().join("\r\n");
        std::fs::write(folder.path().join("l.csv"), format!("path,label\r\n{all}\r\n")).unwrap();
        let Ok(dataset) = read(folder.path()) else { return Ok(()) };
        let used = dataset.files.iter().map(|file| file.name.clone());
        let named = dataset.report.left_out.iter().map(|file| file.file.clone());
        let accounted: std::collections::BTreeSet<String> = used.chain(named).collect();
        for image in 0..8 {
            let name = format!("im/{image}.png");
            let is_in_fault = rows.iter().any(|(at, kind)| *at == image && *kind == 1);
            prop_assert!(accounted.contains(&name) || is_in_fault, "{name}: {accounted:?}");
        }
        let lines = rows.iter().filter(|(_, kind)| *kind == 1).count();
        let faults = dataset.report.left_out.iter().filter(|file| file.kind == Kind::Line).count();
        prop_assert_eq!(faults, lines);
    }
}

#[test]
fn too_few_images_are_told_with_their_classes() {
    let folder = tempfile::tempdir().unwrap();
    pictures(&folder.path().join("im"), 6);
    let rows: String = (0..6).map(|n| format!("im/{n}.png,{}\n", f64::from(n) * 0.37)).collect();
    std::fs::write(folder.path().join("l.csv"), format!("path,label\n{rows}")).unwrap();
    let error = DataSplits::split(&load(folder.path()), 0.2, 0).unwrap_err().to_string();
    assert!(error.starts_with("6 images of 6 classes are too few"), "{error}");
}

/// A folder of what is no data set yet is told how it becomes one.
#[test]
fn other_forms_of_data_are_told_what_to_do() {
    for (name, advice) in [
        ("photos.zip", "unpack it first"),
        ("cats.TAR.GZ", "unpack it first"),
        ("data-00000-of-00001.arrow", "to_parquet"),
        ("data_batch_1", "the binary version of CIFAR"),
        ("x.npy", "numpy.savez"),
        ("train.h5", "numpy.savez"),
        ("film.mp4", "save its frames"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, "content").unwrap();
        for place in [folder.path(), &path] {
            let error = refusal(place);
            assert!(error.contains(name) && error.contains(advice), "{place:?}: {error}");
        }
    }
}

/// Reading ends where it is asked to, and the cache never holds half of a folder.
#[test]
fn reading_ends_on_request() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ["a", "b"].iter().for_each(|class| pictures(&folder.path().join(class), 6));
    let is_over = AtomicBool::new(false);
    let read = |progress: &(dyn Fn(usize, usize) + Sync)| {
        let stop = || is_over.load(Ordering::Relaxed);
        let cache = Some(cache.path());
        let source = Source { cache, progress, stop: &stop, ..source(folder.path()) };
        DatasetFormat::find("folder").unwrap().load(&source)
    };
    let stopped = read(&|_, _| is_over.store(true, Ordering::Relaxed));
    assert!(matches!(stopped, Err(DatasetError::Stopped)), "{stopped:?}");
    is_over.store(false, Ordering::Relaxed);
    assert_eq!(read(&|_, _| {}).unwrap().train.len(), 12);
}

/// Classes beside `val` and `test` are those that are trained on, in any case and order of the names.
#[test]
fn parts_beside_classes_are_no_classes() {
    for parts in [vec!["test"], vec!["Val", "TEST"], vec!["validation"]] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        ["cat", "dog", "zebra"].iter().for_each(|class| pictures(&root.join(class), 4));
        for part in &parts {
            ["Cat", "dog"].iter().for_each(|class| pictures(&root.join(part).join(class), 2));
        }
        let dataset = load(root);
        assert_eq!(dataset.class_names, ["cat", "dog", "zebra"]);
        let held = dataset.validation.iter().chain(&dataset.test).map(|images| images.len());
        assert_eq!((dataset.train.len(), held.sum::<usize>()), (12, 4 * parts.len()));
        let said = lines(&dataset);
        assert!(said.contains("are for training"), "{said}");
        assert!(said.contains("images of zebra"), "{said}");
    }
    // With images of its own, it is a class; with other folders, too.
    for inner in ["test/0.png", "test/bird/0.png"] {
        let folder = tempfile::tempdir().unwrap();
        ["cat", "dog"].iter().for_each(|class| pictures(&folder.path().join(class), 4));
        picture(&folder.path().join(inner));
        assert_eq!(load(folder.path()).class_names, ["cat", "dog", "test"]);
    }
    // Within a class, it is read with the class.
    let folder = tempfile::tempdir().unwrap();
    ["cat", "dog", "dog/test"].iter().for_each(|class| pictures(&folder.path().join(class), 4));
    let said = lines(&load(folder.path()));
    assert!(said.contains("the images in dog/test are read as others of the class dog"), "{said}");
}

/// Labels of another task beside the images of a part are not taken for a class.
#[test]
fn folders_without_images_in_parts_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "valid"] {
        let own = folder.path().join(part);
        ["a", "b"].iter().for_each(|class| pictures(&own.join("images").join(class), 3));
        std::fs::create_dir(own.join("labels")).unwrap();
        std::fs::write(own.join("labels/0.txt"), "0 0.5").unwrap();
    }
    let dataset = load(folder.path());
    assert_eq!((dataset.class_names.join(" "), dataset.train.len()), ("a b".to_owned(), 6));
    assert!(lines(&dataset).contains("the folder train/labels is not used"), "{}", lines(&dataset));
}
