import { compileKernel, LANES, type Kernel } from './kernel.js';
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
 * left. Trees are complete binary trees in heap order, short branches padded with copies of their leaf: node `i` has the children
 * `2i` (right) and `2i + 1` (left), and no branch of the code depends on the data.
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
    this.#words = new Int32Array(cells);
    // a tree that only fills up the lanes adds −0, which changes no sum
    this.#leaves = (arithmetic.single ? new Float32Array(cells) : new Float64Array(cells)).fill(-0);
    byOutput.forEach((list, k) => list.forEach((tree, i) => this.#layOut(tree, (this.#first[k]! + i) << this.#depth)));
  }

  #layOut(tree: Tree, offset: number): void {
    const width = 1 << this.#depth;
    const heap = new Int32Array(tree.left.length);
    heap[0] = 1;
    for (const node of tree.order) {
      const at = heap[node]!;
      if (tree.left[node]! < 0) {
        // all places below the leaf on the last level
        const below = width >> (31 - Math.clz32(at));
        this.#leaves.fill(tree.value[node]!, offset + at * below - width, offset + (at + 1) * below - width);
        continue;
      }
      this.#words[offset + at] = this.#ranker.word(tree, node);
      heap[tree.right[node]!] = 2 * at;
      heap[tree.left[node]!] = 2 * at + 1;
    }
  }

  #compile(): void {
    this.#kernel = compileKernel({
      depth: this.#depth,
      shift: this.#ranker.shift,
      slots: this.#ranker.slots,
      words: this.#words,
      leaves: this.#leaves,
    });
    if (this.#kernel) this.#ranker.writeTo(this.#kernel.values);
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
    const width = 1 << depth;
    for (let k = 0; k < this.outputs; k++) {
      let sum = this.#base[k]!;
      const end = first[k + 1]!;
      for (let t = first[k]!; t < end; t = (t + LANES) | 0) {
        const tree0 = t << depth;
        const tree1 = (tree0 + width) | 0;
        const tree2 = (tree1 + width) | 0;
        const tree3 = (tree2 + width) | 0;
        let a = 1;
        let b = 1;
        let c = 1;
        let d = 1;
        // `| 0` tells the compiler that no index leaves 32 bits: a third of the time
        for (let level = depth; level > 0; level = (level - 1) | 0) {
          let word = words[(tree0 + a) | 0]!;
          a = ((a << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
          word = words[(tree1 + b) | 0]!;
          b = ((b << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
          word = words[(tree2 + c) | 0]!;
          c = ((c << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
          word = words[(tree3 + d) | 0]!;
          d = ((d << 1) + ((values[word >>> shift]! - word) >>> 31)) | 0;
        }
        const leaf0 = leaves[(tree0 + a - width) | 0]!;
        const leaf1 = leaves[(tree1 + b - width) | 0]!;
        const leaf2 = leaves[(tree2 + c - width) | 0]!;
        const leaf3 = leaves[(tree3 + d - width) | 0]!;
        if (single) sum = Math.fround(Math.fround(Math.fround(Math.fround(sum + leaf0) + leaf1) + leaf2) + leaf3);
        else sum = sum + leaf0 + leaf1 + leaf2 + leaf3;
      }
      out[to + k] = sum;
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
