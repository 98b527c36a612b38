//! Laws of reading folders as people have them.
#![allow(clippy::unwrap_used)]

mod encoded;

use automl_data::{DataSplits, Dataset, DatasetFormat, Kind, Manifest, ResizeRule, Side, Source};
use encoded::{FORMATS, encode};
use image::{DynamicImage, Rgb, RgbImage};
use proptest::prelude::*;
use std::path::Path;

/// A picture of a class, another one for each number.
fn picture(class: usize, number: usize) -> DynamicImage {
    let color = [(class * 60 + 30) as u8, (number * 7) as u8, 128];
    RgbImage::from_fn(12, 12, |x, y| {
        Rgb([color[0], color[1], color[2].wrapping_add((x * y) as u8)])
    })
    .into()
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Classes of PNG images, numbered from `first` on.
fn fill(root: &Path, classes: &[&str], first: usize, count: usize) {
    for (class, name) in classes.iter().enumerate() {
        for number in first..first + count {
            let file = encode(&picture(class, number), "png");
            write(&root.join(name).join(format!("{number}.png")), &file);
        }
    }
}

fn load(root: &Path) -> Dataset {
    let source = Source { folder: Some(root), side: Side::Pixels(8.into()), ..Source::default() };
    DatasetFormat::find("folder").unwrap().load(&source).unwrap()
}

fn sizes(dataset: &Dataset) -> [usize; 3] {
    let of =
        |images: &Option<automl_data::Images>| images.as_ref().map_or(0, |images| images.len());
    [dataset.train.len(), of(&dataset.validation), of(&dataset.test)]
}

#[test]
fn classes_are_in_the_order_in_which_people_count() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["10", "9", "1"], 0, 2);
    assert_eq!(load(folder.path()).class_names, ["1", "9", "10"]);
}

#[test]
fn leftovers_of_systems_are_no_images_and_no_classes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(root, &["a", "b"], 0, 3);
    let junk = [
        "a/._0.png",
        "a/.hidden.png",
        "__MACOSX/a/0.png",
        "a/.ipynb_checkpoints/0.png",
        "a/Thumbs.db",
        "b/desktop.ini",
        ".git/0.png",
    ];
    for name in junk {
        write(&root.join(name), &encode(&picture(0, 0), "png"));
    }
    let dataset = load(root);
    assert_eq!((dataset.class_names.len(), dataset.train.len()), (2, 6));
    assert!(dataset.report.left_out.iter().all(|file| file.kind == Kind::Hidden));
    assert_eq!(dataset.report.left_out.len(), junk.len());
}

#[test]
fn folders_in_classes_and_a_folder_around_them_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("archive/photos");
    fill(&root, &["a", "b"], 0, 2);
    write(&root.join("a/deep/er/x.PNG"), &encode(&picture(0, 9), "png"));
    let dataset = load(folder.path());
    assert_eq!(
        (dataset.class_names.clone(), dataset.train.len()),
        (vec!["a".into(), "b".into()], 5)
    );
    assert!(dataset.report.notes[0].contains("archive"), "{:?}", dataset.report);
}

#[test]
fn parts_are_found_in_any_case() {
    for (train, validation, test) in [
        ("train", "val", "test"),
        ("Train", "VALID", "Test"),
        ("training", "validation", "testing"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (part, count) in [(train, 4), (validation, 3), (test, 2)] {
            fill(&folder.path().join(part), &["a", "b"], 0, count);
        }
        let dataset = load(folder.path());
        assert_eq!((sizes(&dataset), dataset.classes), ([8, 6, 4], 2), "{train}");
        let data = DataSplits::split(&dataset, 0.2, 0).unwrap();
        assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (8, 6, 4));
    }
}

#[test]
fn a_train_may_be_a_class() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["bus", "plane", "train"], 0, 2);
    assert_eq!(load(folder.path()).class_names, ["bus", "plane", "train"]);
    fill(folder.path(), &["train/steam", "train/diesel"], 5, 1);
    let dataset = load(folder.path());
    assert_eq!((dataset.class_names.len(), dataset.train.len()), (3, 8));
}

#[test]
fn classes_that_a_part_lacks_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(&root.join("train"), &["a", "b", "c"], 0, 4);
    fill(&root.join("val"), &["a", "b"], 0, 2);
    fill(&root.join("test"), &["a", "zebra"], 0, 2);
    let dataset = load(root);
    assert_eq!((sizes(&dataset), dataset.class_names.join(" ")), ([12, 4, 2], "a b c".into()));
    let text = dataset.report.lines().join("\n");
    for part in ["no validation images of c", "no test images of b, c", "test/zebra/0.png"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn an_empty_part_is_made_of_training_images() {
    let folder = tempfile::tempdir().unwrap();
    fill(&folder.path().join("train"), &["a", "b"], 0, 10);
    std::fs::create_dir(folder.path().join("test")).unwrap();
    let dataset = load(folder.path());
    let data = DataSplits::split(&dataset, 0.2, 0).unwrap();
    assert_eq!(data.test.len(), 4);
    assert!(data.lines().iter().any(|line| line.contains("no test images")), "{:?}", data.lines());
}

#[test]
fn grey_folders_stay_grey() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for class in ["a", "b"] {
        for number in 0..3 {
            let image = DynamicImage::ImageLuma8(picture(0, number).into_luma8());
            write(&root.join(class).join(format!("{number}.jpg")), &encode(&image, "jpg"));
            // Three equal channels are grey too.
            let rgb = DynamicImage::ImageRgb8(image.into_rgb8());
            write(&root.join(class).join(format!("{number}.png")), &encode(&rgb, "png"));
        }
    }
    let grey = load(root);
    assert_eq!((grey.train.channels, grey.train.image(0).len()), (1, 64));
    let source = Source {
        folder: Some(root),
        side: Side::Pixels(8.into()),
        channels: Some(3),
        ..Source::default()
    };
    let color = DatasetFormat::find("folder").unwrap().load(&source).unwrap();
    assert_eq!(color.train.image(3), grey.train.image(3).repeat(3));
    write(&root.join("a/color.png"), &encode(&picture(1, 1), "png"));
    assert_eq!(load(root).train.channels, 3);
}

#[cfg(unix)]
#[test]
fn links_pipes_and_names_of_any_encoding() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(root, &["a", "b"], 0, 2);
    std::os::unix::fs::symlink("/nonexistent/x.png", root.join("a/x.png")).unwrap();
    std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
    std::os::unix::fs::symlink(root.join("a/0.png"), root.join("b/linked.png")).unwrap();
    let latin = root.join(std::ffi::OsStr::from_bytes(b"tass\xe9"));
    let is_allowed = std::fs::create_dir(&latin).is_ok();
    if is_allowed {
        write(&latin.join("0.png"), &encode(&picture(2, 0), "png"));
    }
    let dataset = load(root);
    let links = dataset.report.left_out.iter().filter(|file| file.kind == Kind::BrokenLink);
    assert!(links.count() >= 1, "{:?}", dataset.report);
    if is_allowed {
        assert_eq!(dataset.class_names, ["a", "b", "tass\\xe9"]);
    }
    assert!(dataset.train.len() >= 5);
    // A device is no data set, and is not read.
    let source = Source { folder: Some(Path::new("/dev/zero")), ..Source::default() };
    let error = DatasetFormat::find("folder").unwrap().load(&source).unwrap_err().to_string();
    assert!(error.contains("/dev/zero"), "{error}");
}

#[test]
fn the_side_follows_the_images() {
    for (width, height, side) in [(50, 70, 48_usize), (9, 9, 16), (400, 300, 96)] {
        let folder = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            let image = RgbImage::from_pixel(width, height, Rgb([1, 2, 3]));
            write(&folder.path().join(class).join("0.png"), &encode(&image.into(), "png"));
        }
        let source = Source { folder: Some(folder.path()), side: Side::Auto, ..Source::default() };
        let dataset = DatasetFormat::find("folder").unwrap().load(&source).unwrap();
        assert_eq!((dataset.train.side, dataset.shown), (side.into(), Some((width, height))));
    }
}

#[test]
fn the_cache_gives_the_same_images_and_notices_changes() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = folder.path();
    fill(root, &["a", "b"], 0, 4);
    write(&root.join("a/broken.png"), &encode(&picture(0, 0), "png")[..60]);
    write(&root.join("a/notes.txt"), b"no image");
    let decoded = std::sync::atomic::AtomicUsize::new(0);
    let load = |resize, side: usize| {
        decoded.store(0, std::sync::atomic::Ordering::Relaxed);
        let progress = |_, _| {
            decoded.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        let source = Source {
            folder: Some(root),
            side: Side::Pixels(side.into()),
            resize,
            cache: Some(cache.path()),
            progress: &progress,
            ..Source::default()
        };
        let dataset = DatasetFormat::find("folder").unwrap().load(&source).unwrap();
        (dataset, decoded.load(std::sync::atomic::Ordering::Relaxed))
    };
    let (first, looked) = load(ResizeRule::Squash, 8);
    assert_eq!((looked, first.train.len()), (10, 8));
    let (second, looked) = load(ResizeRule::Squash, 8);
    assert_eq!((looked, &second), (0, &first));
    assert_eq!(second.identity(), first.identity());
    let (other, looked) = load(ResizeRule::Squash, 10);
    assert_eq!((looked, other.train.side), (10, 10.into()));
    fill(root, &["a", "b"], 4, 1);
    std::fs::remove_file(root.join("a/0.png")).unwrap();
    write(&root.join("b/1.png"), &encode(&picture(1, 99), "png"));
    let (changed, _) = load(ResizeRule::Squash, 8);
    let source = Source { folder: Some(root), side: Side::Pixels(8.into()), ..Source::default() };
    assert_eq!(changed, DatasetFormat::find("folder").unwrap().load(&source).unwrap());
    // A cut cache file is of no use and does no harm.
    for entry in std::fs::read_dir(cache.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 7]).unwrap();
    }
    assert_eq!(load(ResizeRule::Squash, 8).0, changed);
}

#[test]
fn moved_and_renamed_images_keep_their_part() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("one");
    fill(&root, &["a", "b"], 0, 20);
    let before = DataSplits::split(&load(&root), 0.2, 3).unwrap();
    let manifest = before.manifest();
    let moved = folder.path().join("two");
    std::fs::rename(&root, &moved).unwrap();
    std::fs::rename(moved.join("a/7.png"), moved.join("a/0000.png")).unwrap();
    let dataset = load(&moved);
    assert!(manifest.changes(&dataset).is_none(), "{}", manifest.changes(&dataset));
    let after = DataSplits::split_as(&dataset, 0.2, 3, &manifest).unwrap();
    let sorted = |images: &automl_data::Images| {
        let mut all: Vec<Vec<u8>> = images.iter().map(<[u8]>::to_vec).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&after.test), sorted(&before.test));
    assert_eq!(sorted(&after.train), sorted(&before.train));
}

#[test]
fn changes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(root, &["a", "b"], 0, 6);
    let manifest = DataSplits::split(&load(root), 0.2, 0).unwrap().manifest();
    manifest.write(root).unwrap();
    let read = Manifest::read(root).unwrap().unwrap();
    assert_eq!(read, manifest);
    std::fs::remove_file(root.join("data.json")).unwrap();
    fill(root, &["a"], 6, 5);
    std::fs::remove_file(root.join("b/1.png")).unwrap();
    write(&root.join("b/2.png"), &encode(&picture(1, 77), "png"));
    std::fs::rename(root.join("a/3.png"), root.join("b/3.png")).unwrap();
    let changes = manifest.changes(&load(root));
    assert_eq!((changes.added.len(), changes.changed.len(), changes.removed.len()), (5, 2, 2));
    let text = changes.to_string();
    for part in
        ["5 images added (a/10.png, a/6.png, a/7.png and 2 more)", "2 images changed", "b/1.png"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    fill(root, &["c"], 0, 2);
    assert!(manifest.changes(&load(root)).classes.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is added to a folder, what was for the test is never trained on, and nothing that was
    /// trained on becomes a test.
    #[test]
    fn known_images_keep_their_part(added in 0usize..12, removed in proptest::collection::vec(0usize..12, 0..4), seed in any::<u64>(), copies in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fill(root, &["a", "b"], 0, 12);
        let before = DataSplits::split(&load(root), 0.25, seed).unwrap();
        fill(root, &["a", "b"], 12, added);
        removed.iter().for_each(|number| drop(std::fs::remove_file(root.join(format!("a/{number}.png")))));
        if copies {
            for number in 0..12 {
                let _ = std::fs::copy(root.join(format!("b/{number}.png")), root.join(format!("b/copy{number}.png")));
            }
        }
        let manifest = before.manifest();
        let after = DataSplits::split_as(&load(root), 0.25, seed, &manifest).unwrap();
        let has = |images: &automl_data::Images, image: &[u8]| images.iter().any(|own| own == image);
        for image in before.test.iter() {
            prop_assert!(!has(&after.train, image) && !has(&after.validation, image));
        }
        for image in before.train.iter() {
            prop_assert!(!has(&after.test, image));
        }
        // What is gone and comes back has its part.
        let later = after.manifest().after(&manifest);
        fill(root, &["a", "b"], 0, 12 + added);
        let back = DataSplits::split_as(&load(root), 0.25, seed, &later).unwrap();
        for image in before.train.iter().chain(after.train.iter()) {
            prop_assert!(!has(&back.test, image));
        }
    }

    /// Damaged files of any format are left out and named, whole ones are read, and `strict` refuses
    /// the folder by the name of a damaged one.
    #[test]
    fn damaged_files_are_left_out_by_name(kinds in proptest::collection::vec((0..FORMATS.len(), 0u8..4), 1..14), cut in 0.1f64..0.99) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fill(root, &["a", "b"], 0, 2);
        let (mut whole, mut damaged, mut others) = (4, Vec::new(), 0);
        for (number, (format, kind)) in kinds.iter().enumerate() {
            let format = FORMATS[*format];
            let file = encode(&picture(0, number), format);
            // The ending says nothing.
            let name = format!("a/x{number}.{}", FORMATS[number % FORMATS.len()]);
            match kind {
                0 => {
                    write(&root.join(&name), &file);
                    whole += 1;
                }
                1 => {
                    write(&root.join(&name), &file[..(file.len() as f64 * cut) as usize]);
                    damaged.push(name);
                }
                2 => {
                    write(&root.join(&name), b"this is a text");
                    damaged.push(name);
                }
                _ => {
                    write(&root.join(format!("a/x{number}.txt")), b"this is a text");
                    others += 1;
                }
            }
        }
        let dataset = load(root);
        prop_assert_eq!(dataset.train.len(), whole);
        let mut named: Vec<String> = dataset.report.faults().left_out.into_iter().map(|file| file.file).collect();
        named.sort();
        damaged.sort();
        prop_assert_eq!(&named, &damaged);
        prop_assert_eq!(dataset.report.left_out.len(), damaged.len() + others);
        let source = Source { folder: Some(root), strict: true, ..Source::default() };
        let strict = DatasetFormat::find("folder").unwrap().load(&source);
        prop_assert_eq!(strict.is_err(), !damaged.is_empty());
    }
}

#[test]
fn copies_of_training_images_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    fill(&folder.path().join("train"), &["a", "b"], 0, 4);
    fill(&folder.path().join("test"), &["a", "b"], 3, 3);
    let data = DataSplits::split(&load(folder.path()), 0.2, 0).unwrap();
    let lines = data.lines().join("\n");
    assert!(lines.contains("of training images (such as test/"), "{lines}");
}

/// A folder that cannot be used says what it holds.
#[test]
fn folders_without_classes_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let error = || {
        let source =
            Source { folder: Some(root), side: Side::Pixels(8.into()), ..Source::default() };
        DatasetFormat::find("folder").unwrap().load(&source).unwrap_err().to_string()
    };
    write(&root.join("cat.png"), &encode(&picture(0, 0), "png"));
    let flat = error();
    assert!(flat.contains("cat.png") && flat.contains("labels.csv"), "{flat}");
    fill(root, &["only"], 0, 3);
    assert!(error().contains("images of two classes, only of only"), "{}", error());
}

/// Names with line breaks and spaces at their ends are shown so that they can be told apart.
#[test]
fn names_of_classes_keep_to_their_line() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["a\nb", " c", "d e"], 0, 6);
    let dataset = load(folder.path());
    assert_eq!(dataset.class_names, [" c", "a\nb", "d e"]);
    let lines = DataSplits::split(&dataset, 0.2, 0).unwrap().lines();
    assert_eq!(lines[0], "classes: \" c\" 6, \"a\\nb\" 6, d e 6");
}

/// One picture in two classes is named, wherever its copies are.
#[test]
fn images_of_two_classes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(root, &["a", "b"], 0, 8);
    let lines = || DataSplits::split(&load(root), 0.2, 0).unwrap().lines();
    assert!(!lines().iter().any(|line| line.contains("in two classes")));
    std::fs::copy(root.join("a/3.png"), root.join("b/copy.png")).unwrap();
    let found = lines();
    let line = found.iter().find(|line| line.contains("in two classes")).unwrap();
    assert!(line.starts_with("1 image is") && line.contains("a/3.png"), "{line}");
}

/// Lists as editors and spreadsheets on other systems write them.
#[test]
fn lists_in_any_encoding_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(root, &["grün", "rot"], 0, 4);
    let rows = (0..8).map(|k| {
        let class = ["grün", "rot"][k % 2];
        format!("{class}/{}.png,{class}", k / 2)
    });
    let text = std::iter::once("path,label".to_owned()).chain(rows).collect::<Vec<_>>().join("\n");
    let wide: Vec<u8> =
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let narrow: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    let lines = [text.replace('\n', "\r\n"), text.replace('\n', "\r"), format!("\u{feff}{text}")];
    for bytes in lines.iter().map(|text| text.clone().into_bytes()).chain([wide, narrow]) {
        std::fs::write(root.join("labels.csv"), bytes).unwrap();
        let dataset = load(root);
        assert_eq!((dataset.train.len(), dataset.report.left_out.len()), (8, 0));
        assert_eq!(dataset.class_names, ["grün", "rot"]);
    }
}

/// A file with two labels has none; a line that says the same again counts once.
#[test]
fn repeated_and_contradictory_lines_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(root, &["a", "b"], 0, 3);
    let rows =
        ["a/0.png,x", "a/1.png,x", "a/1.png,x", "b/0.png,y", "b/1.png,y", "b/1.png,x", "a/2.png,"];
    std::fs::write(root.join("list.csv"), format!("file,class\n{}\n", rows.join("\n"))).unwrap();
    let dataset = load(root);
    assert_eq!(dataset.train.len(), 3);
    let lines = dataset.report.lines();
    assert!(lines[0].contains("b/1.png is listed as x and y"), "{lines:?}");
    assert!(lines[0].starts_with("left out: 2 images without a class"), "{lines:?}");
    assert!(
        lines.contains(&"1 line repeats an earlier one (such as a/1.png)".to_owned()),
        "{lines:?}"
    );
}

/// A link to a folder above its class would bring in the images of all classes.
#[cfg(unix)]
#[test]
fn links_to_folders_above_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(root, &["a", "b"], 0, 3);
    std::os::unix::fs::symlink(root, root.join("a/back")).unwrap();
    let dataset = load(root);
    assert_eq!(dataset.train.labels, [0, 0, 0, 1, 1, 1]);
    let left_out = &dataset.report.left_out;
    assert_eq!((left_out.len(), left_out[0].kind), (1, Kind::BrokenLink), "{left_out:?}");
}

fn notes(dataset: &Dataset) -> String {
    dataset.report.lines().join("\n")
}

#[test]
fn parts_are_found_under_other_names_and_with_folders_around_their_classes() {
    for (train, test) in [
        ("train_set", "test_set"),
        ("training_set/training_set", "test_set/test_set"),
        ("train/images", "test/images"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("trainval", "test"),
        ("data/archive/train", "data/archive/test"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fill(&folder.path().join(train), &["a", "b"], 0, 4);
        fill(&folder.path().join(test), &["a", "b"], 0, 2);
        let dataset = load(folder.path());
        assert_eq!((sizes(&dataset), dataset.classes), ([8, 0, 4], 2), "{train}");
    }
}

/// Folders of other things lie beside that of the images; each class may be split by itself.
#[test]
fn folders_without_images_and_parts_in_classes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fill(&root.join("photos"), &["a/train", "a/test", "b/train", "b/test"], 0, 3);
    write(&root.join("docs/readme.txt"), b"about");
    let dataset = load(root);
    assert_eq!((sizes(&dataset), dataset.class_names.join(" ")), ([6, 0, 6], "a b".into()));
    let text = notes(&dataset);
    assert!(text.contains("docs is not used") && text.contains("folders in each class"), "{text}");
}

#[test]
fn parts_without_one_for_training_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["val/a", "val/b", "test/a", "test/b"], 0, 3);
    let source = Source { folder: Some(folder.path()), ..Source::default() };
    let error = DatasetFormat::find("folder").unwrap().load(&source).unwrap_err().to_string();
    assert!(error.contains("no folder train beside test and val"), "{error}");
}

/// Names of classes in other parts may differ in case, spaces and accents; within one part, they are
/// two classes, which is said.
#[test]
fn names_that_look_the_same_are_said() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["train/Cat", "train/caf\u{e9}", "test/cat", "test/cafe\u{301}"], 0, 3);
    let dataset = load(folder.path());
    assert_eq!((sizes(&dataset), dataset.classes), ([6, 0, 6], 2));
    assert!(notes(&dataset).contains("test/cat is taken for the class Cat"), "{}", notes(&dataset));
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["cat", "Cat", "dog"], 0, 3);
    let dataset = load(folder.path());
    assert_eq!(dataset.classes, 3);
    assert!(notes(&dataset).contains("Cat and cat are two classes"), "{}", notes(&dataset));
}

/// A small file with a header that announces a picture beyond all memory.
#[test]
fn pictures_beyond_the_memory_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["a", "b"], 0, 3);
    let mut bomb = encode(&RgbImage::new(1, 1).into(), "gif");
    for at in [6, 8] {
        bomb[at..at + 2].copy_from_slice(&u16::MAX.to_le_bytes());
    }
    write(&folder.path().join("a/bomb.gif"), &bomb);
    let dataset = load(folder.path());
    assert_eq!(dataset.train.len(), 6);
    assert!(
        notes(&dataset).contains("a/bomb.gif is too large: 65535x65535"),
        "{}",
        notes(&dataset)
    );
}

#[test]
fn files_of_no_supported_format_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &["a", "b"], 0, 3);
    for (name, brand) in [("x", "heic"), ("y", "hevc"), ("z", "msf1"), ("w", "avif")] {
        let file = [b"\0\0\0\x18ftyp", brand.as_bytes(), &[0; 40]].concat();
        write(&folder.path().join(format!("a/{name}.jpg")), &file);
    }
    let dataset = load(folder.path());
    assert!(dataset.report.left_out.iter().all(|file| file.kind == Kind::Unsupported));
    assert_eq!((dataset.report.left_out.len(), dataset.train.len()), (4, 6));
}
