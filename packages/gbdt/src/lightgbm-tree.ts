import type { Section } from './lightgbm-text.js';
import { malformed, unsupported } from './model-error.js';
import { Missing, type CategorySet, type Tree } from './tree.js';

const MAX_LEAVES = 1 << 20;
/** Paths longer than this are no model but an attack on the evaluator's time. */
const MAX_DEPTH = 512;

/** Bits of a split's decision type; above them the kind of missing value. */
const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;
const NONE = 0;
const ZERO = 1;

/** Reads and checks one tree. Splits are nodes 0 … n−2, leaf i is node n−1+i. */
export function readLightgbmTree(section: Section, output: number, featureCount: number): Tree {
  const path = section.name;
  if (section.whole('is_linear', 0, 1, 0) === 1)
    throw unsupported('a tree with linear leaves (linear_tree)', 'Train with linear_tree=false.');
  const leaves = section.whole('num_leaves', 1, MAX_LEAVES);
  const splits = leaves - 1;
  const nodes = splits + leaves;
  const value = new Float64Array(nodes);
  const leafValues = section.numbers('leaf_value', leaves);
  if (!leafValues.every(Number.isFinite)) throw malformed(path, 'the value of a leaf is not a finite number');
  value.set(leafValues, splits);
  const left = new Int32Array(nodes).fill(-1);
  const right = new Int32Array(nodes).fill(-1);
  const feature = new Int32Array(nodes);
  const missing = new Uint8Array(nodes);
  let categories: ReadonlyMap<number, CategorySet> | null = null;
  if (splits > 0) {
    // a negative child is the complement of a leaf's number
    const node = (child: number): number => (child < 0 ? splits + ~child : child);
    left.set(section.wholes('left_child', splits, -leaves, splits - 1).map(node));
    right.set(section.wholes('right_child', splits, -leaves, splits - 1).map(node));
    feature.set(section.wholes('split_feature', splits, 0, featureCount - 1));
    const thresholds = section.numbers('threshold', splits);
    const decisions = section.wholes('decision_type', splits, 0, 11);
    value.set(thresholds);
    missing.set(decisions.map((decision) => missingOf(decision)));
    categories = readCategories(section, decisions, thresholds);
    thresholds.forEach((threshold, i) => {
      if (Number.isNaN(threshold)) throw malformed(`${path} node ${i}`, 'the threshold of a split is NaN');
    });
  }
  const { order, depth } = walk(left, right, path);
  return { output, left, right, feature, value, missing, categories, order, depth };
}

function missingOf(decision: number): number {
  // a categorical split sends everything that is no member right
  if (decision & CATEGORICAL) return Missing.RIGHT;
  const toLeft = (decision & DEFAULT_LEFT) !== 0;
  const kind = decision >> 2;
  if (kind === NONE) return Missing.AS_ZERO;
  if (kind === ZERO) return toLeft ? Missing.ZERO_LEFT : Missing.ZERO_RIGHT;
  return toLeft ? Missing.LEFT : Missing.RIGHT;
}

function readCategories(
  section: Section,
  decisions: Int32Array,
  thresholds: Float64Array,
): ReadonlyMap<number, CategorySet> | null {
  const count = section.whole('num_cat', 0, decisions.length, 0);
  const sets = new Map<number, CategorySet>();
  const bounds = count > 0 ? section.wholes('cat_boundaries', count + 1, 0, 2 ** 31 - 1) : Int32Array.of(0);
  if (bounds[0] !== 0 || bounds.some((bound, i) => i > 0 && bound <= bounds[i - 1]!))
    throw malformed(section.name, 'cat_boundaries does not rise from 0');
  const words = count > 0 ? section.wholes('cat_threshold', bounds[count]!, 0, 2 ** 32 - 1) : bounds;
  const taken = new Set<number>();
  decisions.forEach((decision, node) => {
    if ((decision & CATEGORICAL) === 0) return;
    const set = thresholds[node]!;
    if (!Number.isInteger(set) || set < 0 || set >= count)
      throw malformed(`${section.name} node ${node}`, `names the category set ${set} of ${count}`);
    // a set that many nodes shared would make little text into many sets
    if (taken.has(set)) throw malformed(`${section.name} node ${node}`, `names the category set ${set} again`);
    taken.add(set);
    sets.set(node, { bits: words.slice(bounds[set]!, bounds[set + 1]!), inside: 'left' });
  });
  return sets.size > 0 ? sets : null;
}

/** The nodes in order, each reached once. */
function walk(left: Int32Array, right: Int32Array, path: string): { order: Int32Array; depth: number } {
  const order = new Int32Array(left.length);
  const level = new Int32Array(left.length).fill(-1);
  level[0] = 0;
  let depth = 0;
  let count = 1;
  for (let i = 0; i < count; i++) {
    const node = order[i]!;
    if (left[node]! < 0) continue;
    for (const child of [right[node]!, left[node]!]) {
      if (level[child]! >= 0)
        throw malformed(`${path} node ${node}`, `its child ${child} is reached twice: the nodes are no tree`);
      level[child] = level[node]! + 1;
      order[count++] = child;
    }
    depth = Math.max(depth, level[node]! + 1);
    if (depth > MAX_DEPTH) throw malformed(`${path} node ${node}`, `lies deeper than the limit of ${MAX_DEPTH}`);
  }
  if (count !== left.length) throw malformed(path, `${left.length - count} nodes are not reached from the root`);
  return { order, depth };
}
