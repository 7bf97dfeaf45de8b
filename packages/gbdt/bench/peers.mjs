// The models of training/bench_model.py in what compiles or converts them: lleaves, treelite as C, onnxruntime, as far as SIGNALBOX_PYTHON has
// them, beside this package in the same run. Compiling them takes minutes: it runs when SIGNALBOX_BENCH_PEERS is set. Prints one JSON object.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadLightGBM, loadXGBoost } from '../dist/index.js';
import { fastest, perRow } from './shared/time.mjs';

const BATCH = 82_206;
const python = process.env.SIGNALBOX_BENCH_PEERS ? process.env.SIGNALBOX_PYTHON : undefined;
const script = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
try {
  console.log(JSON.stringify({ bench: 'gbdt and its peers, one thread', rows: python ? measure() : [] }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function measure() {
  execFileSync(python, [script('../../../training/bench_model.py'), folder], { stdio: 'ignore' });
  const peers = JSON.parse(
    execFileSync(python, [script('python_peers.py'), folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const rows = JSON.parse(readFileSync(join(folder, 'rows.json'), 'utf8')).map((row) => Float64Array.from(row));
  const width = rows[0].length;
  const batch = new Float64Array(BATCH * width);
  for (let i = 0; i < BATCH; i++) batch.set(rows[i % rows.length], i * width);
  const own = (name, file, load) => {
    const model = load(readFileSync(join(folder, file)));
    const one = new Float64Array(3);
    const many = new Float64Array(BATCH * 3);
    return {
      name: `gbdt (${name})`,
      row: perRow(rows, (row) => model.predict(row, one)),
      batch: fastest(() => model.predictBatch(batch, BATCH, many)),
    };
  };
  return [own('XGBoost', 'xgb.json', loadXGBoost), own('LightGBM', 'lgbm.txt', loadLightGBM), ...peers].flatMap(
    ({ name, version, row, batch: whole }) => [
      { name, value: row, unit: 'µs/row', ...(version && { note: version }) },
      { name: `${name}, ${BATCH} rows`, value: whole, unit: 'ms' },
    ],
  );
}
