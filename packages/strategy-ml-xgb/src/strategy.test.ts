/// <reference types="node" />
import { readFileSync } from 'node:fs';
import {
  askSession,
  compileFeatures,
  createCalendar,
  defaultFeatures,
  FLAT,
  openSession,
  sha256,
  USD_COP,
  USDCOP_CALENDAR,
  type Artifact,
  type ModelManifest,
  type Opinion,
} from '@signalbox/core';
import { testStrategy } from '@signalbox/core/testing';
import { describe, expect, it } from 'vitest';
import mlXgb from './index.js';

const file = (name: string) => readFileSync(new URL(`../models/${name}`, import.meta.url));
const bytes = new Uint8Array(file('model_v1.json'));
const manifest = JSON.parse(file('model_v1.manifest.json').toString()) as ModelManifest;
const plan = compileFeatures(defaultFeatures(), createCalendar(USDCOP_CALENDAR));
const artifact = (change: object = {}, model = bytes): Artifact => ({
  format: 'xgboost-json',
  sha256: sha256(model),
  bytes: model,
  manifest: { ...manifest, ...change },
});
const open = (model = artifact(), hashes: Readonly<Record<string, string>> = plan.hashes) =>
  openSession(mlXgb, {
    config: {},
    artifacts: { model },
    instrument: USD_COP,
    featureHashes: hashes,
    featureDefinitions: plan.definitions,
  });
const view = (vector: Float64Array) => ({
  bar: { time: 0, open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 },
  features: {},
  vector,
  position: FLAT,
  opinions: {},
});
const turn = { abort: new AbortController().signal, deadline: 1e15 };

it('holds to the contract: the conformance kit', async () => {
  const { cases } = await testStrategy(mlXgb, { artifacts: { model: artifact() } });
  expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['restore']);
});

describe('the bundled model', () => {
  it('is pinned to the features as the shipped feature file defines them, in the order of the strategy', () => {
    expect(manifest.features.map(({ name }) => name)).toEqual(mlXgb.features);
    for (const { name, hash } of manifest.features) expect(hash, name).toBe(plan.hashes[name]);
  });

  it('says what it was trained on and claims nothing', () => {
    expect(manifest.trained_on).toBe('simulated');
    expect(JSON.stringify(manifest.metrics)).toContain('says nothing of any real market');
  });

  it('opens, and answers its golden rows with the trainer’s probabilities as confidence and score', async () => {
    const session = await open();
    const kinds = new Set<string>();
    for (const [i, row] of manifest.golden.rows.entries()) {
      const said = (await askSession(session, view(Float64Array.from(row, (x) => x ?? NaN)), turn)) as Opinion & {
        score?: number;
      };
      const [short, flat, long] = manifest.golden.outputs[i] as [number, number, number];
      const largest = Math.max(short, flat, long);
      kinds.add(said.signal);
      expect(said.signal).toBe(largest === long ? 'long' : largest === short ? 'short' : 'flat');
      expect((said as { confidence: number }).confidence).toBeCloseTo(largest, 5);
      if (said.signal !== 'flat') expect(said.score).toBeCloseTo(long - short, 5);
    }
    expect([...kinds].sort()).toEqual(['flat', 'long', 'short']);
  });

  it('the reasoning states probabilities and unusual inputs', async () => {
    const session = await open();
    const said = await askSession(session, view(Float64Array.from(manifest.golden.rows[0]!, (x) => x ?? NaN)), turn);
    expect(said.reasoning).toMatch(
      /^p\(short\) 0\.\d{3}, p\(flat\) 0\.\d{3}, p\(long\) 0\.\d{3}; farthest from usual: \w+ \S+ \([+−]\d+\.\d sd\), /,
    );
  });
});

describe('a model is refused by name', () => {
  it('a changed byte: MODEL_HASH_MISMATCH', async () => {
    const changed = bytes.slice();
    changed[1000] = changed[1000]! ^ 1;
    await expect(open(artifact({}, changed))).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
  });
  it('a truncated file: MODEL_MALFORMED, also when the manifest was made for it', async () => {
    const half = bytes.slice(0, bytes.length >> 1);
    await expect(open(artifact({}, half))).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
    await expect(open(artifact({ sha256: sha256(half), bytes: half.length }, half))).rejects.toMatchObject({
      code: 'MODEL_MALFORMED',
    });
  });
  it('a swapped feature: MODEL_FEATURE_MISMATCH with its name', async () => {
    const [first, second, ...rest] = manifest.features;
    await expect(open(artifact({ features: [second, first, ...rest] }))).rejects.toThrow(/log_ret_1h/);
    await expect(open(artifact({ features: [second, first, ...rest] }))).rejects.toMatchObject({
      code: 'MODEL_FEATURE_MISMATCH',
    });
  });
  it('a model file whose own features are swapped: MODEL_FEATURE_MISMATCH, though digest and manifest agree', async () => {
    const model = JSON.parse(new TextDecoder().decode(bytes)) as { learner: { feature_names: string[] } };
    model.learner.feature_names.reverse();
    const swapped = new TextEncoder().encode(JSON.stringify(model));
    await expect(open(artifact({ sha256: sha256(swapped), bytes: swapped.length }, swapped))).rejects.toMatchObject({
      code: 'MODEL_FEATURE_MISMATCH',
    });
  });
  it('another feature definition: MODEL_FEATURE_MISMATCH with feature and field', async () => {
    const config = structuredClone(defaultFeatures()) as unknown as {
      features: { name: string; transforms: { period?: number }[] }[];
    };
    const rsi = config.features.find(({ name }) => name === 'rsi_9')!;
    rsi.transforms.find((transform) => 'period' in transform)!.period = 10;
    const other = compileFeatures(config as never, createCalendar(USDCOP_CALENDAR));
    const refused = openSession(mlXgb, {
      config: {},
      artifacts: { model: artifact() },
      instrument: USD_COP,
      featureHashes: other.hashes,
      featureDefinitions: other.definitions,
    });
    await expect(refused).rejects.toMatchObject({ code: 'MODEL_FEATURE_MISMATCH' });
    await expect(refused).rejects.toThrow(/rsi_9.*period was 9 and is 10/);
  });
  it('predictions that are not the trainer’s: MODEL_GOLDEN_MISMATCH', async () => {
    const outputs = manifest.golden.outputs.map((row, i) => (i === 3 ? row.map((p) => p + 1e-5) : row));
    await expect(open(artifact({ golden: { ...manifest.golden, outputs } }))).rejects.toThrow(/golden row 3, output 0/);
  });
  it('another output: MODEL_UNSUPPORTED', async () => {
    await expect(
      open(artifact({ output: { kind: 'logits', classes: ['short', 'flat', 'long'] } })),
    ).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    await expect(
      open(artifact({ output: { kind: 'probabilities', classes: ['long', 'flat', 'short'] } })),
    ).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });
});
