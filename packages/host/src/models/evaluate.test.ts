import { readFileSync } from 'node:fs';
import type { ModelManifest } from '@signalbox/core';
import { readOnnx, writeOnnx } from '@signalbox/onnx';
import { expect, it } from 'vitest';
import { describeDifference, evaluatorOf, largestDifference } from './evaluate.js';

const bytes = (path: string) => new Uint8Array(readFileSync(new URL(`../../../${path}`, import.meta.url)));

it.each(['strategy-ml-xgb', 'strategy-ml-lgbm'])(
  'trees of %s in an ONNX file are evaluated here: their difference to the trainer is measured, not assumed',
  (name) => {
    const manifest = JSON.parse(
      new TextDecoder().decode(bytes(`${name}/models/model_v1.manifest.json`)),
    ) as ModelManifest;
    const file = bytes(`${name}/test/fixtures/model_v1.onnx`);
    const difference = largestDifference(evaluatorOf('onnx', file)!(file, manifest), manifest);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThanOrEqual(1e-6);
  },
);

it('a network in an ONNX file is evaluated here too: its difference to the trainer is measured', () => {
  const file = bytes('strategy-rl-ppo/models/model_v1.onnx');
  const manifest = JSON.parse(
    new TextDecoder().decode(bytes('strategy-rl-ppo/models/model_v1.manifest.json')),
  ) as ModelManifest;
  const evaluator = evaluatorOf('onnx', file)!;
  const model = evaluator(file, manifest);
  expect(largestDifference(model, manifest)).toBeLessThanOrEqual(1e-6);
  const outputs = manifest.golden.outputs.map(([x], i) => [i === 7 ? x! + 3e-6 : x!]);
  expect(largestDifference(model, { ...manifest, golden: { ...manifest.golden, outputs } })).toBeCloseTo(3e-6, 7);
  const fewer = { ...manifest, features: manifest.features.slice(1) };
  expect(() => evaluator(file, fewer)).toThrow(expect.objectContaining({ code: 'MODEL_FEATURE_MISMATCH' }));
});

it('a network with an operator that is not evaluated here is left to the runtime of its strategy', () => {
  const model = readOnnx(bytes('strategy-rl-ppo/models/model_v1.onnx'));
  const nodes = model.nodes.map((node) => (node.op === 'Tanh' ? { ...node, op: 'LSTM' } : node));
  expect(evaluatorOf('onnx', writeOnnx({ ...model, nodes }))).toBeNull();
});

it('bytes that are no ONNX file are refused', () => {
  expect(() => evaluatorOf('onnx', Uint8Array.of(8, 8, 18, 200))).toThrow(
    expect.objectContaining({ code: 'MODEL_MALFORMED' }),
  );
});

it('what was not measured here is not printed as a difference of nothing', () => {
  expect(describeDifference(null)).toBe('checked by the strategy');
  expect(describeDifference(1.84e-7)).toBe('largest difference 1.8e-7');
});
