// A LightGBM model of 300 trees of depth 6: one row, and 82,206 rows, beside LightGBM's own calls in the same run. Needs SIGNALBOX_PYTHON, an
// interpreter with lightgbm and xgboost, which makes the model; without it there is nothing to measure. Prints one JSON object.
//
//   node packages/gbdt/bench/lightgbm.mjs [FOLDER made by training/bench_model.py]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadLightGBM, loadXGBoost } from '../dist/index.js';
import { fastest, perRow } from './shared/time.mjs';

const BATCH = 82_206;
const python = process.env.SIGNALBOX_PYTHON;
const script = (path) => fileURLToPath(new URL(path, import.meta.url));
let folder = process.argv[2];
let made;
if (!folder && python) {
  folder = made = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  execFileSync(python, [script('../../../training/bench_model.py'), folder], { stdio: 'ignore' });
}
try {
  console.log(JSON.stringify({ bench: 'lightgbm row and batch', rows: folder ? measure() : [] }));
} finally {
  if (made) rmSync(made, { recursive: true, force: true });
}

function measure() {
  const bytes = readFileSync(join(folder, 'lgbm.txt'));
  const table = JSON.parse(readFileSync(join(folder, 'rows.json'), 'utf8'));
  const rows = table.map((row) => Float64Array.from(row));
  const width = rows[0].length;
  const batch = Float64Array.from(
    { length: BATCH * width },
    (_, i) => rows[Math.floor(i / width) % rows.length][i % width],
  );
  const model = loadLightGBM(bytes);
  const other = loadXGBoost(readFileSync(join(folder, 'xgb.json')));
  const one = new Float64Array(3);
  const many = new Float64Array(BATCH * 3);
  const line = (name, value, unit, note) => ({ name, value, unit, ...(note && { note }) });
  const result = [
    line(
      'gbdt, LightGBM row',
      perRow(rows, (row) => model.predict(row, one)),
      'µs/row',
      `${model.trees} trees, ${rows.length} rows in turn`,
    ),
    line(
      'gbdt, LightGBM batch',
      fastest(() => model.predictBatch(batch, BATCH, many)),
      'ms',
      `${BATCH} rows, one thread`,
    ),
    line(
      'gbdt, XGBoost batch',
      fastest(() => other.predictBatch(batch, BATCH, many)),
      'ms',
      `${BATCH} rows, one thread`,
    ),
    line(
      'load',
      fastest(() => loadLightGBM(bytes), 3),
      'ms',
    ),
  ];
  if (!python) return result;
  const peers = JSON.parse(execFileSync(python, [script('python_row.py'), folder], { encoding: 'utf8' }));
  return [
    ...result,
    line('LightGBM Python, predict', peers.lightgbm_python, 'µs/row', `LightGBM ${peers.versions.lightgbm}`),
    line('LightGBM, fastest call', peers.lightgbm_fast_call, 'µs/row', 'PredictForMatSingleRowFast by ctypes'),
    line('LightGBM batch', peers.lightgbm_batch, 'ms', `${BATCH} rows, one thread`),
    line('XGBoost batch', peers.xgboost_batch, 'ms', `${BATCH} rows, one thread`),
  ];
}
