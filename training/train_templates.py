"""Trains the small models that `npm create @signalbox/strategy` puts into a new package.

    signalbox export --simulated --seed 20241 --sessions 400 --edge 0.35 --labels --out /tmp/train.csv
    python training/train_templates.py /tmp/train.csv packages/create-strategy/templates/models

Four features and a few rounds: an example that loads, and claims nothing. Its owner trains another one in its place.
"""

import json
import sys
import tempfile
from pathlib import Path

import pandas as pd

import train_lgbm
import train_net
import train_xgb

FEATURES = ["log_ret_5m", "log_ret_1h", "rsi_9", "adx_14"]
ROUNDS = 4


def main():
    export, out = sys.argv[1:]
    sidecar = json.loads(Path(f"{export}.features.json").read_text())
    dropped = [feature["name"] for feature in sidecar["features"] if feature["name"] not in FEATURES]
    sidecar["features"] = [feature for feature in sidecar["features"] if feature["name"] in FEATURES]
    with tempfile.TemporaryDirectory() as folder:
        small = f"{folder}/small.csv"
        pd.read_csv(export).drop(columns=dropped).to_csv(small, index=False)
        Path(f"{small}.features.json").write_text(json.dumps(sidecar))
        for script, parameters, name in (
            (train_xgb, {"max_depth": 3}, "xgboost.json"),
            (train_lgbm, {"num_leaves": 7}, "lightgbm.txt"),
        ):
            script.MAX_ROUNDS = ROUNDS
            script.PARAMETERS.update(parameters)
            sys.argv = [script.__file__, small, f"{out}/{name}"]
            script.main()
        sys.argv = [train_net.__file__, small, f"{out}/network.onnx"]
        train_net.main()


if __name__ == "__main__":
    main()
