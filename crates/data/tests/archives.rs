//! Laws of NumPy archives and Parquet tables: one content in many forms, and what is said of the rest.
#![allow(clippy::unwrap_used)]

mod encoded;

use automl_data::{Dataset, DatasetError, DatasetFormat, Kind, Side, Source};
use encoded::encode;
use image::{Rgb, RgbImage};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

fn read(place: &Path) -> Result<Dataset, DatasetError> {
    let side = Side::Pixels(8.into());
    let source = Source { folder: Some(place), side, ..Source::default() };
    DatasetFormat::find("folder").unwrap().load(&source)
}

fn lines(dataset: &Dataset) -> String {
    dataset.report.lines().join("\n")
}

/// An array as a `.npy` file.
fn npy(kind: &str, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    let header = format!("{header:<117}\n");
    let length = (header.len() as u16).to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), bytes].concat()
}

/// Files in a ZIP archive, as they are.
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let (size, at) = (content.len() as u32, archive.len() as u32);
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        fields.extend(sum.sum().to_le_bytes());
        fields.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        fields.extend([name.len() as u8, 0, 0, 0]);
        archive.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02\x14\0", &fields[..], &[0; 10], &at.to_le_bytes()].concat());
        directory.extend(name.as_bytes());
    }
    let count = (files.len() as u16).to_le_bytes();
    let (start, size) = (archive.len() as u32, directory.len() as u32);
    archive.extend(&directory);
    archive.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count].concat());
    archive.extend([&size.to_le_bytes()[..], &start.to_le_bytes(), &[0, 0]].concat());
    archive
}

const COUNT: usize = 6;
const SIDE: usize = 8;

/// Images `[6, 8, 8, 3]` of shades that every form below can hold: 0, 51, 102, ..., 255.
fn shades(seed: u64) -> Vec<u8> {
    (0..COUNT * SIDE * SIDE * 3).map(|at| (seed.rotate_left(at as u32) % 6) as u8 * 51).collect()
}

/// A number of 16 bits that is nearest to a shade of 0 to 1.
fn half(shade: u8) -> [u8; 2] {
    let value = f64::from(shade) / 255.0;
    let nearest = (0..=0x3c00u16).min_by_key(|bits| {
        let (exponent, fraction) = (i32::from(bits >> 10), f64::from(bits & 0x3ff) / 1024.0);
        let own = match exponent {
            0 => fraction * 2f64.powi(-14),
            exponent => (1.0 + fraction) * 2f64.powi(exponent - 15),
        };
        ((own - value).abs() * 1e9) as u64
    });
    nearest.unwrap().to_le_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Numbers of every type, with channels first or last, give the same images; texts and numbers, alone or
    /// as rows with a single 1, the same classes.
    #[test]
    fn archives_of_every_type_are_the_same(seed in any::<u64>()) {
        let folder = tempfile::tempdir().unwrap();
        let shades = shades(seed);
        let each = |number: &dyn Fn(u8) -> Vec<u8>| -> Vec<u8> {
            shades.iter().flat_map(|shade| number(*shade)).collect()
        };
        let unit = |shade: u8| f64::from(shade) / 255.0;
        let halves: Vec<[u8; 2]> = (0..6).map(|level| half(level * 51)).collect();
        let images = [
            ("|u1", each(&|s| vec![s])),
            ("<u2", each(&|s| (u16::from(s) * 257).to_le_bytes().to_vec())),
            (">u2", each(&|s| (u16::from(s) * 257).to_be_bytes().to_vec())),
            ("<i8", each(&|s| i64::from(s).to_le_bytes().to_vec())),
            ("<f2", each(&|s| halves[usize::from(s) / 51].to_vec())),
            ("<f4", each(&|s| (unit(s) as f32).to_le_bytes().to_vec())),
            (">f8", each(&|s| f64::from(s).to_be_bytes().to_vec())),
        ];
        let row = |n: usize| if n.is_multiple_of(2) { [1u8, 0] } else { [0, 1] };
        let labels: [(&str, Vec<usize>, Vec<u8>, &str); 5] = [
            ("|u1", vec![COUNT], (0..COUNT).map(|n| n as u8 % 2).collect(), "0 1"),
            ("<i8", vec![COUNT, 1], (0..COUNT).flat_map(|n| (n as i64 % 2).to_le_bytes()).collect(), "0 1"),
            ("|b1", vec![COUNT, 2], (0..COUNT).flat_map(row).collect(), "0 1"),
            ("|S3", vec![COUNT], (0..COUNT).flat_map(|n| if n % 2 == 0 { *b"ab\0" } else { *b"cde" }).collect(), "ab cde"),
            ("<U1", vec![COUNT], (0..COUNT).flat_map(|n| [b'x' + n as u8 % 2, 0, 0, 0]).collect(), "x y"),
        ];
        let path = folder.path().join("a.npz");
        let mut first = None;
        for (kind, bytes) in &images {
            for (label_kind, shape, label_bytes, names) in &labels {
                let x = npy(kind, &[COUNT, SIDE, SIDE, 3], bytes);
                let y = npy(label_kind, shape, label_bytes);
                std::fs::write(&path, zip(&[("x_train.npy", x), ("y_train.npy", y)])).unwrap();
                let dataset = read(&path).map_err(|error| TestCaseError::fail(format!("{kind} {label_kind}: {error}")))?;
                prop_assert_eq!(dataset.class_names.join(" "), *names);
                let train = dataset.train;
                let known = first.get_or_insert_with(|| train.clone());
                prop_assert!(train == *known, "{} {}", kind, label_kind);
            }
        }
        // Planes before rows.
        let size = SIDE * SIDE * 3;
        let planar = (0..shades.len()).map(|at| {
            let (image, within) = (at / size, at % size);
            let (channel, pixel) = (within / (SIDE * SIDE), within % (SIDE * SIDE));
            shades[image * size + pixel * 3 + channel]
        });
        let x = npy("|u1", &[COUNT, 3, SIDE, SIDE], &planar.collect::<Vec<_>>());
        let y = npy("|u1", &[COUNT], &[0, 1, 0, 1, 0, 1]);
        std::fs::write(&path, zip(&[("x.npy", x), ("y.npy", y)])).unwrap();
        prop_assert!(Some(read(&path).unwrap().train) == first);
    }
}

#[test]
fn archives_say_what_they_leave_out_and_why_they_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let x = || npy("|u1", &[COUNT, SIDE, SIDE], &[7; COUNT * SIDE * SIDE]);
    let y = |labels: [u8; COUNT]| npy("|u1", &[COUNT], &labels);
    let two = [0, 1, 0, 1, 0, 1];
    let write = |files: &[(&str, Vec<u8>)]| std::fs::write(&path, zip(files)).unwrap();
    write(&[("x_train.npy", x()), ("y_train.npy", y(two)), ("x_test.npy", x())]);
    assert!(lines(&read(&path).unwrap()).contains("not used: the array x_test"));
    write(&[
        ("x_train.npy", x()),
        ("y_train.npy", y(two)),
        ("x_test.npy", x()),
        ("y_test.npy", y([1, 2, 1, 2, 1, 2])),
    ]);
    let dataset = read(&path).unwrap();
    assert_eq!((dataset.classes, dataset.test.as_ref().map(|test| test.len())), (2, Some(3)));
    let said = lines(&dataset);
    assert!(said.contains("image 1 of x_test of the class 2"), "{said}");
    assert!(said.contains("no test images of 0"), "{said}");
    let floats = |value: f32| value.to_le_bytes().repeat(COUNT * SIDE * SIDE);
    let nan = [0.0f32, f32::NAN, 1.0, 0.0, 1.0, 0.0].iter().flat_map(|x| x.to_le_bytes());
    for (files, reason) in [
        (vec![("x.npy", x()), ("y.npy", y([3; COUNT]))], "only of 3"),
        (
            vec![("x.npy", x()), ("y.npy", npy("<f4", &[COUNT], &nan.collect::<Vec<_>>()))],
            "the label of image 1 is NaN",
        ),
        (vec![("x.npy", x()), ("y.npy", npy("|O", &[COUNT], b"pickle"))], "Python objects"),
        (
            vec![("x.npy", npy("<f4", &[COUNT, SIDE, SIDE], &floats(-1.0))), ("y.npy", y(two))],
            "scale the images",
        ),
        (vec![("x.npy", npy("|u1", &[COUNT, 64], &[7; 384])), ("y.npy", y(two))], "reshape them"),
        (
            vec![("x.npy", x()), ("y.npy", npy("|u1", &[COUNT, 2], &[1; 12]))],
            "is not the row of one class",
        ),
    ] {
        write(&files);
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    std::fs::copy(&path, folder.path().join("b.npz")).unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("several archives (a.npz, b.npz)"), "{error}");
}

/// A table of the Hub: images, some of them absent, with the numbers of their classes.
fn table(path: &Path, label: &str, rows: &[(bool, i64)], names: Option<&str>) {
    let schema = format!(
        "message m {{ optional binary mask; optional group image {{ optional binary bytes; }} optional int64 {label}; }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let info = names.map(|names| {
        let text = format!(r#"{{"info": {{"features": {{"label": {{"names": {names}}}}}}}}}"#);
        vec![KeyValue::new("huggingface".to_owned(), text)]
    });
    let properties = WriterProperties::builder().set_key_value_metadata(info).build();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let picture = |number: usize, shade: u8| {
        let image = RgbImage::from_pixel(8, 8, Rgb([number as u8 * 9, shade, 50]));
        ByteArray::from(encode(&image.into(), "png"))
    };
    let present: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].0).collect();
    for (column, most) in [1i16, 2, 1].into_iter().enumerate() {
        let mut own = group.next_column().unwrap().unwrap();
        let levels: Vec<i16> =
            rows.iter().map(|(is, _)| if *is { most } else { most - 1 }).collect();
        match column {
            0 | 1 => {
                let images: Vec<_> =
                    present.iter().map(|at| picture(*at, 200 * column as u8)).collect();
                own.typed::<ByteArrayType>().write_batch(&images, Some(&levels), None).unwrap();
            }
            _ => {
                let labels: Vec<i64> = rows.iter().map(|(_, label)| *label).collect();
                let all = vec![1i16; rows.len()];
                own.typed::<Int64Type>().write_batch(&labels, Some(&all), None).unwrap();
            }
        };
        own.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn tables_of_the_hub_say_what_they_leave_out() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let names = Some(r#"["cat", "dog"]"#);
    let rows: Vec<(bool, i64)> = (0..8).map(|n| (n != 5, n % 2)).collect();
    table(&place("data/train-00000-of-00003.parquet"), "label", &rows, names);
    table(&place("data/train-00002-of-00003.parquet"), "label", &rows, names);
    table(&place("data/test-00000-of-00001.parquet"), "label", &[(true, -1), (true, -1)], names);
    table(&place("data/extra.parquet"), "label", &[(true, 1)], names);
    let dataset = read(folder.path()).unwrap();
    assert_eq!(dataset.class_names, ["cat", "dog"]);
    assert_eq!((dataset.train.len(), dataset.test.is_none()), (15, true));
    // The column called image, not the first one of bytes.
    assert!(dataset.train.iter().all(|image| image[64] == 200));
    let count = |kind| dataset.report.left_out.iter().filter(|file| file.kind == kind).count();
    assert_eq!((count(Kind::Unlabeled), count(Kind::Damaged)), (2, 2));
    let said = lines(&dataset);
    for expected in [
        "1 of the 3 files data/train are missing (data/train-00001-of-00003)",
        "1 file that names no part is for training (such as data/extra.parquet)",
        "no test images are given",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<(bool, i64)> = (0..6).map(|n| (true, n % 2)).collect();
    table(&folder.path().join("partial-train/0000.parquet"), "kind", &rows, None);
    table(&folder.path().join("partial-test/0000.parquet"), "kind", &rows, None);
    let dataset = read(folder.path()).unwrap();
    assert_eq!(dataset.test.as_ref().map(|test| test.len()), Some(6));
    assert!(lines(&dataset).contains("labels by the column kind"), "{}", lines(&dataset));
}
