"""Trains the XGBoost classifier of ML_XGB from an export of the engine's features.

    python training/train_xgb.py EXPORT.csv.gz packages/strategy-ml-xgb/models/model_v1.json

EXPORT comes from `signalbox export --labels`; EXPORT.features.json beside it holds the features' definitions and hashes. Writes the
model and, beside it, model_v1.manifest.json with the trainer's own predictions (golden vectors). Nothing here computes a feature.

Sessions are split in order: train, embargo, validation, embargo, test. Class thresholds and statistics are fitted on the training
sessions only; validation chooses the number of rounds; test is looked at once, at the end.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

CLASSES = ["short", "flat", "long"]
NOT_FEATURES = {"time", "decided_at", "fill_price", "close_only"}
EMBARGO_SESSIONS = 1
SHARE_TRAIN, SHARE_VALIDATION = 0.70, 0.15
MAX_ROUNDS, PATIENCE = 60, 8
PARAMETERS = {
    "objective": "multi:softprob",
    "num_class": len(CLASSES),
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


def load(path):
    sidecar = json.loads(Path(f"{path}.features.json").read_text())
    if "label" not in sidecar:
        sys.exit(f"{path} holds no label. Export it again with --labels.")
    table = pd.read_csv(path, parse_dates=["time"])
    names = [feature["name"] for feature in sidecar["features"]]
    label = sidecar["label"]["column"]
    found = [column for column in table.columns if column not in NOT_FEATURES and column != label]
    if found != names:
        sys.exit(f"{path} has the columns {found}, its features file says {names}.")
    # a bar with a missing feature has no opinion, and one without a label teaches nothing
    table["session"] = table["time"].dt.tz_convert("America/Bogota").dt.strftime("%Y-%m-%d")
    return table, names, label, sidecar


def split(sessions):
    """Three runs of sessions in order of time, an embargo between them."""
    first = int(len(sessions) * SHARE_TRAIN)
    second = first + int(len(sessions) * SHARE_VALIDATION)
    return {
        "train": sessions[:first],
        "validation": sessions[first + EMBARGO_SESSIONS : second],
        "test": sessions[second + EMBARGO_SESSIONS :],
    }


def log_loss(probability, y):
    return float(-np.log(np.clip(probability[np.arange(len(y)), y], 1e-12, 1)).mean())


def measure(probability, y, returns, prior):
    """What the model says of rows that it was not fitted on, beside what the class shares of the training rows would say."""
    best = probability.argmax(axis=1)
    confident = (best != 1) & (probability.max(axis=1) > 0.5)
    direction = best[confident] - 1
    earned = direction * returns[confident]
    return {
        "rows": len(y),
        "log_loss": round(log_loss(probability, y), 5),
        "log_loss_of_class_shares": round(log_loss(np.tile(prior, (len(y), 1)), y), 5),
        "accuracy": round(float((best == y).mean()), 4),
        "accuracy_of_most_frequent_class": round(float((y == prior.argmax()).mean()), 4),
        "share_direction_above_half": round(float(confident.mean()), 4),
        "hit_rate_above_half": round(float((earned > 0).mean()), 4) if confident.any() else None,
        "mean_return_bp_above_half": round(float(earned.mean() * 1e4), 2) if confident.any() else None,
    }


def golden(booster, rows, span):
    """Rows with the trainer's own predictions. Null is a missing value."""
    matrix = xgb.DMatrix(rows.astype(np.float32), feature_names=booster.feature_names)
    probability = booster.predict(matrix, iteration_range=span)
    return {
        "rows": [[None if np.isnan(x) else float(x) for x in row] for row in rows],
        "outputs": [[float(str(p)) for p in row] for row in probability.astype(np.float32)],
    }


def golden_rows(rng, x):
    """Twelve rows of the test sessions, six with missing values, one all missing, one of zeros, one far outside."""
    rows = x[np.sort(rng.choice(len(x), 18, replace=False))].astype(np.float64)
    for row in rows[12:]:
        row[rng.random(x.shape[1]) < 0.4] = np.nan
    extra = [np.full(x.shape[1], np.nan), np.zeros(x.shape[1]), np.full(x.shape[1], 4.0)]
    return np.vstack([rows, extra])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("export", help="CSV of signalbox export --labels")
    arguments.add_argument("model", type=Path, help="model file to write, NAME.json")
    arguments = arguments.parse_args()
    table, names, label, sidecar = load(arguments.export)
    parts = split(sorted(table["session"].unique()))
    usable = table[names + [label]].notna().all(axis=1)
    rows = {part: table[usable & table["session"].isin(set(sessions))] for part, sessions in parts.items()}
    low, high = np.quantile(rows["train"][label], [1 / 3, 2 / 3])
    x = {part: frame[names].to_numpy(np.float64) for part, frame in rows.items()}
    returns = {part: frame[label].to_numpy() for part, frame in rows.items()}
    y = {part: np.digitize(values, [low, high]) for part, values in returns.items()}
    matrix = {part: xgb.DMatrix(x[part].astype(np.float32), y[part], feature_names=names) for part in rows}

    booster = xgb.train(
        PARAMETERS,
        matrix["train"],
        MAX_ROUNDS,
        evals=[(matrix["validation"], "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    span = (0, booster.best_iteration + 1)
    # rounds beyond the best one would only make the file larger
    booster = booster[: span[1]]
    booster.set_attr(best_iteration=None, best_score=None)
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    booster.save_model(arguments.model)
    data = arguments.model.read_bytes()

    prior = np.bincount(y["train"], minlength=len(CLASSES)) / len(y["train"])
    probability = {part: booster.predict(matrix[part]) for part in ("validation", "test")}
    train = x["train"]
    manifest = {
        "model": arguments.model.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "framework": {"name": "xgboost", "version": xgb.__version__},
        "feature_config_version": sidecar["version"],
        "features": [
            {**feature, "mean": float(train[:, i].mean()), "sd": float(train[:, i].std())}
            for i, feature in enumerate(sidecar["features"])
        ],
        "label": f"{label}: {sidecar['label']['definition']}; class 0 short below {low:.9f}, 2 long from {high:.9f}, else 1 flat",
        "label_thresholds": [float(low), float(high)],
        "horizon_bars": sidecar["label"]["horizon"],
        "split": {
            "by": "session",
            "embargo_sessions": EMBARGO_SESSIONS,
            **{part: {"from": s[0], "to": s[-1], "sessions": len(s), "rows": len(rows[part])} for part, s in parts.items()},
        },
        # a label never leaves its session, so the embargo of a session purges more than its horizon
        "purge_bars": sidecar["label"]["horizon"],
        "training_window": {"from": parts["train"][0], "to": parts["train"][-1]},
        "trained_on": sidecar["world"],
        **({"simulator": sidecar["simulator"]} if "simulator" in sidecar else {}),
        "share_close_only": sidecar["close_only_share"],
        "parameters": PARAMETERS,
        "trees": booster.num_boosted_rounds() * len(CLASSES),
        "metrics": {
            "note": "An example. It says nothing of any real market."
            if sidecar["world"] == "simulated"
            else "In-sample constants of the feature file were fitted on 2020-2025.",
            **{part: measure(probability[part], y[part], returns[part], prior) for part in probability},
        },
        "action_semantics": "class_probabilities",
        "output": {"kind": "probabilities", "classes": CLASSES},
        "rounds": "all",
        "golden": golden(booster, golden_rows(np.random.default_rng(1), x["test"]), (0, 0)),
    }
    beside = arguments.model.with_suffix("").with_suffix(".manifest.json")
    beside.write_text(json.dumps(manifest, indent=1, allow_nan=False) + "\n")
    print(json.dumps({"model": str(arguments.model), "bytes": len(data), "trees": manifest["trees"], **manifest["metrics"]}, indent=1))


if __name__ == "__main__":
    main()
