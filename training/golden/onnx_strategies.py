"""Converts the models that the strategies bring along to ONNX, for their tests; their golden rows keep the trainers' predictions.

    python training/golden/onnx_strategies.py

Needs what training/golden/requirements.txt lists.
"""

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnxmltools
import xgboost as xgb
from onnxmltools.convert.common.data_types import FloatTensorType

PACKAGES = Path(__file__).parents[2] / "packages"


def save(package, model):
    folder = PACKAGES / package / "test/fixtures"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model_v1.onnx").write_bytes(model.SerializeToString())
    print(package, model.ByteSize(), "bytes")


def main():
    package = PACKAGES / "strategy-ml-xgb"
    width = len(json.loads((package / "models/model_v1.manifest.json").read_text())["features"])
    types = [("input", FloatTensorType([None, width]))]
    booster = xgb.Booster(model_file=package / "models/model_v1.json")
    # up to the best round, as it is used; the converter knows features by number
    booster = booster[: booster.best_iteration + 1] if booster.attr("best_iteration") else booster
    booster.feature_names = None
    classifier = xgb.XGBClassifier()
    classifier._Booster = booster
    classifier.n_classes_ = 3
    classifier.n_estimators = booster.num_boosted_rounds()
    classifier.objective = "multi:softprob"
    save("strategy-ml-xgb", onnxmltools.convert_xgboost(classifier, initial_types=types, target_opset=15))
    booster = lgb.Booster(model_file=PACKAGES / "strategy-ml-lgbm/models/model_v1.txt")
    save("strategy-ml-lgbm", onnxmltools.convert_lightgbm(booster, initial_types=types, target_opset=15, zipmap=False))


main()
