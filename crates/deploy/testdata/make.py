"""Writes torch_style.onnx, a small network as torch.onnx.export writes one, and ONNX Runtime's scores.

Conv and BatchNormalization apart, a residual sum, MaxPool, Flatten, Gemm; names as PyTorch gives them.
Run with a Python that has onnx, onnxruntime and numpy; the result is kept in the repository.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(__file__).parent
draw = np.random.default_rng(0)
weights = {}
nodes = []


def add(operator, inputs, **attributes):
    output = f"/{operator}_{len(nodes)}_output_0"
    nodes.append(helper.make_node(operator, inputs, [output], f"/{operator}_{len(nodes)}", **attributes))
    return output


def constant(name, *shape, shift=0.0, scale=0.5):
    weights[name] = (shift + scale * draw.standard_normal(shape)).astype(np.float32)
    return name


def conv_bn(x, name, inputs, outputs, kernel=3, stride=1, groups=1):
    weight = constant(f"{name}.weight", outputs, inputs // groups, kernel, kernel, scale=0.3)
    pad = kernel // 2
    x = add("Conv", [x, weight], dilations=[1, 1], group=groups, kernel_shape=[kernel] * 2,
            pads=[pad] * 4, strides=[stride] * 2)
    norm = [constant(f"{name}.bn.{part}", outputs, shift=shift, scale=0.1)
            for part, shift in [("weight", 1), ("bias", 0), ("running_mean", 0)]]
    variance = constant(f"{name}.bn.running_var", outputs, scale=0.3)
    weights[variance] = np.abs(weights[variance]) + 0.5
    return add("BatchNormalization", [x, *norm, variance], epsilon=1e-5, momentum=0.9, training_mode=0)


x = add("Relu", [conv_bn("images", "stem", 3, 8)])
x = add("MaxPool", [x], ceil_mode=0, dilations=[1, 1], kernel_shape=[2, 2], pads=[0] * 4, strides=[2, 2])
y = add("Relu", [conv_bn(x, "block.0", 8, 8)])
y = conv_bn(y, "block.1", 8, 8)
x = add("Relu", [add("Add", [y, x])])
low, high = add("Constant", [], value=numpy_helper.from_array(np.float32(0))), add(
    "Constant", [], value=numpy_helper.from_array(np.float32(6)))
x = add("Clip", [conv_bn(x, "depthwise", 8, 8, stride=2, groups=8), low, high])
x = add("Flatten", [x], axis=1)
head = [constant("fc.weight", 4, 8 * 3 * 3, scale=0.2), constant("fc.bias", 4)]
nodes.append(helper.make_node("Gemm", [x, *head], ["scores"], "/fc/Gemm", alpha=1.0, beta=1.0, transB=1))

graph = helper.make_graph(
    nodes, "main_graph",
    [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 12, 12])],
    [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 4])],
    [numpy_helper.from_array(value, name) for name, value in weights.items()],
)
model = helper.make_model(graph, producer_name="pytorch", ir_version=8,
                          opset_imports=[helper.make_opsetid("", 17)])
onnx.checker.check_model(model, full_check=True)
onnx.save(model, folder / "torch_style.onnx")
image = np.sin(np.arange(3 * 12 * 12, dtype=np.float32)).reshape(1, 3, 12, 12)
session = ort.InferenceSession(folder / "torch_style.onnx", providers=["CPUExecutionProvider"])
(scores,) = session.run(None, {"images": image})
(folder / "torch_style.json").write_text(json.dumps(scores[0].tolist()) + "\n")
