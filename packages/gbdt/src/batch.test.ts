/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadXGBoost } from './index.js';

const model = loadXGBoost(new Uint8Array(readFileSync(new URL('../test/fixtures/hist-3.2.0.json', import.meta.url))));
const rows = Float64Array.from({ length: 3 * model.featureCount }, (_, i) => Math.sin(i));

it('a batch has as many rows as its length says', () => {
  const batch = model.predictBatch(rows);
  expect(batch).toEqual(model.predictBatch(rows, 3));
  expect(batch.length).toBe(3 * model.outputs);
  expect(model.predictBatch(new Float64Array()).length).toBe(0);
});

it.each([
  ['a rest', () => model.predictBatch(rows.subarray(1))],
  ['another number of rows', () => model.predictBatch(rows, 2)],
  ['a broken number of rows', () => model.predictBatch(rows, 2.5)],
  ['a result that does not fit', () => model.predictBatch(rows, undefined, new Float64Array(1))],
])('%s is refused', (_, predict) => {
  expect(predict).toThrow(expect.objectContaining({ code: 'MODEL_FEATURE_MISMATCH' }));
});
