//! Images that are not square, from a folder to the device: training, prediction, evaluation, compression,
//! and every export.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const CLASSES: [&str; 2] = ["lower", "upper"];

/// Rows and columns of the pictures.
const HEIGHT: u32 = 48;
const WIDTH: u32 = 32;

fn automl(folder: &Path, line: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_automl"))
        .current_dir(folder)
        .args(line.split_whitespace())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "automl {line}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &errors
}

/// A BMP file, of which one half is bright, with another noise for each number.
fn picture(class: usize, number: u32) -> Vec<u8> {
    let size = 3 * HEIGHT * WIDTH;
    let words = [54 + size, 0, 54, 40, WIDTH, HEIGHT, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
    let mut file = b"BM".to_vec();
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    let pixel = |at: u32| {
        // Rows lie upwards.
        let is_upper = at / 3 / WIDTH >= HEIGHT / 2;
        let noise = (at * 37 + number * 101) % 60;
        (noise + if is_upper == (class == 1) { 150 } else { 20 }) as u8
    };
    file.extend((0..size).map(pixel));
    file
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Probability of the first class by image.
fn probabilities(folder: &Path, network: &str) -> Vec<f64> {
    let lines = automl(folder, &format!("predict {network} photos --json --top 2"));
    let row = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let top = line["top"].as_array().unwrap();
        let entry = top.iter().find(|entry| entry["class"] == CLASSES[0]).unwrap();
        entry["probability"].as_f64().unwrap()
    };
    lines.lines().filter(|line| line.starts_with('{')).map(row).collect()
}

const MODEL: &str = "
input_channel: 3
input_size: [24, 16]
backbone:
  - [1, Conv, [8, 3, 2, null, 1, ReLU]]
  - [1, InvertedResidualv3, [3, 2, 8, 1, 1, 2]]
  - [1, MaxPool, [2, 2]]
  - [1, Flatten, []]
  - [1, Linear, [2]]
";

#[test]
fn images_that_are_not_square_go_all_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (class, name) in CLASSES.iter().enumerate() {
        std::fs::create_dir_all(root.join("photos").join(name)).unwrap();
        for number in 0..15 {
            let path = root.join("photos").join(name).join(format!("{number}.bmp"));
            std::fs::write(path, picture(class, number)).unwrap();
        }
    }
    std::fs::write(root.join("model.yaml"), MODEL).unwrap();
    let options = "--data-dir photos --side 24x16 --no-cache";
    let said =
        automl(root, &format!("train model.yaml {options} --epochs 8 --threads 1 --out net"));
    assert!(said.contains("24x16x3 (height x width x channels)"), "{said}");
    assert!(said.contains("brought to 24 pixels high, 16 wide by squash"), "{said}");
    let record = json_of(&root.join("net/network.json"));
    assert_eq!(record["graph"]["input_side"], json!([24, 16]));
    assert_eq!(record["input"]["side"], json!([24, 16]));

    let found = probabilities(root, "net");
    assert_eq!(found.len(), 30);
    let evaluated = automl(root, "evaluate net --data-dir photos --split all --json");
    let start = evaluated.find('{').unwrap();
    let mut values = serde_json::Deserializer::from_str(&evaluated[start..]).into_iter::<Value>();
    let evaluated = values.next().unwrap().unwrap();
    assert_eq!(evaluated["images"], 30);

    // The same network by way of ONNX.
    automl(root, "export net --to onnx --out net.onnx");
    automl(root, "import net.onnx --out again");
    for (a, b) in probabilities(root, "again").iter().zip(&found) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    automl(root, "export net --to onnx-int8 --data-dir photos --calibration 16 --out int8.onnx");
    automl(root, "export net --to rust --data-dir photos --calibration 16 --out net-rs");
    automl(root, "export net --to c --data-dir photos --calibration 16 --out net.c");
    let header = std::fs::read_to_string(root.join("net.h")).unwrap();
    assert!(header.contains("#define NET_HEIGHT 24\n#define NET_WIDTH 16\n"), "{header}");
    assert!(!header.contains("NET_SIDE"), "{header}");
    if let Some(classes) = by_c(root) {
        let same = classes.iter().zip(&found).filter(|(class, p)| (**class == 0) == (**p >= 0.5));
        assert!(same.count() >= 28, "{classes:?} {found:?}");
    }
    for line in ["--keep .6 --steps 1", "--method decompose"] {
        let compressed = line.split_whitespace().next().unwrap().trim_start_matches('-');
        automl(
            root,
            &format!(
                "compress net {line} --data-dir photos --epochs 1 --no-cache --out {compressed}"
            ),
        );
        let record = json_of(&root.join(compressed).join("network.json"));
        assert_eq!(record["graph"]["input_side"], json!([24, 16]));
        assert_eq!(probabilities(root, compressed).len(), 30);
    }
    // Another form of the images is refused by name.
    let output = Command::new(env!("CARGO_BIN_EXE_automl"))
        .current_dir(root)
        .args(
            "train model.yaml --data-dir photos --side 16x24 --no-cache --epochs 1 --out x"
                .split(' '),
        )
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("24 pixels high, 16 wide"), "{told}");
}

/// The classes that the generated C gives the pictures at half of their height and width; `None` without
/// gcc.
fn by_c(root: &Path) -> Option<Vec<u8>> {
    let main = r#"
#include "net.h"
#include <stdio.h>
int main(void)
{
    static uint8_t image[NET_INPUT_BYTES];
    while (fread(image, 1, NET_INPUT_BYTES, stdin) == NET_INPUT_BYTES)
        putchar(net_classify(image));
    return 0;
}
"#;
    std::fs::write(root.join("main.c"), main).unwrap();
    let built = Command::new("gcc")
        .current_dir(root)
        .args(["-std=c99", "-O2", "net.c", "main.c", "-o", "run"])
        .status();
    let Ok(built) = built else {
        println!("skipped: there is no gcc");
        return None;
    };
    assert!(built.success());
    let (height, width) = (HEIGHT as usize, WIDTH as usize);
    let mut input = Vec::new();
    // Predictions are in the order of file names.
    let mut numbers: Vec<u32> = (0..15).collect();
    numbers.sort_by_key(|number| format!("{number}.bmp"));
    for (class, number) in (0..CLASSES.len()).flat_map(|c| numbers.iter().map(move |n| (c, *n))) {
        let file = picture(class, number);
        // Rows lie upwards, channels are blue, green, red.
        let at = |y: usize, x: usize, c: usize| {
            u32::from(file[54 + ((height - 1 - y) * width + x) * 3 + 2 - c])
        };
        for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (2 * y, 2 * x))) {
            for c in 0..3 {
                let sum = at(y, x, c) + at(y, x + 1, c) + at(y + 1, x, c) + at(y + 1, x + 1, c);
                input.push((sum / 4) as u8);
            }
        }
    }
    let mut child = Command::new(root.join("run"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    Some(child.wait_with_output().unwrap().stdout)
}
