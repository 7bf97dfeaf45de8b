import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFeatures, computeFeatures, USD_COP } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/index.js';
import { migrateFeatures } from '../src/inference/feature-migration.js';
import { storedFeatures } from '../src/inference/feature-report.js';
import { featureTypes } from '../src/inference/feature-types.js';
import { openPlan } from '../src/inference/plan.js';
import { bundledStandings } from '../src/models/standing.js';
import { readBars, storeBars } from '../src/stores/postgres/bars.js';
import { testDatabase } from './postgres.js';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-features-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
writeFileSync(join(dir, 'package.json'), '{}');
const plan = openPlan(USD_COP, null);
const { symbol } = USD_COP;
const file = createRequire(import.meta.url).resolve('@signalbox/core/feature_config.json');
type File = { version: string; features: { name: string; transforms: object[]; [key: string]: unknown }[] };
const parsed = () => JSON.parse(readFileSync(file, 'utf8')) as File;
/** rsi_9 over 11 bars, without adx_14, with a feature of the calendar at the end. */
const changed = parsed();
changed.version = '2.0.0';
changed.features = changed.features.filter(({ name }) => name !== 'adx_14');
changed.features[3]!.transforms = [{ name: 'rsi', period: 11 }];
changed.features.push({
  name: 'slot',
  source: { calendar: 'slot' },
  transforms: [],
  normalisation: { kind: 'none' },
  stable_after: 0,
});
const changedFile = join(dir, 'changed.json');
writeFileSync(changedFile, JSON.stringify(changed));
const after = openPlan(USD_COP, changedFile);

async function cli(args: readonly string[], env: Record<string, string> = {}) {
  let out = '';
  const streams = { stdout: { write: (text: string) => (out += text) }, stderr: { write: () => {} }, env };
  const code = await run([...args, '--json'], streams, dir);
  return {
    code,
    body: JSON.parse(out) as { status: string; data: never; errors: { code: string; message: string }[] },
  };
}

describe('signalbox features check', () => {
  it('shows the 13 with hash, stable_after and source, then those of the position, as one JSON object', async () => {
    const { code, body } = await cli(['features', 'check', '--no-store']);
    expect(code).toBe(0);
    const data = body.data as { features: { name: string; source: string }[]; position_features: { name: string }[] };
    expect(body.status).toBe('ok');
    expect(data.features).toHaveLength(13);
    expect(data.features[3]).toEqual({
      name: 'rsi_9',
      hash: plan.features.hashes['rsi_9'],
      stable_after: 200,
      source: 'bar close → rsi 9 → 0…100 to 0…1',
    });
    expect(data.features.map(({ source }) => source)).toContain(
      'series col10y, ust10y → difference → z (mean 7.03, sd 1.41) → clip -4…4',
    );
    expect(data.position_features.map(({ name }) => name)).toEqual([
      'position',
      'unrealized_pnl',
      'bars_held',
      'slots_left',
    ]);
  });

  it('refuses a file that is wrong, naming file and place', async () => {
    const wrong = join(dir, 'wrong.json');
    writeFileSync(wrong, JSON.stringify({ ...changed, features: [{ ...changed.features[3], stable_after: 3 }] }));
    const { code, body } = await cli(['features', 'check', '--no-store'], { SIGNALBOX_FEATURES: wrong });
    expect(code).toBe(3);
    expect(body.errors[0]).toMatchObject({ code: 'FEATURE_CONFIG_INVALID' });
    expect(body.errors[0]!.message).toContain('features.0.stable_after');
  });

  it('names the models that a changed file breaks, by feature and field', () => {
    const pins = (names: readonly string[]) =>
      names.map((name) => ({ name, hash: plan.features.hashes[name], definition: plan.features.definitions[name] }));
    writeFileSync(join(dir, 'a.manifest.json'), JSON.stringify({ features: pins(['rsi_9', 'adx_14', 'dxy_z']) }));
    writeFileSync(join(dir, 'b.manifest.json'), JSON.stringify({ features: pins(['dxy_z', 'log_ret_5m']) }));
    const definition = { code: 'ML_TEST' } as never;
    const strategy = {
      package: 'x',
      version: '1.0.0',
      folder: dir,
      definition,
      models: { a: './a.json', b: './b.json' },
    };
    expect(bundledStandings([strategy], after)).toEqual([
      {
        strategy: 'ML_TEST',
        model: './a.json',
        version: 0,
        ok: false,
        reason: null,
        broken: [
          { feature: 'rsi_9', field: 'transforms.0.period', was: 9, is: 11 },
          { feature: 'adx_14', field: 'name', was: 'adx_14', is: null },
        ],
      },
      { strategy: 'ML_TEST', model: './b.json', version: 0, ok: true, reason: null, broken: [] },
    ]);
  });
});

describe('signalbox features migrate', () => {
  it('makes the view and the values of a changed file, goes on where it was stopped, and does nothing twice', async () => {
    const { pool } = await testDatabase({ world: 'simulated' });
    const { calendar } = plan;
    const bars = createSimulator({ seed: 3, edge: 0, calendar, firstSession: '2024-01-02' })
      .sessions(100)
      .flatMap((session) => session.bars.map((bar) => ({ ...bar, symbol, source: 'simulated' })));
    await storeBars(pool, bars, { silent: true });
    expect(await migrateFeatures(pool, plan)).toEqual({ bars: 6000, written: 6000 });
    expect(await storedFeatures(pool, plan)).toMatchObject({
      current: 6000,
      other: 0,
      changes: [],
      view_matches: true,
    });

    const before = await storedFeatures(pool, after);
    expect(before).toMatchObject({ current: 0, other: 6000, version: '1.0.0', view_matches: false });
    expect(before.changes).toEqual([
      { name: 'adx_14', change: 'removed', field: null, was: null, is: null },
      { name: 'rsi_9', change: 'changed', field: 'transforms.0.period', was: 9, is: 11 },
      { name: 'slot', change: 'added', field: null, was: null, is: null },
    ]);
    const stop = new AbortController();
    await expect(
      migrateFeatures(pool, after, { signal: stop.signal, onProgress: () => stop.abort() }),
    ).rejects.toThrow();
    expect(await storedFeatures(pool, after)).toMatchObject({ current: 5000, other: 1000, view_matches: true });
    const shown = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM inference_features_5m');
    expect(shown.rows[0]!.n, 'the view never shows values of another file').toBe(5000);
    expect(await migrateFeatures(pool, after)).toEqual({ bars: 6000, written: 1000 });
    expect(await migrateFeatures(pool, after)).toEqual({ bars: 6000, written: 0 });

    const table = computeFeatures(after.features, after.series(), await readBars(pool, { symbol }));
    const { rows } = await pool.query<Record<string, number | null>>(
      'SELECT * FROM inference_features_5m ORDER BY time',
    );
    rows.forEach((row, i) =>
      after.features.names.forEach((name, k) => {
        const value = table.values[i * after.features.names.length + k]!;
        if (row[name] !== (Number.isNaN(value) ? null : value))
          expect.fail(`${name} of row ${i}: ${row[name]}, ${value}`);
      }),
    );
    expect(compileFeatures(after.config, calendar).names.at(-1)).toBe('slot');
  });
});

describe('signalbox features types', () => {
  it('a strategy that declares features of the file compiles; one that declares another does not', () => {
    writeFileSync(join(dir, 'features.d.ts'), featureTypes(after.config));
    const write = (name: string, features: string): string => {
      const type = `import type { FeatureNames } from './features.js';\n`;
      writeFileSync(join(dir, name), `${type}export const features = ${features} as const satisfies FeatureNames;\n`);
      return join(dir, name);
    };
    const files = [write('right.ts', `['rsi_9', 'slot', 'position']`), write('wrong.ts', `['rsi_9', 'adx_14']`)];
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es5.d.ts'],
      types: [],
    });
    const found = files.flatMap((name) => {
      const source = program.getSourceFile(name);
      const all = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return all.map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/wrong\.ts: .*"adx_14"/);
  }, 120_000);
});

const python =
  process.env['SIGNALBOX_PYTHON'] ?? (existsSync('/tmp/venv/bin/python') ? '/tmp/venv/bin/python' : 'python3');
const arrow = (() => {
  try {
    execFileSync(python, ['-c', 'import pyarrow, pandas'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!arrow && process.env['SIGNALBOX_NO_SKIPS'] !== '1')
  console.warn(`SKIPPED: Parquet is not read back by pandas, ${python} has no pyarrow and pandas`);

describe('signalbox export to Parquet', () => {
  const args = [
    'export',
    '--simulated',
    '--seed',
    '4',
    '--sessions',
    '30',
    '--labels',
    '--split',
    '0.6,0.2,0.2',
    '--out',
  ];

  it.skipIf(!arrow && process.env['SIGNALBOX_NO_SKIPS'] !== '1')(
    'pandas reads the same columns and numbers as from CSV, to the bit; missing is null; times are UTC',
    async () => {
      expect((await cli([...args, 'f.csv'])).code).toBe(0);
      const { body } = await cli([...args, 'f.parquet']);
      expect(body.data).toMatchObject({ rows: 1800, split: { train: { sessions: 17 }, embargo: { sessions: 2 } } });
      const script = `
import pandas as pd, sys
p = pd.read_parquet(sys.argv[1]); c = pd.read_csv(sys.argv[2], float_precision='round_trip')
assert list(p.columns) == list(c.columns), (list(p.columns), list(c.columns))
assert str(p['time'].dtype) in ('datetime64[ms, UTC]', 'datetime64[ns, UTC]', 'datetime64[us, UTC]'), p['time'].dtype
for name in p.columns:
    if name in ('time', 'decided_at'): assert (p[name] == pd.to_datetime(c[name])).all(), name
    elif name == 'split': assert (p[name] == c[name]).all()
    else: pd.testing.assert_series_equal(p[name], c[name], check_exact=True, check_dtype=False)
assert p['log_ret_4h'].isna().sum() >= 48
print(len(p), sorted(p['split'].unique()))`;
      const out = execFileSync(python, ['-c', script, join(dir, 'f.parquet'), join(dir, 'f.csv')], {
        encoding: 'utf8',
      });
      expect(out.trim()).toBe(`1800 ['embargo', 'test', 'train', 'validation']`);
    },
    60_000,
  );
});
