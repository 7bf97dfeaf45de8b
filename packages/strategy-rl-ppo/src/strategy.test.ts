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
  type Position,
} from '@signalbox/core';
import { testStrategy } from '@signalbox/core/testing';
import { readOnnx, writeOnnx } from '@signalbox/onnx';
import { describe, expect, it } from 'vitest';
import rlPpo from './index.js';
import { runtimePolicy, type OnnxRuntime } from './policy.js';
import type { GoldenTrajectory } from './trajectory.js';

const file = (name: string) => readFileSync(new URL(`../models/${name}`, import.meta.url));
const bytes = new Uint8Array(file('model_v1.onnx'));
const manifest = JSON.parse(file('model_v1.manifest.json').toString()) as ModelManifest & {
  golden_trajectories: GoldenTrajectory[];
};
const plan = compileFeatures(defaultFeatures(), createCalendar(USDCOP_CALENDAR));
const artifact = (change: object = {}, model: Uint8Array = bytes): Artifact => ({
  format: 'onnx',
  sha256: sha256(model),
  bytes: model,
  manifest: { ...manifest, ...change },
});
const open = (model = artifact(), config: object = { runtime: 'builtin' }) =>
  openSession(rlPpo, {
    config,
    artifacts: { model },
    instrument: USD_COP,
    featureHashes: plan.hashes,
    featureDefinitions: plan.definitions,
  });
const view = (vector: Float64Array, position: Position = FLAT) => ({
  bar: { time: 0, open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 },
  features: {},
  vector,
  position,
  opinions: {},
});
const turn = { abort: new AbortController().signal, deadline: 1e15 };

it('holds to the contract: the conformance kit', async () => {
  const { cases } = await testStrategy(rlPpo, {
    artifacts: { model: artifact() },
    config: { runtime: 'builtin' },
  });
  expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['restore']);
}, 60_000);

describe('the bundled policy', () => {
  it('is pinned to market and position features as the shipped feature file defines them, in the order of the strategy', () => {
    expect(manifest.features.map(({ name }) => name)).toEqual(rlPpo.features);
    for (const { name, hash } of manifest.features) expect(hash, name).toBe(plan.hashes[name]);
  });

  it('says what it was trained on and claims nothing', () => {
    expect(manifest.trained_on).toBe('simulated');
    expect(JSON.stringify(manifest.metrics)).toContain('says nothing of any real market');
  });

  it('opens without onnxruntime and answers its golden rows with the trainer’s action', async () => {
    const session = await open();
    for (const [i, row] of manifest.golden.rows.entries()) {
      const said = (await askSession(session, view(Float64Array.from(row, Number)), turn)) as Opinion & {
        score?: number;
      };
      const action = manifest.golden.outputs[i]![0]!;
      expect(said.signal).toBe(Math.abs(action) < 0.1 ? 'flat' : action > 0 ? 'long' : 'short');
      if (said.signal !== 'flat') expect(said.score).toBeCloseTo(action, 5);
    }
    expect(
      (await askSession(session, view(Float64Array.from(manifest.golden.rows[0]!, Number)), turn)).reasoning,
    ).toMatch(/^action [+−]\d\.\d{3}, threshold 0\.1, position flat/);
  });

  it('brings whole sessions as golden trajectories, with trades in them', () => {
    expect(manifest.golden_trajectories.length).toBeGreaterThan(0);
    for (const { positions } of manifest.golden_trajectories) expect(positions.some((side) => side !== 0)).toBe(true);
  });
});

describe('the threshold', () => {
  const trainer = (manifest as { trainer?: object }).trainer;
  /** The last golden row whose action is not the largest of all: below the threshold or not by what is set. */
  const rows = manifest.golden.rows.map((row, i) => ({ row, size: Math.abs(manifest.golden.outputs[i]![0]!) }));
  const { row, size } = rows.filter((it) => it.size > 0.15 && it.size < 0.95).at(-1)!;
  const said = async (change: object, config: object = {}) => {
    const session = await open(artifact(change), { runtime: 'builtin', ...config });
    return (await askSession(session, view(Float64Array.from(row, Number)), turn)) as Opinion;
  };
  const trained = (threshold: unknown) => ({ trainer: { ...trainer, threshold }, golden_trajectories: [] });

  it('live is the one that the policy was trained with, unless the configuration says another', async () => {
    expect((trainer as { threshold?: number }).threshold).toBeGreaterThan(0);
    expect((await said({})).reasoning).toContain(`threshold ${(trainer as { threshold: number }).threshold},`);
    expect(await said(trained(size + 0.02))).toMatchObject({ signal: 'flat' });
    expect((await said(trained(size + 0.02))).reasoning).toContain(`threshold ${size + 0.02}`);
    expect((await said(trained(size - 0.02))).signal).not.toBe('flat');
    expect((await said(trained(size + 0.02), { threshold: size - 0.02 })).signal).not.toBe('flat');
    expect(await said(trained(size - 0.02), { threshold: size + 0.02 })).toMatchObject({ signal: 'flat' });
  });

  it('is 0.1 for a policy whose manifest says none', async () => {
    expect((await said({ trainer: undefined, golden_trajectories: [] })).reasoning).toContain('threshold 0.1,');
  });

  it.each([0, -0.1, 1.5, '0.1', null])('trained with %j: MODEL_MANIFEST_INVALID', async (threshold) => {
    await expect(open(artifact(trained(threshold)))).rejects.toMatchObject({ code: 'MODEL_MANIFEST_INVALID' });
  });

  it('0 is refused by the configuration: nothing would ever be flat', () => {
    const { threshold } = rlPpo.config.properties;
    expect(threshold).toMatchObject({ exclusiveMinimum: 0, maximum: 1 });
    // a default would stand above the manifest's
    expect('default' in threshold).toBe(false);
  });
});

describe('a policy is refused by name', () => {
  const trajectories = (change: (golden: GoldenTrajectory) => object) =>
    artifact({ golden_trajectories: manifest.golden_trajectories.map((golden) => ({ ...golden, ...change(golden) })) });

  it('a changed byte: MODEL_HASH_MISMATCH', async () => {
    const changed = bytes.slice();
    changed[500] = changed[500]! ^ 1;
    await expect(open(artifact({}, changed))).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
  });
  it('bytes that are no ONNX, with a manifest made for them: MODEL_MALFORMED', async () => {
    const half = bytes.slice(0, bytes.length >> 1);
    await expect(open(artifact({ sha256: sha256(half), bytes: half.length }, half))).rejects.toMatchObject({
      code: 'MODEL_MALFORMED',
    });
  });
  it('swapped features: MODEL_FEATURE_MISMATCH', async () => {
    const [first, second, ...rest] = manifest.features;
    await expect(open(artifact({ features: [second, first, ...rest] }))).rejects.toMatchObject({
      code: 'MODEL_FEATURE_MISMATCH',
    });
  });
  it('other predictions: MODEL_GOLDEN_MISMATCH with row and output', async () => {
    const outputs = manifest.golden.outputs.map((row, i) => (i === 3 ? row.map((x) => x + 1e-4) : row));
    await expect(open(artifact({ golden: { ...manifest.golden, outputs } }))).rejects.toThrow(/golden row 3, output 0/);
  });
  it('an operator that is not evaluated: MODEL_UNSUPPORTED with its name', async () => {
    const model = readOnnx(bytes);
    const nodes = model.nodes.map((node) => (node.op === 'Tanh' ? { ...node, op: 'LSTM' } : node));
    const other = writeOnnx({ ...model, nodes });
    const refused = open(artifact({ sha256: sha256(other), bytes: other.length }, other));
    await expect(refused).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    await expect(refused).rejects.toThrow(/LSTM/);
  });
  it('other semantics of the action: MODEL_UNSUPPORTED', async () => {
    await expect(open(artifact({ action_semantics: 'class' }))).rejects.toThrow(/target_position/);
  });
  it.each([
    ['an action', (g: GoldenTrajectory) => ({ outputs: g.outputs.map((o) => o && [o[0]! * 0.9]) }), /output 0/],
    [
      'a signal',
      (g: GoldenTrajectory) => ({
        signals: g.signals.map((s) => (s === 'long' ? 'short' : s === 'short' ? 'long' : s)),
      }),
      /where the trainer had/,
    ],
    ['a position', (g: GoldenTrajectory) => ({ positions: g.positions.map((x) => -x || 1) }), /position/],
    ['the account', (g: GoldenTrajectory) => ({ equity: g.equity.map((x) => x * 1.001) }), /equity/],
    [
      'a cost',
      (g: GoldenTrajectory) => ({
        first_cost_bps: g.first_cost_bps,
        market: g.market.map((m) => [m[0], m[1], m[2]! * 3, m[3]]),
      }),
      /golden trajectory/,
    ],
  ])('a golden trajectory in which %s differs: MODEL_GOLDEN_MISMATCH with the bar', async (_, change, message) => {
    const refused = open(trajectories(change as never));
    await expect(refused).rejects.toMatchObject({ code: 'MODEL_GOLDEN_MISMATCH' });
    await expect(refused).rejects.toThrow(message);
  });
  it.each([
    ['no list', 7],
    ['too many', new Array(21).fill({})],
    ['without bars', [{}]],
    [
      'with bars that are no numbers',
      [{ ...manifest.golden_trajectories[0], bars: manifest.golden_trajectories[0]?.bars.map(() => ['x']) }],
    ],
    [
      'out of order',
      [{ ...manifest.golden_trajectories[0], bars: [...(manifest.golden_trajectories[0]?.bars ?? [])].reverse() }],
    ],
    ...(
      [
        ['outputs', 'x'],
        ['outputs', []],
        ['outputs', [0.5, 0.5]],
        ['outputs', ['0.5']],
        ['signals', 'up'],
        ['positions', 2],
        ['equity', '100000'],
      ] as const
    ).map(([key, value]): [string, unknown] => {
      const golden = manifest.golden_trajectories[0]!;
      return [`of ${key} ${JSON.stringify(value)}`, [{ ...golden, [key]: golden[key].map(() => value) }]];
    }),
    ['of another threshold than the training’s', [{ ...manifest.golden_trajectories[0], threshold: 0.2 }]],
  ])('golden trajectories that are %s: MODEL_MANIFEST_INVALID', async (_, value) => {
    await expect(open(artifact({ golden_trajectories: value }))).rejects.toMatchObject({
      code: 'MODEL_MANIFEST_INVALID',
    });
  });
});

it('a policy whose weights lie in another file never reaches a runtime, which would open that file', async () => {
  // an initializer (graph 7, tensor 5) with a location elsewhere (13)
  const outside = Uint8Array.from([8, 10, 0x3a, 8, 0x2a, 6, 8, 2, 16, 1, 0x6a, 0]);
  const asked: unknown[] = [];
  const create = (...given: unknown[]) => Promise.reject(new Error(`asked ${asked.push(given)}`));
  const runtime = { Tensor: Object, InferenceSession: { create } } as unknown as OnnxRuntime;
  await expect(runtimePolicy(outside, 17, runtime)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  expect(asked).toEqual([]);
});

const ort = process.env['SIGNALBOX_ONNXRUNTIME'];
if (!ort && process.env['SIGNALBOX_NO_SKIPS'] === '1')
  throw new Error('SIGNALBOX_ONNXRUNTIME names no onnxruntime-node');
describe.skipIf(!ort)('onnxruntime-node', () => {
  it('gives the trainer’s numbers for the golden rows to 1e-5', async () => {
    const module = (await import(ort!)) as OnnxRuntime & { default?: OnnxRuntime };
    const policy = await runtimePolicy(
      bytes,
      rlPpo.features.length,
      module.InferenceSession ? module : module.default!,
    );
    for (const [i, row] of manifest.golden.rows.entries())
      expect((await policy.predict(Float64Array.from(row, Number)))[0]).toBeCloseTo(manifest.golden.outputs[i]![0]!, 5);
    await policy.close!();
  });
});
