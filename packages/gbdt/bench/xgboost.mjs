// One row of 300 trees of depth 6, beside a plain walk over node objects in the same run, and beside XGBoost's and LightGBM's
// Python when SIGNALBOX_PYTHON names an interpreter that has them. Prints one JSON object.
//
//   node packages/gbdt/bench/xgboost.mjs [FOLDER made by training/bench_model.py]
//
// Without a folder the model is a synthetic one of the same structure: complete trees on random thresholds.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadXGBoost } from '../dist/index.js';
import { perRow } from './shared/time.mjs';

const TREES = 300;
const DEPTH = 6;
const FEATURES = 13;
const ROWS = 4096;

const python = process.env.SIGNALBOX_PYTHON;
let folder = process.argv[2];
let made;
if (!folder && python) {
  folder = made = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  execFileSync(python, [fileURLToPath(new URL('../../../training/bench_model.py', import.meta.url)), folder], {
    stdio: 'ignore',
  });
}
try {
  console.log(JSON.stringify(measure()));
} finally {
  if (made) rmSync(made, { recursive: true, force: true });
}

function measure() {
  const real = folder !== undefined && existsSync(join(folder, 'xgb.json'));
  const text = real ? readFileSync(join(folder, 'xgb.json'), 'utf8') : JSON.stringify(synthetic());
  const rows = real
    ? JSON.parse(readFileSync(join(folder, 'rows.json'), 'utf8')).map((row) => Float64Array.from(row))
    : randomRows();
  const model = loadXGBoost(new TextEncoder().encode(text), { rounds: 'all' });
  const walk = objectWalk(JSON.parse(text));
  const out = new Float64Array(3);
  for (const row of rows.slice(0, 500)) {
    const plain = walk(row, new Float64Array(3));
    model.predictRaw(row, out);
    if (plain.some((x, k) => x !== out[k])) throw new Error('the plain walk and the package differ');
  }
  const one = rows[0];
  const rowsOf = (name, value, note) => ({ name, value, unit: 'µs/row', ...(note && { note }) });
  const peers = real && python ? pythonTimes() : null;
  return {
    bench: 'xgboost row',
    model: real ? 'made by XGBoost' : 'synthetic',
    trees: model.trees,
    depth: DEPTH,
    rows: [
      rowsOf(
        'gbdt',
        perRow(rows, (row) => model.predict(row, out)),
        `${rows.length} rows in turn, as a new bar is`,
      ),
      rowsOf(
        'gbdt, same row',
        perRow(rows, () => model.predict(one, out)),
      ),
      rowsOf(
        'plain object walk',
        perRow(rows, (row) => walk(row, out)),
        'margins only',
      ),
      rowsOf(
        'plain object walk, same row',
        perRow(rows, () => walk(one, out)),
        'margins only',
      ),
      ...(peers
        ? [
            rowsOf('XGBoost Python, inplace_predict', peers.xgboost_python, `XGBoost ${peers.versions.xgboost}`),
            rowsOf('LightGBM Python, predict', peers.lightgbm_python, `LightGBM ${peers.versions.lightgbm}`),
            rowsOf('LightGBM, fastest call', peers.lightgbm_fast_call, 'PredictForMatSingleRowFast by ctypes'),
          ]
        : []),
      { name: 'load', value: loadTime(text), unit: 'ms' },
    ],
  };
}

function loadTime(text) {
  const bytes = new TextEncoder().encode(text);
  const start = process.hrtime.bigint();
  loadXGBoost(bytes);
  return Number((Number(process.hrtime.bigint() - start) / 1e6).toFixed(1));
}

/** What one writes first: nodes as objects, a loop per tree. */
function objectWalk(file) {
  const { trees, tree_info: outputs } = file.learner.gradient_booster.model;
  const base = JSON.parse(`[${file.learner.learner_model_param.base_score.replace(/[[\]]/g, '')}]`);
  const node = (tree, i) =>
    tree.left_children[i] < 0
      ? {
          leaf: true,
          feature: 0,
          value: Math.fround(tree.split_conditions[i]),
          missingLeft: false,
          left: null,
          right: null,
        }
      : {
          leaf: false,
          feature: tree.split_indices[i],
          value: Math.fround(tree.split_conditions[i]),
          missingLeft: Boolean(tree.default_left[i]),
          left: node(tree, tree.left_children[i]),
          right: node(tree, tree.right_children[i]),
        };
  const roots = trees.map((tree) => node(tree, 0));
  return (row, out) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.fround(base[k % base.length]);
    for (let t = 0; t < roots.length; t++) {
      let at = roots[t];
      while (!at.leaf) {
        const x = Math.fround(row[at.feature]);
        at = x !== x ? (at.missingLeft ? at.left : at.right) : x < at.value ? at.left : at.right;
      }
      out[outputs[t]] = Math.fround(out[outputs[t]] + at.value);
    }
    return out;
  };
}

function generator(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 4294967296;
}

function randomRows() {
  const random = generator(2);
  return Array.from({ length: ROWS }, () => Float64Array.from({ length: FEATURES }, random));
}

function synthetic() {
  const random = generator(1);
  const splits = 2 ** DEPTH - 1;
  const nodes = 2 * splits + 1;
  const list = (make) => Array.from({ length: nodes }, (_, i) => make(i));
  const tree = () => ({
    tree_param: { num_nodes: String(nodes), size_leaf_vector: '1' },
    left_children: list((i) => (i < splits ? 2 * i + 1 : -1)),
    right_children: list((i) => (i < splits ? 2 * i + 2 : -1)),
    split_indices: list(() => Math.floor(random() * FEATURES)),
    default_left: list(() => Math.round(random())),
    split_conditions: list((i) => Math.fround(i < splits ? Math.round(random() * 255) / 256 : random() - 0.5)),
  });
  return {
    version: [3, 2, 0],
    learner: {
      attributes: {},
      feature_names: [],
      learner_model_param: { base_score: '5E-1', num_class: '3', num_feature: String(FEATURES), num_target: '1' },
      objective: { name: 'multi:softprob' },
      gradient_booster: {
        name: 'gbtree',
        model: {
          gbtree_model_param: { num_trees: String(TREES), num_parallel_tree: '1' },
          tree_info: Array.from({ length: TREES }, (_, i) => i % 3),
          trees: Array.from({ length: TREES }, tree),
        },
      },
    },
  };
}

/** The Python libraries' own fastest call for one row, one thread, in the same minute. */
function pythonTimes() {
  const script = fileURLToPath(new URL('python_row.py', import.meta.url));
  return JSON.parse(execFileSync(python, [script, folder], { encoding: 'utf8' }));
}
