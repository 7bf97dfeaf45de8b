"""Trains the XGBoost classifier of ML_XGB from an export of the engine's features.

    python training/train_xgb.py EXPORT.csv.gz packages/strategy-ml-xgb/models/model_v1.json

EXPORT comes from `signalbox export --labels`; EXPORT.features.json beside it holds the features' definitions and hashes. Writes the
model and, beside it, model_v1.manifest.json with the trainer's own predictions (golden vectors). Nothing here computes a feature.
"""

import numpy as np
import xgboost as xgb

import example

MAX_ROUNDS, PATIENCE = 60, 8
PARAMETERS = {
    "objective": "multi:softprob",
    "num_class": len(example.CLASSES),
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.12,
    "min_child_weight": 60,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "lambda": 5.0,
    "seed": 1,
    "nthread": 1,
}


def main():
    arguments = example.arguments(__doc__, "model file to write, NAME.json")
    data = example.read(arguments.export)
    matrix = {part: xgb.DMatrix(x.astype(np.float32), data.y[part], feature_names=data.names) for part, x in data.x.items()}
    booster = xgb.train(
        PARAMETERS,
        matrix["train"],
        MAX_ROUNDS,
        evals=[(matrix["validation"], "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    # rounds beyond the best one would only make the file larger
    booster = booster[: booster.best_iteration + 1]
    booster.set_attr(best_iteration=None, best_score=None)
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    booster.save_model(arguments.model)

    rows = example.golden_rows(np.random.default_rng(1), data.x["test"])
    predictions = booster.predict(xgb.DMatrix(rows.astype(np.float32), feature_names=data.names))
    example.write_manifest(
        arguments.model,
        data,
        framework={"name": "xgboost", "version": xgb.__version__},
        parameters=PARAMETERS,
        trees=booster.num_boosted_rounds() * len(example.CLASSES),
        probability={part: booster.predict(matrix[part]) for part in ("validation", "test")},
        vectors=example.golden(rows, predictions.astype(np.float32)),
    )


if __name__ == "__main__":
    main()
