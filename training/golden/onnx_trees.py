"""Makes small tree models as ONNX files, by the converters and by hand, with onnxruntime's predictions and the trainers' own.

    python training/golden/onnx_trees.py packages/gbdt/test/fixtures

Writes kinds-onnx.json.gz. Needs what training/golden/requirements.txt lists.
"""

import base64
import gzip
import json
import sys
import warnings
from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnx
import onnxmltools
import onnxruntime as ort
import skl2onnx
import sklearn
import xgboost as xgb
from onnx import TensorProto, helper
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx.common.data_types import FloatTensorType as SklFloat
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor

warnings.filterwarnings("ignore")
F32 = np.float32
CATEGORIES = 12


def data(seed, categorical=False, missing=True, n=600):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(F32)
    x[:, 3] = rng.integers(0, CATEGORIES, n) if categorical else np.round(x[:, 3])
    effect = np.sin(x[:, 3] * 2.7) if categorical else x[:, 3]
    signal = x[:, 0] * x[:, 1] + effect + rng.normal(size=n) * 0.4
    if missing:
        x[rng.random(x.shape) < 0.12] = np.nan
        if categorical:
            x[:, 3] = np.nan_to_num(x[:, 3])
    return x, signal


def labels(kind, signal):
    if "multi" in kind:
        return np.digitize(signal, [-0.7, 0.7])
    if "binary" in kind:
        return (signal > 0.2).astype(int)
    if "counts" in kind:
        return np.round(np.exp(signal / 2) * 2)
    return signal


SMALL = {"n_estimators": 5, "max_depth": 3, "n_jobs": 1, "random_state": 3}
XGB = {
    "xgb-binary": {},
    "xgb-binary-base": {"base_score": 0.2},
    "xgb-multi": {},
    "xgb-multi-deep": {"max_depth": 7, "n_estimators": 12},
    "xgb-regression": {},
    "xgb-regression-base": {"base_score": -1.5},
    "xgb-counts-poisson": {"objective": "count:poisson"},
    "xgb-binary-categories": {"enable_categorical": True},
    "xgb-binary-hinge": {"objective": "binary:hinge"},
}
LGBM = {
    "lgbm-binary": {},
    "lgbm-multi": {},
    "lgbm-multi-many": {"n_estimators": 40, "max_depth": -1, "num_leaves": 15},
    "lgbm-regression": {},
    "lgbm-regression-split": {"split": 2},
    "lgbm-counts-poisson": {"objective": "poisson"},
    "lgbm-binary-rf": {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1, "n_estimators": 100},
    "lgbm-regression-rf": {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1, "n_estimators": 100},
    "lgbm-binary-categories": {"categorical": True},
}


def classifies(kind):
    return "multi" in kind or "binary" in kind


def make_xgb(kind, parameters):
    categorical = "categories" in kind
    x, signal = data(len(kind), categorical)
    y = labels(kind, signal)
    model = (xgb.XGBClassifier if classifies(kind) else xgb.XGBRegressor)(**{**SMALL, **parameters}, feature_types=["q", "q", "q", "c"] if categorical else None)
    model.fit(x, y)
    file = onnxmltools.convert_xgboost(model, initial_types=[("input", FloatTensorType([None, 4]))], target_opset=15)
    return file, lambda rows: model.predict_proba(rows) if classifies(kind) else model.predict(rows)


def make_lgbm(kind, parameters):
    parameters = dict(parameters)
    categorical = parameters.pop("categorical", False)
    split = parameters.pop("split", None)
    x, signal = data(len(kind), categorical)
    y = labels(kind, signal)
    model = (lgb.LGBMClassifier if classifies(kind) else lgb.LGBMRegressor)(**{**SMALL, **parameters}, verbose=-1)
    model.fit(x, y, categorical_feature=[3] if categorical else "auto")
    options = {"split": split} if split else {}
    if classifies(kind):
        options["zipmap"] = False
    file = onnxmltools.convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, 4]))], target_opset=15, **options)
    return file, lambda rows: model.predict_proba(rows) if classifies(kind) else model.predict(rows)


def make_sklearn(kind):
    x, signal = data(len(kind), missing=False)
    y = labels(kind, signal)
    model = {
        "sklearn-multi-forest": RandomForestClassifier(n_estimators=6, max_depth=4, random_state=2),
        "sklearn-binary-forest": RandomForestClassifier(n_estimators=6, max_depth=4, random_state=2),
        "sklearn-regression-forest": RandomForestRegressor(n_estimators=6, max_depth=4, random_state=2),
        "sklearn-binary-boosting": GradientBoostingClassifier(n_estimators=6, max_depth=3, random_state=2),
        "sklearn-multi-boosting": GradientBoostingClassifier(n_estimators=6, max_depth=3, random_state=2),
    }[kind].fit(x, y)
    types = [("input", SklFloat([None, 4]))]
    options = {id(model): {"zipmap": False}} if classifies(kind) else None
    file = skl2onnx.convert_sklearn(model, initial_types=types, options=options, target_opset={"": 15, "ai.onnx.ml": 3})
    return file, None


def ensemble(op, attributes, opset=3, inputs=4, kind=TensorProto.FLOAT):
    """A graph of one hand-made node."""
    classifier = op == "TreeEnsembleClassifier"
    names = ["label", "scores"] if classifier else ["scores"]
    node = helper.make_node(op, ["input"], names, domain="ai.onnx.ml", **attributes)
    out = TensorProto.DOUBLE if kind == TensorProto.DOUBLE and op == "TreeEnsemble" else TensorProto.FLOAT
    outputs = [helper.make_tensor_value_info("scores", out, [None, None])]
    if classifier:
        outputs = [helper.make_tensor_value_info("label", TensorProto.INT64, [None]), *outputs]
    graph = helper.make_graph([node], "hand", [helper.make_tensor_value_info("input", kind, [None, inputs])], outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", opset)])
    model.ir_version = 8
    return model


def stumps(modes, thresholds, tracks, features=None):
    """One tree per mode: a split with the leaves 2k+1 (true) and 2k+2 (false), all binary fractions."""
    n = len(modes)
    per = [[mode, "LEAF", "LEAF"] for mode in modes]
    return {
        "nodes_treeids": [t for t in range(n) for _ in range(3)],
        "nodes_nodeids": [0, 1, 2] * n,
        "nodes_featureids": [f for t in range(n) for f in ((features or [t % 4] * 1 * n)[t] if features else t % 4, 0, 0)],
        "nodes_modes": [m for tree in per for m in tree],
        "nodes_values": [v for t in range(n) for v in (float(thresholds[t]), 0.0, 0.0)],
        "nodes_truenodeids": [1, 0, 0] * n,
        "nodes_falsenodeids": [2, 0, 0] * n,
        "nodes_missing_value_tracks_true": [v for t in range(n) for v in (tracks[t], 0, 0)],
    }


def regressor(nodes, weights, n_targets=1, **more):
    """`weights`: (tree, node, target, weight)."""
    t, n, k, w = zip(*weights)
    return ensemble("TreeEnsembleRegressor", {**nodes, "target_treeids": t, "target_nodeids": n, "target_ids": k, "target_weights": [float(x) for x in w], "n_targets": n_targets, **more})


def classifier(nodes, weights, classes, **more):
    t, n, k, w = zip(*weights)
    return ensemble("TreeEnsembleClassifier", {**nodes, "class_treeids": t, "class_nodeids": n, "class_ids": k, "class_weights": [float(x) for x in w], "classlabels_int64s": list(range(classes)), **more})


MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def powers(n):
    return [(t, 1 + side, 0, 2.0 ** (2 * t + side - 12)) for t in range(n) for side in (0, 1)]


def scores(n, k):
    """Leaves of both signs, spread over k outputs."""
    rng = np.random.default_rng(n * 10 + k)
    return [(t, 1 + side, t % k, round(float(rng.normal()), 3)) for t in range(n) for side in (0, 1)]


def hand_made():
    """(name, model): every mode, treatment of missing values, aggregate and transform."""
    two = [0.5, 0.5, 0.25, -0.25, 1.0, 1.0] * 2
    yield "hand-modes", regressor(stumps(MODES * 2, two, [0] * 6 + [1] * 6), powers(12))
    for mode in MODES:
        yield f"hand-{mode}", regressor(stumps([mode] * 4, [0.5, -0.0, 1.5, 2.0], [0, 1, 0, 1]), powers(4))
    far = [np.inf, -np.inf, np.inf, -np.inf, np.inf, -np.inf, np.inf, -np.inf]
    yield "hand-infinite-thresholds", regressor(stumps(["BRANCH_LEQ", "BRANCH_LEQ", "BRANCH_LT", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GTE", "BRANCH_GT", "BRANCH_GT"], far, [0, 1] * 4, [0, 1, 2, 3, 0, 1, 2, 3]), powers(8))
    nodes = stumps(["BRANCH_LEQ"] * 7, [0.1, -0.3, 0.7, 0.0, 0.33, -0.9, 1.1], [0, 1, 0, 1, 0, 1, 0])
    yield "hand-average", regressor(nodes, scores(7, 1), aggregate_function="AVERAGE", base_values=[0.3])
    yield "hand-two-targets", regressor(nodes, scores(7, 2), 2, base_values=[0.3, -0.1])
    yield "hand-two-targets-average", regressor(nodes, scores(7, 2), 2, aggregate_function="AVERAGE", base_values=[0.3, -0.1])
    for transform in ("SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"):
        yield f"hand-three-targets-{transform}", regressor(nodes, scores(7, 3), 3, post_transform=transform)
        yield f"hand-three-classes-{transform}", classifier(nodes, scores(7, 3), 3, post_transform=transform, base_values=[0.1, -0.2, 0.3])
    zeros = [(t, n, k, w if k < 2 else 0.0) for t, n, k, w in scores(7, 3)]
    yield "hand-three-classes-with-zero", classifier(nodes, zeros, 3, post_transform="SOFTMAX_ZERO")
    yield "hand-three-classes-NONE", classifier(nodes, scores(7, 3), 3)
    probabilities = [(t, 1 + side, t % 2, 0.05 + 0.1 * side + 0.01 * t) for t in range(7) for side in (0, 1)]
    yield "hand-probit", regressor(nodes, [(t, n, 0, w) for t, n, _, w in probabilities], post_transform="PROBIT")
    yield "hand-two-targets-PROBIT", regressor(nodes, probabilities, 2, post_transform="PROBIT", base_values=[0.1, 0.2])
    positive = [(t, 1 + side, 0, 0.02 + 0.13 * side) for t in range(7) for side in (0, 1)]
    for transform in ("NONE", "LOGISTIC"):
        yield f"hand-two-classes-one-score-{transform}", classifier(nodes, scores(7, 1), 2, post_transform=transform)
        yield f"hand-two-classes-one-score-base-{transform}", classifier(nodes, scores(7, 1), 2, post_transform=transform, base_values=[-0.4])
        yield f"hand-two-classes-two-scores-{transform}", classifier(nodes, scores(7, 2), 2, post_transform=transform)
        yield f"hand-two-classes-positive-{transform}", classifier(nodes, positive, 2, post_transform=transform)
        yield f"hand-two-classes-two-bases-{transform}", classifier(nodes, scores(7, 1), 2, post_transform=transform, base_values=[0.2, 0.4])
        yield f"hand-two-classes-two-scores-bases-{transform}", classifier(nodes, scores(7, 2), 2, post_transform=transform, base_values=[0.2, 0.4])
        yield f"hand-two-classes-second-score-{transform}", classifier(nodes, [(t, n, 1, w) for t, n, _, w in scores(7, 1)], 2, post_transform=transform)
        yield f"hand-one-target-{transform}", regressor(nodes, scores(7, 1), post_transform=transform)
    yield "hand-two-classes-two-scores-SOFTMAX", classifier(nodes, scores(7, 2), 2, post_transform="SOFTMAX")
    yield "hand-two-classes-one-score-SOFTMAX", classifier(nodes, scores(7, 1), 2, post_transform="SOFTMAX")
    yield "hand-stump-of-one-leaf", regressor({k: v[-1:] for k, v in stumps(["BRANCH_LEQ"], [0.5], [0]).items()} | {"nodes_nodeids": [0]}, [(0, 0, 0, 0.75)], base_values=[0.25])
    double = dict(nodes)
    double["nodes_values_as_tensor"] = helper.make_tensor("v", TensorProto.DOUBLE, [21], double.pop("nodes_values"))
    double |= {"target_treeids": [t for t in range(7) for _ in (0, 1)], "target_nodeids": [1, 2] * 7, "target_ids": [0] * 14, "n_targets": 1}
    double["target_weights_as_tensor"] = helper.make_tensor("w", TensorProto.DOUBLE, [14], [w for _, _, _, w in scores(7, 1)])
    yield "hand-double", ensemble("TreeEnsembleRegressor", double, kind=TensorProto.DOUBLE)
    yield "hand-columns", columns(regressor(nodes, scores(7, 1)))
    for norm in ("L1", "L2"):
        yield f"hand-normalized-{norm}", then(regressor(nodes, scores(7, 3), 3), helper.make_node("Normalizer", ["numbers"], ["scores"], domain="ai.onnx.ml", norm=norm))
    yield "hand-softmax-after", then(regressor(nodes, scores(7, 3), 3), helper.make_node("Softmax", ["numbers"], ["scores"], axis=-1))
    yield "hand-sigmoid-after", then(regressor(nodes, scores(7, 3), 3), helper.make_node("Sigmoid", ["numbers"], ["scores"]))
    yield "hand-min", regressor(nodes, scores(7, 1), aggregate_function="MIN")


def then(model, node):
    """With a node behind it."""
    model.graph.node[0].output[-1] = "numbers"
    model.graph.node.append(node)
    return model


def columns(model):
    """The same with an input for each column, as converters make of a table."""
    graph = model.graph
    graph.node.insert(0, helper.make_node("Concat", list("abcd"), ["joined"], axis=1))
    graph.node[1].input[0] = "joined"
    del graph.input[:]
    graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in "abcd")
    return model


def version5():
    def tensor(name, values, kind=TensorProto.FLOAT):
        return helper.make_tensor(name, kind, [len(values)], values)

    for name, kind in (("v5-float", TensorProto.FLOAT), ("v5-double", TensorProto.DOUBLE)):
        # two trees: 0: x0 <= .1 ? (x1 in {1, 3} ? l0 : l1) : (x2 > -.3 ? l2 : l3); 1: x3 != 2 ? l4 : l5
        yield name, ensemble(
            "TreeEnsemble",
            {
                "nodes_featureids": [0, 1, 2, 3],
                "nodes_modes": helper.make_tensor("m", TensorProto.UINT8, [4], [0, 6, 3, 5]),
                "nodes_splits": tensor("s", [0.1, 0.0, -0.3, 2.0], kind),
                "nodes_truenodeids": [1, 0, 2, 4],
                "nodes_trueleafs": [0, 1, 1, 1],
                "nodes_falsenodeids": [2, 1, 3, 5],
                "nodes_falseleafs": [0, 1, 1, 1],
                "nodes_missing_value_tracks_true": [1, 0, 1, 0],
                "membership_values": tensor("v", [1.0, 3.0, np.nan], kind),
                "leaf_targetids": [0, 1, 0, 1, 0, 1],
                "leaf_weights": tensor("w", [0.1, 0.2, 0.3, -0.4, 0.55, -0.66], kind),
                "tree_roots": [0, 3],
                "n_targets": 2,
                "post_transform": 0,
                "aggregate_function": 1,
            },
            opset=5,
            kind=kind,
        )


def thresholds(model):
    """(feature, value) of the first splits of each ensemble."""
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if "nodes_values" in attributes or "nodes_values_as_tensor" in attributes:
            values = attributes.get("nodes_values") or onnx.numpy_helper.to_array(attributes["nodes_values_as_tensor"])
            modes = attributes["nodes_modes"]
            for mode, feature, value in zip(modes, attributes["nodes_featureids"], values):
                if mode != b"LEAF":
                    yield int(feature), float(value)
        elif "nodes_splits" in attributes:
            yield from zip(attributes["nodes_featureids"], map(float, onnx.numpy_helper.to_array(attributes["nodes_splits"])))


def probes(model, kind):
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(14, 4))
    rows[:, 3] = rng.integers(-1, CATEGORIES + 3, 14) if "categories" in kind else np.round(rows[:, 3])
    full = rows.copy()
    rows[rng.random(rows.shape) < 0.25] = np.nan
    extra = [np.full(4, np.nan), np.zeros(4), np.full(4, -0.0), np.array([1e-40, -1e-45, 1e30, 0]), np.full(4, np.inf), np.full(4, -np.inf)]
    for v in (1.0, 1.5, 2.0, 3.0, 5.5):
        extra.append(np.full(4, v))
    far = full[:8].copy()
    far[rng.random(far.shape) < 0.5] = np.inf
    far[rng.random(far.shape) < 0.3] = -np.inf
    seen = list(dict.fromkeys(thresholds(model)))
    for feature, value in [seen[i] for i in rng.permutation(len(seen))[:14]]:
        t = F32(value)
        for v in (t, np.nextafter(t, F32(-np.inf), dtype=F32), np.nextafter(t, F32(np.inf), dtype=F32)):
            row = full[rng.integers(14)].copy()
            row[feature] = v
            extra.append(row)
    if "double" in kind:
        for feature, value in seen[:8]:
            for v in (value, np.nextafter(value, -np.inf), np.nextafter(value, np.inf)):
                row = full[rng.integers(14)].copy()
                row[feature] = v
                extra.append(row)
    if "categories" in kind:
        for v in (0.7, 5.5, 11, 12, 64, -1.0, -0.4, 1e6):
            row = full[0].copy()
            row[3] = v
            extra.append(row)
    return np.array([*rows, *far, *extra])


def session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(model, rows):
    s = session(model)
    inputs = s.get_inputs()
    dtype = np.float64 if inputs[0].type == "tensor(double)" else F32
    x = rows.astype(dtype)
    feed = {inputs[0].name: x} if len(inputs) == 1 else {i.name: x[:, [k]] for k, i in enumerate(inputs)}
    found = dict(zip([o.name for o in s.get_outputs()], s.run(None, feed)))
    numbers = [v for v in found.values() if v.dtype in (F32, np.float64)]
    integers = [v for v in found.values() if v.dtype == np.int64]
    assert len(numbers) == 1, found.keys()
    return numbers[0].reshape(len(rows), -1), integers[0].ravel() if integers else None


def number(v):
    return None if np.isnan(v) else str(v) if np.isinf(v) else float(v)


def record(kind, model, native):
    rows = probes(model, kind)
    output, label = run(model, rows)
    entry = {
        "onnx": base64.b64encode(model.SerializeToString()).decode(),
        "rows": [[number(v) for v in row] for row in rows],
        "output": [[number(v) for v in row] for row in output.astype(np.float64)],
    }
    if label is not None:
        entry["label"] = [int(v) for v in label]
    if native is not None:
        # what a library refuses (infinities) is left out
        finite = ~np.isinf(rows).any(axis=1)
        own = np.asarray(native(rows[finite].astype(F32)), dtype=np.float64).reshape(finite.sum(), -1)
        entry["native"] = {"rows": np.flatnonzero(finite).tolist(), "output": own.tolist()}
    return entry


def main(out: Path):
    kinds, refused = {}, {}
    # where runtimes contradict each other, or what is not evaluated: refused, never guessed
    unclear = ("two-bases", "two-scores-bases", "second-score", "one-score-SOFTMAX", "one-target-LOGISTIC", "hand-min")
    makers = [(k, lambda k=k, p=p: make_xgb(k, p)) for k, p in XGB.items()]
    makers += [(k, lambda k=k, p=p: make_lgbm(k, p)) for k, p in LGBM.items()]
    makers += [(k, lambda k=k: make_sklearn(k)) for k in (
        "sklearn-multi-forest", "sklearn-binary-forest", "sklearn-regression-forest", "sklearn-binary-boosting", "sklearn-multi-boosting",
    )]
    makers += [(k, lambda m=m: (m, None)) for k, m in [*hand_made(), *version5()]]
    for kind, make in makers:
        if any(part in kind for part in unclear):
            refused[kind] = base64.b64encode(make()[0].SerializeToString()).decode()
            continue
        try:
            kinds[kind] = record(kind, *make())
        except Exception:
            print(kind, "cannot be made")
            raise
    x, signal = data(1)
    model = lgb.LGBMClassifier(**SMALL, verbose=-1).fit(x, labels("multi", signal))
    mapped = onnxmltools.convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, 4]))], target_opset=15)
    refused["ZipMap"] = base64.b64encode(mapped.SerializeToString()).decode()
    versions = {m.__name__: m.__version__ for m in (xgb, lgb, sklearn, onnx, onnxmltools, skl2onnx, ort)}
    file = out / "kinds-onnx.json.gz"
    text = json.dumps({"versions": versions, "kinds": kinds, "refused": refused}, allow_nan=False)
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(file.name, len(kinds), "kinds", file.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
