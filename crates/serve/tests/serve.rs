//! The ask/tell protocol: every row of it, and what it refuses.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::path::Path;
use std::thread::JoinHandle;

/// A client of a server in another thread.
struct Client {
    requests: Option<PipeWriter>,
    replies: BufReader<PipeReader>,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

impl Client {
    fn new() -> Self {
        let (input, requests) = pipe().unwrap();
        let (replies, output) = pipe().unwrap();
        let serve = move || automl_serve::serve(BufReader::new(input), output);
        Self {
            requests: Some(requests),
            replies: BufReader::new(replies),
            server: Some(std::thread::spawn(serve)),
        }
    }

    fn begun(init: &Value) -> Self {
        let mut client = Self::new();
        client.accepted(init);
        client
    }

    /// Sends one line and reads its one reply.
    fn raw(&mut self, line: &[u8]) -> Value {
        let requests = self.requests.as_mut().unwrap();
        requests.write_all(&[line, b"\n"].concat()).unwrap();
        let mut reply = String::new();
        self.replies.read_line(&mut reply).unwrap();
        serde_json::from_str(&reply).unwrap()
    }

    fn say(&mut self, request: &Value) -> Value {
        self.raw(request.to_string().as_bytes())
    }

    fn accepted(&mut self, request: &Value) {
        assert_eq!(self.say(request), json!({ "ok": true }), "{request}");
    }

    /// The request is an error that names this.
    fn refused(&mut self, request: &Value, named: &str) {
        let reply = self.say(request);
        let error = reply["error"].as_str().unwrap_or_else(|| panic!("{request} gave {reply}"));
        assert!(error.contains(named), "{request} gave {error:?}");
        assert_eq!(error.lines().count(), 1);
    }

    fn ask(&mut self) -> Value {
        let reply = self.say(&json!({ "cmd": "ask" }));
        assert!(reply["params"].is_object(), "{reply}");
        reply
    }

    fn told(&mut self, id: &Value, value: &Value) {
        self.accepted(&json!({ "cmd": "tell", "id": id, "value": value }));
    }

    /// Nothing more was written, and the server ends without an error.
    fn ends(mut self) {
        drop(self.requests.take());
        self.server.take().unwrap().join().unwrap().unwrap();
        let mut rest = String::new();
        assert_eq!(self.replies.read_line(&mut rest).unwrap(), 0, "{rest}");
    }
}

fn line() -> Value {
    json!([{ "name": "x", "type": "float", "low": 0, "high": 1 }])
}

fn init(space: &Value) -> Value {
    json!({ "cmd": "init", "protocol": 1, "space": space, "seed": 3, "budget": 40,
            "n_objectives": 1, "direction": "minimize", "sampler": "tpe" })
}

/// A request with other or more fields.
fn with(request: &Value, fields: &Value) -> Value {
    let mut request = request.clone();
    for (name, value) in fields.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn a_session_from_init_to_quit() {
    let mut client = Client::begun(&init(&line()));
    for id in 0..15 {
        let asked = client.ask();
        assert_eq!(asked["id"], json!(id));
        assert!((0.0..=1.0).contains(&asked["params"]["x"].as_f64().unwrap()));
        client.told(&asked["id"], &asked["params"]["x"]);
    }
    let requests = client.requests.as_mut().unwrap();
    requests.write_all(b"{\"cmd\":\"quit\"}\n{\"cmd\":\"ask\"}\n").unwrap();
    client.ends();
    Client::new().ends();
}

#[test]
fn the_same_seed_and_replies_give_the_same_proposals() {
    let run = |fields: Value| {
        let mut client = Client::begun(&with(&init(&line()), &fields));
        let mut seen = Vec::new();
        for _ in 0..25 {
            let (first, second) = (client.ask(), client.ask());
            for asked in [second, first] {
                client.told(&asked["id"], &asked["params"]["x"]);
                seen.push(asked);
            }
        }
        seen
    };
    let known = run(json!({}));
    assert_eq!(known, run(json!({})));
    assert_eq!(known, run(json!({ "seed": 3.0 })));
    assert_ne!(known, run(json!({ "seed": -4 })));
    // What is best does not depend on how it is written.
    let mut client = Client::begun(&with(&init(&line()), &json!({ "direction": ["maximize"] })));
    let mut best = 0.0_f64;
    for _ in 0..40 {
        let asked = client.ask();
        client.told(&asked["id"], &asked["params"]["x"]);
        best = best.max(asked["params"]["x"].as_f64().unwrap());
    }
    assert!(best > 0.99);
}

#[test]
fn spaces_of_every_kind() {
    let space = json!([
        { "name": "lr", "type": "float", "low": 1e-4, "high": 0.1, "log": true, "step": null,
          "prior": { "mean": -4.6, "sd": 1.0 } },
        { "name": "grid", "type": "float", "low": 0, "high": 1, "step": 0.25 },
        { "name": "layers", "type": "int", "low": 1, "high": 5, "log": false, "step": 2 },
        { "name": "größe", "type": "categorical", "choices": [1, 2.5, "viel", true],
          "ordered": true },
        { "name": "booster", "type": "categorical", "choices": ["gbtree", "dart"],
          "prior": { "weights": [1, 3] } },
        { "name": "rate", "type": "float", "low": 0, "high": 1,
          "condition": { "parent": "booster", "values": ["dart"] } },
        { "name": "deep", "type": "int", "low": 0, "high": 9,
          "condition": [{ "parent": "rate", "low": 0.5 }, { "parent": "layers", "values": [3, 5] }] },
    ]);
    for sampler in ["auto", "tpe", "gp", "random", "sobol", "prior", "evolution"] {
        let fields = json!({ "sampler": sampler, "budget": null });
        let mut client = Client::begun(&with(&init(&space), &fields));
        for _ in 0..30 {
            let asked = client.ask();
            let params = asked["params"].as_object().unwrap();
            let number = |name: &str| params[name].as_f64().unwrap();
            assert!((1e-4..=0.1).contains(&number("lr")));
            assert!([0.0, 0.25, 0.5, 0.75, 1.0].contains(&number("grid")));
            assert!([1, 3, 5].map(Value::from).contains(&params["layers"]));
            let sizes = [json!(1), json!(2.5), json!("viel"), json!(true)];
            assert!(sizes.contains(&params["größe"]));
            let rate = params.contains_key("rate");
            assert_eq!(rate, params["booster"] == "dart");
            let deep = rate && number("rate") >= 0.5 && number("layers") > 1.0;
            assert_eq!(params.contains_key("deep"), deep);
            client.told(&asked["id"], &json!(number("lr")));
        }
    }
}

#[test]
fn what_is_no_request_is_an_error() {
    let mut client = Client::new();
    let lines: [(&[u8], &str); 9] = [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "object"),
        (b"\"ask\"", "object"),
        (b"{\"cmd\":5}", "\"cmd\""),
        (b"{\"cmd\":\"nope\"}", "nope"),
        (b"{\"cmd\":\"ask\"}{\"cmd\":\"ask\"}", "not JSON"),
        (b"\xff\xfe", "UTF-8"),
        (b"{\"cmd\":\"tell\",\"id\":0,\"value\":NaN}", "not JSON"),
    ];
    for (line, named) in lines {
        let reply = client.raw(line);
        assert!(reply["error"].as_str().unwrap().contains(named), "{reply}");
    }
    for request in [json!({ "cmd": "ask" }), json!({ "cmd": "tell", "id": 0, "value": 1 })] {
        client.refused(&request, "init");
    }
    client.accepted(&init(&line()));
    client.refused(&init(&line()), "already begun");
    client.ask();
    client.ends();
}

/// What would take memory, stack or time without an end is refused, and the session goes on.
#[test]
fn requests_have_limits() {
    let mut client = Client::new();
    let refused = |client: &mut Client, line: &[u8], named: &str| {
        let reply = client.raw(line);
        let error = reply["error"].as_str().unwrap();
        assert!(error.contains(named) && error.len() < 300, "{error}");
    };
    refused(&mut client, &vec![b'x'; (64 << 20) + 1], "64 MiB");
    refused(&mut client, &vec![b' '; 130 << 20], "64 MiB");
    for open in ["[", "{\"a\":"] {
        refused(&mut client, open.repeat(100_000).as_bytes(), "recursion limit");
    }
    let good = init(&line());
    client.refused(&with(&good, &json!({ "n_objectives": 1_u64 << 63 })), "\"n_objectives\"");
    client.accepted(&with(&good, &json!({ "budget": 1_u64 << 63 })));
    client.ask();
    client.ends();
    // Numbers of trials and epochs are no sizes of anything that is made for them.
    for scheduler in ["asha", "sha", "hyperband", "pbt"] {
        for most in [1_u64 << 62, 1 << 63, u64::MAX] {
            let fidelity = json!({ "min": 1, "max": most, "resumable": true });
            let fields = json!({
                "budget": most, "fidelity": fidelity, "scheduler": scheduler, "constraints": most
            });
            let mut client = Client::new();
            let request = with(&good, &fields);
            if client.say(&request) == json!({ "ok": true }) {
                let asked = client.ask();
                let told = json!({ "cmd": "tell", "id": asked["id"], "value": 1.0,
                    "fidelity": asked["fidelity"] });
                client.refused(&told, "constraint values");
            }
            client.ends();
        }
    }
}

#[test]
fn a_bad_init_is_named_and_another_may_follow() {
    let mut client = Client::new();
    let good = init(&line());
    for (fields, named) in [
        (json!({ "protocol": 2 }), "protocol 2"),
        (json!({ "seed": 1.5 }), "\"seed\""),
        (json!({ "budget": -1 }), "\"budget\""),
        (json!({ "n_objectives": 0 }), "\"n_objectives\""),
        (json!({ "direction": "up" }), "up"),
        (json!({ "direction": ["minimize", "maximize"] }), "2 directions"),
        (json!({ "sampler": "magic" }), "magic"),
        (json!({ "scheduler": "magic" }), "magic"),
        (json!({ "sampler": "tpee" }), "did you mean \"tpe\"?"),
        (json!({ "sampler": 3 }), "\"sampler\" must be a name"),
        (json!({ "sampler": { "startup": 3 } }), "name"),
        (json!({ "sampler": { "name": "tpe", "startup": 0.5 } }), "startup = 0.5"),
        (json!({ "sampler": { "name": "tpe", "statrup": 5 } }), "did you mean \"startup\"?"),
        (json!({ "sampler": "tpe{startup=-1}" }), "startup = -1"),
        (json!({ "n_objective": 2 }), "did you mean \"n_objectives\"?"),
        (json!({ "fidelity": { "min": 1, "max": 9, "maximum": 3 } }), "no field \"maximum\""),
        (json!({ "sampler": "cmaes", "n_objectives": 2 }), "one objective"),
        (json!({ "scheduler": "asha" }), "fidelity"),
        (json!({ "scheduler": "pbt", "fidelity": { "min": 1, "max": 9 } }), "go together"),
        (json!({ "storage": "mysql://host/db" }), "mysql"),
        (json!({ "storage": "sqlite:///" }), "sqlite"),
        (json!({ "storage": "sqlite:////no/such/folder/a.db" }), "/no/such/folder"),
        (json!({ "constraints": "two" }), "\"constraints\""),
        (json!({ "fidelity": { "min": 0, "max": 9 } }), "min 0"),
        (json!({ "fidelity": { "min": 1, "max": 9, "type": "float" } }), "float"),
        (json!({ "fidelity": { "min": 1 } }), "\"max\""),
        (json!({ "space": [] }), "at least one"),
    ] {
        client.refused(&with(&good, &fields), named);
    }
    let x = |fields: Value| json!([with(&json!({ "name": "x", "type": "float" }), &fields)]);
    for (space, named) in [
        (x(json!({ "low": 2, "high": 1 })), "lies above"),
        (x(json!({ "low": -1e308, "high": 1e308 })), "1e308"),
        (x(json!({ "low": 0, "high": 1, "log": true })), "positive lower bound"),
        (x(json!({ "low": 0, "high": 1, "step": 0 })), "step"),
        (x(json!({ "low": 0, "high": 1, "colour": 3 })), "colour"),
        (x(json!({ "low": 0, "high": 1, "prior": { "mean": 0 } })), "\"sd\""),
        (x(json!({ "low": 0, "high": 1, "prior": { "weights": [1] } })), "weights"),
        (x(json!({ "type": "complex" })), "complex"),
        (x(json!({ "type": "categorical", "choices": ["a", ["b"]] })), "a value is"),
        (x(json!({ "type": "categorical", "choices": [1, 1.0] })), "twice"),
        (x(json!({ "low": 0, "high": 1, "condition": { "parent": "y", "values": [1] } })), "\"y\""),
        (
            x(json!({ "low": 0, "high": 1, "condition": { "parent": "y", "values": 1 } })),
            "\"parent\"",
        ),
        (json!([line()[0], line()[0]]), "\"x\""),
    ] {
        client.refused(&with(&good, &json!({ "space": space })), named);
    }
    client.accepted(&good);
    client.ends();
}

/// The options of a sampler and a scheduler, in both forms.
#[test]
fn parts_take_options() {
    let proposals = |sampler: Value| {
        let fields = json!({ "sampler": sampler, "budget": 40 });
        let mut client = Client::begun(&with(&init(&line()), &fields));
        let proposals: Vec<Value> = (0..12)
            .map(|n| {
                let trial = client.ask();
                client.told(&trial["id"], &json!(f64::from(n) * 0.37 % 1.0));
                trial["params"].clone()
            })
            .collect();
        client.ends();
        proposals
    };
    let early = proposals(json!({ "name": "tpe", "startup": 4 }));
    assert_eq!(early, proposals(json!("tpe{startup=4}")));
    assert_ne!(early, proposals(json!("tpe")));
    let fidelities = |scheduler: Value| {
        let fidelity = json!({ "min": 1, "max": 64, "resumable": true });
        let fields = json!({ "scheduler": scheduler, "fidelity": fidelity });
        let mut client = Client::begun(&with(&init(&line()), &fields));
        let fidelities: Vec<Value> = (0..12)
            .map(|n| {
                let trial = client.ask();
                let loss = f64::from(n) * 0.37 % 1.0;
                let (id, fidelity) = (&trial["id"], &trial["fidelity"]);
                let tell = json!({ "cmd": "tell", "id": id, "value": loss, "fidelity": fidelity });
                client.accepted(&tell);
                trial["fidelity"].clone()
            })
            .collect();
        client.ends();
        fidelities
    };
    let wide = fidelities(json!({ "name": "asha", "eta": 8 }));
    assert_eq!(wide, fidelities(json!("asha{eta=8}")));
    assert_ne!(wide, fidelities(json!("asha")));
}

#[test]
fn a_bad_tell_is_named_and_changes_nothing() {
    let mut client = Client::begun(&init(&line()));
    let id = client.ask()["id"].clone();
    let tell = json!({ "cmd": "tell", "id": id, "value": 1.0 });
    for (fields, named) in [
        (json!({ "id": "zzz" }), "zzz"),
        (json!({ "id": 7 }), "no open trial 7"),
        (json!({ "id": null }), "\"id\""),
        (json!({ "value": "abc" }), "abc"),
        (json!({ "value": true }), "true"),
        (json!({ "values": [1] }), "not both"),
        (json!({ "state": "lost" }), "lost"),
        (json!({ "fidelity": 3 }), "fidelity"),
        (json!({ "constraints": [0.5] }), "1 constraint values"),
    ] {
        client.refused(&with(&tell, &fields), named);
    }
    client.refused(&json!({ "cmd": "tell", "id": id }), "value");
    client.refused(&json!({ "cmd": "tell", "id": id, "values": [1, 2] }), "2 values");
    client.accepted(&tell);
    client.refused(&tell, "already been told");
    // The number as a string or a float names the same trial.
    client.ask();
    client.told(&json!("1"), &json!(2.0));
    client.ask();
    client.told(&json!(2.0), &json!(2.0));
    client.ends();
}

#[test]
fn failures_and_extremes_are_results() {
    let mut client = Client::begun(&init(&line()));
    for value in [json!(null), json!("nan"), json!("inf"), json!("-inf"), json!(1e300)] {
        let id = client.ask()["id"].clone();
        client.told(&id, &value);
    }
    for state in ["failed", "pruned"] {
        let id = client.ask()["id"].clone();
        client.accepted(&json!({ "cmd": "tell", "id": id, "state": state }));
    }
    for _ in 0..20 {
        let id = client.ask()["id"].clone();
        client.told(&id, &json!(null));
    }
    client.ends();
}

#[test]
fn several_objectives_and_constraints() {
    let fields = json!({ "n_objectives": 2, "direction": ["minimize", "maximize"],
                         "constraints": 1 });
    let mut client = Client::begun(&with(&init(&line()), &fields));
    for _ in 0..30 {
        let asked = client.ask();
        let (id, x) = (&asked["id"], asked["params"]["x"].as_f64().unwrap());
        client.refused(
            &json!({ "cmd": "tell", "id": id, "value": x, "constraints": [0] }),
            "1 values for 2",
        );
        client
            .refused(&json!({ "cmd": "tell", "id": id, "values": [x, x] }), "0 constraint values");
        let values = [x, (x * 9.0).sin()];
        client.accepted(
            &json!({ "cmd": "tell", "id": id, "values": values, "constraints": [x - 0.5] }),
        );
    }
    let id = client.ask()["id"].clone();
    client
        .accepted(&json!({ "cmd": "tell", "id": id, "values": [1, null], "constraints": ["nan"] }));
    client.ends();
}

#[test]
fn configurations_go_on_at_higher_fidelities() {
    let fidelity = json!({ "name": "epoch", "type": "int", "min": 1, "max": 27, "resumable": true,
                           "total_cost": 800 });
    for scheduler in ["auto", "none", "asha", "hyperband", "bohb", "median", "sha"] {
        let fields = json!({ "fidelity": fidelity, "scheduler": scheduler, "budget": null });
        let mut client = Client::begun(&with(&init(&line()), &fields));
        let mut known = std::collections::HashMap::new();
        let (mut top, mut went_on) = (0, false);
        for _ in 0..120 {
            let asked = client.ask();
            let (id, x) = (asked["id"].as_u64().unwrap(), asked["params"]["x"].as_f64().unwrap());
            let step = asked["fidelity"].as_u64().unwrap_or(27);
            let tell = json!({ "cmd": "tell", "id": id, "value": x, "fidelity": step });
            if let Some((params, before)) = known.insert(id, (asked["params"].clone(), step)) {
                assert_eq!(params, asked["params"]);
                assert!(step > before, "{scheduler}: {before} after {step}");
                let lower = with(&tell, &json!({ "fidelity": before }));
                client.refused(&lower, "already");
                went_on = true;
            }
            client.refused(&with(&tell, &json!({ "fidelity": 28 })), "outside");
            client.accepted(&with(&tell, &json!({ "cost": 1.0, "cost_left": 5 })));
            top = top.max(step);
        }
        assert!(went_on || scheduler == "none", "{scheduler}");
        assert_eq!(top, 27, "{scheduler}");
        client.ends();
    }
}

/// The reply for a new member of a population names the trial with the weights that it starts from.
#[test]
fn a_child_of_a_population_is_asked_with_its_parent() {
    let fidelity = json!({ "min": 1, "max": 4, "resumable": true });
    let scheduler = json!({ "name": "pbt", "members": 5, "interval": 1 });
    let fields = json!({ "fidelity": fidelity, "scheduler": scheduler, "sampler": "auto" });
    let mut client = Client::begun(&with(&init(&line()), &fields));
    let mut told = std::collections::HashMap::new();
    let mut children = 0;
    for _ in 0..30 {
        let asked = client.ask();
        let (id, step) = (asked["id"].as_u64().unwrap(), asked["fidelity"].as_u64().unwrap());
        if let Some(parent) = asked.get("parent") {
            children += 1;
            assert!(!told.contains_key(&id), "trial {id} has begun before");
            assert!(told[&parent.as_u64().unwrap()] < step, "{asked}");
        }
        let loss = asked["params"]["x"].as_f64().unwrap() / step as f64;
        client.accepted(&json!({ "cmd": "tell", "id": id, "value": loss, "fidelity": step }));
        told.insert(id, step);
    }
    assert!(children > 0);
    client.ends();
}

#[test]
fn a_stored_study_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let url = |path: &Path| format!("sqlite:///{}", path.display());
    let stored = json!({ "storage": url(&folder.path().join("a.db")), "study": "lines" });
    let init = with(&init(&line()), &stored);
    let mut unbroken = Client::begun(&with(&init, &json!({ "storage": null })));
    for first in [0, 6, 12] {
        let mut client = Client::begun(&init);
        for id in first..first + 6 {
            let asked = client.ask();
            assert_eq!(asked, unbroken.ask());
            assert_eq!(asked["id"], json!(id));
            client.told(&asked["id"], &asked["params"]["x"]);
            unbroken.told(&asked["id"], &asked["params"]["x"]);
        }
        // What was asked and never told is asked again.
        client.ask();
        client.ends();
    }
    let other = json!([{ "name": "x", "type": "float", "low": 0, "high": 2 }]);
    Client::new().refused(&with(&init, &json!({ "space": other })), "another domain");
    Client::new().refused(&with(&init, &json!({ "direction": "maximize" })), "objectives");
}

#[test]
fn a_stored_study_keeps_its_seed() {
    let folder = tempfile::tempdir().unwrap();
    let stored = json!({ "storage": folder.path().join("a.db").to_string_lossy() });
    let init = with(&init(&line()), &stored);
    Client::begun(&init).ends();
    let mut unbroken = Client::begun(&with(&init, &json!({ "storage": null })));
    let mut client = Client::begun(&with(&init, &json!({ "seed": null })));
    assert_eq!(client.ask(), unbroken.ask());
    client.ends();
    unbroken.ends();
}

#[test]
fn what_cannot_be_recorded_is_an_error_and_not_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, "no database at all, but as long as one ".repeat(99)).unwrap();
    let mut client = Client::new();
    let storage = json!({ "storage": path.to_string_lossy() });
    client.refused(&with(&init(&line()), &storage), "not a database");
    client.accepted(&init(&line()));
    client.ask();
    client.ends();
}

/// A study in a file, for clients one after the other.
fn stored(folder: &Path) -> Value {
    let url = format!("sqlite:///{}", folder.join("a.db").display());
    with(&init(&line()), &json!({ "storage": url, "study": "lines" }))
}

/// A client that outlives its server tells the trial to the next one, by its number.
#[test]
fn an_open_trial_is_taken_up_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let fidelity = json!({ "min": 1, "max": 9, "resumable": true });
    for fields in [json!({}), json!({ "fidelity": fidelity, "scheduler": "asha", "study": "f" })] {
        let init = with(&stored(folder.path()), &fields);
        let mut client = Client::begun(&init);
        let (first, second) = (client.ask(), client.ask());
        client.ends();
        let mut client = Client::begun(&init);
        client.refused(&json!({ "cmd": "tell", "id": 5, "value": 1 }), "no open trial 5");
        client.told(&second["id"], &json!(0.5));
        client.refused(
            &json!({ "cmd": "tell", "id": second["id"], "value": 1 }),
            "already been told",
        );
        // The other one is handed out again.
        let again = client.ask();
        assert_eq!((&again["id"], &again["params"]), (&first["id"], &first["params"]));
        client.told(&first["id"], &json!(0.25));
        client.ends();
    }
}

/// The server ends in good order while its client says nothing, and its trial is free at once.
#[test]
fn a_signal_ends_the_server_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let init = with(&stored(folder.path()), &json!({ "shared": true }));
    let (input, mut requests) = pipe().unwrap();
    let (replies, output) = pipe().unwrap();
    let stop = automl_study::StopFlag::new();
    let flag = stop.clone();
    let serve = move || automl_serve::serve_until(BufReader::new(input), output, &flag);
    let server = std::thread::spawn(serve);
    let mut replies = BufReader::new(replies);
    for request in [init.clone(), json!({ "cmd": "ask" })] {
        requests.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut reply = String::new();
        replies.read_line(&mut reply).unwrap();
        assert!(!reply.contains("error"), "{reply}");
    }
    stop.set();
    server.join().unwrap().unwrap();
    let mut client = Client::begun(&init);
    assert_eq!(client.ask()["id"], json!(0));
    client.ends();
    drop(requests);
}

/// A stored study keeps what it began with; anything else is refused by name.
#[test]
fn other_settings_of_a_stored_study_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let fidelity = |max: u64| json!({ "min": 1, "max": max, "resumable": true });
    let fields = json!({ "fidelity": fidelity(9), "scheduler": "asha", "constraints": 1 });
    let init = with(&stored(folder.path()), &fields);
    Client::begun(&init).ends();
    for (fields, named) in [
        (json!({ "fidelity": fidelity(27) }), "fidelity = "),
        (json!({ "fidelity": null, "scheduler": "none" }), "fidelity = null"),
        (json!({ "scheduler": "hyperband" }), "scheduler = \"hyperband\": the study began with"),
        (json!({ "scheduler": "asha{eta=4}" }), "scheduler"),
        (json!({ "constraints": 2 }), "constraints = 2: the study began with 1"),
        (json!({ "seed": 4 }), "seed = 4: the study began with 3"),
    ] {
        Client::new().refused(&with(&init, &fields), named);
    }
    Client::begun(&with(&init, &json!({ "seed": null, "sampler": "random", "budget": 9 }))).ends();
}

/// A process that works without `shared` while others are at work is told so.
#[test]
fn work_beside_others_has_to_be_said() {
    let folder = tempfile::tempdir().unwrap();
    let shared = with(&stored(folder.path()), &json!({ "shared": true }));
    let alone = stored(folder.path());
    let mut first = Client::begun(&shared);
    first.ask();
    Client::new().refused(&alone, "\"shared\": true");
    Client::begun(&shared).ends();
    first.ends();
    Client::begun(&alone).ends();
}

#[test]
fn a_study_learns_from_earlier_ones() {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite:///{}", folder.path().join(name).display());
    let space = |low: f64| json!([{ "name": "x", "type": "float", "low": low, "high": 1 }]);
    let mut earlier = Client::begun(&json!({
        "cmd": "init", "space": space(0.0), "storage": url("a.db"), "study": "first"
    }));
    for _ in 0..12 {
        let trial = earlier.ask();
        let loss = (trial["params"]["x"].as_f64().unwrap() - 0.2).powi(2);
        earlier.accepted(&json!({ "cmd": "tell", "id": trial["id"], "value": loss }));
    }
    let init = |warm_start: Value| json!({ "cmd": "init", "space": space(0.1), "storage": url("b.db"), "warm_start": warm_start });
    let mut client = Client::new();
    client.refused(&init(json!("none.db")), "none.db");
    client.refused(&init(json!(7)), "warm_start");
    client.refused(&init(json!({ "place": url("a.db"), "studies": "first" })), "warm_start");
    let place = json!({ "place": url("a.db"), "study": "first" });
    client.accepted(&init(json!([place])));
    let first = client.ask()["params"]["x"].as_f64().unwrap();
    assert!((first - 0.2).abs() < 0.1, "the best of the earlier study comes first: {first}");
}
