"""Times what compiles or converts the same models, as far as it is installed: python python_peers.py FOLDER. Prints one JSON object.

lleaves (LightGBM to machine code), treelite with tl2cgen (XGBoost to C, gcc -O3), onnxruntime (XGBoost through onnxmltools). One thread each.
"""

import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np
from python_timing import batch, best

folder = Path(sys.argv[1])
rows = np.array(json.loads((folder / "rows.json").read_text()), dtype=np.float64)[:1000].reshape(-1, 1, 13)
many = np.resize(rows.reshape(len(rows), -1), (82_206, rows.shape[2]))
many_single = many.astype(np.float32)
found = []


def add(name, package, row, whole):
    found.append({"name": name, "version": version(package), "row": row, "batch": whole})


try:
    import lleaves

    model = lleaves.Model(model_file=str(folder / "lgbm.txt"))
    model.compile()
    add(
        "lleaves (LightGBM)",
        "lleaves",
        best(lambda row: model.predict(row, n_jobs=1), rows),
        batch(lambda: model.predict(many, n_jobs=1)),
    )
except ImportError:
    pass

try:
    import tl2cgen
    import treelite

    compiled = treelite.frontend.load_xgboost_model(str(folder / "xgb.json"), format_choice="use_suffix")
    with tempfile.TemporaryDirectory() as out:
        library = str(Path(out) / "model.so")
        tl2cgen.export_lib(compiled, toolchain="gcc", libpath=library, params={"parallel_comp": 8})
        predictor = tl2cgen.Predictor(library, nthread=1)
        singles = [tl2cgen.DMatrix(row.astype(np.float32)) for row in rows]
        matrix = tl2cgen.DMatrix(many_single)
        add("treelite as C (XGBoost)", "treelite", best(predictor.predict, singles), batch(lambda: predictor.predict(matrix)))
except ImportError:
    pass

try:
    import onnxruntime
    import xgboost as xgb
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    classifier = xgb.XGBClassifier()
    classifier.load_model(folder / "xgb.json")
    classifier.get_booster().feature_names = None
    converted = convert_xgboost(classifier, initial_types=[("x", FloatTensorType([None, 13]))])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(converted.SerializeToString(), options, providers=["CPUExecutionProvider"])
    output = [session.get_outputs()[1].name]
    single_rows = [row.astype(np.float32) for row in rows]
    add(
        "onnxruntime (XGBoost)",
        "onnxruntime",
        best(lambda row: session.run(output, {"x": row}), single_rows),
        batch(lambda: session.run(output, {"x": many_single})),
    )
except ImportError:
    pass

print(json.dumps(found))
