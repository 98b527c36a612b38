"""Minimizes a function from Python, without packages: JSON lines to a server and back.

Run: python3 examples/ask_tell.py [SERVER [ARGUMENT...]]
The server is `target/release/automl serve --stdio` if none is named; build it with
`cargo build --release -p automl-rs-cli --no-default-features`.
"""

import json
import math
import subprocess
import sys

TRIALS = 40
SPACE = [
    {"name": "rate", "type": "float", "low": 1e-5, "high": 1, "log": True},
    {"name": "optimizer", "type": "categorical", "choices": ["adam", "sgd"]},
    # Only SGD has momentum.
    {"name": "momentum", "type": "float", "low": 0, "high": 0.99,
     "condition": {"parent": "optimizer", "values": ["sgd"]}},
]


class Server:
    """A study in a process of its own."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def call(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        reply = json.loads(self.process.stdout.readline())
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def loss(params):
    """A stand-in for a training: 0 at rate = 0.01 with SGD and momentum = 0.9."""
    error = (math.log10(params["rate"]) + 2) ** 2
    return error + (abs(params["momentum"] - 0.9) if "momentum" in params else 0.5)


def main():
    command = sys.argv[1:] or ["target/release/automl", "serve", "--stdio"]
    server = Server(command)
    server.call(cmd="init", seed=1, budget=TRIALS, space=SPACE,
                sampler={"name": "tpe", "startup": 12})
    best = None
    for _ in range(TRIALS):
        trial = server.call(cmd="ask")
        value = loss(trial["params"])
        server.call(cmd="tell", id=trial["id"], value=value)
        if best is None or value < best[0]:
            best = value, trial["params"]
    print(f"best of {TRIALS} trials: {best[0]:.4f} with {json.dumps(best[1])}")
    assert best[0] < 0.3 and best[1]["optimizer"] == "sgd"
    assert server.close() == 0


if __name__ == "__main__":
    main()
