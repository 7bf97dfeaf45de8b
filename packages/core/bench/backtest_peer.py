"""The rule of backtest.mjs by backtesting.py: backtest_peer.py INPUT.json. Best of the runs, four strategies one after another."""

import json
import sys
import time

import backtesting
import numpy as np
import pandas as pd

try:
    import talib

    rsi = talib.RSI
except ImportError:
    talib = None

    def rsi(close, n):
        """Wilder's RSI; the exponential mean of pandas with alpha 1/n is his."""
        change = pd.Series(close).diff()
        up, down = (side.clip(lower=0).ewm(alpha=1 / n, adjust=False).mean() for side in (change, -change))
        return (100 * up / (up + down)).to_numpy()


backtesting.backtesting._tqdm = lambda seq, **_: seq  # no progress bar
given = json.load(open(sys.argv[1]))
frame = pd.DataFrame({name.capitalize(): given[name] for name in ("open", "high", "low", "close")}, index=pd.to_datetime(given["time"], unit="ms"))


class Fade(backtesting.Strategy):
    threshold = 70

    def init(self):
        self.rsi = self.I(lambda close: rsi(np.asarray(close, dtype=float), 9), self.data.Close)

    def next(self):
        value, price = self.rsi[-1], self.data.Close[-1]
        if value > self.threshold and not self.position.is_short:
            self.position.close()
            self.sell(size=0.1, sl=price * 1.004, tp=price * 0.992)
        elif value < 100 - self.threshold and not self.position.is_long:
            self.position.close()
            self.buy(size=0.1, sl=price * 0.996, tp=price * 1.008)


def whole():
    start = time.perf_counter()
    trades = 0
    for threshold in given["thresholds"]:
        run = backtesting.Backtest(frame, Fade, cash=1_000_000, commission=0.0001)
        trades += int(run.run(threshold=threshold)["# Trades"])
    return time.perf_counter() - start, trades


results = [whole() for _ in range(given["runs"])]
seconds, trades = min(results)
versions = f"backtesting {backtesting.__version__}, {'TA-Lib ' + talib.__version__ if talib else 'RSI by pandas'}"
print(json.dumps({"seconds": seconds, "trades": trades, "versions": versions}))
