"""Times one row in XGBoost's and LightGBM's Python: python python_row.py FOLDER. Prints one JSON object, microseconds a row."""

import json
import sys
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np
import xgboost as xgb


def best(call, rows):
    fastest = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for row in rows:
            call(row)
        fastest = min(fastest, time.perf_counter() - start)
    return round(fastest / len(rows) * 1e6, 3)


folder = Path(sys.argv[1])
rows = np.array(json.loads((folder / "rows.json").read_text()), dtype=np.float32)[:1000].reshape(-1, 1, 13)
booster = xgb.Booster(model_file=folder / "xgb.json")
booster.set_param({"nthread": 1})
model = lgb.Booster(model_file=folder / "lgbm.txt")
wide = rows.astype(np.float64)
print(
    json.dumps(
        {
            "xgboost_python": best(lambda row: booster.inplace_predict(row, validate_features=False), rows),
            "lightgbm_python": best(lambda row: model.predict(row, num_threads=1), wide),
            "versions": {"xgboost": xgb.__version__, "lightgbm": lgb.__version__},
        }
    )
)
