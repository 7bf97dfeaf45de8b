import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OnnxModel, OnnxNode, OnnxTensor } from '../model.js';
import { fuse } from './fuse.js';
import { compileKernel, type Layer } from './kernel.js';
import { compileNetwork } from './load.js';
import { tanh } from './tanh.js';

let state = 1;
const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;

/** A network of layers; `each` names what follows every layer. */
function networkOf(widths: readonly number[], each: readonly string[], bias = true): OnnxModel {
  const initializers = new Map<string, OnnxTensor>();
  const nodes: OnnxNode[] = [];
  const tensor = (name: string, dims: number[]): string => {
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random() * 2);
    initializers.set(name, { name, type: 'float32', dims, data });
    return name;
  };
  let at = 'row';
  const then = (op: string, ...inputs: string[]): void => {
    const output = `v${nodes.length}`;
    nodes.push({ name: '', op, domain: '', inputs: [at, ...inputs], outputs: [output], attributes: new Map() });
    at = output;
  };
  widths.slice(1).forEach((width, i) => {
    const weights = tensor(`w${i}`, [widths[i]!, width]);
    if (bias) then('Gemm', weights, tensor(`b${i}`, [width]));
    else then('MatMul', weights);
    for (const op of each) {
      if (op === 'Add') then('Add', tensor(`a${nodes.length}`, nodes.length % 2 === 0 ? [width] : [1, 1]));
      else then(op);
    }
  });
  const value = (name: string, width: number) => ({ name, type: 'float32' as const, dims: ['batch', width] });
  return {
    irVersion: 8,
    producer: { name: 'test', version: '1' },
    opsets: new Map([['', 17]]),
    metadata: new Map(),
    name: 'test',
    nodes,
    initializers,
    inputs: [value('row', widths[0]!)],
    outputs: [value(at, widths.at(-1)!)],
  };
}

/** The same network with the kernel and without. */
function both(model: OnnxModel) {
  const fast = compileNetwork(model);
  vi.stubGlobal('WebAssembly', undefined);
  const plain = compileNetwork(model);
  vi.unstubAllGlobals();
  return { fast, plain };
}

afterEach(() => vi.unstubAllGlobals());

describe('the compiled layers give the same bits as the loops in TypeScript', () => {
  const kinds: [string, number[], string[], boolean][] = [
    ['tanh', [17, 64, 64, 1], ['Tanh'], true],
    ['widths that fill no tile and no vector', [3, 1, 2, 15, 16, 17, 33, 31], ['Tanh'], true],
    ['rectifiers', [13, 32, 16, 3], ['Relu'], true],
    ['a matrix and a bias apart', [13, 40, 7], ['Add', 'Tanh'], false],
    ['several operations on each number', [5, 9, 4], ['Add', 'Relu', 'Add', 'Tanh', 'Tanh', 'Relu'], false],
    ['an operation that the kernel does not know, between', [6, 20, 20, 2], ['Sigmoid'], true],
  ];
  it.each(kinds)('%s', (_, widths, each, bias) => {
    const { fast, plain } = both(networkOf(widths, each, bias));
    const rows = Array.from({ length: 50 }, (_, i) =>
      Array.from({ length: widths[0]! }, () => random() * [1, 1e-9, 40, 1e8][i % 4]!),
    );
    for (const special of [NaN, Infinity, -Infinity, 0, -0]) rows.push(rows[0]!.map((x, i) => (i === 1 ? special : x)));
    for (const row of rows) expect(fast.predict(row), String(row)).toEqual(plain.predict(row));
  });

  it('is there where WebAssembly is, so that these tests and those of whole policies run it', () => {
    const layer: Layer = { inputs: 3, outputs: 3, weight: (o, i) => (o + 1) * 10 ** i, bias: (o) => o / 4 };
    const kernel = compileKernel([[layer, []]])!;
    kernel.input.set([1, 2, 3]);
    kernel.run();
    expect([...kernel.output]).toEqual([321, 642.25, 963.5]);
  });

  it('is taken by a network of layers as one, and not over a value that something else reads', () => {
    const taken: number[] = [];
    const value = (data: Float32Array) => ({ dims: [data.length], data, integer: false, constant: false });
    const [a, b, c] = [1, 1, 1].map((n) => value(new Float32Array(n)));
    const layer: Layer = { inputs: 1, outputs: 1, weight: () => 2, bias: () => 1 };
    const step = (input: typeof a, output: typeof a) => ({
      run: () => {},
      part: { input: input!, layer },
      inputs: [input],
      outputs: [output!],
    });
    const compile: typeof compileKernel = (layers) => (taken.push(layers.length), compileKernel(layers));
    const steps = [step(a, b), step(b, c)];
    expect(fuse(steps, c!, compile)).toHaveLength(1);
    expect(taken).toEqual([2]);
    taken.length = 0;
    expect(fuse([...steps, { run: () => {}, inputs: [b], outputs: [a!] }], c!, compile)).toHaveLength(3);
    expect(taken).toEqual([1, 1]);
    taken.length = 0;
    fuse(steps, b!, compile);
    expect(taken, 'what the caller asks for').toEqual([1, 1]);
  });

  it('a page that forbids WebAssembly gets the loops', () => {
    const refuse = (): never => {
      throw new Error('unsafe-eval');
    };
    vi.stubGlobal('WebAssembly', { Memory: refuse, Module: refuse, Instance: refuse });
    expect(compileKernel([[{ inputs: 1, outputs: 1, weight: () => 1, bias: () => 0 }, []]])).toBeNull();
    const model = networkOf([4, 8, 2], ['Tanh']);
    expect(compileNetwork(model).predict([1, 2, 3, 4])).toHaveLength(2);
  });
});

describe('tanh', () => {
  it('is that of Math to 1e-9 of the result, for small, large and special numbers', () => {
    for (let x = 1e-12; x < 100; x *= 1.003)
      for (const y of [x, -x]) expect(Math.abs(tanh(y) / Math.tanh(y) - 1), String(y)).toBeLessThan(1e-9);
    for (const x of [0, Infinity, -Infinity, NaN]) expect(tanh(x) + 0).toBe(Math.tanh(x));
  });
});
