/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../errors.js';
import { sha256 } from '../features/sha256.js';
import { verifyArtifact, type FeatureSupply, type LoadedModel } from './artifact.js';
import type { Artifact } from './contract.js';

const bytes = new TextEncoder().encode('a model');
const definition = { source: { bar: 'close' }, transforms: [{ name: 'log_return', slots: 1 }] };
const manifest = {
  sha256: sha256(bytes),
  bytes: bytes.length,
  framework: { name: 'xgboost', version: '3.2.0' },
  features: [
    { name: 'log_ret_5m', hash: 'h1', definition },
    { name: 'rsi_9', hash: 'h2' },
  ],
  label: 'label_12',
  horizon_bars: 12,
  split: { by: 'session' },
  purge_bars: 12,
  training_window: { from: '2020-01-02', to: '2020-12-30' },
  trained_on: 'simulated',
  share_close_only: 0,
  metrics: {},
  action_semantics: 'class',
  output: { kind: 'probabilities', classes: ['short', 'flat', 'long'] },
  golden: {
    rows: [
      [0.5, null],
      [2, 3],
    ],
    outputs: [[0.5], [5]],
  },
};
const supply: FeatureSupply = { features: ['log_ret_5m', 'rsi_9'], featureHashes: { log_ret_5m: 'h1', rsi_9: 'h2' } };
/** Adds what is there. */
const load = (): LoadedModel => ({
  features: ['log_ret_5m', 'rsi_9'],
  outputs: 1,
  predict: (row) => [row.reduce((sum, x) => sum + (Number.isNaN(x) ? 0 : x), 0)],
});
const artifact = (change: object = {}, file = bytes): Artifact => ({
  format: 'xgboost-json',
  sha256: sha256(file),
  bytes: file,
  manifest: { ...manifest, ...change },
});
const failure = (run: () => unknown): SignalboxError => {
  try {
    run();
  } catch (error) {
    return error as SignalboxError;
  }
  throw new Error('the artifact was accepted');
};

describe('verifyArtifact', () => {
  it('loads a model that reproduces its golden vectors, null being a missing value', () => {
    const { model, manifest: read } = verifyArtifact(artifact(), supply, load);
    expect(model.predict(Float64Array.of(1, 2))).toEqual([3]);
    expect(read.trained_on).toBe('simulated');
  });

  it('a changed byte is refused as MODEL_HASH_MISMATCH with both digests, before the file is parsed', () => {
    const changed = Uint8Array.from(bytes, (b, i) => (i === 0 ? b ^ 1 : b));
    const error = failure(() => verifyArtifact(artifact({}, changed), supply, () => expect.fail('parsed')));
    expect(error.code).toBe('MODEL_HASH_MISMATCH');
    expect(error.message).toContain(sha256(changed));
    expect(error.message).toContain(manifest.sha256);
  });

  it('a digest that the caller claims is not believed', () => {
    const changed = Uint8Array.from(bytes, (b, i) => (i === 0 ? b ^ 1 : b));
    const lying = { ...artifact({}, changed), sha256: manifest.sha256 };
    expect(failure(() => verifyArtifact(lying, supply, load)).code).toBe('MODEL_HASH_MISMATCH');
  });

  it('a truncated file is refused as MODEL_MALFORMED with both lengths', () => {
    const error = failure(() => verifyArtifact(artifact({}, bytes.slice(0, 3)), supply, load));
    expect(error.code).toBe('MODEL_MALFORMED');
    expect(error.message).toContain('3 of 7 bytes');
  });

  it('swapped features are refused as MODEL_FEATURE_MISMATCH naming the first', () => {
    const error = failure(() => verifyArtifact(artifact({ features: [...manifest.features].reverse() }), supply, load));
    expect(error.code).toBe('MODEL_FEATURE_MISMATCH');
    expect(error.message).toMatch(/Feature 1:.*rsi_9.*log_ret_5m/);
  });

  it('a model file in another order than its manifest is refused', () => {
    const swapped = (): LoadedModel => ({ ...load(), features: ['rsi_9', 'log_ret_5m'] });
    expect(failure(() => verifyArtifact(artifact(), supply, swapped)).code).toBe('MODEL_FEATURE_MISMATCH');
  });

  it('a feature more or less is refused by name', () => {
    const one = failure(() => verifyArtifact(artifact(), { ...supply, features: ['log_ret_5m'] }, load));
    expect(one.message).toContain('rsi_9');
    const three = failure(() =>
      verifyArtifact(artifact(), { ...supply, features: [...supply.features, 'adx_14'] }, load),
    );
    expect(three.message).toContain('adx_14');
  });

  it('another definition is refused naming feature and field when both definitions are known', () => {
    const error = failure(() =>
      verifyArtifact(
        artifact(),
        {
          ...supply,
          featureHashes: { log_ret_5m: 'other', rsi_9: 'h2' },
          featureDefinitions: { log_ret_5m: { ...definition, transforms: [{ name: 'log_return', slots: 2 }] } },
        },
        load,
      ),
    );
    expect(error.code).toBe('MODEL_FEATURE_MISMATCH');
    expect(error.message).toMatch(/log_ret_5m.*transforms\.0\.slots was 1 and is 2/);
  });

  it('another definition is refused naming feature and hashes when they are not', () => {
    const error = failure(() =>
      verifyArtifact(artifact(), { ...supply, featureHashes: { log_ret_5m: 'h1', rsi_9: 'other' } }, load),
    );
    expect(error.message).toMatch(/rsi_9.*h2 then, other now/);
  });

  it('a feature that the feature file no longer has is refused by name', () => {
    const error = failure(() => verifyArtifact(artifact(), { ...supply, featureHashes: { log_ret_5m: 'h1' } }, load));
    expect(error).toMatchObject({ code: 'MODEL_FEATURE_MISMATCH' });
    expect(error.message).toContain('rsi_9');
  });

  it.each([
    ['a wrong number', { golden: { ...manifest.golden, outputs: [[0.5], [5.001]] } }, /golden row 1, output 0/],
    ['another number of outputs', { golden: { ...manifest.golden, outputs: [[0.5], [5, 1]] } }, /golden row 1/],
  ])('golden vectors that differ (%s) are MODEL_GOLDEN_MISMATCH naming row and output', (_, change, message) => {
    const error = failure(() => verifyArtifact(artifact(change), supply, load));
    expect(error.code).toBe('MODEL_GOLDEN_MISMATCH');
    expect(error.message).toMatch(message);
  });

  it('the tolerance is 1e-6 for XGBoost and 1e-9 for LightGBM, times max(1, |x|), whatever the manifest calls its framework', () => {
    for (const name of ['xgboost', 'lightgbm', 'constructor']) {
      const golden = (by: number) => ({ ...manifest.golden, outputs: [[0.5], [5 * (1 + by)]] });
      const off = (by: number, format: Artifact['format']): Artifact => ({
        ...artifact({ framework: { name, version: '1' }, golden: golden(by) }),
        format,
      });
      for (const [format, tolerance] of [
        ['xgboost-json', 1e-6],
        ['xgboost-ubj', 1e-6],
        ['lightgbm-text', 1e-9],
      ] as const) {
        expect(() => verifyArtifact(off(0.9 * tolerance, format), supply, load), format).not.toThrow();
        expect(() => verifyArtifact(off(1.1 * tolerance, format), supply, load), format).toThrow();
      }
    }
  });

  it('a model that answers NaN reproduces nothing', () => {
    const nan = (): LoadedModel => ({ features: null, outputs: 1, predict: () => [NaN] });
    expect(failure(() => verifyArtifact(artifact(), supply, nan)).code).toBe('MODEL_GOLDEN_MISMATCH');
  });

  it.each(Object.keys(manifest))('a manifest without %s is MODEL_MANIFEST_INVALID naming it', (field) => {
    const error = failure(() => verifyArtifact(artifact({ [field]: undefined }), supply, load));
    expect(error.code).toBe('MODEL_MANIFEST_INVALID');
    expect(error.message).toContain(field);
  });

  it.each([
    ['no manifest', undefined, /no manifest/],
    ['no golden rows', { ...manifest, golden: { rows: [], outputs: [] } }, /golden vectors/],
    ['a golden row of another width', { ...manifest, golden: { rows: [[1]], outputs: [[1]] } }, /golden\.rows\[0\]/],
    ['trained on hope', { ...manifest, trained_on: 'hope' }, /trained_on/],
  ])('%s is MODEL_MANIFEST_INVALID', (_, value, message) => {
    const error = failure(() => verifyArtifact({ ...artifact(), manifest: value }, supply, load));
    expect(error.code).toBe('MODEL_MANIFEST_INVALID');
    expect(error.message).toMatch(message);
  });
});

it('sha256 of bytes: FIPS 180-4 examples and lengths around a block', () => {
  expect(sha256(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(sha256(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
