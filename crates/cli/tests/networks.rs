//! `predict`, `evaluate`, `export` and `import` on kept networks.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn kept(name: &str) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../automl/testdata");
    data.join(name).display().to_string()
}

fn automl(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_automl"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An image of 8x8 grey pixels as a BMP file.
fn image(seed: u8) -> Vec<u8> {
    let mut file = b"BM".to_vec();
    file.extend((54_u32 + 8 * 24).to_le_bytes());
    file.extend([0; 4]);
    file.extend(54_u32.to_le_bytes());
    file.extend(40_u32.to_le_bytes());
    file.extend(8_i32.to_le_bytes());
    file.extend(8_i32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(24_u16.to_le_bytes());
    file.extend([0; 24]);
    let grey = |at: u32| ((at * 37 + u32::from(seed) * 91) % 256) as u8;
    file.extend((0..64).flat_map(|at| [grey(at); 3]));
    file
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The engine gives the test accuracy that the training has recorded.
#[test]
fn evaluations_give_the_recorded_accuracy() {
    for (name, accuracy) in [("trained", 0.245_125_348), ("compressed", 0.532_033_426)] {
        let output = automl(&["evaluate", &kept(name), "--json"], b"");
        assert!(output.status.success(), "{}", text(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let measured = found["metrics"]["accuracy"].as_f64().unwrap();
        assert!((measured - accuracy).abs() < 1e-6, "{name}: {measured}");
        assert_eq!(found["images"], 359, "{name}");
        assert_eq!(found["errors"].as_array().unwrap().len(), 10, "{name}");
    }
    let output = text(&automl(&["evaluate", &kept("trained")], b"").stdout);
    for part in ["accuracy           24.51 %", "macro F1", "worst of 271 errors"] {
        assert!(output.contains(part), "{output}");
    }
}

#[test]
fn a_bad_image_is_named_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| -> String {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let (good, bad) = (file("a.bmp", &image(1)), file("b.png", b"no image"));
    file("notes.txt", b"hello");
    let network = kept("trained");
    let output = automl(&["predict", &network, &good, &bad, "missing.png", "--json"], b"");
    assert_eq!(output.status.code(), Some(1));
    let found = lines(&output);
    assert_eq!(found.len(), 3);
    let class = |line: &Value| line["class"].as_str().map(str::to_owned);
    assert!(found.iter().any(|line| line["file"] == *good && class(line).is_some()));
    let errors = text(&output.stderr);
    assert!(errors.contains(&format!("error: {bad} is")), "{errors}");
    assert!(errors.contains("error: missing.png cannot be read"), "{errors}");
    assert!(errors.ends_with("error: 2 images could not be read\n"), "{errors}");

    // A folder, a list of paths and the bytes of the image say the same.
    std::fs::remove_file(&bad).unwrap();
    let dir = folder.path().display().to_string();
    let of_folder = automl(&["predict", &network, &dir, "--json", "--top", "3"], b"");
    assert!(of_folder.status.success(), "{}", text(&of_folder.stderr));
    let listed = automl(&["predict", &network, "-", "--json", "--top", "3"], good.as_bytes());
    assert_eq!(lines(&of_folder), lines(&listed));
    assert_eq!(lines(&listed)[0]["top"].as_array().unwrap().len(), 3);
    let piped = automl(&["predict", &network, "-", "--json"], &image(1));
    assert_eq!(class(&lines(&piped)[0]), class(&lines(&listed)[0]));
    assert_eq!(lines(&piped)[0]["file"], "-");
}

#[test]
fn an_exported_network_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (model, network) = (path("a.onnx"), path("network"));
    let output = automl(&["export", &kept("compressed"), "--to", "onnx", "--out", &model], b"");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = automl(&["import", &model, "--out", &network], b"");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("10 classes"), "{}", text(&output.stdout));
    let predict = |network: &str| lines(&automl(&["predict", network, "-", "--json"], &image(3)));
    let (kept, again) = (predict(&kept("compressed")), predict(&network));
    assert_eq!(kept[0]["class"], again[0]["class"]);
    let p = |lines: &[Value]| lines[0]["probability"].as_f64().unwrap();
    assert!((p(&kept) - p(&again)).abs() < 1e-4);
    assert_eq!(predict(&model), again);
    // Nothing is overwritten.
    let output = automl(&["import", &model, "--out", &network], b"");
    assert!(text(&output.stderr).contains("exists already"), "{}", text(&output.stderr));
}

#[test]
fn bad_input_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().display().to_string();
    let one_line = |args: &[&str], part: &str| {
        let output = automl(args, b"");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.lines().count() == 1 && error.contains(part), "{error}");
    };
    one_line(&["predict", &empty, "a.png"], "holds neither network.json nor model.yaml");
    one_line(&["predict", &kept("trained"), &empty], "there are no images");
    let out = PathBuf::from(&empty).join("no/folder/a.onnx").display().to_string();
    one_line(&["export", &kept("trained"), "--to", "onnx", "--out", &out], "cannot write");
    let broken = folder.path().join("broken.onnx");
    std::fs::write(&broken, b"nonsense").unwrap();
    let broken = broken.display().to_string();
    one_line(&["import", &broken, "--out", &out], "is not an ONNX model");
    if Path::new("/dev/full").exists() {
        one_line(
            &["export", &kept("trained"), "--to", "onnx", "--out", "/dev/full/a"],
            "cannot write",
        );
    }
}
