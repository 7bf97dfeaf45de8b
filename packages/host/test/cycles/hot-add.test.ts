import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '@signalbox/core';
import { afterAll, expect, it } from 'vitest';
import { run } from '../../src/cli/index.js';
import { storeBars } from '../../src/stores/postgres/bars.js';
import { pluginProject, strategyModule } from '../plugin-project.js';
import { databaseUrl, repository } from '../running-host.js';
import { live, marketDatabase, SLOT } from './market.js';

/** Market seconds per wall second: a bar each second. */
const SPEED = 300;
const XGB = '@signalbox/strategy-ml-xgb';

const project = pluginProject();
const first = project.install('FIRST', strategyModule('FIRST', `return { signal: 'flat', reasoning: 'bar ' + n }`));
const modules = join(project.dir, 'node_modules');
writeFileSync(
  join(project.dir, 'signalbox.config.json'),
  JSON.stringify({ world: 'market', plugins: [first], allowSimulatedModels: true, jobWorkers: 0 }),
);

/** As `npm install` of a tarball leaves a package: its packed files alone; what it depends on beside it. */
function installPacked(): void {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project.dir], {
    cwd: join(repository, 'packages/strategy-ml-xgb'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  mkdirSync(join(modules, XGB), { recursive: true });
  execFileSync('tar', ['-xzf', join(project.dir, filename.split('/').at(-1)!), '--strip-components=1'], {
    cwd: join(modules, XGB),
  });
  for (const name of ['core', 'gbdt', 'onnx'])
    symlinkSync(realpathSync(join(repository, 'node_modules/@signalbox', name)), join(modules, '@signalbox', name));
}

let host: ChildProcess | undefined;
let going = true;
afterAll(async () => {
  going = false;
  if (host?.exitCode !== null) return;
  const ended = new Promise((resolve) => host!.once('exit', resolve));
  host.kill('SIGKILL');
  await ended;
});

it('a running host takes a packed package that is added, and a model that is promoted, with the next bar and without a restart', async () => {
  installPacked();
  const { pool, connection } = await marketDatabase();
  const env = { DATABASE_URL: databaseUrl(connection) };
  const signalbox = async <T>(...argv: string[]): Promise<T> => {
    let [said, talked] = ['', ''];
    const streams = {
      stdout: { write: (text: string) => (said += text) },
      stderr: { write: (text: string) => (talked += text) },
      env,
    };
    const code = await run([...argv, '--json'], streams, project.dir);
    expect(code, said + talked).toBe(0);
    return (JSON.parse(said) as { data: T }).data;
  };
  /** Bars of a strategy in order, and the model that each was decided with. */
  const bars = async (code: string): Promise<{ t: number; model: string | null }[]> =>
    (
      await pool.query<{ t: number; model: string | null }>(
        `SELECT e.bar_time AS t, p.model_sha256 AS model FROM dw.fact_equity_curve e JOIN dw.dim_strategy USING (strategy_id)
         LEFT JOIN dw.fact_strategy_signals s USING (run_id, strategy_id, symbol, bar_time) LEFT JOIN dw.provenance p USING (provenance_id)
         WHERE strategy_code = $1 ORDER BY 1`,
        [code],
      )
    ).rows;

  const begin = live[0]!.time - 60_000;
  const clock = join(project.dir, 'clock');
  host = spawn(process.execPath, [join(import.meta.dirname, 'market-host.mjs'), String(begin), clock, String(SPEED)], {
    cwd: project.dir,
    env: {
      ...process.env,
      ...env,
      ...Object.fromEntries(['MODELS', 'TRADING', 'ANALYTICS', 'DASHBOARD'].map((n) => [`SIGNALBOX_PORT_${n}`, '0'])),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  host.stdout!.on('data', (chunk) => (said += String(chunk)));
  await expect.poll(() => said, { timeout: 60_000 }).toContain('"ready":true');
  const at = Date.now();
  writeFileSync(`${clock}.new`, String(at));
  renameSync(`${clock}.new`, clock);
  const delivering = (async () => {
    for (const bar of live.slice(0, 60)) {
      while (going && begin + (Date.now() - at) * SPEED < bar.time + SLOT) await sleep(20);
      if (!going) return;
      await storeBars(pool, [bar]);
    }
  })();
  const patience = { timeout: 40_000, interval: 50 };
  await expect.poll(async () => (await bars('FIRST')).length, patience).toBeGreaterThan(1);

  const before = (await bars('FIRST')).at(-1)!.t;
  await signalbox('plugins', 'add', XGB, '--yes');
  await expect.poll(async () => (await bars('ML_XGB')).length, patience).toBeGreaterThan(1);
  const own = readFileSync(join(modules, XGB, 'models/model_v1.json'));
  const taken = await bars('ML_XGB');
  expect(taken[0]!.t, 'from the next bar on').toBeGreaterThan(before);
  expect(taken.map(({ model }) => model).filter((model) => model !== null)).toContain(sha256(own));

  const manifest = JSON.parse(readFileSync(join(modules, XGB, 'models/model_v1.manifest.json'), 'utf8')) as object;
  // the same trees in another file
  const bytes = new Uint8Array([...own, 0x20]);
  writeFileSync(join(project.dir, 'next.json'), bytes);
  writeFileSync(
    join(project.dir, 'next.manifest.json'),
    JSON.stringify({ ...manifest, sha256: undefined, bytes: undefined }),
  );
  const { version } = await signalbox<{ version: number }>('models', 'add', 'ML_XGB', 'next.json');
  await signalbox('models', 'promote', 'ML_XGB', `v${version}`);
  await expect.poll(async () => (await bars('ML_XGB')).map(({ model }) => model), patience).toContain(sha256(bytes));

  going = false;
  await delivering;
  expect(host.exitCode, 'the same host').toBeNull();
  for (const code of ['FIRST', 'ML_XGB']) {
    const steps = (await bars(code)).map(({ t }, i, all) => (i === 0 ? SLOT : t - all[i - 1]!.t));
    expect([...new Set(steps)], `${code}: no bar twice, none left out`).toEqual([SLOT]);
  }
}, 180_000);
