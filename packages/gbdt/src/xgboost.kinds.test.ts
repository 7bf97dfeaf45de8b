/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadXGBoost } from './xgboost.js';

/** Made by training/golden/xgb_kinds.py with the real library, once per version. Infinities are written as strings. */
interface Kind {
  readonly json: string;
  readonly ubj: string;
  readonly rows: readonly (readonly (number | string | null)[])[];
  readonly raw: readonly (readonly number[])[];
  readonly prediction: readonly (readonly number[])[];
}
interface Fixtures {
  readonly xgboost: string;
  readonly kinds: Readonly<Record<string, Kind>>;
  readonly refused: Readonly<Record<string, string>>;
}

const folder = new URL('../test/fixtures/', import.meta.url);
const versions = readdirSync(folder)
  .filter((file) => file.startsWith('kinds-xgboost-'))
  .map((file) => JSON.parse(gunzipSync(readFileSync(new URL(file, folder))).toString()) as Fixtures);
const text = (value: string) => new TextEncoder().encode(value);
const binary = (value: string) => new Uint8Array(Buffer.from(value, 'base64'));
const number = (value: number | string | null) =>
  value === null ? NaN : value === 'inf' ? Infinity : Number(String(value).replace('inf', 'Infinity'));
const row = (values: Kind['rows'][number]) => Float64Array.from(values, number);

it('fixtures of three major versions are here, with every kind', () => {
  expect(versions.map(({ xgboost }) => xgboost[0])).toEqual(['1', '2', '3']);
  for (const { kinds } of versions) expect(Object.keys(kinds).length).toBeGreaterThanOrEqual(31);
});

describe.each(
  versions.flatMap(({ xgboost, kinds }) => Object.entries(kinds).map(([name, kind]) => ({ xgboost, name, kind }))),
)('$name of XGBoost $xgboost', ({ kind }) => {
  const model = loadXGBoost(text(kind.json));

  it('margins are the library’s float32: missing values, infinities, thresholds and their neighbours', () => {
    kind.rows.forEach((values, i) =>
      expect(Array.from(model.predictRaw(row(values))), `row ${i}: ${values.join()}`).toEqual(
        kind.raw[i]!.map(Math.fround),
      ),
    );
  });

  it('predictions equal the library’s to 1e-6 of max(1, |x|)', () => {
    kind.rows.forEach((values, i) => {
      const found = model.predict(row(values));
      expect(found.length).toBe(kind.prediction[i]!.length);
      kind.prediction[i]!.forEach((wanted, k) =>
        expect(Math.abs(found[k]! - wanted), `row ${i} output ${k}`).toBeLessThanOrEqual(
          1e-6 * Math.max(1, Math.abs(wanted)),
        ),
      );
    });
  });

  it('UBJSON is the same model, to the bit', () => {
    const other = loadXGBoost(binary(kind.ubj));
    const { features, outputs, rounds, trees, objective } = model;
    expect(other).toMatchObject({ features, outputs, rounds, trees, objective });
    for (const values of kind.rows) expect(other.predictRaw(row(values))).toEqual(model.predictRaw(row(values)));
  });

  it('compiled, after many rows, the sums are the same bits', () => {
    const warm = loadXGBoost(text(kind.json));
    for (let i = 0; i < 100; i++) warm.predictRaw(row(kind.rows[0]!));
    kind.rows.forEach((values, i) =>
      expect(Array.from(warm.predictRaw(row(values))), `row ${i}`).toEqual(kind.raw[i]!.map(Math.fround)),
    );
  });

  it('a batch, whose rows walk side by side, gives the bits of single rows', () => {
    // turned by one each time, so that a row stands beside others and in every place
    const rows = Array.from({ length: 9 }, (_, k) => [...kind.rows.slice(k), ...kind.rows.slice(0, k)]).flat();
    expect(rows.length).toBeGreaterThan(64);
    const batch = model.predictBatch(Float64Array.from(rows.flat(), number), rows.length);
    const single = kind.rows.map((values) => Array.from(model.predict(row(values))));
    const turned = Array.from({ length: 9 }, (_, k) => [...single.slice(k), ...single.slice(0, k)]).flat(2);
    expect(Array.from(batch)).toEqual(turned);
  });
});

describe.each(versions)('of XGBoost $xgboost', ({ kinds, refused }) => {
  it('early stopping: fewer rounds are used than the file holds, unless all are asked for', () => {
    const bytes = text(kinds['binary-stopped']!.json);
    const model = loadXGBoost(bytes);
    expect(model.rounds).toBeLessThan(model.roundsInFile);
    expect(loadXGBoost(bytes, { rounds: 'all' }).rounds).toBe(model.roundsInFile);
  });

  it('multi:softmax gives the number of a class, its margins stay one per class', () => {
    const model = loadXGBoost(text(kinds['multi-softmax']!.json));
    expect([model.outputs, model.rawOutputs]).toEqual([1, 3]);
  });

  it('dart: a fixture’s weights differ from 1, or nothing would be tested', () => {
    const file = JSON.parse(kinds['binary-dart']!.json) as { learner: { gradient_booster: { weight_drop: number[] } } };
    expect(file.learner.gradient_booster.weight_drop.some((weight) => weight !== 1)).toBe(true);
  });

  it('categorical fixtures hold sets of one and of several categories', () => {
    const sizes = (name: string) =>
      [...kinds[name]!.json.matchAll(/"categories_sizes":\[([\d,]*)\]/g)].flatMap((m) => m[1]!.split(',').map(Number));
    expect(sizes('binary-categories-onehot').includes(1)).toBe(true);
    expect(Math.max(...sizes('binary-categories-partition'))).toBeGreaterThan(3);
  });

  it.each(Object.keys(refused))('%s is refused by name', (name) => {
    const load = () => loadXGBoost(binary(refused[name]!));
    expect(load).toThrow(expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }));
    expect(load).toThrow(name);
  });
});
