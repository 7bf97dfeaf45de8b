"""Times one row in XGBoost's and LightGBM's Python: python python_row.py FOLDER. Prints one JSON object, microseconds a row."""

import ctypes
import json
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from python_timing import batch, best


def fast_call(model, columns):
    """LightGBM's fastest call: the C function for single rows with its set-up done once, buffers reused."""
    library = lgb.basic._LIB
    config = ctypes.c_void_p()
    status = library.LGBM_BoosterPredictForMatSingleRowFastInit(
        model._handle, 0, 0, -1, 1, ctypes.c_int32(columns), ctypes.c_char_p(b"num_threads=1"), ctypes.byref(config)
    )
    if status != 0:
        raise RuntimeError("LightGBM refused the fast call")
    out = np.empty(3)
    length = ctypes.c_int64()
    result, count = out.ctypes.data_as(ctypes.POINTER(ctypes.c_double)), ctypes.byref(length)
    predict = library.LGBM_BoosterPredictForMatSingleRowFast
    return (lambda address: predict(config, address, count, result)), out


folder = Path(sys.argv[1])
rows = np.array(json.loads((folder / "rows.json").read_text()), dtype=np.float32)[:1000].reshape(-1, 1, 13)
booster = xgb.Booster(model_file=folder / "xgb.json")
booster.set_param({"nthread": 1})
model = lgb.Booster(model_file=folder / "lgbm.txt")
wide = rows.astype(np.float64)
call, out = fast_call(model, wide.shape[2])
addresses = [ctypes.c_void_p(row.ctypes.data) for row in wide]
call(addresses[7])
assert np.allclose(out, model.predict(wide[7])[0])
many = np.resize(wide.reshape(len(wide), -1), (82_206, wide.shape[2]))
many_single = many.astype(np.float32)
print(
    json.dumps(
        {
            "xgboost_python": best(lambda row: booster.inplace_predict(row, validate_features=False), rows),
            "lightgbm_python": best(lambda row: model.predict(row, num_threads=1), wide),
            "lightgbm_fast_call": best(call, addresses),
            "lightgbm_batch": batch(lambda: model.predict(many, num_threads=1)),
            "xgboost_batch": batch(lambda: booster.inplace_predict(many_single, validate_features=False)),
            "versions": {"xgboost": xgb.__version__, "lightgbm": lgb.__version__},
        }
    )
)
