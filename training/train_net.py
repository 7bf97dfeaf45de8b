"""Trains a small network of the three classes from an export of the engine's features, and writes it as ONNX.

    python training/train_net.py EXPORT.csv.gz model.onnx

EXPORT comes from `signalbox export --labels`. Writes the model and, beside it, its manifest, with golden vectors that onnxruntime
predicted. Needs onnx and onnxruntime besides requirements.lock: training/golden/requirements.txt.
"""

import numpy as np
import onnx
import onnxruntime
import sklearn
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPClassifier

import example

PARAMETERS = {"hidden_layer_sizes": (8,), "activation": "tanh", "alpha": 1e-3, "max_iter": 20, "random_state": 1}
OPSET = 17


def network(fitted, mean, sd, inputs):
    """Standardised features through the layers to probabilities, as one graph."""
    nodes, weights = [], []

    def constant(name, array):
        weights.append(numpy_helper.from_array(np.asarray(array, dtype=np.float32), name))
        return name

    def then(op, *inputs, **attributes):
        output = f"{op.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    at = then("Sub", "features", constant("mean", mean))
    at = then("Div", at, constant("sd", sd))
    for layer, (matrix, bias) in enumerate(zip(fitted.coefs_, fitted.intercepts_)):
        if layer > 0:
            at = then("Tanh", at)
        at = then("Gemm", at, constant(f"weights_{layer}", matrix), constant(f"bias_{layer}", bias))
    nodes.append(helper.make_node("Softmax", [at], ["probabilities"], axis=-1))
    row = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", inputs])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", len(example.CLASSES)])
    graph = helper.make_graph(nodes, "network", [row], [out], weights)
    model = helper.make_model(graph, producer_name="training/train_net.py", opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def main():
    arguments = example.arguments(__doc__, "model file to write, NAME.onnx")
    data = example.read(arguments.export)
    mean, sd = data.x["train"].mean(axis=0), data.x["train"].std(axis=0)
    fitted = MLPClassifier(**PARAMETERS).fit((data.x["train"] - mean) / sd, data.y["train"])
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    arguments.model.write_bytes(network(fitted, mean, sd, len(data.names)).SerializeToString())

    session = onnxruntime.InferenceSession(arguments.model.read_bytes(), providers=["CPUExecutionProvider"])
    predict = lambda x: session.run(None, {"features": x.astype(np.float32)})[0]
    # a network knows no missing value: a bar without all features is not asked about
    rows = example.golden_rows(np.random.default_rng(1), data.x["test"])
    rows = rows[~np.isnan(rows).any(axis=1)]
    example.write_manifest(
        arguments.model,
        data,
        framework={"name": "scikit-learn", "version": sklearn.__version__},
        parameters=PARAMETERS,
        trees=0,
        probability={part: predict(data.x[part]) for part in ("validation", "test")},
        vectors=example.golden(rows, predict(rows)),
    )


if __name__ == "__main__":
    main()
