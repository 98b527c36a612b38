"""Checks the models of a folder: onnx.checker, and ONNX Runtime's scores."""

import pathlib
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

folder = pathlib.Path(sys.argv[1])
worst = 0.0
count = 0
for path in sorted(folder.glob("*.onnx")):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert entries["classes"] == '["a","b","c","d","e"]', entries
    assert entries["resize"] == "crop" and int(entries["parameters"]) > 0, entries
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    wanted = np.fromfile(path.with_suffix(".scores"), dtype="<f4")
    shape = session.get_inputs()[0].shape
    image = np.fromfile(path.with_suffix(".image"), dtype="<f4").reshape(1, *shape[1:])
    (scores,) = session.run(None, {"image": image})
    assert scores.shape == (1, len(wanted)), scores.shape
    difference = np.abs(scores[0] - wanted) / np.maximum(1, np.abs(wanted))
    worst = max(worst, difference.max())
    assert difference.max() < 1e-4, (path, scores, wanted)
    assert scores[0].argmax() == wanted.argmax(), path
    if shape[0] == "batch":
        (both,) = session.run(None, {"image": np.concatenate([image, image * 0])})
        assert both.shape[0] == 2 and np.abs(both[0] - scores[0]).max() < 1e-4, path
    count += 1
assert count > 0
print(f"{count} models, largest difference {worst:.2g}")
