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
  type AnySession,
  type AnyStrategy,
  type Artifact,
  type ArtifactFormat,
  type ModelManifest,
  type Opinion,
} from '@signalbox/core';
import { testStrategy } from '@signalbox/core/testing';
import { expect, it } from 'vitest';

/** What tests of a strategy with a bundled model of trees need: its model and manifest, sessions with changed ones, and its answers to rows. */
export function modelTable(strategy: AnyStrategy, format: ArtifactFormat, modelUrl: URL) {
  const bytes = new Uint8Array(readFileSync(modelUrl));
  const manifestUrl = new URL(modelUrl.href.replace(/\.\w+$/, '.manifest.json'));
  const manifest = JSON.parse(readFileSync(manifestUrl, 'utf8')) as ModelManifest;
  const plan = compileFeatures(defaultFeatures(), createCalendar(USDCOP_CALENDAR));
  const artifact = (change: object = {}, model: Uint8Array = bytes, as = format): Artifact => ({
    format: as,
    sha256: sha256(model),
    bytes: model,
    manifest: { ...manifest, ...change },
  });
  return {
    bytes,
    manifest,
    plan,
    /** The file beside the bundled manifest, changed. */
    artifact,
    /** The manifest made for the file, so that nothing but what is tested differs. */
    madeFor: (model: Uint8Array, change: object = {}, as = format): Artifact =>
      artifact({ sha256: sha256(model), bytes: model.length, ...change }, model, as),
    open: (model: Artifact = artifact(), { config = {}, features = plan } = {}): Promise<AnySession> =>
      openSession(strategy, {
        config,
        artifacts: { model },
        instrument: USD_COP,
        featureHashes: features.hashes,
        featureDefinitions: features.definitions,
      }),
    ask: async (session: AnySession, row: readonly (number | null)[]): Promise<Opinion & { score?: number }> => {
      const view = {
        bar: { time: 0, open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 },
        features: {},
        vector: Float64Array.from(row, (x) => x ?? NaN),
        position: FLAT,
        opinions: {},
      };
      return askSession(session, view, { abort: new AbortController().signal, deadline: 1e15 });
    },
  };
}

/** The rules that hold for every bundled model, and for what is refused in its place; `digits` its answers agree with the trainer's to. */
export function bundledCases(strategy: AnyStrategy, table: ReturnType<typeof modelTable>, digits: number): void {
  const { bytes, manifest, plan, artifact, madeFor, open, ask } = table;
  const refused = async (model: Artifact, code: string, message = /./): Promise<void> => {
    const opened = open(model);
    await expect(opened).rejects.toMatchObject({ code });
    await expect(opened).rejects.toThrow(message);
  };

  it('holds to the contract: the conformance kit', async () => {
    const { cases } = await testStrategy(strategy, { artifacts: { model: artifact() } });
    expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['restore']);
  });

  it('the bundled model is pinned to the features as the shipped feature file defines them, in the order of the strategy', () => {
    expect(manifest.features.map(({ name }) => name)).toEqual(strategy.features);
    for (const { name, hash } of manifest.features) expect(hash, name).toBe(plan.hashes[name]);
  });

  it('says what it was trained on and claims nothing', () => {
    expect(manifest.trained_on).toBe('simulated');
    expect(JSON.stringify(manifest.metrics)).toContain('says nothing of any real market');
  });

  it('opens, and answers its golden rows, missing values among them, with the trainer’s probabilities', async () => {
    const session = await open();
    const kinds = new Set<string>();
    for (const [i, row] of manifest.golden.rows.entries()) {
      const said = await ask(session, row);
      const [short, flat, long] = manifest.golden.outputs[i] as [number, number, number];
      const largest = Math.max(short, flat, long);
      kinds.add(said.signal);
      expect(said.signal).toBe(largest === long ? 'long' : largest === short ? 'short' : 'flat');
      expect((said as { confidence: number }).confidence).toBeCloseTo(largest, digits);
      if (said.signal !== 'flat') expect(said.score).toBeCloseTo(long - short, digits);
    }
    expect([...kinds].sort()).toEqual(['flat', 'long', 'short']);
    expect(manifest.golden.rows.filter((row) => row.includes(null)).length).toBeGreaterThan(0);
  });

  it('the reasoning states probabilities and unusual inputs', async () => {
    expect((await ask(await open(), manifest.golden.rows[0]!)).reasoning).toMatch(
      /^p\(short\) 0\.\d{3}, p\(flat\) 0\.\d{3}, p\(long\) 0\.\d{3}; farthest from usual: \w+ \S+ \([+−]\d+\.\d sd\), /,
    );
  });

  it('a changed byte: MODEL_HASH_MISMATCH', async () => {
    const changed = bytes.slice();
    changed[1000] = changed[1000]! ^ 1;
    await refused(artifact({}, changed), 'MODEL_HASH_MISMATCH');
  });

  it('a truncated file: MODEL_MALFORMED, also when the manifest was made for it', async () => {
    const half = bytes.slice(0, bytes.length >> 1);
    await refused(artifact({}, half), 'MODEL_MALFORMED');
    await refused(madeFor(half), 'MODEL_MALFORMED');
  });

  it('a swapped feature: MODEL_FEATURE_MISMATCH with its name', async () => {
    const [first, second, ...rest] = manifest.features;
    await refused(artifact({ features: [second, first, ...rest] }), 'MODEL_FEATURE_MISMATCH', /log_ret_1h/);
  });

  it('another feature definition: MODEL_FEATURE_MISMATCH with feature and field', async () => {
    const config = structuredClone(defaultFeatures()) as unknown as {
      features: { name: string; transforms: { period?: number }[] }[];
    };
    const rsi = config.features.find(({ name }) => name === 'rsi_9')!;
    rsi.transforms.find((transform) => 'period' in transform)!.period = 10;
    const other = compileFeatures(config as never, createCalendar(USDCOP_CALENDAR));
    const opened = open(artifact(), { features: other });
    await expect(opened).rejects.toMatchObject({ code: 'MODEL_FEATURE_MISMATCH' });
    await expect(opened).rejects.toThrow(/rsi_9.*period was 9 and is 10/);
  });

  it('predictions that are not the trainer’s: MODEL_GOLDEN_MISMATCH with row and output', async () => {
    const outputs = manifest.golden.outputs.map((row, i) => (i === 3 ? row.map((p) => p + 1e-5) : row));
    const golden = { ...manifest.golden, outputs };
    await refused(artifact({ golden }), 'MODEL_GOLDEN_MISMATCH', /golden row 3, output 0/);
  });

  it('another output: MODEL_UNSUPPORTED, naming the strategy', async () => {
    const logits = { kind: 'logits', classes: ['short', 'flat', 'long'] };
    const turned = { kind: 'probabilities', classes: ['long', 'flat', 'short'] };
    for (const output of [logits, turned])
      await refused(artifact({ output }), 'MODEL_UNSUPPORTED', new RegExp(`${strategy.code} takes`));
  });
}

/** The rules for the same trees in an ONNX file, as onnxmltools converts them (training/golden/onnx_strategies.py). */
export function onnxCases(strategy: AnyStrategy, format: ArtifactFormat, modelUrl: URL, onnxUrl: URL): void {
  const { manifest, madeFor, open, ask, artifact } = modelTable(strategy, format, modelUrl);
  const onnx = new Uint8Array(readFileSync(onnxUrl));
  const moved = (by: number): object => ({
    golden: { ...manifest.golden, outputs: manifest.golden.outputs.map((values) => values.map((p) => p + by)) },
  });

  it('an ONNX file of the model opens against the trainer’s predictions, and says what the native file says', async () => {
    const fromOnnx = await open(madeFor(onnx, {}, 'onnx'));
    const fromNative = await open(artifact());
    const directions = new Set<string>();
    for (const row of manifest.golden.rows) {
      const [found, wanted] = [await ask(fromOnnx, row), await ask(fromNative, row)];
      expect(found.signal).toBe(wanted.signal);
      expect((found as { confidence: number }).confidence).toBeCloseTo(
        (wanted as { confidence: number }).confidence,
        6,
      );
      directions.add(found.signal);
    }
    expect([...directions].sort()).toEqual(['flat', 'long', 'short']);
  });

  it('golden vectors of an ONNX file are held to 1e-6', async () => {
    await expect(open(madeFor(onnx, moved(4e-7), 'onnx'))).resolves.toBeDefined();
    await expect(open(madeFor(onnx, moved(-2e-6), 'onnx'))).rejects.toMatchObject({ code: 'MODEL_GOLDEN_MISMATCH' });
  });

  it('an ONNX file that is cut off is MODEL_MALFORMED, also when the manifest was made for it', async () => {
    const cut = onnx.slice(0, onnx.length >> 1);
    await expect(open(madeFor(cut, {}, 'onnx'))).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
  });

  it('holds to the contract with an ONNX file: the conformance kit', async () => {
    const { cases } = await testStrategy(strategy, { artifacts: { model: madeFor(onnx, {}, 'onnx') } });
    expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['restore']);
  });
}
