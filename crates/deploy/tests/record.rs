//! Records of trained networks: kept ones, new ones, and what is wrong in a damaged one.
#![allow(clippy::unwrap_used)]

use automl_arch::NetworkSpec;
use automl_data::{DataSplits, Dataset};
use automl_deploy::{NetworkFile, TrainedNetwork};
use std::path::{Path, PathBuf};

fn kept(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../automl/testdata").join(name)
}

/// A network with all that a record can hold.
fn complete() -> TrainedNetwork {
    let mut network = TrainedNetwork::read(&kept("trained")).unwrap();
    let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 5).unwrap();
    network.record.input = Some(data.preprocessing());
    network.record.classes = data.class_names.clone();
    network.record.data = Some(data.identity.clone());
    network
}

#[test]
fn folders_of_earlier_versions_are_read_and_what_they_lack_is_said() {
    for (name, key) in
        [("trained", "test_accuracy"), ("compressed", "after"), ("finished/front/trial-2", "trial")]
    {
        let network = TrainedNetwork::read(&kept(name)).unwrap();
        assert_eq!(network.record.format, 0);
        assert!(network.record.metrics.get(key).is_some(), "{name}");
        assert_eq!(network.notes.len(), 2, "{name}");
        assert!(network.notes[1].contains("names no classes"), "{name}");
        assert_eq!(network.record.class_name(7), "7");
    }
}

#[test]
fn a_folder_is_read_as_it_was_written() {
    let network = complete();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a/b");
    network.write(&out).unwrap();
    for path in [out.clone(), out.join("network.json"), out.join("weights.safetensors")] {
        let read = TrainedNetwork::read(&path).unwrap();
        assert_eq!((&read.record, &read.weights), (&network.record, &network.weights));
        assert!(read.notes.is_empty());
    }
    let spec = NetworkSpec::read(&NetworkSpec::file(&out).unwrap()).unwrap();
    assert_eq!(spec.graph().unwrap(), network.record.graph);
    // The header has the record, so the file of weights is enough.
    std::fs::remove_file(out.join("network.json")).unwrap();
    let read = TrainedNetwork::read(&out.join("weights.safetensors")).unwrap();
    assert_eq!(read.record, network.record);
}

#[test]
fn contradictions_are_named() {
    let text = |change: &dyn Fn(&mut NetworkFile)| {
        let mut record = complete().record;
        change(&mut record);
        serde_json::to_string(&record).unwrap()
    };
    let error =
        |text: &str| NetworkFile::parse(text, Path::new("network.json")).unwrap_err().to_string();
    let nine = text(&|record| drop(record.classes.pop()));
    assert_eq!(error(&nine), "network.json: it names 9 classes, and the network has 10");
    let wide = text(&|record| record.input.as_mut().unwrap().side = 9.into());
    assert!(error(&wide).contains("side 9"), "{}", error(&wide));
    let flat = text(&|record| record.input.as_mut().unwrap().sd[0] = 0.0);
    assert!(error(&flat).contains("positive deviations"), "{}", error(&flat));
    let later = text(&|record| record.format = 2);
    assert_eq!(error(&later), "network.json has format 2; this version reads formats up to 1");
    assert!(error("{}").contains("missing field"), "{}", error("{}"));
    assert!(error("[").contains("network.json"), "{}", error("["));
}

#[test]
fn missing_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = TrainedNetwork::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("neither network.json nor model.yaml"), "{error}");
    std::fs::copy(kept("trained/model.yaml"), folder.path().join("model.yaml")).unwrap();
    let error = TrainedNetwork::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("weights.safetensors"), "{error}");
    std::fs::write(folder.path().join("weights.safetensors"), b"short").unwrap();
    let error = TrainedNetwork::read(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the weights of "), "{error}");
}
