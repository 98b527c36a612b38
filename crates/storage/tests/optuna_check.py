"""Opens a study that the Rust side wrote, with Optuna and with its dashboard.

usage: optuna_check.py URL EXPECTED.json
"""
import json
import sys
import warnings

warnings.filterwarnings("ignore")
import optuna

from optuna_storage import open_storage

url = sys.argv[1]
storage = open_storage(url)
expected = json.load(open(sys.argv[2]))
study = optuna.load_study(study_name="single", storage=storage)
states = {"complete": "COMPLETE", "failed": "FAIL", "pruned": "PRUNED", "paused": "RUNNING", "running": "RUNNING", "waiting": "WAITING"}
assert len(study.trials) == len(expected), (len(study.trials), len(expected))
for number, (trial, want) in enumerate(zip(study.trials, expected)):
    assert trial.number == number
    assert trial.state.name == states[want["state"]], (number, trial.state, want["state"])
    if want["state"] == "waiting":
        assert trial.system_attrs["fixed_params"] == want["params"]
        continue
    assert trial.params == want["params"], (number, trial.params, want["params"])
    if want["state"] == "complete":
        assert trial.values == want["values"]
        assert trial.datetime_start <= trial.datetime_complete
pruned = next(t for t in study.trials if t.state.name == "PRUNED")
assert pruned.value == 0.75 and pruned.intermediate_values[1] == 0.25
assert pruned.intermediate_values[2] != pruned.intermediate_values[2]
best = min(t["values"][0] for t in expected if t["state"] == "complete")
assert study.best_value == best

# Constraints have names; Optuna judges by them.
constrained = optuna.load_study(study_name="constrained", storage=storage)
assert [t.constraints for t in constrained.trials] == [{"0": 0.5, "1": -1.0}, {"0": -0.5, "1": float("-inf")}]
assert constrained.best_trial.number == 1

# A study of several objectives, with an infinity.
double = optuna.load_study(study_name="double", storage=storage)
assert [d.name for d in double.directions] == ["MINIMIZE", "MAXIMIZE"]
assert all(t.values[1] == float("inf") for t in double.trials)
assert len(double.best_trials) >= 1
assert double.metric_names == ["error", "size"]

# Python goes on where Rust stopped: the waiting trial first.
trial = study.ask()
waiting = next(t for t in expected if t["state"] == "waiting")
got = {"x": trial.suggest_float("x", 1e-3, 1.0, log=True), "kind": trial.suggest_categorical("kind", ["a", "b"])}
if got["kind"] == "b":
    got["n"] = trial.suggest_int("n", 1, 9, step=2)
assert got == waiting["params"], (got, waiting)
study.tell(trial, 0.5)

# The dashboard's own server answers with every trial.
from optuna_dashboard import wsgi

options = {} if url.startswith("journal") else {"skip_compatibility_check": True, "skip_table_creation": True}
app = wsgi(open_storage(url, **options))
status = []
path = f"/api/studies/{study._study_id}"
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "after=0", "SERVER_NAME": "x", "SERVER_PORT": "80",
           "wsgi.input": sys.stdin.buffer, "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.1"}
body = b"".join(app(environ, lambda s, headers, *_: status.append(s)))
assert status[0].startswith("200"), (status, body[:300])
assert len(json.loads(body)["trials"]) == len(expected), body[:300]
print("optuna", optuna.__version__, "reads", len(expected), "trials")
