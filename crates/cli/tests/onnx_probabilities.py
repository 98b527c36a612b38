"""Probabilities of the images of a folder by an ONNX model.

usage: python onnx_probabilities.py MODEL FOLDER true|false     (numpy, onnxruntime, pillow)

The last argument says whether pixels are normalized here, by a mean of .5 and a deviation of .25.
"""

import json
import pathlib
import sys

try:
    import numpy as np
    import onnxruntime as ort
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
rows = []
for path in sorted(pathlib.Path(sys.argv[2]).rglob("*.bmp"), key=str):
    image = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32).transpose(2, 0, 1) / 255
    if sys.argv[3] == "true":
        image = (image - 0.5) / 0.25
    (scores,) = session.run(None, {name: image[None].astype(np.float32)})
    exponents = np.exp(scores[0] - scores[0].max())
    rows.append((exponents / exponents.sum()).tolist())
print(json.dumps(rows))
