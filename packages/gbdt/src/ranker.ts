import { unsupported } from './model-error.js';

export interface Split {
  readonly feature: number;
  /** float32, not NaN */
  readonly threshold: number;
}

const RANK_BITS = 20;
const MAX_RANK = (1 << RANK_BITS) - 1;
/** Two slots a feature, and the sign bit of a word stays free. */
const MAX_USED_FEATURES = 1 << (31 - RANK_BITS - 1);

/**
 * Replaces a value by its rank among the distinct thresholds of its feature: the number of thresholds ≤ the value as float32. With
 * thresholds counted from 1, `value < threshold` is `rank(value) < rank(threshold)`: the same decision, on integers.
 *
 * A feature has two slots, equal unless the value is missing: in the first a missing value lies below all thresholds (it goes left),
 * in the second above all (it goes right). Slot and rank share a word, so that one subtraction compares them.
 */
export class Ranker {
  /** Features that some split uses; slots are positions in this list. */
  readonly #used: Int32Array;
  readonly #slotOf: Int32Array;
  readonly #thresholds: Float32Array;
  readonly #bounds: Int32Array;
  readonly #values: Int32Array;

  constructor(splits: readonly Split[], featureCount: number) {
    const byFeature = new Map<number, number[]>();
    for (const { feature, threshold } of splits) {
      const list = byFeature.get(feature);
      if (list) list.push(threshold);
      else byFeature.set(feature, [threshold]);
    }
    this.#used = Int32Array.from(byFeature.keys()).sort();
    if (this.#used.length > MAX_USED_FEATURES)
      throw unsupported(`a model that uses more than ${MAX_USED_FEATURES} features`, 'Train on fewer features.');
    this.#slotOf = new Int32Array(featureCount).fill(-1);
    this.#used.forEach((feature, slot) => (this.#slotOf[feature] = slot));
    const distinct = Array.from(this.#used, (feature) =>
      Float32Array.from(byFeature.get(feature)!)
        .sort()
        .filter((t, i, all) => i === 0 || t !== all[i - 1]),
    );
    if (distinct.some((list) => list.length >= MAX_RANK))
      throw unsupported(`a feature with more than ${MAX_RANK} thresholds`, 'Train with fewer or shallower trees.');
    this.#bounds = new Int32Array(distinct.length + 1);
    distinct.forEach((list, slot) => (this.#bounds[slot + 1] = this.#bounds[slot]! + list.length));
    this.#thresholds = new Float32Array(this.#bounds[distinct.length]!);
    distinct.forEach((list, slot) => this.#thresholds.set(list, this.#bounds[slot]!));
    this.#values = new Int32Array(Math.max(1, 2 * distinct.length));
  }

  /** The word of a split: compare it with the value of the same slot. */
  word(feature: number, threshold: number, missingLeft: boolean): number {
    const slot = this.#slotOf[feature]!;
    const side = missingLeft ? slot : slot + this.#used.length;
    return (side << RANK_BITS) | this.#countUpTo(threshold, this.#bounds[slot]!, this.#bounds[slot + 1]!);
  }

  /** Words of the row that starts at `from`, by slot. The array is reused. */
  rank(rows: Float64Array, from: number): Int32Array {
    const used = this.#used;
    const bounds = this.#bounds;
    const values = this.#values;
    const count = used.length;
    for (let slot = 0; slot < count; slot++) {
      const x = Math.fround(rows[from + used[slot]!]!);
      const left = slot << RANK_BITS;
      const right = (slot + count) << RANK_BITS;
      if (x !== x) {
        values[slot] = left;
        values[slot + count] = right | MAX_RANK;
        continue;
      }
      const rank = this.#countUpTo(x, bounds[slot]!, bounds[slot + 1]!);
      values[slot] = left | rank;
      values[slot + count] = right | rank;
    }
    return values;
  }

  #countUpTo(x: number, start: number, end: number): number {
    const thresholds = this.#thresholds;
    let low = start;
    let length = end - start;
    while (length > 0) {
      const half = length >> 1;
      if (thresholds[low + half]! <= x) {
        low += half + 1;
        length -= half + 1;
      } else length = half;
    }
    return low - start;
  }
}
