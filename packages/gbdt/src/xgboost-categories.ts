import { arrayAt, own, type JsonObject } from './json.js';
import { malformed } from './model-error.js';
import type { CategorySet } from './tree.js';

/** XGBoost's own limit. */
const MAX_CATEGORY = 2 ** 24 - 1;

/** Words of category bits that a whole model may still take: one large category number costs half a million of them. */
export interface CategoryBudget {
  words: number;
}

export const CATEGORY_WORDS = 1 << 22;

/** Sets of the categorical splits by node, a member goes right; null when there is none. */
export function readCategories(
  tree: JsonObject,
  path: string,
  nodes: number,
  budget: CategoryBudget,
): ReadonlyMap<number, CategorySet> | null {
  if (own(tree, 'categories_nodes') === undefined) return null;
  const categories = arrayAt(tree, 'categories', path);
  const owners = arrayAt(tree, 'categories_nodes', path);
  const starts = arrayAt(tree, 'categories_segments', path);
  const sizes = arrayAt(tree, 'categories_sizes', path);
  if (starts.length !== owners.length || sizes.length !== owners.length)
    throw malformed(path, 'categories_nodes, categories_segments and categories_sizes differ in length');
  const sets = new Map<number, CategorySet>();
  let end = 0;
  for (let i = 0; i < owners.length; i++) {
    const node = whole(owners[i], `${path}.categories_nodes[${i}]`, nodes - 1);
    const start = whole(starts[i], `${path}.categories_segments[${i}]`, categories.length);
    const size = whole(sizes[i], `${path}.categories_sizes[${i}]`, categories.length - start);
    if (sets.has(node)) throw malformed(`${path}.categories_nodes[${i}]`, `names node ${node} again`);
    // one after another: segments that overlap would make little text into many sets
    if (start < end) throw malformed(`${path}.categories_segments[${i}]`, 'overlaps the segment before it');
    if (size === 0) throw malformed(`${path}.categories_sizes[${i}]`, 'is 0');
    end = start + size;
    sets.set(node, { bits: bitsOf(categories, start, end, path, budget), inside: 'right' });
  }
  return sets.size > 0 ? sets : null;
}

function bitsOf(
  categories: ArrayLike<unknown>,
  start: number,
  end: number,
  path: string,
  budget: CategoryBudget,
): Int32Array {
  let largest = 0;
  for (let i = start; i < end; i++)
    largest = Math.max(largest, whole(categories[i], `${path}.categories[${i}]`, MAX_CATEGORY));
  const words = (largest >>> 5) + 1;
  budget.words -= words;
  if (budget.words < 0) throw malformed(path, `the sets of categories take more than ${CATEGORY_WORDS} words`);
  const bits = new Int32Array(words);
  for (let i = start; i < end; i++) {
    const category = categories[i] as number;
    bits[category >>> 5]! |= 1 << (category & 31);
  }
  return bits;
}

function whole(x: unknown, where: string, max: number): number {
  if (typeof x !== 'number' || !Number.isInteger(x) || x < 0 || x > max)
    throw malformed(where, `is not a whole number from 0 to ${max}`);
  return x;
}
