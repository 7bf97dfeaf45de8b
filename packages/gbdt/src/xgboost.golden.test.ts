/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadXGBoost } from './xgboost.js';

/** Made by training/golden/xgb_fixtures.py with the real library, once per version. */
interface Golden {
  readonly xgboost: string;
  readonly rows: readonly (readonly (number | null)[])[];
  readonly raw: readonly (readonly number[])[];
  readonly raw_all_rounds: readonly (readonly number[])[];
  readonly probability: readonly (readonly number[])[];
}

const folder = new URL('../test/fixtures/', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.golden.json'))
  .map((file) => file.replace('.golden.json', ''));
const read = (name: string) => ({
  bytes: new Uint8Array(readFileSync(new URL(`${name}.json`, folder))),
  golden: JSON.parse(readFileSync(new URL(`${name}.golden.json`, folder), 'utf8')) as Golden,
});
const row = (values: readonly (number | null)[]) => Float64Array.from(values, (v) => v ?? NaN);
const largest = (values: ArrayLike<number>) => Array.from(values).indexOf(Math.max(...Array.from(values)));

it('fixtures of three major versions are here', () => {
  expect(new Set(names.map((name) => name.split('-').at(-1)!.split('.')[0]))).toEqual(new Set(['1', '2', '3']));
});

describe.each(names)('%s', (name) => {
  const { bytes, golden } = read(name);
  const model = loadXGBoost(bytes);

  it('margins are the same float32 as the library gives, rows on a threshold and missing values included', () => {
    golden.rows.forEach((values, i) => {
      const raw = Array.from(model.predictRaw(row(values)));
      expect(raw, `row ${i}: ${values.join()}`).toEqual(golden.raw[i]!.map(Math.fround));
    });
  });

  it('probabilities equal the library to 1e-6 and name the same class', () => {
    golden.rows.forEach((values, i) => {
      const p = model.predict(row(values));
      golden.probability[i]!.forEach((wanted, k) =>
        expect(Math.abs(p[k]! - wanted), `row ${i} class ${k}`).toBeLessThanOrEqual(
          1e-6 * Math.max(1, Math.abs(wanted)),
        ),
      );
      expect(largest(p)).toBe(largest(golden.probability[i]!));
    });
  });

  it('a batch gives the bits of single rows', () => {
    const flat = Float64Array.from(golden.rows.flat(), (v) => v ?? NaN);
    const batch = model.predictBatch(flat, golden.rows.length);
    golden.rows.forEach((values, i) =>
      expect(batch.slice(i * model.outputs, (i + 1) * model.outputs)).toEqual(model.predict(row(values))),
    );
  });

  it('rounds: all gives the margins of every round', () => {
    const all = loadXGBoost(bytes, { rounds: 'all' });
    golden.rows.forEach((values, i) =>
      expect(Array.from(all.predictRaw(row(values)))).toEqual(golden.raw_all_rounds[i]!.map(Math.fround)),
    );
  });
});

it('best_iteration: fewer rounds are used than the file holds', () => {
  const stopped = names.filter((name) => name.startsWith('best-iteration'));
  expect(stopped.length).toBe(3);
  for (const name of stopped) {
    const model = loadXGBoost(read(name).bytes);
    expect(model.rounds).toBeLessThan(model.roundsInFile);
  }
});

it('num_parallel_tree: a round holds three trees per class', () => {
  for (const name of names.filter((n) => n.startsWith('parallel'))) {
    const model = loadXGBoost(read(name).bytes);
    expect(model.trees).toBe(model.roundsInFile * 3 * 3);
  }
});

it('feature names come in the order of the row, or null when the file has none', () => {
  expect(loadXGBoost(read(names.find((n) => n.startsWith('hist'))!).bytes).features).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(loadXGBoost(read(names.find((n) => n.startsWith('exact-pruned'))!).bytes).features).toBeNull();
});
