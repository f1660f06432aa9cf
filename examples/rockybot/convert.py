"""RockyBot's published weights (JSON of integers at scale 1e8) to ONNX.

    python convert.py three_layer_nn_weights_epoch330.json rockybot.onnx

The weights file is part of the RockyBot repository of Modulus Labs (ContractStarter/, MIT licence).
"""

import hashlib
import json
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS_SHA256 = "7935a56c00753d8ba8ec18eab376ea50c09426b7bb545b184937f019a3878aa4"


def layer(weights: dict, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """One dense layer: W (outputs x inputs) and b, as floats."""
    shape = weights[f"{prefix}_num_rows"], weights[f"{prefix}_num_cols"]
    scale = weights["scale_factor"]
    matrix = np.array(weights[f"{prefix}_data_ptr"], dtype=np.float64) / scale
    bias = np.array(weights[f"{prefix}_bias_ptr"], dtype=np.float64) / scale
    return matrix.reshape(shape).astype(np.float32), bias.astype(np.float32)


def main(source: str, target: str) -> None:
    data = open(source, "rb").read()
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        print("warning: these are not the weights that the example was made from", file=sys.stderr)
    weights = json.loads(data)

    nodes, tensors, value = [], [], "input"
    for index, prefix in enumerate("abc", start=1):
        matrix, bias = layer(weights, prefix)
        name = f"fc{index}"
        result = "logits" if index == 3 else name
        tensors.append(numpy_helper.from_array(matrix, f"{name}.weight"))
        tensors.append(numpy_helper.from_array(bias, f"{name}.bias"))
        operands = [value, f"{name}.weight", f"{name}.bias"]
        nodes.append(helper.make_node("Gemm", operands, [result], name=f"/{name}/Gemm", transB=1))
        value = result
        if index < 3:
            value = f"{name}_relu"
            nodes.append(helper.make_node("Relu", [name], [value], name=f"/relu{index}/Relu"))

    graph = helper.make_graph(
        nodes,
        "rockybot",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 36])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 12])],
        tensors,
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
