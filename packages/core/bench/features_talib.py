"""The same 13 columns with TA-Lib and numpy: features_talib.py INPUT.json OUT.bin. Called by features.mjs."""

import json
import sys
import time

import numpy as np
import talib

given = json.load(open(sys.argv[1]))
high, low, close, completion = (np.array(given[k]) for k in ("high", "low", "close", "completion"))
series = {s["name"]: (np.array(s["availableAt"]), np.array(s["values"], dtype=float)) for s in given["series"]}


def features():
    out = np.empty((len(close), 13))
    for column, k in enumerate((1, 12, 48)):
        out[:k, column] = np.nan
        np.clip(np.log(close[k:] / close[:-k]), -0.05, 0.05, out=out[k:, column])
    out[:, 3] = talib.RSI(close, 9) / 100
    out[:, 4] = talib.ATR(high, low, close, 10) / close * 100
    out[:, 5] = talib.ADX(high, low, close, 14) / 100
    latest, change = {}, {}
    for name, (available, values) in series.items():
        at = np.searchsorted(available, completion, side="right") - 1
        latest[name] = values[at]
        change[name] = (values[1:] / values[:-1] - 1)[at - 1]
    out[:, 6] = np.clip((latest["dxy"] - 100.21) / 5.60, -4, 4)
    out[:, 7] = np.clip(change["dxy"], -0.03, 0.03)
    out[:, 8] = np.clip((latest["vix"] - 21.16) / 7.89, -4, 4)
    out[:, 9] = np.clip((latest["embi"] - 322.01) / 62.68, -4, 4)
    out[:, 10] = np.clip(change["brent"], -0.10, 0.10)
    out[:, 11] = np.clip((latest["col10y"] - latest["ust10y"] - 7.03) / 1.41, -4, 4)
    out[:, 12] = np.clip(change["usdmxn"], -0.10, 0.10)
    return out


times = []
for run in range(-3, given["runs"]):
    start = time.perf_counter()
    out = features()
    if run >= 0:
        times.append(time.perf_counter() - start)
out.tofile(sys.argv[2])
versions = f"TA-Lib {talib.__ta_version__.decode().split()[0]}, numpy {np.__version__}"
print(json.dumps({"seconds": min(times), "versions": versions}))
