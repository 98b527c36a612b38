//! Constraints as text.

use automl_numeric::stream;
use automl_space::{Config, Measure, Space, SpaceError, Value};
use proptest::prelude::*;

fn space(expressions: &[&str]) -> Result<Space, SpaceError> {
    let mut builder = Space::builder();
    builder.int("a", -5..=5).add()?;
    builder.float("b", -2.0..=3.0).add()?;
    let kind = builder.choice("kind", ["relu", "h swish", "none"]).add()?;
    builder.ordinal("kernel", vec![3_i64, 5, 7]).add()?;
    builder.float("slope.x-1", 0.0..=1.0).when(kind, "relu").add()?;
    builder.choice("flag", vec![true, false]).add()?;
    for expression in expressions {
        builder.require(expression)?;
    }
    builder.build()
}

fn violation(expression: &str, a: i64, b: f64, kind: usize, kernel: usize) -> f64 {
    let space = space(&[expression]).expect("it can be read");
    let mut config = Config::empty(space.len());
    config.set(0, Some(Value::Int(a)));
    config.set(1, Some(Value::Float(b)));
    config.set(2, Some(Value::Category(kind)));
    config.set(3, Some(Value::Category(kernel)));
    config.set(4, (kind == 0).then_some(Value::Float(0.25)));
    config.set(5, Some(Value::Category(0)));
    assert_eq!(space.check(&config), Ok(()));
    space.violation(&config)
}

#[test]
fn expressions_mean_what_they_say() {
    for (text, a, b, kind, kernel, expected) in [
        ("a + 2 * b <= 3", 4, 1.0, 0, 0, 3.0),
        ("a + 2 * b <= 3", 1, 1.0, 0, 0, 0.0),
        ("-a ^ 2 >= -4", 3, 0.0, 0, 0, 5.0),
        ("(a + 1) * 2 == 4", 1, 0.0, 0, 0, 0.0),
        ("((a + 1) * 2 == 4)", 2, 0.0, 0, 0, 2.0),
        ("kernel * kernel < 26", 0, 0.0, 0, 1, 0.0),
        ("kernel < 5", 0, 0.0, 0, 1, f64::MIN_POSITIVE),
        ("kind == 'relu'", 0, 0.0, 1, 0, 1.0),
        ("kind in [\"relu\", 'h swish']", 0, 0.0, 1, 0, 0.0),
        ("kind not in ['relu'] or a >= 4", 1, 0.0, 0, 0, 1.0),
        ("not (kind == 'relu' and a > 1)", 3, 0.0, 0, 0, 1.0),
        ("`slope.x-1` > 0.5", 0, 0.0, 0, 0, 0.25),
        ("`slope.x-1` > 0.5", 0, 0.0, 1, 0, 0.0),
        ("max(a, b, 2) - min(a, 1) <= abs(-1.5e0)", 0, 3.0, 0, 0, 1.5),
        ("sqrt(b) <= 1", 0, -1.0, 0, 0, f64::INFINITY),
        ("flag == true && flag != false", 0, 0.0, 0, 0, 0.0),
        ("7 % 4 == 3 and 2 ** 3 ** 2 == 512", 0, 0.0, 0, 0, 0.0),
        ("a / 0 <= 1", 1, 0.0, 0, 0, f64::INFINITY),
    ] {
        assert_eq!(violation(text, a, b, kind, kernel), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    for (text, named) in [
        ("", "the end"),
        ("a", "comparison"),
        ("c <= 1", "\"c\""),
        ("a <= ", "the end"),
        ("a <= 1 1", "expected the end, found 1"),
        ("a <= 1e", "1e"),
        ("kind < 'relu'", "numbers"),
        ("kind == 'gelu'", "gelu"),
        ("kind + 1 == 2", "+"),
        ("1 + kind == 2", "\"kind\""),
        ("a == 'x'", "x"),
        ("sin(a) < 1", "sin"),
        ("sqrt(a, a) < 1", "sqrt"),
        ("a <= 'x", "not closed"),
        ("a ? b", "'?'"),
        ("(a <= 1", ")"),
        ("a in []", "literal"),
        ("a not == 1", "comparison"),
    ] {
        let error = space(&[text]).unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
    assert!(space(&[&format!("{}a <= 1", "(".repeat(1000))]).is_err());
    assert!(space(&[&format!("{}a <= 1", "not ".repeat(1000))]).is_err());
}

/// Each operator was a level of nesting: the stack ended with the program.
#[test]
fn long_chains_need_no_stack() {
    for (operators, expected) in [(["+", "+"], 100_000.0), (["+", "-"], 2.0), (["*", "/"], 1.0)] {
        let mut text = "1".to_owned();
        for step in 0..99_999 {
            text.push_str(operators[step % 2]);
            text.push('1');
        }
        let measure = Measure::parse(&text, &["x"]).unwrap();
        assert_eq!(measure.value(&[0.0]), expected);
        assert!(!measure.reads("x") && measure.clone() == measure);
    }
    let all = vec!["a <= 1"; 100_000];
    for word in [" and ", " or "] {
        let space = space(&[&all.join(word)]).unwrap();
        assert!(space.constraints().len() == 1 && !format!("{space:?}").is_empty());
    }
}

/// What opens a level is counted, in every place where one can be opened.
#[test]
fn deep_nesting_is_refused() {
    let deep = 100_000;
    for (open, close) in [
        ("(", ")"),
        ("-", ""),
        ("not ", ""),
        ("abs(", ")"),
        ("2 ^ ", ""),
        ("max(1, ", ")"),
        ("- (", ")"),
        ("not (", ")"),
    ] {
        let (open, close) = (open.repeat(deep), close.repeat(deep));
        for text in [
            format!("{open}a{close} <= 1"),
            format!("a <= {open}1{close}"),
            format!("{open}a <= 1{close}"),
            open.clone(),
        ] {
            let error = space(&[&text]).unwrap_err().to_string();
            assert!(error.len() < 300, "{} bytes", error.len());
        }
    }
}

#[test]
fn expressions_survive_a_round_trip_and_rule_draws() {
    let space = space(&["a + b <= 0", "kind != 'none'"]).unwrap();
    let text = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space);
    let rng = &mut stream(1, 0, "expression");
    for _ in 0..100 {
        let config = space.sample(rng);
        let (a, b) = (config[space.int_key("a").unwrap()], config[space.float_key("b").unwrap()]);
        assert!(a as f64 + b <= 0.0);
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in r#"[ab()<=>+*/^%., '"`0-9einotrds\[\]-]{0,40}"#) {
        let _ = space(&[&text]);
    }

    #[test]
    fn a_condition_or_its_negation_holds(
        a in -5_i64..=5, b in -2.0..3.0, x in -4.0..4.0, kind in 0..3_usize,
        relation in prop::sample::select(vec!["<", "<=", "==", "!=", ">", ">="]),
    ) {
        let text = format!("(a {relation} {x:.0} or b < {x}) and kind != 'relu'");
        let here = violation(&text, a, b, kind, 0);
        let there = violation(&format!("not ({text})"), a, b, kind, 0);
        prop_assert!((here == 0.0) != (there == 0.0), "{}: {} {}", text, here, there);
    }
}
