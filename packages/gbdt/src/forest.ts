import { compileKernel, LANES, ROWS, type Kernel } from './kernel.js';
import { Ranker } from './ranker.js';
import type { Arithmetic, Tree } from './tree.js';

/** Rows after which the walk is compiled: a model that is only looked at costs no machine code. */
const WARM = 64;
/** The complete layout doubles with each level: it is used while it stays small, or not much larger than the trees are. */
const SMALL = 1 << 18;
const MAX_PADDING = 4;

/**
 * Sums of trees, exactly as the trainer's library makes them: in its arithmetic, from the base score in the order of the trees.
 *
 * A node is one word of slot and threshold rank (see {@link Ranker}); `(rank of the value − word) >>> 31` is 1 when the value goes
 * left. Trees are complete binary trees, short branches padded with copies of their leaf, stored level by level over all trees: node
 * `i` of a level has the children `2i` (right) and `2i + 1` (left) of the next, and no branch of the code depends on the data.
 */
export class Forest {
  readonly outputs: number;
  readonly #ranker: Ranker;
  readonly #single: boolean;
  readonly #base: Float64Array;
  readonly #depth: number;
  readonly #words: Int32Array;
  readonly #leaves: Float32Array | Float64Array;
  /** First tree of each output, and the end of the last; each output has a multiple of LANES. */
  readonly #first: Int32Array;
  #kernel: Kernel | null = null;
  #rows = 0;
  readonly #deep: readonly (readonly LinkedTree[])[] | null;

  /** @param base margin of each output before the first tree */
  constructor(trees: readonly Tree[], base: ArrayLike<number>, arithmetic: Arithmetic) {
    this.outputs = base.length;
    this.#single = arithmetic.single;
    this.#base = Float64Array.from(base);
    this.#ranker = new Ranker(trees, arithmetic);
    const byOutput = Array.from(this.#base, (_, output) => trees.filter((tree) => tree.output === output));
    this.#depth = trees.reduce((deepest, tree) => Math.max(deepest, tree.depth), 0);
    this.#first = new Int32Array(base.length + 1);
    byOutput.forEach((list, k) => (this.#first[k + 1] = this.#first[k]! + Math.ceil(list.length / LANES) * LANES));
    const cells = this.#first[base.length]! * 2 ** this.#depth;
    const nodes = trees.reduce((sum, tree) => sum + tree.order.length, 0);
    if (cells > Math.max(SMALL, MAX_PADDING * nodes)) {
      this.#words = new Int32Array();
      this.#leaves = new Float64Array();
      this.#deep = byOutput.map((list) => list.map((tree) => link(tree, this.#ranker)));
      return;
    }
    this.#deep = null;
    this.#words = new Int32Array(cells - this.#first[base.length]!);
    // a tree that only fills up the lanes adds −0, which changes no sum
    this.#leaves = (arithmetic.single ? new Float32Array(cells) : new Float64Array(cells)).fill(-0);
    byOutput.forEach((list, k) => list.forEach((tree, i) => this.#layOut(tree, this.#first[k]! + i)));
  }

  #layOut(tree: Tree, number: number): void {
    const trees = this.#first[this.outputs]!;
    const level = new Int32Array(tree.left.length);
    const place = new Int32Array(tree.left.length);
    place[0] = number;
    for (const node of tree.order) {
      const at = place[node]!;
      if (tree.left[node]! < 0) {
        // all places below the leaf on the last level
        const below = 2 ** (this.#depth - level[node]!);
        this.#leaves.fill(tree.value[node]!, at * below, (at + 1) * below);
        continue;
      }
      this.#words[trees * (2 ** level[node]! - 1) + at] = this.#ranker.word(tree, node);
      place[tree.right[node]!] = 2 * at;
      place[tree.left[node]!] = 2 * at + 1;
      level[tree.right[node]!] = level[tree.left[node]!] = level[node]! + 1;
    }
  }

  #compile(): void {
    this.#kernel = compileKernel({
      depth: this.#depth,
      trees: this.#first[this.outputs]!,
      ranks: this.#ranker.layout,
      words: this.#words,
      leaves: this.#leaves,
    });
    if (this.#kernel) this.#ranker.writeTo(this.#kernel);
  }

  /** Margins of the row that starts at `from`, into `out` at `to`. */
  sum(rows: Float64Array, from: number, out: Float64Array, to: number): void {
    const values = this.#ranker.rank(rows, from);
    if (this.#deep) return this.#sumDeep(this.#deep, values, out, to);
    if (this.#kernel) {
      for (let k = 0; k < this.outputs; k++)
        out[to + k] = this.#kernel.sum(this.#first[k]!, this.#first[k + 1]!, this.#base[k]!);
      return;
    }
    if (++this.#rows === WARM) this.#compile();
    const words = this.#words;
    const leaves = this.#leaves;
    const depth = this.#depth;
    const first = this.#first;
    const shift = this.#ranker.shift;
    const single = this.#single;
    const trees = first[this.outputs]!;
    for (let k = 0; k < this.outputs; k++) {
      let sum = this.#base[k]!;
      const end = first[k + 1]!;
      for (let t = first[k]!; t < end; t = (t + LANES) | 0) {
        let a = t;
        let b = (t + 1) | 0;
        let c = (t + 2) | 0;
        let d = (t + 3) | 0;
        let from = 0;
        // `| 0` tells the compiler that no index leaves 32 bits: a third of the time
        for (let level = depth; level > 0; level = (level - 1) | 0) {
          let word = words[(from + a) | 0]!;
          a = ((a << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
          word = words[(from + b) | 0]!;
          b = ((b << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
          word = words[(from + c) | 0]!;
          c = ((c << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
          word = words[(from + d) | 0]!;
          d = ((d << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
          from = ((from << 1) + trees) | 0;
        }
        const leaf0 = leaves[a]!;
        const leaf1 = leaves[b]!;
        const leaf2 = leaves[c]!;
        const leaf3 = leaves[d]!;
        if (single) sum = Math.fround(Math.fround(Math.fround(Math.fround(sum + leaf0) + leaf1) + leaf2) + leaf3);
        else sum = sum + leaf0 + leaf1 + leaf2 + leaf3;
      }
      out[to + k] = sum;
    }
  }

  /**
   * Margins of `nRows` rows, one after another, in groups that walk through each tree together; `take` is given each row's number.
   * The same bits as `sum`.
   */
  sumRows(rows: Float64Array, nRows: number, length: number, sums: Float64Array, take: (row: number) => void): void {
    let row = 0;
    if (!this.#kernel && !this.#deep && nRows >= WARM) this.#compile();
    const kernel = this.#kernel;
    if (kernel && !this.#deep) {
      const outputs = this.outputs;
      const group = new Float64Array(ROWS * outputs);
      for (; row + ROWS <= nRows; row += ROWS) {
        for (let i = 0; i < ROWS; i++) this.#ranker.rank(rows, (row + i) * length, i);
        for (let k = 0; k < outputs; k++) {
          kernel.sumRows(this.#first[k]!, this.#first[k + 1]!, this.#base[k]!);
          for (let i = 0; i < ROWS; i++) group[i * outputs + k] = kernel.sums[i]!;
        }
        for (let i = 0; i < ROWS; i++) {
          for (let k = 0; k < outputs; k++) sums[k] = group[i * outputs + k]!;
          take(row + i);
        }
      }
    }
    for (; row < nRows; row++) {
      this.sum(rows, row * length, sums, 0);
      take(row);
    }
  }

  #sumDeep(outputs: readonly (readonly LinkedTree[])[], values: Int32Array, out: Float64Array, to: number): void {
    const shift = this.#ranker.shift;
    const single = this.#single;
    outputs.forEach((trees, k) => {
      let sum = this.#base[k]!;
      for (const { words, right, leaves } of trees) {
        let node = 0;
        for (let next = right[0]!; next > 0; next = right[node]!) {
          const word = words[node]!;
          node = next + ((values[word >>> shift]! - word) >>> 31);
        }
        sum += leaves[node]!;
        if (single) sum = Math.fround(sum);
      }
      out[to + k] = sum;
    });
  }
}

/** A deep tree: the left child stands behind the right one; a leaf has no right child (0). */
interface LinkedTree {
  readonly words: Int32Array;
  readonly right: Int32Array;
  readonly leaves: Float64Array;
}

function link(tree: Tree, ranker: Ranker): LinkedTree {
  const size = tree.order.length;
  const linked = { words: new Int32Array(size), right: new Int32Array(size), leaves: new Float64Array(size) };
  const place = new Int32Array(tree.left.length);
  let next = 1;
  for (const node of tree.order) {
    const at = place[node]!;
    if (tree.left[node]! < 0) {
      linked.leaves[at] = tree.value[node]!;
      continue;
    }
    linked.words[at] = ranker.word(tree, node);
    linked.right[at] = next;
    place[tree.right[node]!] = next;
    place[tree.left[node]!] = next + 1;
    next += 2;
  }
  return linked;
}
