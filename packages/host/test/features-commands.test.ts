import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { USD_COP } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/index.js';
import { loadConfig } from '../src/config/config.js';
import { planOf } from '../src/inference/configured-plan.js';
import { migrateFeatures } from '../src/inference/feature-migration.js';
import { openPlan, type Plan } from '../src/inference/plan.js';
import { storeBars, type SourcedBar } from '../src/stores/postgres/bars.js';
import { pluginProject, strategyModule } from './plugin-project.js';
import { testDatabase, type TestDatabase } from './postgres.js';
import { databaseUrl } from './running-host.js';

const OTHER = 'USD/MXN';
const project = pluginProject();
const inProject = (...path: string[]) => join(project.dir, ...path);
const plain = openPlan(USD_COP, null);
const { calendar } = plain;
const { symbol } = USD_COP;

/** A package as a third party would publish it: a strategy, two models of which one has no manifest, and a transform. */
const name = project.install(
  'ACME',
  strategyModule('ACME', `return { signal: 'flat', reasoning: 'x' }`, {
    definition: `artifacts: { a: ['onnx'], b: ['onnx'] },`,
  }),
  {
    transforms: './transforms.js',
    models: { a: './a.onnx', b: './b.onnx' },
  },
);
const inPackage = (file: string) => inProject('node_modules', name, file);
writeFileSync(
  inPackage('transforms.js'),
  `export default [{
  name: 'acme_ema', version: 1, takes: 'bar field', recursive: true,
  parameters: { period: { type: 'integer', minimum: 2, maximum: 500 } },
  warmUp: ({ period }) => period,
  create({ period }) {
    const state = Float64Array.of(NaN);
    return { state, push(x) { state[0] = Number.isNaN(state[0]) ? x : state[0] + (2 / (period + 1)) * (x - state[0]); return state[0]; } };
  },
}];`,
);
const pins = (of: Plan, names: readonly string[]) =>
  JSON.stringify({
    features: names.map((one) => ({
      name: one,
      hash: of.features.hashes[one],
      definition: of.features.definitions[one],
    })),
  });
writeFileSync(inPackage('a.onnx'), 'x');
writeFileSync(inPackage('b.onnx'), 'x');
writeFileSync(inPackage('a.manifest.json'), pins(plain, ['rsi_9', 'dxy_z']));

type Json = { version: string; features: Record<string, unknown>[] };
const base = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('@signalbox/core/feature_config.json'), 'utf8'),
) as Json;
const feature = (called: string, source: object, transforms: object[], stable: number) => ({
  name: called,
  source,
  transforms,
  normalisation: { kind: 'none' },
  stable_after: stable,
});
const withEma: Json = {
  ...base,
  version: '1.1.0',
  features: [...base.features, feature('ema_20', { bar: 'close' }, [{ name: 'acme_ema', period: 20 }], 60)],
};
const withOther: Json = {
  ...base,
  version: '1.2.0',
  features: [
    ...base.features,
    feature('mxn_ret', { bar: 'close', symbol: OTHER }, [{ name: 'log_return', slots: 1 }], 1),
  ],
};
const files = { ema: inProject('ema.json'), other: inProject('other.json') };
writeFileSync(files.ema, JSON.stringify(withEma));
writeFileSync(files.other, JSON.stringify(withOther));
const configure = (features: string, plugins: readonly string[] = [name]) =>
  writeFileSync(inProject('signalbox.config.json'), JSON.stringify({ world: 'market', features, plugins }));

const bars: SourcedBar[] = createSimulator({ seed: 3, edge: 0, calendar, firstSession: '2024-01-02' })
  .sessions(4)
  .flatMap((session) => session.bars.map((bar) => ({ ...bar, symbol, source: 'test' })));
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ world: 'market' });
  await storeBars(database.pool, bars, { silent: true });
});

interface Said {
  readonly code: number;
  readonly data: Record<string, unknown>;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
}
async function signalbox(...args: string[]): Promise<Said> {
  let out = '';
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: () => {} },
    env: { DATABASE_URL: databaseUrl(database.connection) },
  };
  const code = await run([...args, '--json'], streams, project.dir);
  return { code, ...(JSON.parse(out) as Omit<Said, 'code'>) };
}
/** A CSV file as rows by column. */
function csv(file: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(inProject(file), 'utf8').trim().split('\n');
  const names = head!.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])));
}
const write = (file: string, rows: readonly SourcedBar[], column = true) =>
  writeFileSync(
    inProject(file),
    [
      `time,${column ? 'symbol,' : ''}open,high,low,close`,
      ...rows.map(
        (b) =>
          `${new Date(b.time).toISOString()},${column ? `${b.symbol},` : ''}${b.open},${b.high},${b.low},${b.close}`,
      ),
    ].join('\n'),
  );
const mxn = (from: readonly SourcedBar[]) => from.map((bar) => ({ ...bar, symbol: OTHER }));
const returnOf = (i: number) => Math.log(bars[i]!.close / bars[i - 1]!.close);

describe('a feature of a plugin’s transform, from an installed package to the export', () => {
  it('is refused without the package on the allow-list, by the name of what is missing', async () => {
    configure('ema.json', []);
    const { code, errors } = await signalbox('features', 'check', '--no-store');
    expect(code).toBe(3);
    expect(errors[0]).toMatchObject({ code: 'FEATURE_CONFIG_INVALID' });
    expect(errors[0]!.message).toMatch(/features\.13\.transforms\.0\.name/);
  });

  it('check, migrate, check, export: one number in the view, the file and by hand', async () => {
    configure('ema.json');
    const before = await signalbox('features', 'check');
    expect(before.data['stored']).toMatchObject({ current: 0, other: 0, view_matches: false });
    const migrated = await signalbox('features', 'migrate');
    expect(migrated).toMatchObject({ code: 0, data: { bars: 240, written: 240, view: 'inference_features_5m' } });
    expect((await signalbox('features', 'check')).data['stored']).toMatchObject({
      current: 240,
      other: 0,
      view_matches: true,
      changes: [],
    });
    expect((await signalbox('features', 'migrate')).data).toMatchObject({ bars: 240, written: 0 });

    let ema = bars[0]!.close;
    for (const { close } of bars.slice(1)) ema += (2 / 21) * (close - ema);
    const { rows } = await database.pool.query<Record<string, number | null>>(
      'SELECT * FROM inference_features_5m ORDER BY time',
    );
    expect(rows.at(-1)!['ema_20']).toBeCloseTo(ema, 9);
    expect(rows[59]!['ema_20'], 'stable after 60').toBeNull();

    const exported = await signalbox(
      'export',
      '--labels',
      '--split',
      '0.5,0.25,0.25',
      '--embargo',
      '0',
      '--out',
      'stored.csv',
    );
    expect(exported).toMatchObject({ code: 0, data: { rows: 240, world: 'market', version: '1.1.0' } });
    const lines = csv('stored.csv');
    expect(lines.map(({ time }) => Date.parse(time!))).toEqual(bars.map(({ time }) => time));
    const names = withEma.features.map((one) => String(one['name']));
    rows.forEach((row, i) => {
      for (const one of names)
        expect(lines[i]![one], `${one} of row ${i}`).toBe(row[one] === null ? '' : String(row[one]));
    });
    expect(Object.keys(lines[0]!).slice(-5)).toEqual(['decided_at', 'fill_price', 'label_12', 'close_only', 'split']);
    expect(lines[0]!['fill_price']).toBe(String(bars[1]!.open));
    expect(Number(lines[0]!['label_12'])).toBeCloseTo(Math.log(bars[13]!.open / bars[1]!.open), 15);
  });

  it('another file with the same names does not pass for the one that the view shows', async () => {
    const changed = structuredClone(withEma);
    changed.features[13]!['transforms'] = [{ name: 'acme_ema', period: 30 }];
    writeFileSync(inProject('changed.json'), JSON.stringify(changed));
    configure('changed.json');
    expect((await signalbox('features', 'check')).data['stored']).toMatchObject({
      current: 0,
      other: 240,
      view_matches: false,
      changes: [{ name: 'ema_20', change: 'changed', field: 'transforms.0.period', was: 20, is: 30 }],
    });
  });

  it('a bar that is not complete has no features yet', async () => {
    configure('ema.json');
    const plan = await planOf(loadConfig(project.dir));
    const other = await testDatabase({ world: 'market' });
    await storeBars(other.pool, bars, { silent: true });
    const completion = bars.at(-1)!.time + calendar.slotMs;
    expect(await migrateFeatures(other.pool, plan, { now: completion - 1 })).toEqual({ bars: 239, written: 239 });
    expect(await migrateFeatures(other.pool, plan, { now: completion })).toEqual({ bars: 240, written: 1 });
  });
});

describe('signalbox features check on models', () => {
  it('a model without a readable manifest is unknown, not trained on these features; the promoted version counts too', async () => {
    const older = openPlan(
      USD_COP,
      (() => {
        const changed = structuredClone(base);
        changed.features[3]!['transforms'] = [{ name: 'rsi', period: 11 }];
        writeFileSync(inProject('older.json'), JSON.stringify(changed));
        return inProject('older.json');
      })(),
    );
    const folder = inProject('.signalbox', 'models', 'ACME');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model_v2.onnx'), 'x');
    writeFileSync(join(folder, 'model_v2.manifest.json'), pins(older, ['rsi_9', 'dxy_z']));
    await database.pool.query(
      `INSERT INTO dw.model_champion (strategy_code, action, version, previous_version, actor) VALUES ('ACME', 'promote', 2, 0, 'test'),
         ('GONE', 'promote', 1, 0, 'test')`,
    );
    configure('ema.json');
    const { code, data } = await signalbox('features', 'check');
    expect(code).not.toBe(0);
    expect(data['models']).toEqual([
      { strategy: 'ACME', model: './a.onnx', version: 0, ok: true, reason: null, broken: [] },
      {
        strategy: 'ACME',
        model: './b.onnx',
        version: 0,
        ok: null,
        reason: expect.stringContaining('b.manifest.json') as string,
        broken: [],
      },
      {
        strategy: 'ACME',
        model: 'v2',
        version: 2,
        ok: false,
        reason: null,
        broken: [{ feature: 'rsi_9', field: 'transforms.0.period', was: 11, is: 9 }],
      },
      {
        strategy: 'GONE',
        model: 'v1',
        version: 1,
        ok: null,
        reason: expect.stringMatching(/GONE/) as string,
        broken: [],
      },
    ]);
    for (const [text, why] of [
      ['{', /no JSON/],
      ['{"features":[]}', /names no features/],
      ['{"features":[{"name":"rsi_9"}]}', /features\[0\]/],
    ] as const) {
      writeFileSync(inPackage('b.manifest.json'), text);
      const { data: again } = await signalbox('features', 'check', '--no-store');
      const models = again['models'] as { ok: boolean | null; reason: string | null }[];
      expect(models[1]).toMatchObject({ ok: null, reason: expect.stringMatching(why) as string });
    }
  });
});

describe('export of features of another symbol', () => {
  it('from files: refused without its bars, by name; with a file of its own, or one file of both, the column is there', async () => {
    configure('other.json');
    write('own.csv', bars, false);
    const refused = await signalbox('export', '--bars', 'own.csv', '--out', 'f.csv');
    expect(refused.errors[0]).toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining('mxn_ret') as string,
    });
    expect((await signalbox('export', '--simulated', '--sessions', '2', '--out', 'f.csv')).errors[0]).toMatchObject({
      code: 'INPUT_NOT_FOUND',
    });
    expect(
      (await signalbox('export', '--bars', 'own.csv', '--other', 'USD/CLP=own.csv', '--out', 'f.csv')).errors[0],
    ).toMatchObject({ code: 'PARAMETER_INVALID' });

    write(
      'mxn.csv',
      mxn(bars).filter((_, i) => i !== 100),
      false,
    );
    expect(
      (await signalbox('export', '--bars', 'own.csv', '--other', `${OTHER}=mxn.csv`, '--out', 'two.csv')).code,
    ).toBe(0);
    write('both.csv', [...bars, ...mxn(bars).filter((_, i) => i !== 100)]);
    expect((await signalbox('export', '--bars', 'both.csv', '--out', 'one.csv')).code).toBe(0);
    expect(csv('one.csv')).toEqual(csv('two.csv'));
    const rows = csv('two.csv');
    expect(rows).toHaveLength(240);
    expect(Number(rows[99]!['mxn_ret'])).toBeCloseTo(returnOf(99), 14);
    expect(
      [100, 101].map((i) => rows[i]!['mxn_ret']),
      'its bar is absent',
    ).toEqual(['', '']);
  });

  it('from the database: refused without its bars; with them the numbers of the files', async () => {
    configure('other.json');
    expect((await signalbox('export', '--out', 'f.csv')).errors[0]).toMatchObject({ code: 'INPUT_NOT_FOUND' });
    await storeBars(
      database.pool,
      mxn(bars).filter((_, i) => i !== 100),
      { silent: true },
    );
    expect((await signalbox('export', '--out', 'stored.csv')).code).toBe(0);
    expect(csv('stored.csv')).toEqual(csv('two.csv'));
  });
});
