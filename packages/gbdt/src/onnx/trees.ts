import { malformed, unsupported } from '../model-error.js';
import { Missing, type Arithmetic, type CategorySet, type Tree } from '../tree.js';
import { nextBelow } from './next-below.js';
import { Mode, type NodeTable } from './table.js';

/** Paths longer than this are no model but an attack on the evaluator's time, or a circle. */
const MAX_DEPTH = 512;
const MAX_CELLS = 1 << 23;

/** onnxruntime compares and adds in the type of the input. */
export function arithmeticOf({ mode }: NodeTable, single: boolean): Arithmetic {
  const strict = mode.some((m) => m === Mode.LT || m === Mode.GTE);
  const closed = mode.some((m) => m === Mode.LEQ || m === Mode.GT);
  return { single, closed: closed || !strict, zero: 0, categoryAbove: 0, categoryBelow: 0 };
}

/**
 * Trees as a {@link Forest} takes them: one for each output that the leaves of a tree add to, all comparisons turned into one kind.
 *
 * Converters write a category's set as a chain of equalities with one common target, so that the nodes of a tree may be reached on
 * several ways: chains become sets, what else is shared is copied.
 */
export function treesOf(table: NodeTable, columns: Int32Array, arithmetic: Arithmetic): Tree[] {
  const members = Array.from(table.members.values()).reduce((sum, set) => sum + set.length, 0);
  const budget = { steps: 8 * (table.mode.length + members) + 4096, cells: MAX_CELLS };
  return table.roots.flatMap((root, i) => expand(table, root, `${table.name}, tree ${i}`, columns, arithmetic, budget));
}

function expand(
  table: NodeTable,
  root: number,
  where: string,
  columns: Int32Array,
  arithmetic: Arithmetic,
  budget: { steps: number; cells: number },
): Tree[] {
  const source: number[] = [root];
  const level: number[] = [0];
  const left: number[] = [];
  const right: number[] = [];
  const feature: number[] = [];
  const threshold: number[] = [];
  const missing: number[] = [];
  const categories = new Map<number, CategorySet>();
  let depth = 0;
  const spend = (): void => {
    if (--budget.steps < 0)
      throw unsupported(
        `${where}: a graph of nodes that is far larger as a tree`,
        'Train with smaller sets of categories.',
      );
  };
  for (let place = 0; place < source.length; place++) {
    spend();
    const node = source[place]!;
    if (table.mode[node] === Mode.LEAF) {
      left.push(-1);
      right.push(-1);
      feature.push(0);
      threshold.push(0);
      missing.push(Missing.RIGHT);
      continue;
    }
    const column = columns[table.feature[node]!];
    if (column === undefined)
      throw malformed(where, `splits on feature ${table.feature[node]} of a model with ${columns.length} features`);
    const split = splitOf(table, node, where, arithmetic, spend);
    depth = Math.max(depth, level[place]! + 1);
    if (depth > MAX_DEPTH)
      throw malformed(where, `a path is longer than the limit of ${MAX_DEPTH}, or runs in a circle`);
    left.push(source.length);
    right.push(source.length + 1);
    source.push(split.left, split.right);
    level.push(level[place]! + 1, level[place]! + 1);
    feature.push(column);
    threshold.push(split.threshold);
    missing.push(split.missing);
    if (split.set) categories.set(place, split.set);
  }
  const shape = {
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    feature: Int32Array.from(feature),
    missing: Uint8Array.from(missing),
    categories: categories.size === 0 ? null : categories,
    order: Int32Array.from(source.keys()),
    depth,
  };
  const outputs = [...new Set(source.flatMap((node) => Array.from(targetsOf(table, node))))].sort((a, b) => a - b);
  budget.cells -= outputs.length * source.length;
  if (budget.cells < 0)
    throw unsupported(
      `${where}: more than ${MAX_CELLS} nodes over all outputs`,
      'Train with fewer or shallower trees.',
    );
  return outputs.map((output) => ({
    ...shape,
    output,
    value: valuesOf(table, source, threshold, output, arithmetic.single, where),
  }));
}

interface Split {
  readonly left: number;
  readonly right: number;
  readonly threshold: number;
  readonly missing: number;
  readonly set: CategorySet | null;
}

/** Comparisons that a missing value fails unless it is tracked; `!=` holds for it. */
function splitOf(table: NodeTable, node: number, where: string, arithmetic: Arithmetic, spend: () => void): Split {
  const mode = table.mode[node]!;
  const yes = table.yes[node]!;
  const no = table.no[node]!;
  const tracked = table.track[node] === 1;
  const t = arithmetic.single ? Math.fround(table.value[node]!) : table.value[node]!;
  if (mode !== Mode.MEMBER && Number.isNaN(t)) throw malformed(where, 'the threshold of a numeric split is NaN');
  const whenYesIsLeft = tracked ? Missing.LEFT : Missing.RIGHT;
  const whenYesIsRight = tracked ? Missing.RIGHT : Missing.LEFT;
  switch (mode) {
    case Mode.LEQ:
      return { left: yes, right: no, missing: whenYesIsLeft, ...upTo(t) };
    case Mode.GT:
      return { left: no, right: yes, missing: whenYesIsRight, ...upTo(t) };
    case Mode.LT:
      return { left: yes, right: no, missing: whenYesIsLeft, ...below(t, arithmetic) };
    case Mode.GTE:
      return { left: no, right: yes, missing: whenYesIsRight, ...below(t, arithmetic) };
    case Mode.NEQ:
      return { left: no, right: yes, missing: Missing.RIGHT, threshold: 0, set: setOf([t]) };
    default:
      return membership(table, node, arithmetic.single, spend);
  }
}

const upTo = (threshold: number): Pick<Split, 'threshold' | 'set'> => ({ threshold, set: null });

/** `x < t` where all else asks `x <= t`. Nothing lies below −∞: a set without members. */
function below(threshold: number, { closed, single }: Arithmetic): Pick<Split, 'threshold' | 'set'> {
  if (!closed) return { threshold, set: null };
  if (threshold === -Infinity) return { threshold: 0, set: setOf([]) };
  return { threshold: nextBelow(threshold, single), set: null };
}

/** A chain of equalities on one feature with one target is a set. */
function membership(table: NodeTable, node: number, single: boolean, spend: () => void): Split {
  const yes = table.yes[node]!;
  const values: number[] = [];
  let tracked = false;
  let next = node;
  do {
    spend();
    const own = table.mode[next] === Mode.MEMBER ? table.members.get(next)! : [table.value[next]!];
    for (const value of own) {
      spend();
      values.push(value);
    }
    tracked ||= table.track[next] === 1;
    next = table.no[next]!;
  } while (
    (table.mode[next] === Mode.EQ || table.mode[next] === Mode.MEMBER) &&
    table.feature[next] === table.feature[node] &&
    table.yes[next] === yes
  );
  if (table.mode[node] === Mode.EQ && values.some(Number.isNaN)) throw malformed(table.name, 'an equality with NaN');
  const set = setOf(single ? values.map(Math.fround) : values);
  return { left: yes, right: next, missing: tracked ? Missing.LEFT : Missing.RIGHT, threshold: 0, set };
}

function setOf(values: readonly number[]): CategorySet {
  // −0 is 0 to a Set as it is to a comparison
  return { bits: new Int32Array(), inside: 'left', values: new Set(values) };
}

const targetsOf = ({ mode, first, targets }: NodeTable, node: number): Int32Array =>
  mode[node] === Mode.LEAF ? targets.subarray(first[node]!, first[node + 1]!) : new Int32Array();

function valuesOf(
  { mode, first, targets, weights }: NodeTable,
  source: readonly number[],
  threshold: readonly number[],
  output: number,
  single: boolean,
  where: string,
): Float32Array | Float64Array {
  const value = single ? Float32Array.from(threshold) : Float64Array.from(threshold);
  source.forEach((node, place) => {
    if (mode[node] !== Mode.LEAF) return;
    // a leaf that adds nothing to this output adds −0, which changes no sum
    value[place] = -0;
    let found = false;
    for (let j = first[node]!; j < first[node + 1]!; j++) {
      if (targets[j] !== output) continue;
      if (found) throw malformed(where, `a leaf has two weights for output ${output}`);
      found = true;
      value[place] = weights[j]!;
    }
    if (!Number.isFinite(value[place])) throw malformed(where, 'the value of a leaf is not a finite float32');
  });
  return value;
}
