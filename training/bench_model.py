"""Makes the models of the benchmark: 300 trees of depth 6 (100 rounds x 3 classes) on noise, with XGBoost and LightGBM.

    python training/bench_model.py OUT_DIR

Writes xgb.json, lgbm.txt and rows.json (4,096 rows of 13 values). A benchmark model predicts nothing.
"""

import json
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import xgboost as xgb

FEATURES = 13
ROUNDS = 100


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    x = rng.normal(size=(40_000, FEATURES)).astype(np.float32)
    y = np.digitize(x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + rng.normal(size=len(x)), [-0.6, 0.6])
    names = [f"f{i}" for i in range(FEATURES)]
    booster = xgb.train(
        {"objective": "multi:softprob", "num_class": 3, "max_depth": 6, "eta": 0.1, "tree_method": "hist", "seed": 1},
        xgb.DMatrix(x, y, feature_names=names),
        ROUNDS,
    )
    booster.save_model(out / "xgb.json")
    model = lgb.train(
        {"objective": "multiclass", "num_class": 3, "max_depth": 6, "num_leaves": 63, "learning_rate": 0.1, "verbose": -1, "seed": 1},
        lgb.Dataset(x, y, feature_name=names),
        ROUNDS,
    )
    model.save_model(out / "lgbm.txt")
    rows = rng.normal(size=(4096, FEATURES)).astype(np.float32)
    (out / "rows.json").write_text(json.dumps(rows.astype(float).tolist()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
