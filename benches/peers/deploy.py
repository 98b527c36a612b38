"""The networks of a front in int8 beside ONNX Runtime's own quantization and code of emx-onnx-cgen.

usage: deploy.py digits OUT.npz                 writes the digits with their test images
       deploy.py table STUDY DATA [--code]      DATA: an .npz file, or the folder of Fashion-MNIST

The study was exported with --export onnx,onnx-int8,c. Needs onnxruntime; --code also gcc,
arm-none-eabi-gcc and emx-onnx-cgen.
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

CALIBRATION = 512

MAIN = """
#include <stdio.h>
#include <stdint.h>
#include <time.h>
%s
int main(void) {
    struct timespec a, b;
    double best = 1e9;
    for (int round = 0; round < 20; round++) {
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < 50; i++) { %s }
        clock_gettime(CLOCK_MONOTONIC, &b);
        double us = ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / 50e3;
        if (us < best) best = us;
    }
    printf("%%.1f\\n", best);
}
"""


def digits(out):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    found = load_digits()
    pixels = np.round(found.images * 255 / 16).astype(np.uint8)
    parts = train_test_split(pixels, found.target.astype(np.int64), test_size=0.2, random_state=0, stratify=found.target)
    np.savez(out, x_train=parts[0], x_test=parts[1], y_train=parts[2], y_test=parts[3])


def load(path):
    """Training images, test images and labels of the test images; pixels [n, 1, side, side] in 0..1."""
    if path.suffix == ".npz":
        found = np.load(path)
        arrays = [found["x_train"], found["x_test"], found["y_test"]]
    else:
        read = lambda name, skip: np.frombuffer(gzip.open(path / name).read(), np.uint8, offset=skip)
        arrays = [read(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28) for part in ("train", "t10k")]
        arrays.append(read("t10k-labels-idx1-ubyte.gz", 8))
    train, test, labels = arrays
    return train[:, None].astype(np.float32) / 255, test[:, None].astype(np.float32) / 255, labels


class Reader(CalibrationDataReader):
    def __init__(self, images):
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"image": image[None]}


def accuracy(model, images, labels):
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    classes = [session.run(None, {"image": image[None]})[0].argmax() for image in images]
    return 100 * np.mean(np.array(classes) == labels)


def quantized(model, folder, train, per_channel):
    """The model in int8 by ONNX Runtime with its defaults, but for the channels."""
    ready, out = folder / "ready.onnx", folder / f"ort-{per_channel}.onnx"
    quant_pre_process(str(model), str(ready))
    images = train[np.random.default_rng(0).permutation(len(train))[:CALIBRATION]]
    quantize_static(str(ready), str(out), Reader(images), quant_format=QuantFormat.QDQ, per_channel=per_channel,
                    activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
    return out


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def code(source, folder, include, call):
    """Bytes of text and of bss on a Cortex-M4 (-Os), and microseconds of an image on this machine (-O2)."""
    run("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-Os", "-c",
        source, "-o", folder / "code.o")
    text, _, bss = run("arm-none-eabi-size", folder / "code.o").splitlines()[1].split()[:3]
    (folder / "main.c").write_text(MAIN % (include, call))
    run("gcc", "-O2", "-march=native", "-I", source.parent, folder / "main.c", source, "-o", folder / "main", "-lm")
    return [text, bss, run(folder / "main").strip()]


def both_codes(network, folder):
    """The figures of our C code, and those of emx-onnx-cgen's from the same network in floats and in int8."""
    side = onnx.load(network / "export/onnx/network.onnx").graph.input[0].type.tensor_type.shape.dim[2].dim_value
    ours = network / "export/c/network.c"
    include = f'#include "network.h"\nstatic uint8_t image[{side * side}];'
    figures = code(ours, folder, include, "image[i] ^= 1; network_classify(image);")
    for form in ("onnx", "onnx-int8"):
        source = folder / "emx.c"
        run(pathlib.Path(sys.executable).parent / "emx-onnx-cgen", "compile", network / f"export/{form}/network.onnx", source)
        include = f"static float image[1][1][{side}][{side}], scores[1][64];\nvoid model();"
        figures += code(source, folder, include, "image[0][0][0][i % 8] = i; model(image, scores);")
    return figures


def table(study, data, with_code):
    train, test, labels = load(data)
    summary = json.loads((study / "summary.json").read_text())
    head = "| parameters | floats | int8 | int8 in ORT | ORT's own | ORT's own, by channel |"
    head += " C: text | bss | us | emx: text | bss | us | emx, int8: text | bss | us |" if with_code else ""
    print(head + "\n" + "|" + "---|" * (head.count("|") - 1))
    for network in summary["front"]:
        folder = study / f"front/trial-{network['trial']}"
        model = folder / "export/onnx/network.onnx"
        with tempfile.TemporaryDirectory() as temporary:
            temporary = pathlib.Path(temporary)
            own = [accuracy(quantized(model, temporary, train, by), test, labels) for by in (False, True)]
            in_ort = accuracy(folder / "export/onnx-int8/network.onnx", test, labels)
            shares = [100 * network["test_accuracy"], 100 * network["int8_accuracy"], in_ort, *own]
            row = [f"{network['params']:,}"] + [f"{share:.2f}" for share in shares]
            row += both_codes(folder, temporary) if with_code else []
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "digits":
        digits(sys.argv[2])
    else:
        table(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), "--code" in sys.argv)
