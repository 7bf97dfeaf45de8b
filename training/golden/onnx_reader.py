"""Writes one ONNX file with every kind of tensor and attribute that packages/onnx reads, and what the onnx library reads in it.

    python training/golden/onnx_reader.py packages/onnx/test/fixtures
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

FOLDER = Path(sys.argv[1])
VALUES = {
    TensorProto.FLOAT: [1.5, -0.1, 3e38, 0.0, -0.0, 1e-40],
    TensorProto.DOUBLE: [1.5, -0.1, 3e300, 0.0, 5e-324, 7.0],
    TensorProto.INT32: [-(2**31), 2**31 - 1, 0, 1, -1, 5],
    TensorProto.INT64: [-(2**63), 2**53, 0, 1, -1, 2**40],
    TensorProto.UINT8: [0, 255, 1, 2, 3, 4],
    TensorProto.INT8: [-128, 127, 0, 1, 2, 3],
    TensorProto.UINT16: [0, 65535, 1, 2, 3, 4],
    TensorProto.INT16: [-32768, 32767, 0, 1, 2, 3],
    TensorProto.UINT32: [0, 2**32 - 1, 1, 2, 3, 4],
    TensorProto.UINT64: [0, 2**53, 1, 2, 3, 4],
    TensorProto.BOOL: [True, False, True, True, False, False],
}


def tensors():
    made, expected = [], {}
    for kind, values in VALUES.items():
        dtype = helper.tensor_dtype_to_np_dtype(kind)
        for raw in (False, True):
            name = f"{TensorProto.DataType.Name(kind)}_{'raw' if raw else 'list'}"
            array = np.array(values, dtype=dtype)
            data = array.tobytes() if raw else values
            tensor = helper.make_tensor(name, kind, [2, 3], data, raw=raw)
            made.append(tensor)
            expected[name] = [float(x) for x in onnx.numpy_helper.to_array(tensor).ravel()]
    made.append(helper.make_tensor("STRING_list", TensorProto.STRING, [2], [b"long", "kürzer".encode()]))
    made.append(helper.make_tensor("scalar", TensorProto.FLOAT, [], [2.5]))
    made.append(helper.make_tensor("none", TensorProto.FLOAT, [0], []))
    return made, expected


def main():
    made, expected = tensors()
    node = helper.make_node(
        "Everything",
        ["x", "", "scalar"],
        ["y"],
        name="all of it",
        domain="ai.onnx.ml",
        float=0.25,
        int=-7,
        wide=2**60,
        text="BRANCH_LEQ",
        floats=[1.0, -0.1],
        ints=[3, -1, 2**62],
        texts=["LEAF", "BRANCH_LEQ", "LEAF"],
        tensor=helper.make_tensor("inner", TensorProto.FLOAT, [2], [1.0, 2.0]),
    )
    graph = helper.make_graph(
        [node],
        "reader",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3]),
            helper.make_tensor_value_info("scalar", TensorProto.FLOAT, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, None), helper.make_empty_tensor_value_info("anything")],
        made,
    )
    model = helper.make_model(
        graph,
        producer_name="fixture",
        producer_version="7",
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)],
    )
    model.ir_version = 10
    helper.set_model_props(model, {"trained_on": "simulated", "note": "zwölf"})
    (FOLDER / "reader.onnx").write_bytes(model.SerializeToString())
    (FOLDER / "reader.json").write_text(json.dumps({"onnx": onnx.__version__, "tensors": expected}, indent=1) + "\n")


main()
