"""Makes one small XGBoost model of every kind that packages/gbdt evaluates, as JSON and UBJSON, with the library's own predictions.

    python training/golden/xgb_kinds.py packages/gbdt/test/fixtures

Run it once per version of XGBoost; it writes kinds-xgboost-VERSION.json.gz. Needs numpy and xgboost only.
"""

import base64
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb

VERSION = xgb.__version__
MAJOR = int(VERSION.split(".")[0])
NAMES = ["a", "b", "c", "d"]
CATEGORIES = 40


def data(rng, categorical, n=700):
    x = rng.normal(size=(n, 4)).astype(np.float32)
    x[:, 3] = rng.integers(0, CATEGORIES, n) if categorical else np.round(x[:, 3])
    effect = np.sin(x[:, 3] * 2.7) if categorical else x[:, 3]
    signal = x[:, 0] * x[:, 1] + effect + rng.normal(size=n) * 0.4
    x[rng.random(x.shape) < 0.12] = np.nan
    return x, signal


def labels(kind, signal):
    if kind.startswith(("binary", "logistic")):
        return (signal > 0.2).astype(int)
    if kind.startswith("multi"):
        return np.digitize(signal, [-0.7, 0.7])
    if kind.startswith("rank"):
        return np.digitize(signal, [-0.3, 0.9]).clip(0, 1 if "map" in kind else 2)
    if kind.startswith("probability"):
        return 1 / (1 + np.exp(-signal))
    if kind.startswith("targets"):
        return np.stack([signal, signal**2], axis=1)
    if kind.startswith("counts"):
        return np.round(np.exp(signal / 2) * 2)
    if kind.startswith("positive"):
        return np.exp(signal / 2)
    return signal


KINDS = {
    "binary-logistic": {"objective": "binary:logistic"},
    "binary-logistic-base": {"objective": "binary:logistic", "base_score": 0.21},
    "binary-logitraw": {"objective": "binary:logitraw"},
    "binary-logitraw-base": {"objective": "binary:logitraw", "base_score": 0.3},
    "binary-hinge": {"objective": "binary:hinge"},
    "binary-forest": {"objective": "binary:logistic", "num_parallel_tree": 4, "subsample": 0.6, "colsample_bynode": 0.7, "eta": 1.0},
    "binary-dart": {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.4, "one_drop": 1, "skip_drop": 0.1},
    "binary-stopped": {"objective": "binary:logistic", "eta": 1.0},
    "probability-reg-logistic": {"objective": "reg:logistic"},
    "regression-squarederror": {"objective": "reg:squarederror"},
    "regression-squarederror-base": {"objective": "reg:squarederror", "base_score": -1.75},
    "regression-absoluteerror": {"objective": "reg:absoluteerror"},
    "regression-pseudohuber": {"objective": "reg:pseudohubererror"},
    "regression-dart": {"objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.5, "one_drop": 1},
    "positive-squaredlogerror": {"objective": "reg:squaredlogerror"},
    "counts-poisson": {"objective": "count:poisson"},
    "positive-gamma": {"objective": "reg:gamma"},
    "positive-gamma-base": {"objective": "reg:gamma", "base_score": 1.4},
    "counts-tweedie": {"objective": "reg:tweedie"},
    "positive-cox": {"objective": "survival:cox"},
    "positive-aft": {"objective": "survival:aft"},
    "multi-softprob": {"objective": "multi:softprob", "num_class": 3},
    "multi-softmax": {"objective": "multi:softmax", "num_class": 3},
    "multi-dart": {"objective": "multi:softprob", "num_class": 3, "booster": "dart", "rate_drop": 0.5, "one_drop": 1},
    "rank-pairwise": {"objective": "rank:pairwise"},
    "rank-ndcg": {"objective": "rank:ndcg"},
    "rank-map": {"objective": "rank:map"},
    "targets-two": {"objective": "reg:squarederror"},
    "binary-categories-partition": {"objective": "binary:logistic", "max_cat_to_onehot": 1},
    "binary-categories-onehot": {"objective": "binary:logistic", "max_cat_to_onehot": 100, "max_depth": 5},
    "multi-categories-partition": {"objective": "multi:softprob", "num_class": 3, "max_cat_to_onehot": 1},
}
if MAJOR >= 2:
    KINDS["regression-quantile"] = {"objective": "reg:quantileerror", "quantile_alpha": 0.3}
    KINDS["regression-quantiles"] = {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}


def train(kind, parameters):
    categorical = "categories" in kind
    types = ["q", "q", "q", "c"] if categorical else None
    rng = np.random.default_rng(len(kind))
    x, signal = data(rng, categorical)
    y = labels(kind, signal)
    matrix = xgb.DMatrix(x, y, feature_names=NAMES, feature_types=types, enable_categorical=categorical)
    if kind.startswith("rank"):
        matrix.set_group([70] * 10)
    if kind.endswith("aft"):
        matrix.set_float_info("label_lower_bound", y)
        matrix.set_float_info("label_upper_bound", y * 1.3)
    settings = {"tree_method": "hist", "max_depth": 3, "eta": 0.4, "seed": 3, "nthread": 1, **parameters}
    if kind.endswith("stopped"):
        held_x, held_signal = data(np.random.default_rng(99), False, 120)
        held = xgb.DMatrix(held_x, labels(kind, held_signal), feature_names=NAMES)
        return xgb.train(settings, matrix, 40, evals=[(held, "held")], early_stopping_rounds=4, verbose_eval=False), types
    return xgb.train(settings, matrix, 4), types


def probes(rng, booster, categorical):
    """Random rows, missing values, values on thresholds and one float32 beside, and categories that training never saw."""
    rows = rng.normal(size=(14, 4))
    rows[:, 3] = rng.integers(0, CATEGORIES + 3, 14) if categorical else np.round(rows[:, 3])
    rows[rng.random(rows.shape) < 0.2] = np.nan
    extra = [np.full(4, np.nan), np.zeros(4), np.full(4, -0.0), np.array([1e-40, -1e-46, 1e30, 0])]
    model = json.loads(bytes(booster.save_raw("json")).decode(), parse_constant=lambda literal: literal)
    booster_model = model["learner"]["gradient_booster"]
    trees = (booster_model.get("gbtree") or booster_model)["model"]["trees"]
    for tree in trees[:3]:
        for left, feature, value, kind in zip(*(tree[k] for k in ("left_children", "split_indices", "split_conditions", "split_type"))):
            if left >= 0 and not kind:
                t = np.float32(value)
                below = np.nextafter(t, np.float32(-np.inf), dtype=np.float32)
                half = (np.float64(t) - np.float64(below)) / 2
                for v in (t, below, np.float64(t) - half * 0.9, np.float64(t) - half * 1.1):
                    row = rows[rng.integers(14)].copy()
                    row[feature] = v
                    extra.append(row)
    if categorical:
        for v in (0.7, 5.5, 39, 40, 63, 64, 1000, 16777215, -1.0, -0.4, 16777216.0, 4e9):
            row = rows[0].copy()
            row[3] = v
            extra.append(row)
    return np.array([*rows, *extra[:40]])


def shortest(matrix):
    """float32 as the shortest decimals that read back as the same float32."""
    return [[float(str(v)) for v in np.atleast_1d(row)] for row in np.asarray(matrix, dtype=np.float32)]


def number(v):
    return None if np.isnan(v) else str(v) if np.isinf(v) else float(v)


def main(out: Path) -> None:
    kinds = {}
    for kind, parameters in KINDS.items():
        booster, types = train(kind, parameters)
        rows = probes(np.random.default_rng(7), booster, "categories" in kind)
        span = (0, booster.best_iteration + 1) if kind.endswith("stopped") else (0, 0)
        matrix = xgb.DMatrix(rows.astype(np.float32), feature_names=NAMES, feature_types=types, enable_categorical=types is not None)
        raw = shortest(booster.predict(matrix, output_margin=True, iteration_range=span))
        prediction = shortest(booster.predict(matrix, iteration_range=span))
        if types is None and booster.attr("best_iteration") is None and "booster" not in parameters:
            # a DMatrix refuses infinities; prediction in place takes them, but rounds dart in another order
            far = np.nan_to_num(rows[:12].astype(np.float32))
            far[np.random.default_rng(8).random(far.shape) < 0.5] = np.inf
            far[np.random.default_rng(9).random(far.shape) < 0.3] = -np.inf
            place = {"validate_features": False, "missing": np.nan}
            raw += shortest(booster.inplace_predict(far, predict_type="margin", **place))
            prediction += shortest(booster.inplace_predict(far, **place))
            rows = np.vstack([rows, far])
        kinds[kind] = {
            "json": bytes(booster.save_raw("json")).decode(),
            "ubj": base64.b64encode(bytes(booster.save_raw("ubj"))).decode(),
            "rows": [[number(v) for v in row] for row in rows],
            "raw": raw,
            "prediction": prediction,
        }
    linear = xgb.train({"booster": "gblinear", "nthread": 1}, xgb.DMatrix(*data(np.random.default_rng(1), False)), 2)
    refused = {"gblinear": base64.b64encode(bytes(linear.save_raw("ubj"))).decode()}
    if MAJOR >= 2:
        x, signal = data(np.random.default_rng(1), False)
        vector = xgb.train(
            {"multi_strategy": "multi_output_tree", "tree_method": "hist", "nthread": 1, "max_depth": 2},
            xgb.DMatrix(x, labels("targets", signal)),
            2,
        )
        refused["multi_output_tree"] = base64.b64encode(bytes(vector.save_raw("ubj"))).decode()
    file = out / f"kinds-xgboost-{VERSION}.json.gz"
    text = json.dumps({"xgboost": VERSION, "kinds": kinds, "refused": refused}, allow_nan=False)
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(file.name, len(kinds), "kinds", file.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
