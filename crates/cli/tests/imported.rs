//! An ONNX model of another program is made light: read, evaluated, pruned to half, exported again. ONNX
//! Runtime runs both files where the Python of `AUTOML_PYTHON` has it.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The side of the images of `torch_style.onnx`, and its parameters.
const SIDE: u32 = 12;
const PARAMETERS: u64 = 1_796;

const CLASSES: [&str; 4] = ["red", "green", "blue", "grey"];

fn automl(folder: &Path, line: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_automl"))
        .current_dir(folder)
        .args(line.split_whitespace())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "automl {line}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A picture of a class as a BMP file, another one for each number.
fn picture(class: usize, number: u32) -> Vec<u8> {
    let size = 3 * SIDE * SIDE;
    let words = [54 + size, 0, 54, 40, SIDE, SIDE, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
    let mut file = b"BM".to_vec();
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    let noise = |at: u32| (at * 37 + number * 101) % 90;
    let is_bright = |channel: u32| class == 3 || channel == 2 - class as u32;
    file.extend((0..size).map(|at| (noise(at) + if is_bright(at % 3) { 140 } else { 10 }) as u8));
    file
}

/// The probabilities of all classes by image, in the order of the classes.
fn probabilities(folder: &Path, network: &str) -> Vec<Vec<f64>> {
    let lines = automl(folder, &format!("predict {network} photos --json --top 4"));
    let row = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let of = |class: &&str| {
            let top = line["top"].as_array().unwrap();
            let entry = top.iter().find(|entry| entry["class"] == **class).unwrap();
            entry["probability"].as_f64().unwrap()
        };
        CLASSES.iter().map(of).collect()
    };
    lines.lines().map(row).collect()
}

/// ONNX Runtime's probabilities of the same images, by [`SCRIPT`]; `None` without it.
fn by_onnx_runtime(folder: &Path, model: &Path, normalized: bool) -> Option<Vec<Vec<f64>>> {
    let Ok(python) = std::env::var("AUTOML_PYTHON") else {
        println!("skipped: AUTOML_PYTHON names no Python with onnxruntime and pillow");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_probabilities.py");
    let mut command = Command::new(python);
    command.arg(script).args([model, &folder.join("photos")]).arg(normalized.to_string());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.starts_with("skipped") {
        println!("{text}");
        return None;
    }
    Some(serde_json::from_str(&text).unwrap())
}

fn assert_close(found: &[Vec<f64>], expected: &[Vec<f64>]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn a_given_model_is_made_light() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (class, name) in CLASSES.iter().enumerate() {
        std::fs::create_dir_all(root.join("photos").join(name)).unwrap();
        for number in 0..10 {
            let path = root.join("photos").join(name).join(format!("{number}.bmp"));
            std::fs::write(path, picture(class, number)).unwrap();
        }
    }
    std::fs::write(root.join("classes.txt"), CLASSES.join("\n")).unwrap();
    let given = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/testdata/torch_style.onnx");
    let line = format!("import {} --out given --classes classes.txt", given.display());
    let said = automl(root, &format!("{line} --mean .5,.5,.5 --sd .25,.25,.25"));
    assert!(said.contains("1796 parameters"), "{said}");

    let found = probabilities(root, "given");
    if let Some(expected) = by_onnx_runtime(root, &given, true) {
        assert_close(&found, &expected);
    }
    let evaluated = automl(root, "evaluate given --data-dir photos --json");
    let evaluated: Value = serde_json::from_str(&evaluated).unwrap();
    assert_eq!(evaluated["images"], 40);

    // Side, channels, classes and normalization of the images are those of the model.
    let line = "compress given --keep .5 --data-dir photos --epochs 2 --steps 2 --threads 1";
    automl(root, &format!("{line} --no-cache --out half"));
    let half = std::fs::read_to_string(root.join("half/network.json")).unwrap();
    let half: Value = serde_json::from_str(&half).unwrap();
    assert!(half["metrics"]["params"].as_u64().unwrap() <= PARAMETERS / 2, "{}", half["metrics"]);
    assert_eq!(half["classes"], serde_json::json!(CLASSES));
    assert_eq!((&half["input"]["side"], &half["input"]["mean"][0]), (&SIDE.into(), &0.5.into()));
    automl(
        root,
        "compress given --method decompose --data-dir photos --epochs 1 --no-cache --out thin",
    );

    automl(root, "export half --to onnx --out half.onnx");
    if let Some(expected) = by_onnx_runtime(root, &root.join("half.onnx"), false) {
        assert_close(&probabilities(root, "half"), &expected);
    }
    automl(root, "import half.onnx --out again");
    assert_close(&probabilities(root, "again"), &probabilities(root, "half"));
    automl(root, "export half --to c --data-dir photos --calibration 16 --out half.c");
    assert!(root.join("half.h").exists());

    // Files that were renamed are those of the training still: the test split alone is evaluated.
    let images = || {
        let found = automl(root, "evaluate half --data-dir photos --json");
        serde_json::from_str::<Value>(&found).unwrap()["images"].clone()
    };
    std::fs::rename(root.join("photos/red/0.bmp"), root.join("photos/red/first.bmp")).unwrap();
    assert_eq!(images(), 8);
    std::fs::write(root.join("photos/red/new.bmp"), picture(0, 99)).unwrap();
    assert_eq!(images(), 41);
}
