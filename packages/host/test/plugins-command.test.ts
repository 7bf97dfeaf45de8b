import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { USD_COP } from '@signalbox/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/index.js';
import { loadConfig } from '../src/config/config.js';
import { openPlan } from '../src/inference/plan.js';
import { discover } from '../src/plugins/discover.js';
import { loadSuspensions } from '../src/stores/postgres/plugin-faults.js';
import { listStrategies } from '../src/stores/postgres/strategies.js';
import { openArtifacts } from '../src/stores/artifacts/open.js';
import type { Store } from '../src/stores/store.js';
import { Crew } from '../src/worlds/crew.js';
import { pluginProject, strategyModule } from './plugin-project.js';
import { testDatabase, type TestDatabase } from './postgres.js';
import { databaseUrl } from './running-host.js';

const project = pluginProject();
const file = join(project.dir, 'signalbox.config.json');
const CONFIG = `{
    "world":   "market",
    "strategies": { "FIRST": { "parameters": {} } },
    "plugins": ["strategy-first"]
}
`;
const module = (code: string): string =>
  strategyModule(
    code,
    `return view.features.rsi_9 > 0.5 ? { signal: 'short', confidence: 0.6, reasoning: 'high' } : { signal: 'flat', reasoning: 'low' }`,
  );
const first = project.install('FIRST', module('FIRST'));
const second = project.install('SECOND', module('SECOND'), { env: ['SECOND_KEY'] });
const random = project.install('RANDOM', module('RANDOM').replace(`'high'`, `'high ' + Math.random()`));

let database: TestDatabase;
beforeAll(async () => {
  writeFileSync(file, CONFIG);
  database = await testDatabase({ world: 'market' });
});

interface Said<T> {
  readonly code: number;
  readonly data: T;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
  readonly stderr: string;
}
async function signalbox<T = Record<string, unknown>>(...argv: string[]): Promise<Said<T>> {
  let stdout = '';
  let stderr = '';
  const streams = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    env: { DATABASE_URL: databaseUrl(database.connection) },
  };
  const code = await run(['plugins', ...argv, '--json'], streams, project.dir);
  const { data, errors } = JSON.parse(stdout) as { data: T; errors: Said<T>['errors'] };
  return { code, data, errors, stderr };
}
const suspended = async (): Promise<string[]> => [...(await loadSuspensions(database.pool)).keys()];

describe('signalbox plugins', () => {
  it('add shows metadata and conformance, allows the package and leaves the rest of the file as it was', async () => {
    const looked = await signalbox<{ conformance: { passed: boolean } }>('add', second, '--dry-run');
    expect(looked.code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(CONFIG);

    const added = await signalbox('add', second, '--yes');
    expect(added).toMatchObject({
      code: 0,
      data: {
        package: second,
        strategy_code: 'SECOND',
        features: ['rsi_9'],
        env: ['SECOND_KEY'],
        allowed: true,
        row: true,
        conformance: { passed: true },
      },
    });
    const text = readFileSync(file, 'utf8');
    expect(JSON.parse(text)).toEqual({ ...JSON.parse(CONFIG), plugins: [first, second] });
    expect(text).toContain(`"world":   "market",\n    "strategies": { "FIRST": { "parameters": {} } },`);
    expect(existsSync(`${file}.${process.pid}.tmp`)).toBe(false);
    expect((await listStrategies(database.pool)).map(({ code, package: name }) => [code, name])).toEqual([
      ['SECOND', second],
    ]);
  }, 120_000);

  it('add refuses what is not installed, does not conform, or nobody confirms, and changes nothing', async () => {
    const before = readFileSync(file, 'utf8');
    expect(await signalbox('add', 'not-there', '--yes')).toMatchObject({
      code: 1,
      errors: [{ code: 'PLUGIN_NOT_INSTALLED', remedy: 'Run: npm install not-there' }],
    });
    expect(await signalbox('add', '../evil', '--yes')).toMatchObject({
      code: 1,
      errors: [{ code: 'PLUGIN_NOT_ALLOWED' }],
    });
    const refused = await signalbox('add', random, '--yes');
    expect(refused).toMatchObject({ code: 1, errors: [{ code: 'STRATEGY_NONCONFORMING' }] });
    expect(refused.errors[0]!.message).toMatch(/determinism/);
    expect(await signalbox('add', second)).toMatchObject({ code: 2, errors: [{ code: 'PARAMETER_INVALID' }] });
    expect(readFileSync(file, 'utf8')).toBe(before);
  }, 120_000);

  it('test says which case failed, by exit code too', async () => {
    expect((await signalbox('test', second)).code).toBe(0);
    const failed = await signalbox<{ conformance: { cases: { name: string; status: string }[] } }>('test', random);
    expect(failed.code).toBe(1);
    expect(failed.data.conformance.cases.find(({ name }) => name === 'determinism')?.status).toBe('fail');
  }, 120_000);

  it('test and add hold a package to the configured features: one of the user’s own, by a transform that a package brings', async () => {
    const before = readFileSync(file, 'utf8');
    const needs = { definition: `features: ['own_signal'],` };
    const own = project.install(
      'OWN',
      strategyModule('OWN', `return { signal: 'flat', reasoning: String(view.features.own_signal) }`, needs),
      {
        transforms: './transforms.js',
      },
    );
    writeFileSync(
      join(project.dir, 'node_modules', own, 'transforms.js'),
      `export default [{ name: 'own_half', version: 1, takes: 'bar field', parameters: {}, create: () => ({ push: (x) => x / 2 }) }];`,
    );
    const feature = {
      name: 'own_signal',
      source: { bar: 'close' },
      transforms: [{ name: 'own_half' }],
      normalisation: { kind: 'none' },
      stable_after: 0,
    };
    writeFileSync(join(project.dir, 'own.json'), JSON.stringify({ version: '1.0.0', series: {}, features: [feature] }));
    const without = await signalbox('test', own);
    expect(without.code, 'it is in no feature file yet').toBe(1);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(CONFIG), plugins: [], features: './own.json' }));
    const tested = await signalbox<{ conformance: unknown; conformance_failure: unknown }>('test', own);
    expect(tested, JSON.stringify(tested.data)).toMatchObject({ code: 0, data: { conformance: { passed: true } } });
    expect(await signalbox('add', own, '--dry-run')).toMatchObject({ code: 0 });
    writeFileSync(file, before);
  }, 60_000);

  it('suspend and resume hold in the database, with an alert; an unknown code is refused', async () => {
    expect(await signalbox('suspend', 'SECOND', '--reason', 'looks odd')).toMatchObject({
      code: 0,
      data: { changed: true },
    });
    expect(await signalbox('suspend', 'SECOND')).toMatchObject({ code: 0, data: { changed: false } });
    expect(await suspended()).toEqual(['SECOND']);
    const { rows } = await database.pool.query(
      `SELECT payload ->> 'message' AS message FROM dw.events WHERE type = 'alert'`,
    );
    expect(rows).toEqual([{ message: expect.stringContaining('SECOND is suspended: looks odd') }]);
    const listed = await signalbox<{ plugins: { strategy_code: string; state: string; reason: string | null }[] }>(
      'list',
    );
    expect(listed.data.plugins).toMatchObject([
      { strategy_code: 'FIRST', state: 'installed' },
      { strategy_code: 'SECOND', state: 'SUSPENDED', reason: 'looks odd' },
    ]);
    expect(await signalbox('resume', 'SECOND')).toMatchObject({ code: 0, data: { changed: true } });
    expect(await suspended()).toEqual([]);
    expect(await signalbox('resume', 'NOBODY')).toMatchObject({ code: 6, errors: [{ code: 'STRATEGY_UNKNOWN' }] });
  }, 60_000);

  it('remove takes it off the list and leaves its row and history', async () => {
    expect(await signalbox('remove', second, '--yes')).toMatchObject({ code: 0, data: { strategies: ['SECOND'] } });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(CONFIG));
    expect((await listStrategies(database.pool)).map(({ code, active }) => [code, active])).toEqual([
      ['SECOND', false],
    ]);
    expect(await signalbox('remove', second, '--yes')).toMatchObject({ code: 6 });
  }, 60_000);
});

describe('a running host', () => {
  let crew: Crew;
  afterAll(() => crew.close());
  const states = (): Record<string, string> =>
    Object.fromEntries(crew.status().map(({ code, state }) => [code, state]));

  it('takes a package that is added, lets one go that is removed, and follows suspensions, which a restart keeps', async () => {
    const store = { pool: database.pool } as Store;
    const open = async (): Promise<Crew> => {
      const config = loadConfig(project.dir);
      const discovered = await discover(project.dir, config.plugins, config.isolation);
      const plan = openPlan(USD_COP, null);
      const artifacts = await openArtifacts(project.dir, config.artifacts);
      const log = pino({ level: 'silent' });
      const made = new Crew({ config, plan, discovered, artifacts, kind: 'market', log, marketTime: Date.now });
      await made.register(store);
      await made.open(store);
      return made;
    };
    crew = await open();
    expect(states()).toEqual({ FIRST: 'READY', SECOND: 'inactive' });
    let rows = await crew.rows(store);
    const changed = async (): Promise<boolean> => {
      const now = await crew.rows(store);
      const other = now !== rows;
      if (other) await crew.open(store);
      rows = await crew.rows(store);
      return other;
    };
    expect(await changed()).toBe(false);

    await signalbox('add', second, '--yes');
    expect(await changed()).toBe(true);
    expect(states()).toEqual({ FIRST: 'READY', SECOND: 'READY' });

    await signalbox('suspend', 'FIRST');
    expect(await changed()).toBe(true);
    expect(states()).toEqual({ FIRST: 'SUSPENDED', SECOND: 'READY' });
    await crew.close();
    crew = await open();
    expect(states()).toEqual({ FIRST: 'SUSPENDED', SECOND: 'READY' });
    rows = await crew.rows(store);
    await signalbox('resume', 'FIRST');
    expect(await changed()).toBe(true);
    expect(states()).toEqual({ FIRST: 'READY', SECOND: 'READY' });

    await signalbox('remove', second, '--yes');
    expect(await changed()).toBe(true);
    expect(states()).toEqual({ FIRST: 'READY', SECOND: 'inactive' });
    expect(await changed()).toBe(false);

    // half a file is no configuration: what ran goes on
    writeFileSync(file, '{ "plugins": [');
    expect(await changed()).toBe(false);
    expect(states()['FIRST']).toBe('READY');
    writeFileSync(file, CONFIG);
  }, 180_000);
});
