//! Requests beyond ask and tell: given trials, questions, verdicts and other forms of spaces.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

/// The replies to some requests.
fn talk(requests: &[Value]) -> Vec<Value> {
    let input: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let mut output = Vec::new();
    automl_serve::serve(input.as_bytes(), &mut output).unwrap();
    let replies = String::from_utf8(output).unwrap();
    replies.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn space() -> Value {
    json!({
        "parameters": [
            { "name": "x", "type": "float", "low": 0, "high": 1 },
            { "name": "kind", "type": "categorical", "choices": ["a", "b"] },
            { "name": "n", "type": "int", "low": 1, "high": 9,
              "condition": { "parent": "kind", "values": ["b"] } },
        ],
        "constraints": [{ "expression": "x <= 0.9" }],
    })
}

fn init() -> Value {
    json!({ "cmd": "init", "space": space(), "seed": 1, "sampler": "random" })
}

fn tell(id: u64, value: f64) -> Value {
    json!({ "cmd": "tell", "id": id, "value": value })
}

#[test]
fn given_parameters_are_checked_and_come_first() {
    let enqueue = |params: Value| json!({ "cmd": "enqueue", "params": params });
    let replies = talk(&[
        init(),
        enqueue(json!({ "x": 0.5, "kind": "b" })),
        enqueue(json!({ "x": 0.5, "kind": "a", "n": 3 })),
        enqueue(json!({ "x": 0.5, "kind": "c" })),
        enqueue(json!({ "x": 0.5, "kind": "a", "knd": 1 })),
        enqueue(json!({ "x": 0.95, "kind": "a" })),
        enqueue(json!([1])),
        enqueue(json!({ "x": 0.5, "kind": "b", "n": 4.0 })),
        json!({ "cmd": "ask" }),
        json!({ "cmd": "ask", "id": 0 }),
        json!({ "cmd": "ask", "id": 1 }),
        json!({ "cmd": "trials" }),
    ]);
    for (reply, named) in replies[1..7].iter().zip([
        "lacks \"n\"",
        "\"n\" is not active",
        "no value of \"kind\"",
        "did you mean \"kind\"?",
        "constraint",
        "object",
    ]) {
        assert!(reply["error"].as_str().unwrap().contains(named), "{reply}");
    }
    assert_eq!(replies[7], json!({ "ok": true, "id": 0 }));
    let asked = json!({ "id": 0, "params": { "x": 0.5, "kind": "b", "n": 4 } });
    assert_eq!((&replies[8], &replies[9]), (&asked, &asked));
    assert!(replies[10]["error"].as_str().unwrap().contains("trial 1"), "{}", replies[10]);
    assert_eq!(replies[11]["trials"].as_array().unwrap().len(), 1);
    assert_eq!(replies[11]["trials"][0]["state"], "running");
}

#[test]
fn questions_are_answered_from_what_is_known() {
    let add = |x: f64, more: Value| {
        let mut request = json!({ "cmd": "add", "params": { "x": x, "kind": "a" } });
        more.as_object().unwrap().iter().for_each(|(k, v)| request[k] = v.clone());
        request
    };
    let mut requests = vec![init(), json!({ "cmd": "best" })];
    requests.extend((0..20).map(|i| {
        let x = 0.045 * f64::from(i);
        add(x, json!({ "value": (x - 0.3).abs() }))
    }));
    requests.extend([
        add(0.11, json!({ "state": "failed" })),
        add(0.12, json!({ "value": "inf" })),
        add(0.13, json!({})),
        add(0.14, json!({ "values": [1, 2] })),
        json!({ "cmd": "best" }),
        json!({ "cmd": "front" }),
        json!({ "cmd": "importance" }),
        json!({ "cmd": "importance", "objective": 1 }),
        json!({ "cmd": "trials", "since": 5, "limit": 3 }),
        json!({ "cmd": "trials", "state": "failed" }),
        json!({ "cmd": "trials", "state": "lost" }),
        json!({ "cmd": "trials", "sinc": 5 }),
        json!({ "cmd": "best", "objective": 1 }),
        json!({ "cmd": "bets" }),
        json!({ "cmd": "recommend" }),
    ]);
    let replies = talk(&requests);
    assert_eq!(replies[1], json!({ "best": null }));
    assert_eq!(replies[2], json!({ "ok": true, "id": 0 }));
    let error = |at: usize| replies[at]["error"].as_str().unwrap().to_owned();
    assert_eq!((&replies[22]["id"], &replies[23]["id"]), (&json!(20), &json!(21)));
    assert!(error(24).contains("add needs a \"value\""), "{}", error(24));
    assert!(error(25).contains("2 values for 1"), "{}", error(25));
    let best = &replies[26]["best"];
    assert_eq!((&best["id"], &best["state"]), (&json!(7), &json!("complete")));
    assert_eq!(best["params"], json!({ "x": 0.045 * 7.0, "kind": "a" }));
    assert_eq!(replies[27]["front"], json!([best]));
    let importance = replies[28]["importance"].as_object().unwrap();
    let shares: Vec<f64> = importance.values().map(|share| share.as_f64().unwrap()).collect();
    assert!(
        (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && importance["x"].as_f64() > Some(0.9)
    );
    assert_eq!(&replies[36]["recommend"], best);
    assert!(error(29).contains("\"objective\""));
    let numbers: Vec<u64> = replies[30]["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["id"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [5, 6, 7]);
    assert_eq!(replies[31]["trials"].as_array().unwrap().len(), 1);
    assert!(error(32).contains("lost") && error(33).contains("did you mean \"since\"?"));
    assert!(error(34).contains("no field \"objective\"") && error(35).contains("\"best\"?"));
}

/// Of several objectives there is a front and no best trial.
#[test]
fn several_objectives_have_a_front() {
    let mut init = init();
    (init["n_objectives"], init["constraints"]) = (json!(2), json!(1));
    let add = |x: f64, values: [f64; 2], constraint: f64| {
        json!({ "cmd": "add", "params": { "x": x, "kind": "a" }, "values": values,
                "constraints": [constraint] })
    };
    let replies = talk(&[
        init,
        add(0.1, [1.0, 2.0], 0.0),
        add(0.2, [2.0, 1.0], -1.0),
        add(0.3, [2.0, 2.0], -1.0),
        add(0.4, [0.0, 0.0], 1.0),
        json!({ "cmd": "best" }),
        json!({ "cmd": "front" }),
    ]);
    assert!(replies[5]["error"].as_str().unwrap().contains("front"));
    let front = replies[6]["front"].as_array().unwrap();
    assert_eq!(front.iter().map(|trial| &trial["id"]).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(
        (&front[0]["values"], &front[0]["constraints"]),
        (&json!([1.0, 2.0]), &json!([0.0]))
    );
}

/// Every verdict of a scheduler that stops: on with the next fidelity, over early, complete. One that
/// promotes pauses.
#[test]
fn tell_says_what_becomes_of_the_trial() {
    let begin = |scheduler: &str| {
        let mut init = init();
        init["scheduler"] = json!(scheduler);
        init["fidelity"] = json!({ "min": 1, "max": 3, "resumable": true });
        init["verdicts"] = json!(true);
        init
    };
    let ask = json!({ "cmd": "ask" });
    let again = json!({ "cmd": "ask", "id": 0 });
    let replies = talk(&[
        begin("median{min-trials=1}"),
        ask.clone(),
        tell(0, 1.0),
        again.clone(),
        tell(0, 1.0),
        again,
        tell(0, 1.0),
        ask.clone(),
        tell(1, 2.0),
        ask.clone(),
        json!({ "cmd": "tell", "id": 2, "state": "failed" }),
    ]);
    assert_eq!(replies[2], json!({ "ok": true, "next": "continue", "fidelity": 2 }));
    assert_eq!((&replies[3]["id"], &replies[3]["fidelity"]), (&json!(0), &json!(2)));
    assert_eq!(replies[4]["fidelity"], json!(3));
    assert_eq!(replies[6], json!({ "ok": true, "next": "complete" }));
    assert_eq!(replies[8], json!({ "ok": true, "next": "stop" }));
    assert_eq!(replies[10], json!({ "ok": true, "next": "stop" }));
    let replies = talk(&[begin("asha"), ask, tell(0, 1.0)]);
    assert_eq!(replies[2], json!({ "ok": true, "next": "pause" }));
}

/// A space in ConfigSpace's form, and that of a stored study, by its own name and by another.
#[test]
fn spaces_come_in_other_forms() {
    let configspace = json!({
        "name": null,
        "hyperparameters": [
            { "type": "uniform_float", "name": "x", "lower": 0.0, "upper": 1.0,
              "default_value": 0.5, "log": false, "meta": null },
        ],
        "conditions": [], "forbiddens": [], "format_version": 0.4,
    });
    let ask = json!({ "cmd": "ask" });
    let replies =
        talk(&[json!({ "cmd": "init", "space": configspace, "sampler": "random" }), ask.clone()]);
    assert!(replies[1]["params"]["x"].is_number(), "{}", replies[1]);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}", folder.path().join("a.db").display());
    let mut stored = init();
    (stored["storage"], stored["study"]) = (json!(url), json!("first"));
    assert_eq!(talk(&[stored])[0], json!({ "ok": true }));
    let bare = json!({ "cmd": "init", "storage": url, "study": "first", "sampler": "random" });
    let replies = talk(&[bare, ask.clone()]);
    assert!(replies[1]["params"]["kind"].is_string(), "{}", replies[1]);
    let other = json!({ "cmd": "init", "storage": url, "study": "second", "space": "first" });
    assert!(talk(&[other, ask])[1]["params"]["kind"].is_string());
    let none = json!({ "cmd": "init", "storage": url, "study": "third" });
    assert!(talk(&[none])[0]["error"].as_str().unwrap().contains("third"));
    let nowhere = json!({ "cmd": "init", "space": "first" });
    assert!(talk(&[nowhere])[0]["error"].as_str().unwrap().contains("storage"));
}
