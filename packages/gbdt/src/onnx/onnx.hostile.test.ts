import { describe, expect, it } from 'vitest';
import { loadOnnxTrees, type OnnxGraph, type OnnxGraphNode } from '../index.js';

type Attributes = Record<string, number | string | readonly number[] | readonly string[]>;

/** Two nodes deep: 0 splits on feature 0, 1 and 2 are leaves. */
const SOUND: Attributes = {
  nodes_treeids: [0, 0, 0],
  nodes_nodeids: [0, 1, 2],
  nodes_featureids: [0, 0, 0],
  nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
  nodes_values: [0.5, 0, 0],
  nodes_truenodeids: [1, 0, 0],
  nodes_falsenodeids: [2, 0, 0],
  target_treeids: [0, 0],
  target_nodeids: [1, 2],
  target_ids: [0, 0],
  target_weights: [1, 2],
  n_targets: 1,
};

function node(op: string, inputs: string[], outputs: string[], given: Attributes = {}, domain = ''): OnnxGraphNode {
  const attributes = Object.entries(given).map(([name, value]): [string, { type: string; value: unknown }] => {
    if (typeof value === 'string') return [name, { type: 'string', value }];
    if (typeof value === 'number') return [name, { type: 'int', value }];
    const floats = /values$|weights$/.test(name);
    const strings = name.endsWith('modes');
    return [name, { type: strings ? 'strings' : floats ? 'floats' : 'ints', value }];
  });
  return { name: '', op, domain, inputs, outputs, attributes: new Map(attributes) };
}
const trees = (change: Attributes = {}, op = 'TreeEnsembleRegressor', output = 'y') =>
  node(op, ['x'], [output], { ...SOUND, ...change }, 'ai.onnx.ml');
const graph = (nodes: readonly OnnxGraphNode[], change: Partial<OnnxGraph> = {}): OnnxGraph => ({
  opsets: new Map([['', 15]]),
  nodes,
  initializers: new Map(),
  inputs: [{ name: 'x', type: 'float32', dims: ['rows', 2] }],
  outputs: [{ name: 'y', type: 'float32', dims: ['rows', 1] }],
  ...change,
});
const load = (change: Attributes) => () => loadOnnxTrees(graph([trees(change)]));

it('the graph that the others change is sound', () => {
  const model = loadOnnxTrees(graph([trees()]));
  expect([0.5, 0.6].map((x) => model.predict(Float64Array.of(x, 0))[0])).toEqual([1, 2]);
});

describe('graphs that contradict themselves are MODEL_MALFORMED', () => {
  it.each<[string, Attributes, RegExp]>([
    ['lists of different length', { nodes_values: [0.5] }, /nodes_values has 1 entries where 3/],
    ['a child that is not there', { nodes_truenodeids: [7, 0, 0] }, /has no node 7/],
    [
      'a node that is its own child',
      { nodes_truenodeids: [0, 0, 0] },
      /longer than the limit of 512, or runs in a circle/,
    ],
    ['a node twice', { nodes_nodeids: [0, 1, 1] }, /has node 1 twice/],
    ['nodes of a tree apart', { nodes_treeids: [0, 1, 0] }, /do not stand together/],
    ['a feature beyond the input', { nodes_featureids: [2, 0, 0] }, /feature 2 of a model with 2/],
    ['a negative feature', { nodes_featureids: [-1, 0, 0] }, /feature -1 is out of bounds/],
    ['a threshold of NaN', { nodes_values: [NaN, 0, 0] }, /NaN/],
    ['an infinite leaf', { target_weights: [1, Infinity] }, /not a finite/],
    ['a weight on a split', { target_nodeids: [0, 2] }, /which is no leaf/],
    ['an output that is not there', { target_ids: [0, 1] }, /output 1 of 1/],
    ['two weights of a leaf for one output', { target_nodeids: [1, 1] }, /two weights/],
    ['a huge number of outputs', { n_targets: 2 ** 40 }, /out of bounds/],
    ['base values that do not fit', { base_values: [1, 2] }, /2 base values for 1/],
    ['no node at all', { nodes_modes: [] }, /no node/],
    ['an attribute of another type', { nodes_modes: 3 }, /of type int where strings/],
  ])('%s', (_, change, message) => {
    expect(load(change)).toThrow(expect.objectContaining({ name: 'SignalboxError', code: 'MODEL_MALFORMED' }));
    expect(load(change)).toThrow(message);
  });

  it('an operator whose input comes from nowhere', () => {
    const lost = graph([trees({}, undefined, 't'), node('Add', ['t', 'nowhere'], ['y'])]);
    expect(() => loadOnnxTrees(lost)).toThrow(/"nowhere" comes from nowhere/);
  });
});

describe('sound graphs of another kind are refused by name', () => {
  it.each<[string, OnnxGraph, RegExp]>([
    ['a mode', graph([trees({ nodes_modes: ['BRANCH_NEAR', 'LEAF', 'LEAF'] })]), /mode "BRANCH_NEAR"/],
    ['a transform', graph([trees({ post_transform: 'EXP' })]), /post_transform "EXP"/],
    ['an operator behind the trees', graph([trees({}, undefined, 't'), node('Tan', ['t'], ['y'])]), /operator Tan/],
    [
      'preprocessing',
      graph([node('Scaler', ['x'], ['s'], {}, 'ai.onnx.ml'), { ...trees(), inputs: ['s'] }]),
      /Scaler before the trees/,
    ],
    [
      'an input of strings',
      graph([trees()], { inputs: [{ name: 'x', type: 'string', dims: [null, 2] }] }),
      /type string/,
    ],
    [
      'an input of open width',
      graph([trees()], { inputs: [{ name: 'x', type: 'float32', dims: null }] }),
      /no number of columns/,
    ],
    ['no tree', graph([node('Identity', ['x'], ['y'])]), /which no tree gives/],
    [
      'two outputs of numbers',
      graph([trees()], { outputs: ['y', 'z'].map((name) => ({ name, type: 'float32', dims: null })) }),
      /2 outputs/,
    ],
  ])('%s', (_, given, message) => {
    expect(() => loadOnnxTrees(given)).toThrow(expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }));
    expect(() => loadOnnxTrees(given)).toThrow(message);
  });

  it('an open width is taken from who knows it', () => {
    const open = graph([trees()], { inputs: [{ name: 'x', type: 'float32', dims: [null, null] }] });
    expect(loadOnnxTrees(open, { featureCount: 3 }).featureCount).toBe(3);
  });
});

describe('hostile sizes end in bounded time', () => {
  it('a ladder whose every step is reached on two ways, 2^60 paths', () => {
    const n = 61;
    const at = Array.from({ length: n }, (_, i) => i);
    const ladder: Attributes = {
      nodes_treeids: at.map(() => 0),
      nodes_nodeids: at,
      // two features in turn, or the chain would be a set
      nodes_featureids: at.map((i) => i % 2),
      nodes_modes: at.map((i) => (i === n - 1 ? 'LEAF' : 'BRANCH_LEQ')),
      nodes_values: at.map(() => 0),
      nodes_truenodeids: at.map((i) => Math.min(n - 1, i + 1)),
      nodes_falsenodeids: at.map((i) => Math.min(n - 1, i + 1)),
      target_treeids: [0],
      target_nodeids: [n - 1],
      target_ids: [0],
      target_weights: [1],
    };
    const started = performance.now();
    expect(load(ladder)).toThrow(/far larger as a tree/);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('a chain of a hundred thousand operators does not exhaust the stack', () => {
    const chain = Array.from({ length: 100_000 }, (_, i) =>
      node('Identity', [`v${i}`], [i === 99_999 ? 'y' : `v${i + 1}`]),
    );
    expect(loadOnnxTrees(graph([trees({}, undefined, 'v0'), ...chain])).outputs).toBe(1);
  });

  it('concatenations that double the width each time', () => {
    const chain = Array.from({ length: 40 }, (_, i) =>
      node('Concat', [`v${i}`, `v${i}`], [i === 39 ? 'y' : `v${i + 1}`], { axis: 1 }),
    );
    expect(() => loadOnnxTrees(graph([trees({}, undefined, 'v0'), ...chain]))).toThrow(/columns are out of bounds/);
  });
});
