/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadXGBoost } from './xgboost.js';

const good = readFileSync(new URL('../test/fixtures/hist-3.2.0.json', import.meta.url), 'utf8');
const encode = (text: string) => new TextEncoder().encode(text);
/* eslint-disable @typescript-eslint/no-explicit-any -- the point of these files is that they have no shape */
const mutated = (change: (file: any, tree: any) => void): Uint8Array => {
  const file = JSON.parse(good);
  change(file, file.learner.gradient_booster.model.trees[0]);
  return encode(JSON.stringify(file));
};
/** The first tree's root, and node 1 when two are asked for, become splits on category 3. */
const categorical = (change: Record<string, unknown>, splits = 1): Uint8Array =>
  mutated((_, t) => {
    const { split_type = 1, ...lists } = change;
    const each = (x: (i: number) => number) => Array.from({ length: splits }, (_, i) => x(i));
    for (const node of each((i) => i)) t.split_type[node] = split_type;
    Object.assign(t, {
      categories: each(() => 3),
      categories_nodes: each((i) => i),
      categories_segments: each((i) => i),
      categories_sizes: each(() => 1),
      ...lists,
    });
  });
const dart = (weights: unknown[]): Uint8Array =>
  mutated((f) => {
    const { model } = f.learner.gradient_booster;
    const full = weights.length === 0 ? [] : [...weights, ...new Array(model.trees.length - weights.length).fill(1)];
    f.learner.gradient_booster = { name: 'dart', gbtree: { name: 'gbtree', model }, weight_drop: full };
  });
/** All trees on one output. */
const binary = (baseScore: string, classes = '0'): Uint8Array =>
  mutated((f) => {
    f.learner.objective.name = 'binary:logistic';
    Object.assign(f.learner.learner_model_param, { num_class: classes, base_score: baseScore });
    f.learner.gradient_booster.model.tree_info.fill(0);
  });
const failure = (bytes: Uint8Array): { name: string; code: string; remedy: string; message: string } => {
  try {
    loadXGBoost(bytes);
  } catch (error) {
    return error as never;
  }
  throw new Error('the file was loaded');
};

describe('malformed files are refused with MODEL_MALFORMED, naming the place', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(), /empty/],
    ['truncated', encode(good.slice(0, good.length >> 1)), /not complete JSON/],
    ['not UTF-8', Uint8Array.of(0x7b, 0xff, 0xfe), /UTF-8/],
    ['a list', encode('[]'), /not an object/],
    ['brackets that nest without end', encode('['.repeat(1e6)), /character 32: nested deeper than the limit of 32$/],
    ['nine million values', encode(`[${'0,'.repeat(9e6)}0]`), /more than the limit of 8388608 values/],
    ['a million keys', encode(`{${'"":0,'.repeat(1.1e6)}"":0}`), /more than the limit of 1048576 keys/],
    ['a number that a literal ends', encode('{"learner":[1Infinity]}'), /not complete JSON/],
    ['a literal that goes on', encode('{"learner":[Infinity5]}'), /not complete JSON/],
    ['no learner', encode('{"version":[3,2,0]}'), /learner/],
    ['a child that points back (cycle)', mutated((_, t) => (t.left_children[1] = 0)), /tree 0 node 1.*reached twice/],
    ['a node that is its own child', mutated((_, t) => (t.left_children[0] = 0)), /reached twice/],
    ['a child with two parents', mutated((_, t) => (t.right_children[1] = t.left_children[1])), /reached twice/],
    ['a child beyond the tree', mutated((_, t) => (t.left_children[0] = 9999)), /left_children\[0\]/],
    ['a child below −1', mutated((_, t) => (t.left_children[0] = -2)), /left_children\[0\]/],
    ['a child that is no whole number', mutated((_, t) => (t.left_children[0] = 1.5)), /left_children\[0\]/],
    ['one child only', mutated((_, t) => (t.left_children[0] = -1)), /one child only/],
    ['a feature beyond the model', mutated((_, t) => (t.split_indices[0] = 5)), /feature 5 of a model with 5/],
    ['a negative feature', mutated((_, t) => (t.split_indices[0] = -1)), /split_indices\[0\]/],
    [
      'a NaN threshold',
      encode(good.replace(/"split_conditions":\[[^,]+,/, '"split_conditions":[NaN,')),
      /threshold.*NaN/,
    ],
    [
      'an infinite leaf',
      mutated((_, t) => (t.split_conditions[t.left_children.indexOf(-1)] = '@')),
      /split_conditions/,
    ],
    ['fewer thresholds than nodes', mutated((_, t) => t.split_conditions.pop()), /split_conditions.*entries/],
    ['a huge node count', mutated((_, t) => (t.tree_param.num_nodes = '4000000000')), /num_nodes.*limit/],
    ['a node count that is no number', mutated((_, t) => (t.tree_param.num_nodes = '1e9')), /num_nodes/],
    [
      'a tree of a class that is not there',
      mutated((f) => (f.learner.gradient_booster.model.tree_info[0] = 3)),
      /tree_info\[0\]/,
    ],
    ['a tree missing', mutated((f) => f.learner.gradient_booster.model.trees.pop()), /num_trees/],
    ['a huge class count', mutated((f) => (f.learner.learner_model_param.num_class = '999999999')), /num_class.*limit/],
    [
      'a huge feature count',
      mutated((f) => (f.learner.learner_model_param.num_feature = '4294967295')),
      /num_feature.*limit/,
    ],
    [
      'a base score that is no number',
      mutated((f) => (f.learner.learner_model_param.base_score = '[x]')),
      /base_score/,
    ],
    [
      'a base score of another length',
      mutated((f) => (f.learner.learner_model_param.base_score = '[1,2]')),
      /base_score/,
    ],
    [
      'best_iteration beyond the rounds',
      mutated((f) => (f.learner.attributes.best_iteration = '70')),
      /best_iteration/,
    ],
    ['a categorical split without categories', mutated((_, t) => (t.split_type[0] = 1)), /without categories/],
    ['categories at a numeric split', categorical({ split_type: 0 }), /categories and a numeric split/],
    ['categories of a node beyond the tree', categorical({ categories_nodes: [9999] }), /categories_nodes\[0\]/],
    ['categories of a node twice', categorical({ categories_nodes: [0, 0] }, 2), /names node 0 again/],
    ['a category beyond the limit', categorical({ categories: [2 ** 24] }), /categories\[0\]/],
    ['a negative category', categorical({ categories: [-1] }), /categories\[0\]/],
    ['a segment beyond the list', categorical({ categories_sizes: [2] }), /categories_sizes\[0\]/],
    ['an empty set', categorical({ categories_sizes: [0] }), /categories_sizes\[0\]/],
    ['segments that overlap', categorical({ categories_nodes: [0, 1], categories_segments: [0, 0] }, 2), /overlaps/],
    ['segments of another number', categorical({ categories_segments: [] }), /differ in length/],
    ['dart without weights', dart([]), /weight_drop.*has 0 entries/],
    ['a dart weight that is no number', dart(['x']), /weight_drop\[0\]/],
    ['a base score without a margin', binary('1.5'), /no margin under binary:logistic/],
    ['classes of an objective that has none', binary('0.5', '3'), /num_class/],
    ['a feature name twice', mutated((f) => (f.learner.feature_names[1] = 'a')), /feature_names/],
  ];
  it.each(cases)('%s', (_, bytes, message) => {
    const error = failure(bytes);
    expect(error).toMatchObject({ name: 'SignalboxError', code: 'MODEL_MALFORMED' });
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
  });
});

describe('sound files of another kind are refused by name with MODEL_UNSUPPORTED', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['gblinear', mutated((f) => (f.learner.gradient_booster.name = 'gblinear')), /"gblinear"/],
    ['another objective', mutated((f) => (f.learner.objective.name = 'custom:loss')), /"custom:loss"/],
    [
      'an objective named like a property of objects',
      mutated((f) => (f.learner.objective.name = 'constructor')),
      /"constructor"/,
    ],
    ['vector leaves', mutated((_, t) => (t.tree_param.size_leaf_vector = '3')), /multi_output_tree/],
    [
      'a classifier with several targets',
      mutated((f) => (f.learner.learner_model_param.num_target = '2')),
      /several targets/,
    ],
    ['XGBoost 4', mutated((f) => (f.version = [4, 0, 0])), /XGBoost 4\.0/],
    ['XGBoost 1.6', mutated((f) => (f.version = [1, 6, 2])), /XGBoost 1\.6/],
    ['a pickle', Uint8Array.of(0x80, 0x04, 0x95), /pickle/],
  ];
  it.each(cases)('%s', (_, bytes, message) => {
    const error = failure(bytes);
    expect(error).toMatchObject({ name: 'SignalboxError', code: 'MODEL_UNSUPPORTED' });
    expect(error.message).toMatch(message);
  });
});

describe('hostile files cost bounded time', () => {
  const timed = (bytes: Uint8Array): number => {
    const start = performance.now();
    failure(bytes);
    return performance.now() - start;
  };
  it.each([
    ['a million open brackets', '['.repeat(1_000_000)],
    ['a million escaped quotes beside a NaN', `NaN"${'\\"'.repeat(1_000_000)}`],
    ['a million NaN', `[${'NaN,'.repeat(1_000_000)}`],
  ])('%s', (_, text) => expect(timed(encode(text))).toBeLessThan(5_000));

  it('a chain of 100,000 nodes is refused at the depth limit', () => {
    const n = 100_001;
    const chain = (child: (i: number) => number) =>
      Array.from({ length: n }, (_, i) => (i % 2 === 0 && i + 2 < n ? child(i) : -1));
    const bytes = mutated((_, t) => {
      t.tree_param.num_nodes = String(n);
      t.left_children = chain((i) => i + 1);
      t.right_children = chain((i) => i + 2);
      for (const key of ['split_indices', 'default_left', 'split_type', 'split_conditions'])
        t[key] = new Array(n).fill(0);
    });
    expect(failure(bytes).message).toMatch(/deeper than the limit/);
  });
});

it('every truncation of a model is refused', () => {
  for (let length = 0; length < good.length - 1; length += 997)
    expect(failure(encode(good.slice(0, length))).code).toBe('MODEL_MALFORMED');
});

it('600 files with a few bytes changed: a coded error or a model that answers, nothing else', () => {
  let state = 1;
  const random = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  const source = encode(good);
  let loaded = 0;
  for (let i = 0; i < 600; i++) {
    const bytes = source.slice();
    for (let k = random(4); k >= 0; k--) bytes[random(bytes.length)] = '0123456789-,.[]{}":eN'.charCodeAt(random(21));
    try {
      const model = loadXGBoost(bytes);
      expect(model.predict(new Float64Array(model.featureCount)).length).toBe(model.outputs);
      loaded++;
    } catch (error) {
      expect(error).toMatchObject({
        name: 'SignalboxError',
        code: expect.stringMatching(/^MODEL_(MALFORMED|UNSUPPORTED)$/),
      });
    }
  }
  // the check would be empty if every mutant failed to parse
  expect(loaded).toBeGreaterThan(30);
});

describe('rows', () => {
  const model = loadXGBoost(encode(good));
  it('a row of another length is refused with MODEL_FEATURE_MISMATCH', () => {
    expect(() => model.predict(new Float64Array(4))).toThrow(/4 numbers where 5/);
    expect(() => model.predictBatch(new Float64Array(9), 2)).toThrow(/9 numbers where 10/);
    expect(() => model.predict(new Float64Array(5), new Float64Array(2))).toThrow(/out/);
  });
  it('out is filled and returned, so that no row allocates', () => {
    const out = new Float64Array(3);
    expect(model.predict(new Float64Array(5), out)).toBe(out);
    expect(out.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });
});
