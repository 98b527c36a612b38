//! Networks: their descriptions, weights and ONNX models.

use crate::corpus::files;
use crate::target::Target;
use automl_arch::NetworkSpec;
use automl_deploy::{Weights, onnx};
use std::fs;
use std::path::Path;

/// Reads a description and builds its graph.
fn describe(path: &Path, bytes: &[u8]) {
    if fs::write(path, bytes).is_ok()
        && let Ok(spec) = NetworkSpec::read(path)
    {
        drop(spec.graph());
    }
}

/// `model.yaml`.
pub(crate) const YAML: Target = Target {
    name: "yaml",
    count: 3000,
    read: |bytes, folder| describe(&folder.join("model.yaml"), bytes),
    corpus: || {
        files(&[
            "automl/testdata/trained/model.yaml",
            "automl/testdata/finished/front/trial-2/model.yaml",
        ])
    },
};

/// `network.json`.
pub(crate) const JSON: Target = Target {
    name: "network-json",
    count: 2000,
    read: |bytes, folder| describe(&folder.join("network.json"), bytes),
    corpus: || files(&["automl/testdata/compressed/network.json"]),
};

/// Weights in safetensors.
pub(crate) const WEIGHTS: Target = Target {
    name: "weights",
    count: 1000,
    read: |bytes, _| drop(Weights::from_bytes(bytes)),
    corpus: || {
        let head = |file: Vec<u8>| {
            // The header and the beginning of the numbers.
            let length = file.len().min(1 << 15);
            file[..length].to_vec()
        };
        let names = ["trained/weights.safetensors", "compressed/weights.safetensors"];
        let names = names.map(|name| format!("automl/testdata/{name}"));
        let whole = files(&[&names[0], &names[1]]);
        whole.into_iter().map(head).chain([tiny()]).collect()
    },
};

/// One tensor of two numbers.
fn tiny() -> Vec<u8> {
    let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend([0; 8]);
    file
}

/// ONNX models.
pub(crate) const ONNX: Target = Target {
    name: "onnx",
    count: 1000,
    read: |bytes, folder| drop(onnx::import(bytes, &folder.join("model.onnx"), Some(8.into()))),
    corpus: || files(&["deploy/testdata/torch_style.onnx"]),
};
