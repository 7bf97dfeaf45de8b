import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileKernel, LANES } from './kernel.js';

const layout = { depth: 1, shift: 20, slots: 1, words: new Int32Array(2 * LANES), leaves: new Float64Array(2 * LANES) };

afterEach(() => vi.unstubAllGlobals());

describe('the compiled walk', () => {
  it('is there where WebAssembly is, so that the tests of whole models run it', () => {
    const words = layout.words.slice();
    const leaves = layout.leaves.slice();
    for (let tree = 0; tree < LANES; tree++) {
      words[2 * tree + 1] = 5;
      leaves.set([10 ** tree, 2 * 10 ** tree], 2 * tree);
    }
    const kernel = compileKernel({ ...layout, words, leaves })!;
    kernel.values[0] = 5;
    expect(kernel.sum(0, LANES, 0.5), 'not below: right').toBe(1111.5);
    kernel.values[0] = 4;
    expect(kernel.sum(0, LANES, 0.5), 'below: left').toBe(2222.5);
    expect(kernel.sum(0, 0, 0.5), 'no trees').toBe(0.5);
  });

  it('float32 sums round after each leaf', () => {
    const leaves = Float32Array.from([1e8, 0, 1, 0, 1, 0, 1, 0]);
    const kernel = compileKernel({ ...layout, leaves })!;
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
