"""Compares the classes of quantized models in ONNX Runtime with those of the interpreter."""

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
least = 1.0
count = 0
for path in sorted(folder.glob("*.onnx")):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape
    images = np.fromfile(path.with_suffix(".images"), dtype=np.uint8)
    images = images.reshape(-1, *shape[1:]).astype(np.float32)
    classes = np.fromfile(path.with_suffix(".classes"), dtype=np.uint8)
    (scores,) = session.run(None, {"image": images})
    share = (scores.argmax(axis=1) == classes).mean()
    print(f"{path.stem}: {100 * share:.1f} %")
    assert share >= 0.995, path
    least = min(least, share)
    count += 1
assert count > 0
print(f"{count} models, at least {100 * least:.1f} % of the classes")
