/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadLightGBM } from './lightgbm.js';

/** Made by training/golden/lgbm_kinds.py with the real library, once per version. Infinities are written as strings. */
interface Kind {
  readonly text: string;
  readonly rows: readonly (readonly (number | string | null)[])[];
  readonly raw: readonly (readonly number[])[];
  readonly prediction: readonly (readonly number[])[];
  readonly best_iteration: number;
}
interface Fixtures {
  readonly lightgbm: string;
  readonly kinds: Readonly<Record<string, Kind>>;
  readonly refused: Readonly<Record<string, string>>;
}

const folder = new URL('../test/fixtures/', import.meta.url);
const versions = readdirSync(folder)
  .filter((file) => file.startsWith('kinds-lightgbm-'))
  .map((file) => JSON.parse(gunzipSync(readFileSync(new URL(file, folder))).toString()) as Fixtures);
const bytes = (value: string) => new TextEncoder().encode(value);
const number = (value: number | string | null) =>
  value === null ? NaN : Number(String(value).replace('inf', 'Infinity'));
const row = (values: Kind['rows'][number]) => Float64Array.from(values, number);

it('fixtures of format v3 and v4 are here, with every kind', () => {
  expect(versions.map(({ lightgbm }) => lightgbm[0])).toEqual(['3', '4']);
  for (const { lightgbm, kinds } of versions) {
    expect(Object.keys(kinds).length).toBe(42);
    for (const { text } of Object.values(kinds)) expect(text).toContain(`version=v${lightgbm[0]}`);
  }
});

describe.each(
  versions.flatMap(({ lightgbm, kinds }) => Object.entries(kinds).map(([name, kind]) => ({ lightgbm, name, kind }))),
)('$name of LightGBM $lightgbm', ({ kind }) => {
  const model = loadLightGBM(bytes(kind.text));

  it('sums are the library’s to the bit: missing, zero and infinite values, thresholds and their neighbours', () => {
    kind.rows.forEach((values, i) =>
      expect(Array.from(model.predictRaw(row(values))), `row ${i}: ${values.join()}`).toEqual(kind.raw[i]),
    );
  });

  it('predictions equal the library’s to 1e-9 of max(1, |x|), relative where they are small', () => {
    kind.rows.forEach((values, i) => {
      const found = model.predict(row(values));
      expect(found.length).toBe(kind.prediction[i]!.length);
      kind.prediction[i]!.forEach((wanted, k) =>
        expect(Math.abs(found[k]! - wanted), `row ${i} output ${k}`).toBeLessThanOrEqual(1e-9 * Math.abs(wanted)),
      );
    });
  });

  it('compiled, after many rows, the sums are the same bits', () => {
    const warm = loadLightGBM(bytes(kind.text));
    for (let i = 0; i < 100; i++) warm.predictRaw(row(kind.rows[0]!));
    kind.rows.forEach((values, i) =>
      expect(Array.from(warm.predictRaw(row(values))), `row ${i}`).toEqual(kind.raw[i]!),
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

describe.each(versions)('of LightGBM $lightgbm', ({ kinds, refused }) => {
  const decisions = (name: string) =>
    new Set(
      [...kinds[name]!.text.matchAll(/decision_type=(.+)/g)].flatMap((match) => match[1]!.split(' ').map(Number)),
    );

  it('the fixtures hold every treatment of missing values, and sets of categories', () => {
    const all = new Set(Object.keys(kinds).flatMap((name) => [...decisions(name)]));
    // none; zero right and left; NaN right and left; categorical
    expect([...all].sort((a, b) => a - b)).toEqual([2, 4, 6, 8, 9, 10]);
  });

  it('linear_tree is refused by name', () => {
    expect(() => loadLightGBM(bytes(refused['linear_tree']!))).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('linear_tree') }),
    );
  });

  it('early stopping: the file holds the rounds up to the best one', () => {
    const { text, best_iteration } = kinds['binary-stopped']!;
    expect(loadLightGBM(bytes(text)).rounds).toBe(best_iteration);
    expect(best_iteration).toBeLessThan(60);
  });

  it('trained on the signed root, every objective that undoes it says so in its line; huber does neither', () => {
    const rooted = Object.keys(kinds).filter((name) => /^objective=.* sqrt$/m.test(kinds[name]!.text));
    expect(rooted).toEqual(['', '-l1', '-fair', '-quantile', '-mape'].map((kind) => `regression${kind}-sqrt`));
  });

  it('random forest: raw is the sum, the prediction of the average', () => {
    const model = loadLightGBM(bytes(kinds['regression-forest']!.text));
    const values = row(kinds['regression-forest']!.rows[0]!);
    expect(model.rounds).toBe(5);
    expect(model.predict(values)[0]).toBe(model.predictRaw(values)[0]! / 5);
  });

  it('names that LightGBM made up are none', () => {
    expect(loadLightGBM(bytes(kinds['binary']!.text)).features).toBeNull();
    expect(loadLightGBM(bytes(kinds['multiclass']!.text)).features).toEqual(['a', 'b', 'c', 'd']);
  });
});
