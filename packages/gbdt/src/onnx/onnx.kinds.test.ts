/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readOnnx } from '@signalbox/onnx';
import { describe, expect, it } from 'vitest';
import { loadOnnxTrees } from '../index.js';

/** Made by training/golden/onnx_trees.py: predictions of onnxruntime, and the trainers' own. Infinities are written as strings. */
interface Kind {
  readonly onnx: string;
  readonly rows: readonly (readonly (number | string | null)[])[];
  readonly output: readonly (readonly (number | null)[])[];
  readonly label?: readonly number[];
  readonly native?: { readonly rows: readonly number[]; readonly output: readonly (readonly number[])[] };
}
interface Fixtures {
  readonly kinds: Readonly<Record<string, Kind>>;
  readonly refused: Readonly<Record<string, string>>;
}

const file = new URL('../../test/fixtures/kinds-onnx.json.gz', import.meta.url);
const { kinds, refused } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Fixtures;
const number = (value: number | string | null) =>
  value === null ? NaN : Number(String(value).replace('inf', 'Infinity'));
const row = (values: Kind['rows'][number]) => Float64Array.from(values, number);
const graph = (base64: string) => readOnnx(new Uint8Array(Buffer.from(base64, 'base64')));
const difference = (found: number, wanted: number) =>
  Object.is(found, wanted) ? 0 : Math.abs(found - wanted) / Math.max(1, Math.abs(wanted));
/** The formula of PROBIT subtracts numbers that nearly cancel, from a logarithm in float32. */
const tolerance = (name: string) => (/probit/i.test(name) ? 1e-5 : 1e-6);
/** Rows that a fixture has before infinities, thresholds and other edges. */
const ORDINARY = 14;
/** Converters that lose something on the way; onnxruntime loses it alike. */
const LOSSY = ['lgbm-binary-rf', 'xgb-binary-categories', 'lgbm-binary-categories'];
/** Labels that onnxruntime takes from the scores before their transform, or a converter from elsewhere: not the largest number. */
const OWN_LABELS = ['hand-three-classes-with-zero', 'hand-two-classes-positive-LOGISTIC', 'lgbm-binary-rf'];

it('fixtures of every converter, mode and transform are here', () => {
  for (const part of ['xgb-', 'lgbm-', 'sklearn-', 'hand-', 'v5-', 'BRANCH_NEQ', 'SOFTMAX_ZERO', 'PROBIT', 'columns'])
    expect(Object.keys(kinds).join(), part).toContain(part);
  expect(Object.keys(kinds).length).toBeGreaterThanOrEqual(60);
});

describe.each(Object.entries(kinds).map(([name, kind]) => ({ name, kind })))('$name', ({ name, kind }) => {
  const model = loadOnnxTrees(graph(kind.onnx));

  it('gives onnxruntime’s numbers to 1e-6 of max(1, |x|): missing values, infinities, thresholds and one step beside', () => {
    kind.rows.forEach((values, i) => {
      const found = model.predict(row(values));
      expect(found.length).toBe(kind.output[i]!.length);
      kind.output[i]!.forEach((wanted, k) =>
        expect(difference(found[k]!, number(wanted)), `row ${i} output ${k}: ${values.join()}`).toBeLessThanOrEqual(
          tolerance(name),
        ),
      );
    });
  });

  it('compiled, and in a batch of a length that nobody states, the bits of single rows', () => {
    const rows = [...kind.rows, ...kind.rows.slice(1), ...kind.rows.slice(3)];
    const single = rows.slice(0, 40).flatMap((values) => Array.from(model.predict(row(values))));
    const batch = Array.from(model.predictBatch(Float64Array.from(rows.flat(), number)));
    expect(batch.length).toBe(rows.length * model.outputs);
    expect(batch.slice(0, single.length)).toEqual(single);
    expect(rows.slice(0, 40).flatMap((values) => Array.from(model.predict(row(values))))).toEqual(single);
  });
});

const withLabels = Object.entries(kinds).filter(([name, { label }]) => label && !OWN_LABELS.includes(name));
it.each(withLabels)('%s gives onnxruntime’s classes', (_, { onnx, rows, label }) => {
  const model = loadOnnxTrees(graph(onnx));
  rows.forEach((values, i) => {
    const found = Array.from(model.predict(row(values)));
    expect(found.indexOf(Math.max(...found)), `row ${i}`).toBe(label![i]);
  });
});

const withTrainer = Object.entries(kinds).filter(([name, { native }]) => native && !LOSSY.includes(name));
it.each(withTrainer)('%s gives the trainer’s own predictions on ordinary rows', (_, { onnx, rows, native }) => {
  const model = loadOnnxTrees(graph(onnx));
  native!.rows.forEach((at, i) => {
    if (at >= ORDINARY) return;
    const found = model.predict(row(rows[at]!));
    native!.output[i]!.forEach((wanted, k) =>
      expect(difference(found[k]!, wanted), `row ${at}`).toBeLessThanOrEqual(1e-6),
    );
  });
});

it('most kinds have classes and a trainer to agree with', () => {
  expect(withLabels.length).toBeGreaterThan(20);
  expect(withTrainer.length).toBeGreaterThan(12);
});

describe('what runtimes disagree on, or nobody evaluates here, is refused by name', () => {
  it.each([
    ['ZipMap', /ZipMap.*maps instead of numbers/],
    ['hand-min', /aggregate_function "MIN"/],
    ['hand-one-target-LOGISTIC', /post_transform LOGISTIC of one output/],
    ['hand-two-classes-one-score-SOFTMAX', /post_transform SOFTMAX of two classes with one score/],
    ['hand-two-classes-second-score-NONE', /scores of the second alone/],
    ['hand-two-classes-two-bases-LOGISTIC', /one score and two base values/],
    ['hand-two-classes-two-scores-bases-NONE', /two scores and base values/],
  ])('%s', (name, message) => {
    const load = () => loadOnnxTrees(graph(refused[name]!));
    expect(load).toThrow(expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }));
    expect(load).toThrow(message);
  });

  it('each of the refused fixtures', () => {
    for (const [name, model] of Object.entries(refused))
      expect(() => loadOnnxTrees(graph(model)), name).toThrow(expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }));
  });

  it('ZipMap with the remedy', () => {
    expect(() => loadOnnxTrees(graph(refused['ZipMap']!))).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('zipmap') }),
    );
  });
});

describe('what the model says of itself', () => {
  it('an input for each column: their names are its features', () => {
    expect(loadOnnxTrees(graph(kinds['hand-columns']!.onnx)).features).toEqual(['a', 'b', 'c', 'd']);
    expect(loadOnnxTrees(graph(kinds['xgb-multi']!.onnx))).toMatchObject({
      features: null,
      featureCount: 4,
      outputs: 3,
      rawOutputs: 3,
      trees: 15,
      objective: 'TreeEnsembleClassifier SOFTMAX',
    });
  });

  it('predictRaw gives sums with base values', () => {
    const model = loadOnnxTrees(graph(kinds['hand-three-classes-SOFTMAX']!.onnx));
    const raw = model.predictRaw(Float64Array.of(0.05, 0.1, -2, 1));
    const powers = Array.from(raw, Math.exp);
    const total = powers.reduce((a, b) => a + b);
    const found = model.predict(Float64Array.of(0.05, 0.1, -2, 1));
    powers.forEach((power, k) => expect(found[k]).toBeCloseTo(power / total, 6));
  });
});
