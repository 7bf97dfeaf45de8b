"""Makes one small LightGBM model of every kind that packages/gbdt evaluates, with the library's own predictions.

    python training/golden/lgbm_kinds.py packages/gbdt/test/fixtures

Run it once per version of LightGBM; it writes kinds-lightgbm-VERSION.json.gz. Needs numpy and lightgbm only.
"""

import gzip
import json
import re
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np

CATEGORIES = 90


def data(rng, kind, n=900):
    x = rng.normal(size=(n, 4))
    x[:, 3] = rng.integers(0, CATEGORIES, n) if "categories" in kind else np.round(x[:, 3])
    x[rng.random(n) < 0.2, 1] = 0.0
    effect = np.sin(x[:, 3] * 2.7) if "categories" in kind else x[:, 3]
    signal = x[:, 0] * x[:, 1] + effect + rng.normal(size=n) * 0.4
    if "complete" not in kind:
        holes = rng.random(x.shape) < 0.12
        signal[holes[:, 0]] += 1.5
        x[holes] = np.nan
    if "infinite" in kind:
        x[rng.random(n) < 0.3, 0] = np.inf
        x[rng.random(n) < 0.3, 0] = -np.inf
        signal[np.isinf(x[:, 0])] += 2 * np.sign(x[np.isinf(x[:, 0]), 0])
    return x, signal


def labels(objective, signal):
    if objective in ("binary",):
        return (signal > 0.2).astype(int)
    if objective.startswith("multiclass"):
        return np.digitize(signal, [-0.7, 0.7])
    if objective in ("lambdarank", "rank_xendcg"):
        return np.digitize(signal, [-0.3, 0.9])
    if objective.startswith("cross_entropy"):
        return 1 / (1 + np.exp(-signal))
    if objective in ("poisson", "gamma", "tweedie"):
        return np.round(np.exp(signal / 2) * 2) + (objective == "gamma")
    return signal


FOREST = {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1, "feature_fraction": 0.8}
DART = {"boosting": "dart", "drop_rate": 0.5, "skip_drop": 0.1}
CATEGORY = {"max_cat_to_onehot": 1, "min_data_per_group": 5, "cat_smooth": 1, "cat_l2": 1}
KINDS = {
    "binary": {"objective": "binary"},
    "binary-sigmoid": {"objective": "binary", "sigmoid": 0.7},
    "binary-complete": {"objective": "binary"},
    "binary-zero-as-missing": {"objective": "binary", "zero_as_missing": True},
    "binary-no-missing": {"objective": "binary", "use_missing": False},
    "binary-infinite": {"objective": "binary"},
    "binary-dart": {"objective": "binary", **DART},
    "binary-forest": {"objective": "binary", **FOREST},
    "binary-categories": {"objective": "binary", **CATEGORY},
    "binary-categories-onehot": {"objective": "binary", **CATEGORY, "max_cat_to_onehot": 200},
    "binary-categories-complete": {"objective": "binary", **CATEGORY},
    "binary-stopped": {"objective": "binary", "learning_rate": 0.9},
    "multiclass": {"objective": "multiclass", "num_class": 3},
    "multiclass-dart": {"objective": "multiclass", "num_class": 3, **DART},
    "multiclass-forest": {"objective": "multiclass", "num_class": 3, **FOREST},
    "multiclass-categories": {"objective": "multiclass", "num_class": 3, **CATEGORY},
    "multiclassova": {"objective": "multiclassova", "num_class": 3, "sigmoid": 1.3},
    "regression": {"objective": "regression"},
    "regression-sqrt": {"objective": "regression", "reg_sqrt": True},
    "regression-forest": {"objective": "regression", **FOREST},
    "regression-dart": {"objective": "regression", **DART},
    "regression-zero-as-missing": {"objective": "regression", "zero_as_missing": True},
    "regression-infinite": {"objective": "regression"},
    "regression-one-leaf": {"objective": "regression", "min_data_in_leaf": 5000},
    "regression-deep": {"objective": "regression", "num_leaves": 90, "min_data_in_leaf": 2},
    "regression-l1": {"objective": "regression_l1"},
    "regression-huber": {"objective": "huber"},
    "regression-fair": {"objective": "fair"},
    "regression-quantile": {"objective": "quantile", "alpha": 0.3},
    "regression-mape": {"objective": "mape"},
    "regression-l1-sqrt": {"objective": "regression_l1", "reg_sqrt": True},
    "regression-fair-sqrt": {"objective": "fair", "reg_sqrt": True},
    "regression-quantile-sqrt": {"objective": "quantile", "alpha": 0.3, "reg_sqrt": True},
    "regression-mape-sqrt": {"objective": "mape", "reg_sqrt": True},
    "regression-huber-sqrt": {"objective": "huber", "reg_sqrt": True},
    "regression-poisson": {"objective": "poisson"},
    "regression-gamma": {"objective": "gamma"},
    "regression-tweedie": {"objective": "tweedie"},
    "cross-entropy": {"objective": "cross_entropy"},
    "cross-entropy-lambda": {"objective": "cross_entropy_lambda"},
    "lambdarank": {"objective": "lambdarank"},
    "rank-xendcg": {"objective": "rank_xendcg"},
}


def train(kind, parameters):
    rng = np.random.default_rng(len(kind))
    x, signal = data(rng, kind)
    objective = parameters["objective"]
    y = labels(objective, signal)
    settings = {"num_leaves": 8, "learning_rate": 0.3, "min_data_in_leaf": 8, "seed": 3, "verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    settings.update(parameters)
    names = "auto" if kind == "binary" else ["a", "b", "c", "d"]
    categorical = [3] if "categories" in kind else []
    group = [90] * 10 if objective in ("lambdarank", "rank_xendcg") else None
    train_set = lgb.Dataset(x, y, feature_name=names, categorical_feature=categorical, group=group)
    if kind.endswith("stopped"):
        held_x, held_signal = data(np.random.default_rng(99), kind, 150)
        held = lgb.Dataset(held_x, labels(objective, held_signal), reference=train_set)
        return lgb.train(settings, train_set, 60, valid_sets=[held], callbacks=[lgb.early_stopping(4, verbose=False)])
    return lgb.train(settings, train_set, 5)


def probes(rng, text, categorical):
    """Random rows, missing and infinite values, zeros and almost zeros, thresholds and their neighbours, unseen categories."""
    rows = rng.normal(size=(16, 4))
    rows[:, 3] = rng.integers(0, CATEGORIES + 8, 16) if categorical else np.round(rows[:, 3])
    rows[rng.random(rows.shape) < 0.2] = np.nan
    rows[rng.random(rows.shape) < 0.1] = 0.0
    extra = [np.full(4, v) for v in (np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, -1e-35, 2e-35, -2e-35, np.inf, -np.inf, 1e300, -1e300, 1e308)]
    blocks = re.findall(r"split_feature=(.*)\n.*\nthreshold=(.*)\ndecision_type=(.*)", text)
    for features, thresholds, decisions in blocks[:3]:
        for feature, t, decision in list(zip(features.split(), map(float, thresholds.split()), decisions.split()))[:8]:
            if int(decision) & 1:
                continue
            for v in (t, np.nextafter(t, -np.inf), np.nextafter(t, np.inf), float(np.float32(t))):
                row = rows[rng.integers(16)].copy()
                row[int(feature)] = v
                extra.append(row)
    extra = extra[:60]
    if categorical:
        for v in (0.7, 5.5, -0.4, -1.0, -7.0, 31, 32, 63, 64, 89, 90, 1000, 2147483647.0, 2147483648.0, 4e9, 1e300, -1e300):
            row = rows[0].copy()
            row[3] = v
            extra.append(row)
    return np.array([*rows, *extra])


def number(v):
    return None if np.isnan(v) else str(v) if np.isinf(v) else float(v)


def table(values):
    return [[float(v) for v in np.atleast_1d(row)] for row in values]


def main(out: Path) -> None:
    kinds = {}
    for kind, parameters in KINDS.items():
        booster = train(kind, parameters)
        text = booster.model_to_string()
        saved = lgb.Booster(model_str=text)
        rows = probes(np.random.default_rng(7), text, "categories" in kind)
        kinds[kind] = {
            "text": text,
            "rows": [[number(v) for v in row] for row in rows],
            "raw": table(saved.predict(rows, raw_score=True)),
            "prediction": table(saved.predict(rows)),
            "best_iteration": booster.best_iteration,
        }
        assert np.allclose(saved.predict(rows), booster.predict(rows), rtol=1e-12, atol=1e-12), kind
    x, signal = data(np.random.default_rng(1), "regression")
    linear = lgb.train({"objective": "regression", "linear_tree": True, "num_leaves": 4, "verbose": -1}, lgb.Dataset(x, signal), 2)
    file = out / f"kinds-lightgbm-{lgb.__version__}.json.gz"
    body = {"lightgbm": lgb.__version__, "kinds": kinds, "refused": {"linear_tree": linear.model_to_string()}}
    file.write_bytes(gzip.compress(json.dumps(body, allow_nan=False).encode(), mtime=0))
    print(file.name, len(kinds), "kinds", file.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
