"""Trains the LightGBM classifier of ML_LGBM from an export of the engine's features.

    python training/train_lgbm.py EXPORT.csv.gz packages/strategy-ml-lgbm/models/model_v1.txt

EXPORT comes from `signalbox export --labels`; EXPORT.features.json beside it holds the features' definitions and hashes. Writes the
model and, beside it, model_v1.manifest.json with the trainer's own predictions (golden vectors). Nothing here computes a feature.
"""

import lightgbm as lgb
import numpy as np

import example

MAX_ROUNDS, PATIENCE = 80, 8
PARAMETERS = {
    "objective": "multiclass",
    "num_class": len(example.CLASSES),
    "num_leaves": 15,
    "max_depth": 5,
    "learning_rate": 0.12,
    "min_data_in_leaf": 120,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.8,
    "lambda_l2": 5.0,
    "seed": 1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


def main():
    arguments = example.arguments(__doc__, "model file to write, NAME.txt")
    data = example.read(arguments.export)
    train = lgb.Dataset(data.x["train"], data.y["train"], feature_name=data.names)
    validation = lgb.Dataset(data.x["validation"], data.y["validation"], reference=train)
    booster = lgb.train(
        PARAMETERS,
        train,
        MAX_ROUNDS,
        valid_sets=[validation],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    # the rounds up to the best one
    booster.save_model(arguments.model)
    saved = lgb.Booster(model_file=arguments.model)

    rows = example.golden_rows(np.random.default_rng(1), data.x["test"])
    example.write_manifest(
        arguments.model,
        data,
        framework={"name": "lightgbm", "version": lgb.__version__},
        parameters=PARAMETERS,
        trees=saved.num_trees(),
        probability={part: saved.predict(data.x[part]) for part in ("validation", "test")},
        vectors=example.golden(rows, saved.predict(rows)),
    )


if __name__ == "__main__":
    main()
