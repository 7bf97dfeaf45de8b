"""Reference values of TA-Lib for the indicator kernels of @signalbox/core.

    pip install TA-Lib numpy && python training/golden/indicators.py

Writes packages/core/src/indicators/golden/*.json: seeded synthetic bars and what TA-Lib makes of them. Deterministic for one
version of TA-Lib; the version stands in each file.
"""

import json
from pathlib import Path

import numpy as np
import talib

OUT = Path(__file__).resolve().parents[2] / "packages/core/src/indicators/golden"


def walk(rng, n, level=4000.0, sd=3.8):
    return np.round(level + np.cumsum(rng.normal(0, sd, n)), 2)


def ranges(rng, close):
    """True highs and lows around open (the previous close, a night's gap now and then) and close."""
    opened = np.concatenate([close[:1], close[:-1]]) + np.where(rng.random(len(close)) < 0.02, rng.normal(0, 18, len(close)), 0)
    high = np.round(np.maximum(opened, close) + rng.exponential(1.5, len(close)), 2)
    low = np.round(np.minimum(opened, close) - rng.exponential(1.5, len(close)), 2)
    return high, low


def cases():
    rng = np.random.default_rng(20261122)
    close = walk(rng, 260)
    yield "ranges", *ranges(rng, close), close
    close = walk(rng, 220)
    yield "close-only", close, close, close
    close = walk(rng, 260)
    close[70:200] = close[69]
    yield "frozen", close, close, close
    close = walk(rng, 160)
    close[:60] = close[60]
    yield "frozen-start", close, close, close
    close = np.round(4000 + 0.5 * np.arange(120), 2)
    yield "one-way", close + 0.25, close - 0.25, close
    close = walk(rng, 400)
    close[40:] = close[39]
    yield "frozen-long", close, close, close


def column(values):
    return [None if np.isnan(v) else float(v) for v in values]


OUT.mkdir(parents=True, exist_ok=True)
for name, high, low, close in cases():
    golden = {
        "made_by": f"training/golden/indicators.py, TA-Lib {talib.__ta_version__.decode().split()[0]}",
        "high": column(high),
        "low": column(low),
        "close": column(close),
        "rsi_9": column(talib.RSI(close, 9)),
        "atr_10": column(talib.ATR(high, low, close, 10)),
        "atr_14": column(talib.ATR(high, low, close, 14)),
        "adx_14": column(talib.ADX(high, low, close, 14)),
    }
    (OUT / f"{name}.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
