/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../model.js';
import { compileNetwork } from './load.js';

const WIDTH = 8;
const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: [string, OnnxAttribute][] = [],
): OnnxNode => ({
  name: '',
  op,
  domain: '',
  inputs,
  outputs,
  attributes: new Map(attributes),
});
const whole = (name: string, values: readonly number[], dims = [values.length]): OnnxTensor => ({
  name,
  type: 'int64',
  dims,
  data: Float64Array.from(values),
});
const floats = (name: string, dims: number[]): OnnxTensor => ({
  name,
  type: 'float32',
  dims,
  data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.5),
});
const graph = (
  nodes: OnnxNode[],
  tensors: OnnxTensor[] = [],
  dims: (number | string)[] = ['batch', WIDTH],
): OnnxModel => ({
  irVersion: 8,
  producer: { name: 'test', version: '1' },
  opsets: new Map([['', 17]]),
  metadata: new Map(),
  name: 'hostile',
  nodes,
  initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
  inputs: [{ name: 'x', type: 'float32', dims }],
  outputs: [{ name: 'y', type: 'float32', dims: null }],
});
const axis = (value: number): [string, OnnxAttribute] => ['axis', { type: 'int', value }];
/** Doubles its input so many times. */
const doubling = (times: number): OnnxNode[] =>
  Array.from({ length: times }, (_, i) => {
    const from = i === 0 ? 'x' : `d${i}`;
    return node('Concat', [from, from], [i === times - 1 ? 'y' : `d${i + 1}`], [axis(1)]);
  });

const CASES: [string, () => OnnxModel, string][] = [
  ['a node that reads itself', () => graph([node('Add', ['x', 'y'], ['y'])]), 'MODEL_MALFORMED'],
  [
    'two nodes that read each other',
    () => graph([node('Add', ['x', 'b'], ['a']), node('Tanh', ['a'], ['b']), node('Tanh', ['b'], ['y'])]),
    'MODEL_MALFORMED',
  ],
  ['an output that nothing makes', () => graph([node('Tanh', ['x'], ['z'])]), 'MODEL_MALFORMED'],
  [
    'a name made twice',
    () => graph([node('Tanh', ['x'], ['a']), node('Relu', ['x'], ['a']), node('Tanh', ['a'], ['y'])]),
    'MODEL_MALFORMED',
  ],
  [
    'more nodes than the limit',
    () =>
      graph(
        Array.from({ length: 20_000 }, (_, i) =>
          node('Tanh', [i === 0 ? 'x' : `t${i}`], [i === 19_999 ? 'y' : `t${i + 1}`]),
        ),
      ),
    'MODEL_MALFORMED',
  ],
  ['a row that is doubled forty times', () => graph(doubling(40)), 'MODEL_MALFORMED'],
  [
    'a shape of 10^18 numbers',
    () => graph([node('Expand', ['x', 's'], ['y'])], [whole('s', [1e9, 1e8, WIDTH])]),
    'MODEL_MALFORMED',
  ],
  [
    'a constant of 10^12 numbers',
    () => graph([node('ConstantOfShape', ['s'], ['c']), node('Add', ['x', 'c'], ['y'])], [whole('s', [1e6, 1e6])]),
    'MODEL_MALFORMED',
  ],
  [
    'a constant of no finite size',
    () =>
      graph([node('ConstantOfShape', ['s'], ['c']), node('Add', ['x', 'c'], ['y'])], [whole('s', [1e200, 1e200, 0])]),
    'MODEL_MALFORMED',
  ],
  [
    'one row gathered 100,000 times from a wide input',
    () =>
      graph(
        [node('Gather', ['x', 'i'], ['y'], [axis(0)])],
        [whole('i', new Array(100_000).fill(0))],
        ['batch', 1 << 20],
      ),
    'MODEL_MALFORMED',
  ],
  [
    'an outer sum of two long rows',
    () =>
      graph(
        [node('Reshape', ['x', 's'], ['c']), node('Add', ['x', 'c'], ['y'])],
        [whole('s', [1 << 20, 1])],
        ['batch', 1 << 20],
      ),
    'MODEL_MALFORMED',
  ],
  [
    'ten thousand dimensions',
    () =>
      graph(
        [node('Unsqueeze', ['x', 'a'], ['y'])],
        [
          whole(
            'a',
            Array.from({ length: 10_000 }, (_, i) => i),
          ),
        ],
      ),
    'MODEL_MALFORMED',
  ],
  [
    'one large matrix used by ten thousand layers',
    () =>
      graph(
        Array.from({ length: 9_999 }, (_, i) =>
          node('MatMul', [i === 0 ? 'x' : `m${i}`, 'w'], [i === 9_998 ? 'y' : `m${i + 1}`]),
        ),
        [floats('w', [512, 512])],
        ['batch', 512],
      ),
    'MODEL_MALFORMED',
  ],
  [
    'a slice that never moves',
    () =>
      graph(
        [node('Slice', ['x', 's', 'e', 'a', 't'], ['y'])],
        [whole('s', [0]), whole('e', [9]), whole('a', [1]), whole('t', [0])],
      ),
    'MODEL_MALFORMED',
  ],
  [
    'an index out of range',
    () => graph([node('Gather', ['x', 'i'], ['y'], [axis(1)])], [whole('i', [WIDTH])]),
    'MODEL_MALFORMED',
  ],
  [
    'a shape that depends on the row',
    () => graph([node('Cast', ['x'], ['s'], [['to', { type: 'int', value: 7 }]]), node('Expand', ['x', 's'], ['y'])]),
    'MODEL_UNSUPPORTED',
  ],
  ['a loop', () => graph([node('Loop', ['x'], ['y'])]), 'MODEL_UNSUPPORTED'],
  ['an input of 10^12 numbers', () => graph([node('Tanh', ['x'], ['y'])], [], ['batch', 1e6, 1e6]), 'MODEL_MALFORMED'],
];

describe('a hostile graph is refused with a code, in bounded time and memory', () => {
  it.each(CASES)('%s', (_, make, code) => {
    const model = make();
    const before = process.memoryUsage().rss;
    const start = process.cpuUsage();
    let found: unknown;
    try {
      compileNetwork(model);
    } catch (error) {
      found = error;
    }
    const { user } = process.cpuUsage(start);
    expect(found).toMatchObject({ name: 'SignalboxError', code });
    expect(user / 1e6, 'seconds of processor time').toBeLessThan(4);
    expect((process.memoryUsage().rss - before) / 2 ** 20, 'MiB').toBeLessThan(600);
  });
});
