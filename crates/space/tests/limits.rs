//! Large spaces are read in a time that grows with their size: squares of these numbers take minutes.
#![allow(clippy::unwrap_used)]

use automl_space::{Choice, Config, Space};

#[test]
fn choices_are_many() {
    let names: Vec<String> = (0..300_000).map(|i| format!("choice number {i}")).collect();
    let mut builder = Space::builder();
    let kind = builder.choice("kind", names.clone()).add().unwrap();
    builder.int("depth", 1..=2).when(kind, names.clone()).add().unwrap();
    let space = builder.build().unwrap();
    let domain = space.params()[0].domain();
    for place in [0, 150_000, 299_999] {
        assert_eq!(
            domain.value_of(&Choice::Str(names[place].clone())),
            Some(automl_space::Value::Category(place))
        );
    }
    let text = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space);
    let twice: Vec<String> = names.iter().chain(&names[..1]).cloned().collect();
    let error = Space::builder().choice("kind", twice).add().unwrap_err().to_string();
    assert!(error.contains("choice number 0"), "{error}");
    let literals: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let mut builder = Space::builder();
    builder.choice("kind", names).add().unwrap();
    builder.require(&format!("kind in [{}]", literals.join(", "))).unwrap();
    builder.build().unwrap();
}

#[test]
fn parameters_are_many() {
    let mut builder = Space::builder();
    for number in 0..100_000 {
        builder.float(&format!("parameter number {number}"), 0.0..=1.0).add().unwrap();
    }
    assert!(builder.int("parameter number 5", 0..=1).add().is_err());
    let space = builder.build().unwrap();
    let text = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space);
    assert_eq!(Config::empty(space.len()).len(), space.len());
}
