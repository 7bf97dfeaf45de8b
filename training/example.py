"""What training a classifier of the three classes takes, whatever library does it: data, split, measures, manifest.

Sessions are split in order: train, embargo, validation, embargo, test; where the export has a column `split`, as it says. Class
thresholds and statistics are fitted on the training sessions only; validation chooses the number of rounds; test is looked at once, at
the end.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

CLASSES = ["short", "flat", "long"]
NOT_FEATURES = {"time", "decided_at", "fill_price", "close_only", "split"}
PARTS = ["train", "validation", "test"]
EMBARGO_SESSIONS = 1
SLOT_MINUTES = 5
MIN_ROWS = 30
SHARE_TRAIN, SHARE_VALIDATION = 0.70, 0.15


@dataclass
class Example:
    """Rows by part (train, validation, test): features, returns, classes, sessions; and what the export says of them."""

    names: list
    label: str
    sidecar: dict
    sessions: dict
    embargo: int
    x: dict
    returns: dict
    y: dict
    thresholds: list

    @property
    def prior(self):
        return np.bincount(self.y["train"], minlength=len(CLASSES)) / len(self.y["train"])


def arguments(doc, model_help):
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("export", help="CSV or Parquet of signalbox export --labels")
    parser.add_argument("model", type=Path, help=model_help)
    return parser.parse_args()


def read(path):
    whole, names, label, sidecar = load(path)
    dates = sorted(whole["session"].unique())
    given = "split" in whole.columns
    sessions = split_of_export(path, whole) if given else split(dates)
    # a bar with a missing feature has no opinion, and one without a label teaches nothing
    usable = whole[names + [label]].notna().all(axis=1)
    if given:
        # row by row: a part's purged rows are in its sessions, and in no part
        rows = {part: whole[usable & (whole["split"] == part)] for part in PARTS}
    else:
        rows = {part: whole[usable & whole["session"].isin(set(wanted))] for part, wanted in sessions.items()}
    for part, frame in rows.items():
        if len(frame) < MIN_ROWS:
            sys.exit(f"{path}: {len(sessions[part])} sessions leave {len(frame)} rows for {part}; at least {MIN_ROWS} are needed.")
    purge(rows, sidecar["label"]["horizon"])
    low, high = np.quantile(rows["train"][label], [1 / 3, 2 / 3])
    returns = {part: frame[label].to_numpy() for part, frame in rows.items()}
    return Example(
        names=names,
        label=label,
        sidecar=sidecar,
        sessions=sessions,
        embargo=min(dates.index(sessions[b][0]) - dates.index(sessions[a][-1]) - 1 for a, b in zip(PARTS, PARTS[1:])),
        x={part: frame[names].to_numpy(np.float64) for part, frame in rows.items()},
        returns=returns,
        y={part: np.digitize(values, [low, high]) for part, values in returns.items()},
        thresholds=[float(low), float(high)],
    )


def table(path):
    """The rows of an export, CSV (also compressed) or Parquet."""
    if str(path).endswith(".parquet"):
        rows = pd.read_parquet(path)
        rows["time"] = pd.to_datetime(rows["time"], utc=True)
        return rows
    return pd.read_csv(path, parse_dates=["time"])


def load(path):
    sidecar = json.loads(Path(f"{path}.features.json").read_text())
    if "label" not in sidecar:
        sys.exit(f"{path} holds no label. Export it again with --labels.")
    rows = table(path)
    names = [feature["name"] for feature in sidecar["features"]]
    label = sidecar["label"]["column"]
    found = [column for column in rows.columns if column not in NOT_FEATURES and column != label]
    if found != names:
        sys.exit(f"{path} has the columns {found}, its features file says {names}.")
    rows["session"] = rows["time"].dt.tz_convert("America/Bogota").dt.strftime("%Y-%m-%d")
    return rows, names, label, sidecar


def split_of_export(path, rows):
    """The sessions of each part, as `signalbox export --split` gave them."""
    sessions = {part: sorted(rows.loc[rows["split"] == part, "session"].unique()) for part in PARTS}
    empty = [part for part, found in sessions.items() if not found]
    if empty:
        sys.exit(f"{path}: the column split has no rows for {', '.join(empty)}. Export with three shares above 0, or without --split.")
    return sessions


def split(sessions):
    """Three runs of sessions in order of time, an embargo between them."""
    first = int(len(sessions) * SHARE_TRAIN)
    second = first + int(len(sessions) * SHARE_VALIDATION)
    return {
        "train": sessions[:first],
        "validation": sessions[first + EMBARGO_SESSIONS : second],
        "test": sessions[second + EMBARGO_SESSIONS :],
    }


def purge(rows, horizon):
    """Drops the last rows of a part whose label looks into the next part: a label that stays in its session drops none."""
    for part, following in zip(PARTS, PARTS[1:]):
        ends = rows[part]["time"] + pd.Timedelta(minutes=SLOT_MINUTES) * (horizon + 1)
        rows[part] = rows[part][ends <= rows[following]["time"].iloc[0]]


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


def golden_rows(rng, x):
    """Twelve rows of the test sessions, six with missing values, one all missing, one of zeros, one far outside."""
    rows = x[np.sort(rng.choice(len(x), 18, replace=False))].astype(np.float64)
    for row in rows[12:]:
        row[rng.random(x.shape[1]) < 0.4] = np.nan
    extra = [np.full(x.shape[1], np.nan), np.zeros(x.shape[1]), np.full(x.shape[1], 4.0)]
    return np.vstack([rows, extra])


def golden(rows, outputs):
    """Rows with the trainer's own predictions. Null is a missing value; `str` gives the shortest decimals of either float type."""
    return {
        "rows": [[None if np.isnan(x) else float(x) for x in row] for row in rows],
        "outputs": [[float(str(p)) for p in row] for row in outputs],
    }


def write_manifest(path, example, *, framework, parameters, trees, probability, vectors):
    """Writes NAME.manifest.json beside the model that has just been saved, and tells what was measured."""
    sidecar, label, sessions = example.sidecar, example.label, example.sessions
    low, high = example.thresholds
    write(
        path,
        framework=framework,
        sidecar=sidecar,
        statistics=example.x["train"],
        label=f"{label}: {sidecar['label']['definition']}; class 0 short below {low:.9f}, 2 long from {high:.9f}, else 1 flat",
        horizon=sidecar["label"]["horizon"],
        split={
            "by": "session",
            "embargo_sessions": example.embargo,
            **{
                part: {"from": s[0], "to": s[-1], "sessions": len(s), "rows": len(example.x[part])}
                for part, s in sessions.items()
            },
        },
        window=(sessions["train"][0], sessions["train"][-1]),
        metrics={
            "note": "An example. It says nothing of any real market."
            if sidecar["world"] == "simulated"
            else "In-sample constants of the feature file were fitted on 2020-2025.",
            **{part: measure(p, example.y[part], example.returns[part], example.prior) for part, p in probability.items()},
        },
        output={"kind": "probabilities", "classes": CLASSES},
        semantics="class_probabilities",
        vectors=vectors,
        more={"label_thresholds": [low, high], "parameters": parameters, **({"trees": trees} if trees else {})},
    )


def write(path, *, framework, sidecar, statistics, label, horizon, split, window, metrics, output, semantics, vectors, more):
    """NAME.manifest.json beside the model file. A label never leaves its session, so the embargo purges more than its horizon."""
    data = path.read_bytes()
    manifest = {
        "model": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "framework": framework,
        "feature_config_version": sidecar["version"],
        "features": [
            {**feature, "mean": float(statistics[:, i].mean()), "sd": float(statistics[:, i].std())}
            for i, feature in enumerate(sidecar["features"])
        ],
        "label": label,
        "horizon_bars": horizon,
        "split": split,
        "purge_bars": horizon,
        "training_window": {"from": window[0], "to": window[1]},
        "trained_on": sidecar["world"],
        **({"simulator": sidecar["simulator"]} if "simulator" in sidecar else {}),
        "share_close_only": sidecar["close_only_share"],
        "metrics": metrics,
        "action_semantics": semantics,
        "output": output,
        "rounds": "all",
        "golden": vectors,
        **more,
    }
    # of NAME.v2.json it is NAME.v2.manifest.json: the last ending alone is the file's
    beside = path.with_name(f"{path.stem}.manifest.json")
    beside.write_text(json.dumps(manifest, indent=1, allow_nan=False) + "\n")
    print(json.dumps({"model": str(path), "manifest": str(beside), "bytes": len(data), **metrics}, indent=1))
