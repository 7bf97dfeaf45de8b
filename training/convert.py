"""Turns a pickled XGBoost, LightGBM or scikit-learn-wrapped model into its native file, with manifest and golden vectors.

    python training/convert.py MODEL OUT --export FEATURES.csv.gz --trained-on market|simulated [--window FROM TO]

MODEL is a pickle or joblib file, or a native XGBoost or LightGBM file that lacks a manifest. OUT is the file to write: NAME.json or
NAME.ubj for XGBoost, NAME.txt for LightGBM. FEATURES is an export of `signalbox export`: its features file says how each feature was
defined, its rows become golden vectors with the library's own predictions. It need not hold the rows that the model was trained on: what
data those were, only you can say (--trained-on, --window).

Loading a pickle runs the code in it: do this where the model was trained, with a file of your own. Signalbox itself never does.
"""

import argparse
import json
import sys
from pathlib import Path

import joblib
import numpy as np

import example

THREE, TWO = ["short", "flat", "long"], ["short", "long"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="pickle, joblib or native model file")
    parser.add_argument("out", type=Path, help="native file to write: .json or .ubj (XGBoost), .txt (LightGBM)")
    parser.add_argument("--export", required=True, help="CSV or Parquet of signalbox export, with FILE.features.json beside it")
    parser.add_argument("--features", help="names of the model's inputs in order, with commas, where the model does not hold them")
    parser.add_argument("--window", nargs=2, metavar=("FROM", "TO"), help="first and last training session, YYYY-MM-DD; unknown without it")
    parser.add_argument("--trained-on", required=True, choices=("market", "simulated"), help="what data the model was trained on")
    arguments = parser.parse_args()

    model = unwrap(load(arguments.model))
    sidecar = json.loads(Path(f"{arguments.export}.features.json").read_text())
    table = example.table(arguments.export)
    library = Xgboost(model) if is_xgboost(model) else Lightgbm(model)
    names = input_names(library, sidecar, arguments.features)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    library.save(arguments.out)

    rows = example.golden_rows(np.random.default_rng(1), table[names].dropna().to_numpy(np.float64))
    outputs = library.predict(rows, names)
    unknown = {"by": "unknown", "note": "converted; the model file does not say how its data was split"}
    example.write(
        arguments.out,
        framework=library.framework,
        # of the export only the features' definitions are the model's too: its world, simulator and window say nothing of the training
        sidecar={
            "version": sidecar["version"],
            "world": arguments.trained_on,
            "close_only_share": sidecar["close_only_share"],
            "features": [next(f for f in sidecar["features"] if f["name"] == name) for name in names],
        },
        statistics=table[names].dropna().to_numpy(np.float64),
        label="unknown: converted",
        horizon=sidecar.get("label", {}).get("horizon", 0),
        split=unknown,
        window=arguments.window or ("unknown", "unknown"),
        metrics={"note": "Not measured: converted."},
        output=output_of(library),
        semantics="class_probabilities" if library.classes != 1 or library.binary else "predicted_return",
        vectors=example.golden(rows, outputs.reshape(len(rows), -1)),
        more={
            "converted_from": arguments.model.name,
            "rounds": "best",
            "note": "Mean and sd of the features, horizon_bars, purge_bars and share_close_only are those of the export that the golden rows come from.",
        },
    )


def load(path):
    head = path.read_bytes()[:16]
    if head.lstrip()[:1] == b"{":
        import xgboost

        booster = xgboost.Booster()
        # by its bytes: UBJSON begins as JSON does
        data = path.read_bytes()
        booster.load_model(bytearray(data))
        return booster
    if head.startswith(b"tree"):
        import lightgbm

        return lightgbm.Booster(model_file=str(path))
    # pickle too; it runs what is in the file
    return joblib.load(path)


def unwrap(model):
    """The booster inside a wrapper. A step before it that changes its input cannot come along, and is refused."""
    name = type(model).__name__
    if name == "Pipeline":
        if any(step != "passthrough" for _, step in model.steps[:-1]):
            sys.exit(f"The pipeline changes the features before its model ({', '.join(n for n, _ in model.steps[:-1])}). Put that into feature_config.json and train again.")
        return unwrap(model.steps[-1][1])
    if hasattr(model, "get_booster"):
        return model.get_booster()
    if hasattr(model, "booster_"):
        return model.booster_
    if name == "Booster":
        return model
    sys.exit(f"{type(model).__module__}.{name} is no XGBoost and no LightGBM model. Trees of other libraries: convert them to ONNX (skl2onnx).")


def is_xgboost(model):
    return type(model).__module__.startswith("xgboost")


class Xgboost:
    def __init__(self, booster):
        import xgboost

        self.library, self.booster = xgboost, booster
        self.names = booster.feature_names
        self.width = booster.num_features()
        learner = json.loads(booster.save_config())["learner"]
        objective = learner["objective"]["name"]
        self.binary = objective == "binary:logistic"
        self.classes = int(learner["learner_model_param"]["num_class"]) or 1
        if objective not in ("multi:softprob", "binary:logistic") and not objective.startswith("reg:"):
            sys.exit(f"The objective {objective} gives no probabilities and no prediction of a return.")
        self.framework = {"name": "xgboost", "version": xgboost.__version__}

    def save(self, out):
        if out.suffix not in (".json", ".ubj"):
            sys.exit("An XGBoost model is written as NAME.json or NAME.ubj.")
        if self.names is not None and self.names[0] == "f0":
            self.booster.feature_names = None
        self.booster.save_model(out)

    def predict(self, rows, names):
        named = names if self.booster.feature_names is not None else None
        best = getattr(self.booster, "best_iteration", None) if "best_iteration" in self.booster.attributes() else None
        matrix = self.library.DMatrix(rows.astype(np.float32), feature_names=named)
        return self.booster.predict(matrix, iteration_range=(0, best + 1) if best is not None else (0, 0)).astype(np.float32)


class Lightgbm:
    def __init__(self, booster):
        import lightgbm

        self.library, self.booster = lightgbm, booster
        names = booster.feature_name()
        self.names = None if names and names[0] == "Column_0" else names
        self.width = booster.num_feature()
        objective = (booster.dump_model().get("objective") or "").split(" ")[0]
        self.binary = objective == "binary"
        self.classes = booster.num_model_per_iteration()
        if objective not in ("multiclass", "binary", "regression", "regression_l1", "huber", "fair", "quantile", "mape"):
            sys.exit(f"The objective {objective or 'none'} gives no probabilities and no prediction of a return.")
        self.framework = {"name": "lightgbm", "version": lightgbm.__version__}

    def save(self, out):
        if out.suffix != ".txt":
            sys.exit("A LightGBM model is written as NAME.txt.")
        self.booster.save_model(out)
        self.out = out

    def predict(self, rows, names):
        if self.names is None:
            # the file names its inputs Column_0 ...: it shall name what they are
            text = self.out.read_text()
            start = text.index("feature_names=")
            self.out.write_text(text[:start] + "feature_names=" + " ".join(names) + text[text.index("\n", start) :])
        return self.library.Booster(model_file=str(self.out)).predict(rows)


def input_names(library, sidecar, given):
    known = [feature["name"] for feature in sidecar["features"]]
    names = given.split(",") if given else library.names
    if names is None or names[0] == "f0":
        names = known
    absent = [name for name in names if name not in known]
    if absent:
        sys.exit(f"The export lacks the model's features {', '.join(absent)}. Export with the feature file that it was trained on, or name them: --features.")
    if len(names) != library.width:
        sys.exit(f"The model takes {library.width} values, the names are {len(names)}: {', '.join(names)}. Name them in order: --features.")
    return list(names)


def output_of(library):
    if library.binary:
        return {"kind": "probabilities", "classes": TWO}
    if library.classes == 1:
        return {"kind": "regression"}
    if library.classes == 3:
        return {"kind": "probabilities", "classes": THREE}
    sys.exit(f"The model has {library.classes} classes; 3 are short, flat, long, 2 are short, long.")


if __name__ == "__main__":
    main()
