import { readFileSync } from 'node:fs';
import type { ModelManifest } from '@signalbox/core';
import { expect, it } from 'vitest';
import { evaluatorOf, largestDifference } from './evaluate.js';

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

it('a network in an ONNX file is left to its strategy', () => {
  expect(evaluatorOf('onnx', bytes('strategy-rl-ppo/models/model_v1.onnx'))).toBeNull();
});

it('bytes that are no ONNX file are refused', () => {
  expect(() => evaluatorOf('onnx', Uint8Array.of(8, 8, 18, 200))).toThrow(
    expect.objectContaining({ code: 'MODEL_MALFORMED' }),
  );
});
