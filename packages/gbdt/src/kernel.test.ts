import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileKernel, LANES, ROWS } from './kernel.js';

const ranks = {
  shift: 20,
  slots: 1,
  single: false,
  closed: false,
  zero: 0,
  used: [{ thresholds: [1, 2, 3, 4, 5], from: 0, to: 1 }],
};
const layout = {
  depth: 1,
  trees: LANES,
  ranks,
  words: new Int32Array(LANES),
  leaves: new Float64Array(2 * LANES),
};

afterEach(() => vi.unstubAllGlobals());

describe('the compiled walk', () => {
  it('is there where WebAssembly is, so that the tests of whole models run it', () => {
    const words = layout.words.slice();
    const leaves = layout.leaves.slice();
    for (let tree = 0; tree < LANES; tree++) {
      words[tree] = 5;
      leaves.set([10 ** tree, 2 * 10 ** tree], 2 * tree);
    }
    const kernel = compileKernel({ ...layout, words, leaves })!;
    kernel.values[0] = 5;
    expect(kernel.sum(0, LANES, 0.5), 'not below: right').toBe(1111.5);
    kernel.values[0] = 4;
    expect(kernel.sum(0, LANES, 0.5), 'below: left').toBe(2222.5);
    expect(kernel.sum(0, 0, 0.5), 'no trees').toBe(0.5);
  });

  it('takes rows side by side, each with its own answer and sum', () => {
    const words = layout.words.slice().fill(3);
    const leaves = Float64Array.from({ length: 2 * LANES }, (_, i) => (i % 2 === 0 ? 1 : 10) * 100 ** (i >> 1));
    const kernel = compileKernel({ ...layout, words, leaves })!;
    for (let row = 0; row < ROWS; row++) {
      kernel.inputs![0] = row % 2 === 0 ? 2.5 : 3.5;
      kernel.rank(row);
    }
    kernel.sumRows(0, LANES, 0.5);
    const [right, left] = [1010101.5, 10101010.5];
    expect([...kernel.sums]).toEqual(Array.from({ length: ROWS }, (_, row) => (row % 2 === 0 ? left : right)));
  });

  it('ranks a value by the number of thresholds that send it right, infinities and values on a threshold too', () => {
    for (const single of [false, true])
      for (const closed of [false, true]) {
        const leaves = single ? new Float32Array(2 * LANES) : new Float64Array(2 * LANES);
        const kernel = compileKernel({ ...layout, ranks: { ...ranks, single, closed }, leaves })!;
        const rankOf = (x: number): number => {
          kernel.inputs![0] = x;
          kernel.rank(0);
          return kernel.values[0]!;
        };
        const numbers = [-Infinity, 0, 1, 1.5, 3, 5, 6, Infinity];
        expect(numbers.map(rankOf)).toEqual(closed ? [0, 0, 0, 1, 2, 4, 5, 5] : [0, 0, 1, 1, 3, 5, 5, 5]);
      }
  });

  it('says when a value is missing, and takes what is nearly 0 for 0 where the trainer does', () => {
    const thresholds = [-1e-36, 1e-36, 1];
    const near = { ...ranks, zero: 1e-35, used: [{ thresholds, from: 0, to: 1 }] };
    const kernel = compileKernel({ ...layout, ranks: near })!;
    const rankOf = (x: number): [boolean, number] => {
      kernel.inputs![0] = x;
      return [kernel.rank(0), kernel.values[0]!];
    };
    for (const x of [0, -0, 5e-36, -5e-36]) expect(rankOf(x), String(x)).toEqual([true, 1]);
    expect(rankOf(1e-34)).toEqual([true, 2]);
    expect(rankOf(-1e-34)).toEqual([true, 0]);
    expect(rankOf(NaN)[0]).toBe(false);
  });

  it('ranks of more than 16 bits, and more slots than vectors take, are walked row by row: the same sums', () => {
    const many = Array.from({ length: 70_000 }, (_, i) => i);
    const shift = 24;
    const leaves = Float64Array.from({ length: 2 * LANES }, (_, i) => 10 ** i);
    for (const rank of [5, 65_535, 65_536 + 5, 70_000]) {
      const words = new Int32Array(LANES).fill(rank);
      const kernel = compileKernel({
        ...layout,
        words,
        leaves,
        ranks: { ...ranks, shift, used: [{ thresholds: many, from: 0, to: 1 }] },
      })!;
      for (const value of [0, 4, 5, 10, 65_535, 65_540, 65_541, 69_999, (1 << shift) - 1]) {
        kernel.values.fill(value);
        kernel.sumRows(0, LANES, 0);
        const side = value < rank ? 1 : 0;
        const sum = Array.from({ length: LANES }, (_, tree) => leaves[2 * tree + side]!).reduce((a, b) => a + b, 0);
        expect([...kernel.sums], `${value} against ${rank}`).toEqual(new Array<number>(ROWS).fill(sum));
      }
    }
    const slots = 1025;
    const wide = { ...ranks, slots, used: [{ thresholds: [1, 2, 3], from: 0, to: slots }] };
    const words = Int32Array.from({ length: LANES }, (_, tree) => ((slots - 1 - tree) << 20) | 2);
    const kernel = compileKernel({ ...layout, words, leaves, ranks: wide })!;
    for (let row = 0; row < ROWS; row++) {
      kernel.inputs![0] = row;
      kernel.rank(row);
    }
    kernel.sumRows(0, LANES, 0);
    const [right, left] = [1_010_101, 10_101_010];
    expect([...kernel.sums]).toEqual(Array.from({ length: ROWS }, (_, row) => (row < 2 ? left : right)));
  });

  it('float32 sums round after each leaf', () => {
    const leaves = Float32Array.from([1e8, 0, 1, 0, 1, 0, 1, 0]);
    const kernel = compileKernel({ ...layout, ranks: { ...ranks, single: true }, leaves })!;
    expect(kernel.sum(0, LANES, 0)).toBe(1e8);
  });

  it('is none where WebAssembly is not, or is forbidden', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(compileKernel(layout)).toBeNull();
    const forbidden = class {
      constructor() {
        throw new Error('wasm-unsafe-eval');
      }
    };
    vi.stubGlobal('WebAssembly', { Memory: forbidden, Module: forbidden, Instance: forbidden });
    expect(compileKernel(layout)).toBeNull();
  });
});
