"""Makes small XGBoost models with the library's own predictions: what packages/gbdt is compared with.

    python training/golden/xgb_fixtures.py packages/gbdt/test/fixtures

Run it once per version of XGBoost; each file is named after the version that made it. Needs numpy and xgboost only.
"""

import json
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb

VERSION = xgb.__version__
NAMES = ["a", "b", "c", "d", "e"]


def data(rng, n=600):
    x = rng.normal(size=(n, len(NAMES))).astype(np.float32)
    x[:, 3] = np.round(x[:, 3])  # few distinct values: rows hit thresholds of the exact method
    x[:, 4] *= np.float32(1e-3)
    y = np.digitize(np.nan_to_num(x[:, 0] * x[:, 1] + x[:, 3] + 400 * x[:, 4]) + rng.normal(size=n) * 0.5, [-0.7, 0.7])
    x[rng.random(x.shape) < 0.15] = np.nan
    return x, y


def thresholds(node_lists):
    hits = {}
    for tree in node_lists:
        for left, feature, value in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left >= 0:
                hits.setdefault(feature, set()).add(np.float32(value))
    return hits


def probe_rows(rng, model):
    """Rows as float64: random, with missing values, on thresholds, one float32 step beside them, and between two float32."""
    base = rng.normal(size=(24, len(NAMES)))
    base[:, 4] *= 1e-3
    rows = [*base, np.full(len(NAMES), np.nan), np.zeros(len(NAMES)), np.full(len(NAMES), -0.0)]
    for i in range(16):
        row = base[i].copy()
        row[rng.random(len(NAMES)) < 0.4] = np.nan
        rows.append(row)
    hits = thresholds(model["learner"]["gradient_booster"]["model"]["trees"])
    for feature, values in sorted(hits.items()):
        for t in sorted(values)[:: max(1, len(values) // 5)]:
            below = np.nextafter(t, np.float32(-np.inf), dtype=np.float32)
            half = (np.float64(t) - np.float64(below)) / 2
            # the last two are no float32: one rounds up to the threshold, one down
            for value in (np.float64(t), np.float64(below), np.float64(t) - half * 0.9, np.float64(t) - half * 1.1):
                row = base[rng.integers(len(base))].copy()
                row[feature] = value
                rows.append(row)
    return np.array(rows, dtype=np.float64)


def shortest(matrix):
    """float32 as the shortest decimals that read back as the same float32."""
    return [[float(str(v)) for v in row] for row in matrix.astype(np.float32)]


def write(out, name, booster, rng):
    model = json.loads(bytes(booster.save_raw("json")).decode(), parse_constant=lambda literal: literal)
    rows = probe_rows(rng, model)
    matrix = xgb.DMatrix(rows.astype(np.float32), feature_names=booster.feature_names)
    best = booster.attr("best_iteration")
    span = (0, 0) if best is None else (0, int(best) + 1)
    raw = booster.predict(matrix, output_margin=True, iteration_range=span)
    probability = booster.predict(matrix, iteration_range=span)
    every = booster.predict(matrix, output_margin=True)
    number = lambda v: None if np.isnan(v) else float(v)
    fixture = {
        "xgboost": VERSION,
        "rows": [[number(v) for v in row] for row in rows],
        "raw": shortest(raw),
        "raw_all_rounds": shortest(every),
        "probability": shortest(probability),
    }
    stem = f"{name}-{VERSION}"
    booster.save_model(out / f"{stem}.json")
    (out / f"{stem}.golden.json").write_text(json.dumps(fixture))
    print(stem, len(rows), "rows", (out / f"{stem}.json").stat().st_size, "bytes")


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20)
    x, y = data(rng)
    softprob = {"objective": "multi:softprob", "num_class": 3, "seed": 3, "nthread": 1}
    named = xgb.DMatrix(x, y, feature_names=NAMES)

    hist = {**softprob, "tree_method": "hist", "max_depth": 4, "eta": 0.3}
    write(out, "hist", xgb.train(hist, named, 7), np.random.default_rng(1))
    # gamma prunes: the file keeps the deleted nodes
    exact = {**softprob, "tree_method": "exact", "max_depth": 5, "gamma": 3.0, "base_score": 0.49}
    write(out, "exact-pruned", xgb.train(exact, xgb.DMatrix(x, y), 4), np.random.default_rng(2))
    forest = {**softprob, "tree_method": "hist", "max_depth": 3, "num_parallel_tree": 3, "subsample": 0.6, "colsample_bynode": 0.7}
    write(out, "parallel", xgb.train(forest, named, 3), np.random.default_rng(3))
    deep = {**softprob, "tree_method": "hist", "max_depth": 0, "max_leaves": 60, "grow_policy": "lossguide", "min_child_weight": 0.1, "lambda": 0.1}
    write(out, "lossguide", xgb.train(deep, named, 2), np.random.default_rng(4))
    held = xgb.DMatrix(*data(np.random.default_rng(21), 300), feature_names=NAMES)
    stopped = xgb.train(
        {**hist, "eta": 0.8}, named, 60, evals=[(held, "held")], early_stopping_rounds=3, verbose_eval=False
    )
    write(out, "best-iteration", stopped, np.random.default_rng(5))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
