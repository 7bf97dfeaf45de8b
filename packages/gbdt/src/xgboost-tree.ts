import { arrayAt, countAt, objectAt, own, type JsonObject } from './json.js';
import { malformed, unsupported } from './model-error.js';
import { Missing, type Tree } from './tree.js';
import { readCategories, type CategoryBudget } from './xgboost-categories.js';

const MAX_NODES = 1 << 20;
/** Paths longer than this are no model but an attack on the evaluator's time. */
const MAX_DEPTH = 512;

/** Reads and checks one tree of an XGBoost JSON model. Time and memory are linear in the text that was read. */
export function readTree(
  tree: JsonObject,
  path: string,
  output: number,
  featureCount: number,
  budget: CategoryBudget,
): Tree {
  const param = objectAt(tree, 'tree_param', path);
  const nodes = countAt(param, 'num_nodes', `${path}.tree_param`, MAX_NODES);
  if (nodes === 0) throw malformed(path, 'has no node');
  if (countAt(param, 'size_leaf_vector', `${path}.tree_param`, 1 << 16, 0) > 1)
    throw unsupported(
      'a tree with vector leaves (multi_output_tree)',
      'Train with multi_strategy one_output_per_tree.',
    );
  const left = integers(tree, 'left_children', path, nodes, -1, nodes - 1);
  const right = integers(tree, 'right_children', path, nodes, -1, nodes - 1);
  const feature = integers(tree, 'split_indices', path, nodes, 0, Number.MAX_SAFE_INTEGER);
  const defaultLeft = flags(tree, 'default_left', path, nodes);
  const types = own(tree, 'split_type') === undefined ? undefined : flags(tree, 'split_type', path, nodes);
  const value = floats(tree, 'split_conditions', path, nodes);
  const categories = readCategories(tree, path, nodes, budget);

  const order = new Int32Array(nodes);
  const level = new Int32Array(nodes).fill(-1);
  level[0] = 0;
  let depth = 0;
  let count = 1;
  for (let i = 0; i < count; i++) {
    const node = order[i]!;
    const at = `${path} node ${node}`;
    const l = left[node]!;
    const r = right[node]!;
    if (l < 0 !== r < 0) throw malformed(at, 'has one child only');
    if (l < 0) {
      if (!Number.isFinite(value[node]!)) throw malformed(at, 'the value of the leaf is not a finite number');
      continue;
    }
    if (feature[node]! >= featureCount)
      throw malformed(at, `splits on feature ${feature[node]} of a model with ${featureCount} features`);
    if (types?.[node] === 1) {
      if (!categories?.has(node)) throw malformed(at, 'is a categorical split without categories');
    } else if (Number.isNaN(value[node]!)) throw malformed(at, 'the threshold of a numeric split is NaN');
    for (const child of [r, l]) {
      if (level[child]! >= 0) throw malformed(at, `its child ${child} is reached twice: the nodes are no tree`);
      level[child] = level[node]! + 1;
      order[count++] = child;
    }
    depth = Math.max(depth, level[node]! + 1);
    if (depth > MAX_DEPTH) throw malformed(at, `lies deeper than the limit of ${MAX_DEPTH}`);
  }
  for (const node of categories?.keys() ?? [])
    if (types?.[node] !== 1) throw malformed(`${path} node ${node}`, 'has categories and a numeric split');
  const missing = defaultLeft.map((isLeft) => (isLeft ? Missing.LEFT : Missing.RIGHT));
  return { output, left, right, feature, value, missing, categories, order: order.subarray(0, count), depth };
}

function sized(tree: JsonObject, key: string, path: string, length: number): ArrayLike<unknown> {
  const list = arrayAt(tree, key, path);
  if (list.length !== length) throw malformed(`${path}.${key}`, `has ${list.length} entries, the tree ${length} nodes`);
  return list;
}

function integers(tree: JsonObject, key: string, path: string, length: number, min: number, max: number): Int32Array {
  const list = sized(tree, key, path, length);
  const result = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const x = list[i];
    if (typeof x !== 'number' || !Number.isInteger(x) || x < min || x > max || (x | 0) !== x)
      throw malformed(
        `${path}.${key}[${i}]`,
        `${show(x)} is not a whole number from ${min} to ${Math.min(max, 0x7fffffff)}`,
      );
    result[i] = x;
  }
  return result;
}

/** 0 and 1, which older versions write as false and true. */
function flags(tree: JsonObject, key: string, path: string, length: number): Uint8Array {
  const list = sized(tree, key, path, length);
  const result = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const x = list[i];
    if (x !== 0 && x !== 1 && x !== true && x !== false)
      throw malformed(`${path}.${key}[${i}]`, `${show(x)} is neither 0 nor 1`);
    result[i] = Number(x);
  }
  return result;
}

function floats(tree: JsonObject, key: string, path: string, length: number): Float32Array {
  const list = sized(tree, key, path, length);
  const result = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const x = list[i];
    // null stands for the literal NaN
    if (typeof x !== 'number' && x !== null) throw malformed(`${path}.${key}[${i}]`, `${show(x)} is not a number`);
    result[i] = x ?? NaN;
  }
  return result;
}

function show(x: unknown): string {
  return (JSON.stringify(x) ?? 'undefined').slice(0, 40);
}
