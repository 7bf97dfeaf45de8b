"""Writes small ONNX networks, one or more for each operator that packages/onnx evaluates, with onnxruntime's answers.

    python training/golden/onnx_operators.py packages/onnx/test/fixtures

Each network takes one row of 12 numbers, reshapes it where the operator needs that, and gives a flat row. Needs golden/requirements.txt.
"""

import base64
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(sys.argv[1])
WIDTH = 12
RNG = np.random.default_rng(5)
FLOAT = lambda *shape: RNG.normal(size=shape).astype(np.float32)
INTS = lambda *values: np.array(values, dtype=np.int64)


def model(nodes, constants, opset):
    """`nodes`: (operator, inputs, outputs, attributes); the row is x, x34 is [1, 3, 4], x234 is [1, 2, 3, 2], the result is y."""
    shapes = {"x34": [1, 3, 4], "x232": [1, 2, 3, 2]}
    used = {name for _, inputs, _, _ in nodes for name in inputs}
    made = [helper.make_node("Reshape", ["x", f"{name}_shape"], [name]) for name in shapes if name in used]
    held = [numpy_helper.from_array(INTS(*shape), f"{name}_shape") for name, shape in shapes.items() if name in used]
    held += [numpy_helper.from_array(array, name) for name, array in constants.items()]
    made += [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in nodes]
    # whatever comes out, as floats and flat
    made.append(helper.make_node("Cast", ["y"], ["y_float"], to=TensorProto.FLOAT))
    made.append(helper.make_node("Reshape", ["y_float", "flat"], ["out"]))
    held.append(numpy_helper.from_array(INTS(1, -1), "flat"))
    graph = helper.make_graph(
        made,
        "operator",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, WIDTH])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        held,
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    built.ir_version = 8
    return built.SerializeToString()


def one(op, inputs=("x",), constants=None, opset=17, **attributes):
    return model([(op, list(inputs), ["y"], attributes)], constants or {}, opset)


def cases():
    for op in "Tanh Sigmoid Relu LeakyRelu Elu Selu HardSigmoid HardSwish Softplus Softsign Mish Erf Exp Neg Abs Sign Floor Ceil Reciprocal".split():
        yield op, one(op, opset=18)
    yield "Log", model([("Abs", ["x"], ["a"], {}), ("Log", ["a"], ["y"], {})], {}, 17)
    yield "Sqrt", model([("Abs", ["x"], ["a"], {}), ("Sqrt", ["a"], ["y"], {})], {}, 17)
    yield "LeakyRelu-alpha", one("LeakyRelu", alpha=0.3)
    yield "Elu-alpha", one("Elu", alpha=0.7)
    yield "HardSigmoid-alpha", one("HardSigmoid", alpha=0.3, beta=0.4)
    yield "Gelu", one("Gelu", opset=20)
    yield "Gelu-tanh", one("Gelu", opset=20, approximate="tanh")
    yield "Clip-10", one("Clip", opset=10, min=-0.5, max=0.7)
    yield "Clip-13", one("Clip", ("x", "low", "high"), {"low": np.float32(-0.5), "high": np.float32(0.7)})
    yield "Clip-13-upper", one("Clip", ("x", "", "high"), {"high": np.float32(0.7)})
    for op in "Add Sub Mul Div Min Max".split():
        yield op, one(op, ("x", "c"), {"c": FLOAT(1, WIDTH)})
        yield f"{op}-first", one(op, ("c", "x"), {"c": FLOAT(1)})
        yield f"{op}-broadcast", one(op, ("x34", "c"), {"c": FLOAT(3, 1)})
    yield "Pow", one("Pow", ("x", "c"), {"c": np.float32(3)})
    yield "Max-three", one("Max", ("x", "c", "d"), {"c": FLOAT(WIDTH), "d": FLOAT(1)})
    yield "Gemm", one("Gemm", ("x", "w", "b"), {"w": FLOAT(WIDTH, 5), "b": FLOAT(5)}, alpha=0.5, beta=2.0)
    yield "Gemm-transB", one("Gemm", ("x", "w"), {"w": FLOAT(5, WIDTH)}, transB=1)
    yield "Gemm-scalar-bias", one("Gemm", ("x", "w", "b"), {"w": FLOAT(WIDTH, 5), "b": FLOAT(1)})
    yield "MatMul", one("MatMul", ("x", "w"), {"w": FLOAT(WIDTH, 7)})
    yield "Flatten", one("Flatten", ("x232",), axis=2)
    yield "Flatten-negative", one("Flatten", ("x232",), axis=-1)
    yield "Reshape-zero", one("Reshape", ("x34", "s"), {"s": INTS(0, 2, -1)})
    yield "Squeeze-11", one("Squeeze", ("x34",), opset=11, axes=[0])
    yield "Squeeze", one("Squeeze", ("x34", "a"), {"a": INTS(0)})
    yield "Unsqueeze", one("Unsqueeze", ("x34", "a"), {"a": INTS(1, -1)})
    yield "Transpose", one("Transpose", ("x34",), perm=[0, 2, 1])
    yield "Transpose-default", one("Transpose", ("x232",))
    yield "Slice", one("Slice", ("x34", "s", "e", "a"), {"s": INTS(1), "e": INTS(2**62), "a": INTS(-1)})
    yield "Slice-backwards", one("Slice", ("x34", "s", "e", "a", "t"), {"s": INTS(-1), "e": INTS(-(2**62)), "a": INTS(2), "t": INTS(-2)})
    yield "Slice-two", one("Slice", ("x34", "s", "e", "a", "t"), {"s": INTS(0, -3), "e": INTS(-1, 9), "a": INTS(1, 2), "t": INTS(1, 2)})
    yield "Slice-9", one("Slice", ("x34",), opset=9, starts=[1], ends=[3], axes=[1])
    yield "Gather", one("Gather", ("x34", "i"), {"i": INTS(2, -3, 1)}, axis=1)
    yield "Gather-matrix", one("Gather", ("x34", "i"), {"i": np.array([[0, 3], [-1, 1]], dtype=np.int64)}, axis=2)
    yield "Gather-scalar", one("Gather", ("x34", "i"), {"i": np.array(1, dtype=np.int64)}, axis=1)
    yield "Concat", one("Concat", ("x34", "c", "x34"), {"c": FLOAT(1, 2, 4)}, axis=1)
    yield "Concat-last", one("Concat", ("x34", "c"), {"c": FLOAT(1, 3, 2)}, axis=-1)
    join = ("Concat", ["c", "a", "b"], ["y"], {"axis": 2})
    yield "Split-11", model([("Split", ["x34"], ["a", "b", "c"], {"axis": 2, "split": [1, 2, 1]}), join], {}, 11)
    yield "Split-13", model([("Split", ["x34", "p"], ["a", "b", "c"], {"axis": 2}), join], {"p": INTS(2, 1, 1)}, 13)
    yield "Split-18", model([("Split", ["x34"], ["a", "b", "c"], {"axis": 2, "num_outputs": 3}), join], {}, 18)
    yield "Expand", one("Expand", ("x34", "s"), {"s": INTS(2, 1, 1)})
    yield "Shape", model([("Shape", ["x34"], ["s"], {}), ("Cast", ["s"], ["f"], {"to": 1}), ("Add", ["f", "first"], ["y"], {})], {"first": FLOAT(3)}, 17)
    yield "Cast", model([("Cast", ["x"], ["i"], {"to": 7}), ("Cast", ["i"], ["y"], {"to": 1})], {}, 17)
    yield "ConstantOfShape", model([("ConstantOfShape", ["s"], ["c"], {"value": numpy_helper.from_array(np.array([2.5], dtype=np.float32))}), ("Add", ["x", "c"], ["y"], {})], {"s": INTS(1, WIDTH)}, 17)
    yield "Constant", model([("Constant", [], ["c"], {"value_floats": [1.5]}), ("Mul", ["x", "c"], ["y"], {})], {}, 17)
    yield "Identity-Dropout", model([("Identity", ["x"], ["i"], {}), ("Dropout", ["i"], ["y"], {})], {}, 17)
    for op in ("Softmax", "LogSoftmax"):
        yield op, one(op, ("x34",))
        yield f"{op}-axis", one(op, ("x34",), axis=1)
        yield f"{op}-11", one(op, ("x34",), opset=11, axis=1)
    yield "LayerNormalization", one("LayerNormalization", ("x34", "g", "b"), {"g": FLOAT(4), "b": FLOAT(4)})
    yield "LayerNormalization-axis", one("LayerNormalization", ("x34", "g"), {"g": FLOAT(3, 4)}, axis=1, epsilon=1e-2)
    moments = {"g": FLOAT(3), "b": FLOAT(3), "m": FLOAT(3), "v": np.abs(FLOAT(3)) + np.float32(0.1)}
    yield "BatchNormalization", one("BatchNormalization", ("x34", "g", "b", "m", "v"), moments, opset=15)
    for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceLogSumExp"):
        yield f"{op}-18", one(op, ("x34", "a"), {"a": INTS(1)}, opset=18, keepdims=0)
        yield f"{op}-11", one(op, ("x232",), opset=11, axes=[1, -1])
        yield f"{op}-all", one(op, ("x34",), opset=18)
    yield "ArgMax", one("ArgMax", ("x34",), axis=2, keepdims=0)
    yield "ArgMax-keep", one("ArgMax", ("x34",), axis=1)
    yield "Swish", one("Swish", opset=24)
    yield "Swish-alpha", one("Swish", opset=24, alpha=0.5)


def main():
    rows = np.vstack([FLOAT(6, WIDTH), FLOAT(2, WIDTH) * 20, np.linspace(-3, 3, WIDTH, dtype=np.float32)[None], np.ones((1, WIDTH), np.float32)])
    networks = {}
    for name, data in cases():
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        outputs = [session.run(None, {"x": rows[i : i + 1]})[0].ravel().tolist() for i in range(len(rows))]
        # JSON has no NaN and no infinity
        said = [[x if np.isfinite(x) else str(x) for x in row] for row in outputs]
        networks[name] = {"onnx": base64.b64encode(data).decode(), "outputs": said}
    versions = {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}
    body = json.dumps({"versions": versions, "rows": rows.tolist(), "networks": networks}).encode()
    (FOLDER / "operators.json.gz").write_bytes(gzip.compress(body, 9, mtime=0))
    print(len(networks), "networks", versions)


main()
