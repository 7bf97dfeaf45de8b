import { mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compileFeatures,
  createCalendar,
  defaultFeatures,
  defineStrategy,
  FLAT,
  USD_COP,
  USDCOP_CALENDAR,
} from '@signalbox/core';
import { readOnnx, writeOnnx } from '@signalbox/onnx';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openChampions, championText } from '../../src/models/candidates.js';
import { ModelRegistry } from '../../src/models/registry.js';
import { discover, type Discovery, type InstalledStrategy } from '../../src/plugins/discover.js';
import { openStrategies } from '../../src/plugins/open.js';
import { registerDiscovered } from '../../src/plugins/register.js';
import { openFolder } from '../../src/stores/artifacts/folder.js';
import type { Artifacts } from '../../src/stores/artifacts/open.js';
import { championHistory, listModelVersions, takeOverModels } from '../../src/stores/postgres/models.js';
import { testDatabase, type TestDatabase } from '../postgres.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const plan = compileFeatures(defaultFeatures(), createCalendar(USDCOP_CALENDAR));
const xgb = {
  bytes: new Uint8Array(readFileSync(join(root, 'packages/strategy-ml-xgb/models/model_v1.json'))),
  manifest: JSON.parse(
    readFileSync(join(root, 'packages/strategy-ml-xgb/models/model_v1.manifest.json'), 'utf8'),
  ) as Record<string, unknown> & { golden: { rows: number[][]; outputs: number[][] } },
};
/** The same trees in another file: a further space at the end. */
const other = {
  bytes: new Uint8Array([...xgb.bytes, 0x20]),
  manifest: without(xgb.manifest, 'sha256', 'bytes'),
};

function without(value: Record<string, unknown>, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

let database: TestDatabase;
let discovered: Discovery[];
let folder: string;
let artifacts: Artifacts;
let registry: ModelRegistry;
const folders: string[] = [];
const registryOf = (world: 'market' | 'simulated', installed: readonly InstalledStrategy[]): ModelRegistry =>
  new ModelRegistry({
    artifacts,
    pool: database.pool,
    world,
    allowSimulatedModels: false,
    features: plan,
    instrument: USD_COP,
    installed,
  });
const installed = (): InstalledStrategy[] => discovered.flatMap((one) => ('strategy' in one ? [one.strategy] : []));

beforeAll(async () => {
  discovered = await discover(root, ['@signalbox/strategy-ml-xgb']);
});
beforeEach(async () => {
  database = await testDatabase({ world: 'simulated' });
  await registerDiscovered(database.pool, discovered, {});
  folder = mkdtempSync(join(tmpdir(), 'signalbox-registry-'));
  folders.push(folder);
  artifacts = { store: openFolder(folder), cache: null };
  registry = registryOf('simulated', installed());
});
afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true, force: true })));

const open = async (): Promise<Awaited<ReturnType<typeof openStrategies>>> =>
  openStrategies({
    rows: [{ code: 'ML_XGB', package: '@signalbox/strategy-ml-xgb', parameters: {}, isActive: true }],
    discovered,
    features: plan,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    champions: (await openChampions(artifacts, database.pool, 'simulated', false)).of,
    log: () => {},
  });
const view = {
  bar: { time: 0, open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 },
  features: {},
  vector: Float64Array.from(xgb.manifest.golden.rows[0]!, (x) => x ?? NaN),
  position: FLAT,
  opinions: {},
};

describe('adding a model', () => {
  it('stores model and manifest as the next version once it reproduces its golden vectors, and says how exactly', async () => {
    const first = await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    expect(first).toMatchObject({ version: 1, file: 'ML_XGB/model_v1.json', goldenRows: 21, state: 'verified' });
    expect(first.largestDifference).toBeLessThanOrEqual(1e-6);
    expect(await registry.add('ML_XGB', other.bytes, other.manifest)).toMatchObject({ version: 2 });
    const listed = await registry.list('ML_XGB');
    expect(listed.map(({ version, state, champion }) => [version, state, champion])).toEqual([
      [0, 'bundled', true],
      [1, 'verified', false],
      [2, 'verified', false],
    ]);
    expect((await artifacts.store.list()).map(({ name }) => name)).toEqual([
      'ML_XGB/model_v1.json',
      'ML_XGB/model_v1.manifest.json',
      'ML_XGB/model_v2.json',
      'ML_XGB/model_v2.manifest.json',
    ]);
  });

  it('the same file again is the same version', async () => {
    await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    expect(await registry.add('ML_XGB', xgb.bytes, xgb.manifest)).toMatchObject({ version: 1 });
  });

  it('stores nothing of what it refuses: a pickle, no manifest, another feature, other predictions', async () => {
    const golden = {
      ...xgb.manifest.golden,
      outputs: xgb.manifest.golden.outputs.map((row) => row.map((p) => p + 1e-4)),
    };
    const features = (xgb.manifest['features'] as { hash: string }[]).map((one, i) =>
      i === 3 ? { ...one, hash: 'f'.repeat(64) } : one,
    );
    const cases: [Uint8Array, unknown, string][] = [
      [Uint8Array.of(0x80, 4, 0x95, 0), xgb.manifest, 'MODEL_PICKLE'],
      [xgb.bytes, undefined, 'MODEL_MANIFEST_INVALID'],
      [xgb.bytes, { ...xgb.manifest, golden }, 'MODEL_GOLDEN_MISMATCH'],
      [xgb.bytes, { ...xgb.manifest, features }, 'MODEL_FEATURE_MISMATCH'],
      [other.bytes, xgb.manifest, 'MODEL_HASH_MISMATCH'],
    ];
    for (const [bytes, manifest, code] of cases)
      await expect(registry.add('ML_XGB', bytes, manifest), code).rejects.toMatchObject({ code });
    await expect(registry.add('NOBODY', xgb.bytes, xgb.manifest)).rejects.toMatchObject({ code: 'STRATEGY_UNKNOWN' });
    expect(await artifacts.store.list()).toEqual([]);
  });

  it('two at once get two versions', async () => {
    const [a, b] = await Promise.all([
      registry.add('ML_XGB', xgb.bytes, xgb.manifest),
      registry.add('ML_XGB', other.bytes, other.manifest),
    ]);
    expect([a.version, b.version].sort()).toEqual([1, 2]);
  });

  it('gives an uploaded file without manifest its manifest, and is verified from then on', async () => {
    await artifacts.store.put('ML_XGB/model_v7.json', xgb.bytes);
    expect((await registry.list()).find((one) => one.version === 7)).toMatchObject({
      state: 'unverified',
      reason: 'no manifest stands beside it',
      remedy: expect.stringContaining('signalbox models add ML_XGB v7 --manifest'),
    });
    await expect(registry.promote('ML_XGB', 7, 'tester')).rejects.toMatchObject({ code: 'MODEL_UNVERIFIED' });
    expect(await registry.add('ML_XGB', await registry.stored('ML_XGB', 7), xgb.manifest)).toMatchObject({
      version: 7,
    });
    expect((await registry.list()).find((one) => one.version === 7)).toMatchObject({ state: 'verified', reason: null });
  });

  it('a strategy without package has models too: our own evaluator checks them', async () => {
    await database.pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('ML_NEW', 'New ML Model', 'ML')`,
    );
    expect(await registry.add('ML_NEW', xgb.bytes, xgb.manifest)).toMatchObject({ version: 1, state: 'verified' });
  });
});

describe('a network', () => {
  const policy = new Uint8Array(readFileSync(join(root, 'packages/strategy-rl-ppo/models/model_v1.onnx')));
  const manifest = JSON.parse(
    readFileSync(join(root, 'packages/strategy-rl-ppo/models/model_v1.manifest.json'), 'utf8'),
  ) as Record<string, unknown> & { features: { name: string }[]; golden: { outputs: number[][] } };
  const strategy = defineStrategy({
    code: 'RL_PPO',
    name: 'takes what its runtime takes',
    type: 'RL',
    apiVersion: 1,
    features: manifest.features.map(({ name }) => name),
    artifacts: { model: ['onnx'] },
    config: { type: 'object', properties: {}, additionalProperties: false },
    create: () => ({ onBar: () => ({ signal: 'flat', reasoning: 'a test' }) }),
  });
  const one = { package: 'p', version: '1', folder: root, models: {}, definition: strategy } as InstalledStrategy;

  it('is measured by our own evaluator; one that only the strategy evaluates has no difference rather than 0', async () => {
    const networks = registryOf('simulated', [one]);
    const outputs = manifest.golden.outputs.map(([x], i) => [i === 7 ? x! + 3e-6 : x!]);
    const near = { ...manifest, golden: { ...manifest.golden, outputs } };
    const { largestDifference } = await networks.add('RL_PPO', policy, near);
    expect(largestDifference).toBeCloseTo(3e-6, 7);
    const model = readOnnx(policy);
    const nodes = model.nodes.map((node) => (node.op === 'Tanh' ? { ...node, op: 'LSTM' } : node));
    const recurrent = writeOnnx({ ...model, nodes });
    const second = await networks.add('RL_PPO', recurrent, without(manifest, 'sha256', 'bytes'));
    expect(second).toMatchObject({ version: 2, state: 'verified', largestDifference: null });
    expect(await networks.check('RL_PPO', 2)).toMatchObject({ largestDifference: null });
    const listed = (await networks.list('RL_PPO')).filter(({ version }) => version > 0);
    expect(listed.map((each) => each.largest_difference)).toEqual([largestDifference, null]);
  });
});

describe('checking a stored model', () => {
  it('finds a file that was swapped after it was verified, and lists it as refused', async () => {
    await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    expect(await registry.check('ML_XGB', 1)).toMatchObject({ state: 'verified', goldenRows: 21 });
    unlinkSync(join(folder, 'ML_XGB/model_v1.json'));
    writeFileSync(join(folder, 'ML_XGB/model_v1.json'), other.bytes);
    await expect(registry.check('ML_XGB', 1)).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
    expect((await registry.list()).find((one) => one.version === 1)).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('sha256'),
    });
  });

  it('a file that is gone is listed as missing', async () => {
    await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    rmSync(join(folder, 'ML_XGB'), { recursive: true });
    expect((await registry.list()).find((one) => one.version === 1)).toMatchObject({ state: 'missing' });
    await expect(registry.check('ML_XGB', 1)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });
});

describe('the champion', () => {
  it('is the package’s own model until another is promoted; rollback goes back step by step; the history keeps all', async () => {
    await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    await registry.add('ML_XGB', other.bytes, other.manifest);
    const champion = async (): Promise<number | undefined> =>
      (await registry.list('ML_XGB')).find((one) => one.champion)?.version;
    expect(await champion()).toBe(0);
    expect(await registry.promote('ML_XGB', 1, 'ann')).toMatchObject({ version: 1, previousVersion: 0, actor: 'ann' });
    await registry.promote('ML_XGB', 2, 'ann');
    await expect(registry.promote('ML_XGB', 2, 'ann')).rejects.toMatchObject({ code: 'MODEL_EXISTS' });
    expect(await champion()).toBe(2);
    expect(await registry.rollback('ML_XGB', 'bob')).toMatchObject({ version: 1, previousVersion: 2 });
    expect(await registry.rollback('ML_XGB', 'bob')).toMatchObject({ version: 0, previousVersion: 1 });
    await expect(registry.rollback('ML_XGB', 'bob')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    expect((await championHistory(database.pool)).map(({ action, version }) => [action, version])).toEqual([
      ['promote', 1],
      ['promote', 2],
      ['rollback', 1],
      ['rollback', 0],
    ]);
    await expect(database.pool.query('DELETE FROM dw.model_champion')).rejects.toThrow(/append-only/);
  });

  it('is not rolled back to a version that cannot serve: a file that is gone, or one that was swapped', async () => {
    await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    await registry.add('ML_XGB', other.bytes, other.manifest);
    await registry.promote('ML_XGB', 1, 'ann');
    await registry.promote('ML_XGB', 2, 'ann');
    const first = join(folder, 'ML_XGB/model_v1.json');
    unlinkSync(first);
    await expect(registry.rollback('ML_XGB', 'bob')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    writeFileSync(first, other.bytes);
    await expect(registry.rollback('ML_XGB', 'bob')).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
    expect((await championHistory(database.pool)).map(({ action }) => action)).toEqual(['promote', 'promote']);
  });

  it('of a market world is no model that was trained on simulated data', async () => {
    const market = registryOf('market', installed());
    await market.add('ML_XGB', xgb.bytes, xgb.manifest);
    await expect(market.promote('ML_XGB', 1, 'ann')).rejects.toMatchObject({ code: 'MODEL_SIMULATED' });
  });

  it('serves: version, digest and provenance are those of the stored file, and a promotion asks for another set', async () => {
    const before = await championText(database.pool);
    const model = await registry.add('ML_XGB', other.bytes, other.manifest);
    await registry.promote('ML_XGB', 1, 'ann');
    expect(await championText(database.pool)).not.toBe(before);
    const opened = await open();
    expect(opened.status()[0]).toMatchObject({
      state: 'READY',
      reason: null,
      champion: { version: '1', sha256: model.sha256 },
    });
    expect(opened.provenance('ML_XGB').modelSha256).toBe(model.sha256);
    expect((await opened.ask(opened.seats[0]!, view)).reasoning).toMatch(/^p\(short\)/);
    await opened.close();
  });

  it('that fails leaves the one before it serving, and says why, bar after bar', async () => {
    const first = await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    await registry.add('ML_XGB', other.bytes, other.manifest);
    await registry.promote('ML_XGB', 1, 'ann');
    await registry.promote('ML_XGB', 2, 'ann');
    writeFileSync(join(folder, 'ML_XGB/model_v2.json'), 'not this one');
    const opened = await open();
    await opened.ask(opened.seats[0]!, view);
    expect(opened.status()[0]).toMatchObject({
      state: 'RUNNING',
      reason: expect.stringMatching(/^An older model serves\. model v2: .*not the file that was verified/),
      champion: { version: '1', sha256: first.sha256 },
    });
    expect(opened.provenance('ML_XGB').modelSha256).toBe(first.sha256);
    await opened.close();
    // all stored ones gone: the package's own
    rmSync(join(folder, 'ML_XGB'), { recursive: true });
    mkdirSync(join(folder, 'ML_XGB'));
    const bundled = await open();
    expect(bundled.status()[0]).toMatchObject({
      champion: { version: '0' },
      reason: expect.stringContaining('model v2'),
    });
    await bundled.close();
  });

  it('and its history go over to the demo world that follows', async () => {
    await registry.add('ML_XGB', xgb.bytes, xgb.manifest);
    await registry.promote('ML_XGB', 1, 'ann');
    const [versions, history] = [await listModelVersions(database.pool), await championHistory(database.pool)];
    const next = await testDatabase({ world: 'simulated' });
    await takeOverModels(next.pool, versions, history);
    expect(await championText(next.pool)).toBe(await championText(database.pool));
    expect((await listModelVersions(next.pool)).map(({ sha256 }) => sha256)).toEqual(
      versions.map(({ sha256 }) => sha256),
    );
  });
});
