import { unsupported } from './model-error.js';
import { Missing, type Arithmetic, type CategorySet, type Tree } from './tree.js';

/** Bits of a word that hold the rank, unless so many slots are needed that fewer remain. The sign bit stays free. */
const RANK_BITS = 24;
const WORD_BITS = 31;
/** Left free between rank and slot, so that a shift of the word gives an address. */
const FREE_BITS = 5;

interface Slot {
  readonly missing: number;
  readonly set: CategorySet | null;
}

/** What compiled code needs to know to rank the values of a row. */
export interface RankLayout {
  /** Rank bits of a word; the slot lies above them. */
  readonly shift: number;
  readonly slots: number;
  /** Values are rounded to float32, as the thresholds are. */
  readonly single: boolean;
  /** A value on a threshold goes left. */
  readonly closed: boolean;
  /** Values up to this far from 0 are 0. */
  readonly zero: number;
  /** Sorted thresholds of each used feature, and the slots that take its rank. */
  readonly used: readonly { readonly thresholds: ArrayLike<number>; readonly from: number; readonly to: number }[];
}

/** Ranks the values that stand in `inputs` into the words of a row. */
export interface CompiledRanks {
  readonly values: Int32Array;
  readonly inputs: Float64Array | null;
  /** Words between those of two slots of a row. */
  readonly stride: number;
  /** False where a value is missing: what was written then means nothing. */
  rank(row: number): boolean;
}

/**
 * Replaces a value by its rank among the distinct thresholds of its feature: the number of thresholds that send it right. With
 * thresholds counted from 1, "goes left" is `rank(value) < rank(threshold)`: the same decision, on integers.
 *
 * A feature has a slot per treatment of missing values that its splits use, equal unless the value is missing: then it lies below all
 * thresholds, above all, or where 0 lies. A categorical split is a slot with one threshold. Slot and rank share a word, so that one
 * subtraction compares them.
 */
export class Ranker {
  /** Rank bits of a word; the slot lies above them. */
  readonly shift: number;
  readonly #arithmetic: Arithmetic;
  /** Features that some split uses; bounds of their slots and thresholds. */
  readonly #used: Int32Array;
  readonly #slots: Int32Array;
  readonly #bounds: Int32Array;
  readonly #thresholds: Float32Array | Float64Array;
  /** Rank of 0, by used feature. */
  readonly #zero: Int32Array;
  readonly #missing: Uint8Array;
  readonly #sets: readonly (CategorySet | null)[];
  #values: Int32Array;
  #stride = 1;
  /** Does the common row: no value missing, none that a split of its own treats as such. */
  #compiled: CompiledRanks | null = null;
  /** Some split asks for a category, or treats zero as missing: not the compiled code's. */
  readonly #peculiar: boolean;
  readonly #slotOf = new Map<string, number>();
  readonly #place = new Map<number, number>();

  constructor(trees: readonly Tree[], arithmetic: Arithmetic) {
    this.#arithmetic = arithmetic;
    const { slots, thresholds } = collect(trees);
    this.#used = Int32Array.from(slots.keys()).sort();
    this.#used.forEach((feature, place) => this.#place.set(feature, place));
    const all = Array.from(this.#used, (feature) => [...slots.get(feature)!]);
    const flat = all.flat();
    this.#slots = runningSum(all.map((list) => list.length));
    flat.forEach(([key], slot) => this.#slotOf.set(key, slot));
    this.#peculiar = flat.some(([, { set, missing }]) => set !== null || missing >= Missing.ZERO_RIGHT);
    this.#missing = Uint8Array.from(flat, ([, slot]) => slot.missing);
    this.#sets = flat.map(([, slot]) => slot.set);

    const numbers = Array.from(this.#used, (feature) => distinct(thresholds.get(feature) ?? [], arithmetic.single));
    this.#bounds = runningSum(numbers.map((list) => list.length));
    const total = this.#bounds[numbers.length]!;
    this.#thresholds = arithmetic.single ? new Float32Array(total) : new Float64Array(total);
    numbers.forEach((list, place) => this.#thresholds.set(list, this.#bounds[place]!));
    this.#zero = Int32Array.from(this.#used, (_, place) => this.#rankOf(0, place));
    this.#values = new Int32Array(Math.max(1, flat.length));

    this.shift = Math.min(RANK_BITS, WORD_BITS - bitsFor(flat.length));
    // a word's rank leaves some bits below the slot free
    if (numbers.some((list) => list.length >= 2 ** (this.shift - FREE_BITS)))
      throw unsupported(
        `a model with ${flat.length} kinds of split and ${Math.max(...numbers.map((l) => l.length))} thresholds of one feature`,
        'Train with fewer or shallower trees.',
      );
  }

  /** Slots of a row. */
  get slots(): number {
    return Math.max(1, this.#sets.length);
  }

  /** Ranks are written there from now on. */
  writeTo(compiled: CompiledRanks): void {
    this.#values = compiled.values;
    this.#stride = compiled.stride;
    if (!this.#peculiar && compiled.inputs) this.#compiled = compiled;
  }

  get layout(): RankLayout {
    const { single, closed, zero } = this.#arithmetic;
    const bounds = this.#bounds;
    const used = Array.from(this.#used, (_, place) => ({
      thresholds: this.#thresholds.subarray(bounds[place]!, bounds[place + 1]!),
      from: this.#slots[place]!,
      to: this.#slots[place + 1]!,
    }));
    return { shift: this.shift, slots: this.slots, single, closed, zero, used };
  }

  /** The word of a split: compare it with the value of the same slot. */
  word(tree: Tree, node: number): number {
    const slot = this.#slotOf.get(keyOf(tree, node))!;
    const set = tree.categories?.get(node);
    const place = this.#place.get(tree.feature[node]!)!;
    return (slot << this.shift) | (set ? 1 : this.#upTo(tree.value[node]!, place));
  }

  /** Words of the row that starts at `from`, by slot; with a compiled walk, of the row numbered `row` there. The array is reused. */
  rank(rows: Float64Array, from: number, row = 0): Int32Array {
    const used = this.#used;
    const slots = this.#slots;
    const values = this.#values;
    const compiled = this.#compiled;
    const stride = this.#stride;
    if (compiled) {
      const inputs = compiled.inputs!;
      for (let place = 0; place < used.length; place++) inputs[place] = rows[from + used[place]!]!;
      if (compiled.rank(row)) return values;
    }
    const missing = this.#missing;
    const shift = this.shift;
    const { single, zero } = this.#arithmetic;
    const highest = (1 << shift) - 1;
    for (let place = 0; place < used.length; place++) {
      const given = rows[from + used[place]!]!;
      let x = single ? Math.fround(given) : given;
      const isZero = x >= -zero && x <= zero;
      if (isZero) x = 0;
      const absent = x !== x;
      const rank = absent ? 0 : this.#rankOf(x, place);
      for (let slot = slots[place]!; slot < slots[place + 1]!; slot++) {
        const treatment = missing[slot]!;
        const set = this.#sets[slot]!;
        let word = set && !absent ? this.#rankInSet(x, set) : rank;
        if (absent)
          word =
            treatment === Missing.AS_ZERO
              ? this.#zero[place]!
              : treatment === Missing.LEFT || treatment === Missing.ZERO_LEFT
                ? 0
                : highest;
        else if (isZero && treatment >= Missing.ZERO_RIGHT) word = treatment === Missing.ZERO_LEFT ? 0 : highest;
        values[row + stride * slot] = (slot << shift) | word;
      }
    }
    return values;
  }

  /** 0 (left) or 1 (right). */
  #rankInSet(x: number, { bits, inside, values }: CategorySet): number {
    if (values) return values.has(x) === (inside === 'left') ? 0 : 1;
    const { categoryAbove, categoryBelow } = this.#arithmetic;
    const category = x > categoryAbove && x < categoryBelow ? Math.trunc(x) : -1;
    const member =
      category >= 0 && category >>> 5 < bits.length && ((bits[category >>> 5]! >>> (category & 31)) & 1) === 1;
    return member === (inside === 'left') ? 0 : 1;
  }

  /** How many thresholds send the value right. */
  #rankOf(x: number, place: number): number {
    return this.#arithmetic.closed ? this.#below(x, place) : this.#upTo(x, place);
  }

  #upTo(x: number, place: number): number {
    const thresholds = this.#thresholds;
    const start = this.#bounds[place]!;
    let low = start;
    let length = this.#bounds[place + 1]! - start;
    while (length > 0) {
      const half = length >> 1;
      if (thresholds[low + half]! <= x) {
        low += half + 1;
        length -= half + 1;
      } else length = half;
    }
    return low - start;
  }

  #below(x: number, place: number): number {
    const thresholds = this.#thresholds;
    const start = this.#bounds[place]!;
    let low = start;
    let length = this.#bounds[place + 1]! - start;
    while (length > 0) {
      const half = length >> 1;
      if (thresholds[low + half]! < x) {
        low += half + 1;
        length -= half + 1;
      } else length = half;
    }
    return low - start;
  }
}

function collect(trees: readonly Tree[]) {
  const slots = new Map<number, Map<string, Slot>>();
  const thresholds = new Map<number, number[]>();
  for (const tree of trees)
    for (const node of tree.order) {
      if (tree.left[node]! < 0) continue;
      const feature = tree.feature[node]!;
      const set = tree.categories?.get(node) ?? null;
      let ofFeature = slots.get(feature);
      if (!ofFeature) slots.set(feature, (ofFeature = new Map()));
      const key = keyOf(tree, node);
      if (!ofFeature.has(key)) ofFeature.set(key, { missing: tree.missing[node]!, set });
      if (set) continue;
      const list = thresholds.get(feature);
      if (list) list.push(tree.value[node]!);
      else thresholds.set(feature, [tree.value[node]!]);
    }
  return { slots, thresholds };
}

/** Splits of one key share a slot. */
function keyOf(tree: Tree, node: number): string {
  const set = tree.categories?.get(node);
  const key = `${tree.feature[node]} ${tree.missing[node]}`;
  return set ? `${key} ${set.inside} ${set.values ? [...set.values].join() : set.bits.join()}` : key;
}

function distinct(numbers: readonly number[], single: boolean): Float32Array | Float64Array {
  const sorted = (single ? Float32Array.from(numbers) : Float64Array.from(numbers)).sort();
  return sorted.filter((x, i) => i === 0 || x !== sorted[i - 1]);
}

function runningSum(lengths: readonly number[]): Int32Array {
  const sums = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => (sums[i + 1] = sums[i]! + length));
  return sums;
}

/** Bits that tell `count` things apart. */
function bitsFor(count: number): number {
  return Math.ceil(Math.log2(Math.max(2, count)));
}
