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
} from '@signalbox/core';
import { testStrategy } from '@signalbox/core/testing';
import { describe, expect, it } from 'vitest';
import mlLgbm from './index.js';

const file = (name: string) => readFileSync(new URL(`../models/${name}`, import.meta.url));
const bytes = new Uint8Array(file('model_v1.txt'));
const text = file('model_v1.txt').toString();
const manifest = JSON.parse(file('model_v1.manifest.json').toString()) as ModelManifest;
const plan = compileFeatures(defaultFeatures(), createCalendar(USDCOP_CALENDAR));
const encode = (value: string) => new TextEncoder().encode(value);
const artifact = (change: object = {}, model: Uint8Array = bytes): Artifact => ({
  format: 'lightgbm-text',
  sha256: sha256(model),
  bytes: model,
  manifest: { ...manifest, ...change },
});
/** The manifest made for the changed file, so that nothing but what is tested differs. */
const madeFor = (model: Uint8Array, change: object = {}): Artifact =>
  artifact({ sha256: sha256(model), bytes: model.length, ...change }, model);
const open = (model = artifact(), config: object = {}) =>
  openSession(mlLgbm, {
    config,
    artifacts: { model },
    instrument: USD_COP,
    featureHashes: plan.hashes,
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
const row = (values: readonly (number | null)[]) => Float64Array.from(values, (x) => x ?? NaN);

it('holds to the contract: the conformance kit', async () => {
  const { cases } = await testStrategy(mlLgbm, { artifacts: { model: artifact() } });
  expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['restore']);
});

describe('the bundled model', () => {
  it('is pinned to the features as the shipped feature file defines them, in the order of the strategy', () => {
    expect(manifest.features.map(({ name }) => name)).toEqual(mlLgbm.features);
    for (const { name, hash } of manifest.features) expect(hash, name).toBe(plan.hashes[name]);
  });

  it('was trained by LightGBM on simulated data and claims nothing', () => {
    expect(manifest.framework.name).toBe('lightgbm');
    expect(manifest.trained_on).toBe('simulated');
    expect(JSON.stringify(manifest.metrics)).toContain('says nothing of any real market');
  });

  it('opens, and answers its golden rows with the trainer’s probabilities as confidence and score', async () => {
    const session = await open();
    const kinds = new Set<string>();
    for (const [i, values] of manifest.golden.rows.entries()) {
      const said = await askSession(session, view(row(values)), turn);
      const [short, flat, long] = manifest.golden.outputs[i] as [number, number, number];
      const largest = Math.max(short, flat, long);
      kinds.add(said.signal);
      expect(said).toMatchObject({ signal: largest === long ? 'long' : largest === short ? 'short' : 'flat' });
      expect((said as { confidence: number }).confidence).toBeCloseTo(largest, 12);
      if (said.signal !== 'flat') expect((said as { score: number }).score).toBeCloseTo(long - short, 12);
    }
    expect([...kinds].sort()).toEqual(['flat', 'long', 'short']);
  });

  it('golden rows hold missing values', () => {
    expect(manifest.golden.rows.filter((values) => values.includes(null)).length).toBeGreaterThan(5);
  });

  it('the reasoning states probabilities and unusual inputs', async () => {
    const said = await askSession(await open(), view(row(manifest.golden.rows[0]!)), turn);
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
    await expect(open(madeFor(bytes.slice(0, bytes.length >> 1)))).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
  });
  it('a model file whose own features are swapped: MODEL_FEATURE_MISMATCH, though digest and manifest agree', async () => {
    const swapped = encode(text.replace('feature_names=log_ret_5m log_ret_1h', 'feature_names=log_ret_1h log_ret_5m'));
    await expect(open(madeFor(swapped))).rejects.toMatchObject({ code: 'MODEL_FEATURE_MISMATCH' });
  });
  it('changed leaves of one tree: MODEL_GOLDEN_MISMATCH, at LightGBM’s tolerance of 1e-9', async () => {
    const moved = (leaves: string) =>
      leaves
        .split(' ')
        .map((leaf) => Number(leaf) + 1e-6)
        .join(' ');
    const changed = text.replace(/^leaf_value=(.+)$/m, (_, leaves: string) => `leaf_value=${moved(leaves)}`);
    await expect(open(madeFor(encode(changed)))).rejects.toMatchObject({ code: 'MODEL_GOLDEN_MISMATCH' });
    const outputs = manifest.golden.outputs.map((values, i) => (i === 3 ? values.map((p) => p + 2e-9) : values));
    await expect(open(artifact({ golden: { ...manifest.golden, outputs } }))).rejects.toThrow(/golden row 3, output 0/);
  });
  it('linear trees: MODEL_UNSUPPORTED', async () => {
    await expect(open(madeFor(encode(text.replace('is_linear=0', 'is_linear=1'))))).rejects.toThrow(/linear_tree/);
  });
  it('another output: MODEL_UNSUPPORTED, naming the strategy', async () => {
    const refused = open(artifact({ output: { kind: 'logits', classes: ['short', 'flat', 'long'] } }));
    await expect(refused).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    await expect(refused).rejects.toThrow(/ML_LGBM takes/);
  });
});

/** One split on the first feature: below 0 one leaf, else the other. */
function stump(objective: string, below: number, above: number): string {
  return (
    `tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=12\nobjective=${objective}\n` +
    `feature_names=${mlLgbm.features.join(' ')}\ntree_sizes=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=0\n` +
    `decision_type=8\nleft_child=-1\nright_child=-2\nleaf_value=${below} ${above}\nis_linear=0\nshrinkage=1\n\nend of trees\n`
  );
}

describe('other outputs', () => {
  const rows = [-1, 1].map((x) => [x, ...new Array<number>(12).fill(0)]);
  const ask = async (model: string, output: object, outputs: number[][], config: object = {}) => {
    const session = await open(madeFor(encode(model), { output, golden: { rows, outputs } }), config);
    return Promise.all(rows.map((values) => askSession(session, view(row(values)), turn)));
  };

  it('binary: p(long) above .5 is long, below short, with confidence max(p, 1 − p) and score 2p − 1', async () => {
    const p = 1 / (1 + Math.exp(-1));
    const model = stump('binary sigmoid:1', -1, 1);
    const said = await ask(model, { kind: 'probabilities', classes: ['short', 'long'] }, [[1 - p], [p]]);
    expect(said.map(({ signal }) => signal)).toEqual(['short', 'long']);
    expect(said[1]).toMatchObject({ confidence: p, score: 2 * p - 1 });
  });

  it('regression: within the dead zone flat, else score and confidence by it, and size begins at confidence 0', async () => {
    const model = stump('regression', -0.0001, 0.0004);
    const outputs = [[-0.0001], [0.0004]];
    const said = await ask(model, { kind: 'regression' }, outputs);
    expect(said[0]).toMatchObject({ signal: 'flat' });
    expect(said[1]).toMatchObject({ signal: 'long', confidenceFloor: 0 });
    expect((said[1] as { score: number }).score).toBeCloseTo(0.4, 12);
    const narrow = await ask(model, { kind: 'regression' }, outputs, { deadZoneBps: 0.5 });
    expect(narrow[0]).toMatchObject({ signal: 'short', confidenceFloor: 0 });
    expect(narrow[1]).toMatchObject({ signal: 'long', confidence: 1, score: 1 });
  });
});
