//! The sessions in the description of the protocol are answered as it says.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;

/// Whether two replies agree, numbers up to the mathematical functions of other machines.
fn agree(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| agree(v, w)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
        }
        (a, b) => a == b,
    }
}

/// A session is a block with `> request` and `< reply` lines; one with `..` shows a form only.
#[test]
fn sessions_are_answered_as_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path.join("../../docs/reference/ask-tell-protocol.md"));
    let Ok(text) = text else {
        eprintln!("skipped: the description of the protocol is not beside the crate");
        return;
    };
    let mut sessions = 0;
    for block in text.split("```text\n").skip(1) {
        let block = block.split("```").next().unwrap();
        if !block.starts_with("> ") || block.contains("..") {
            continue;
        }
        sessions += 1;
        let part = |mark: &str| -> Vec<&str> {
            block.lines().filter_map(|line| line.strip_prefix(mark)).collect()
        };
        let (requests, expected) = (part("> "), part("< "));
        let mut output = Vec::new();
        automl_serve::serve((requests.join("\n") + "\n").as_bytes(), &mut output).unwrap();
        let replies = String::from_utf8(output).unwrap();
        let replies: Vec<&str> = replies.lines().collect();
        let shown = || -> String {
            let pair = |(i, request): (usize, &&str)| {
                let reply = replies.get(i).map(|reply| format!("\n< {reply}")).unwrap_or_default();
                format!("> {request}{reply}\n")
            };
            requests.iter().enumerate().map(pair).collect()
        };
        let json = |line: &&str| -> Value { serde_json::from_str(line).unwrap() };
        let fits = replies.len() == expected.len()
            && replies.iter().zip(&expected).all(|(a, b)| agree(&json(a), &json(b)));
        assert!(fits, "the session is now:\n{}", shown());
    }
    assert_eq!(sessions, 1);
}
