// What a running backtest costs the live cycle: bar to published signal of five strategies in processes of their own, in stretches
// of 15 bars that are quiet and have one backtest after the other by turns (one worker, its process at the lowest priority).
// SIGNALBOX_BENCH_SESSIONS (6) says how many sessions are run, half a minute each.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCalendar, USD_COP, USDCOP_CALENDAR } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { MACRO_NAMES } from '../src/ingest/macro-columns.js';
import { openQueue } from '../src/jobs/queue.js';
import { storeBars } from '../src/stores/postgres/bars.js';
import { startPostgres } from '../src/stores/postgres/embedded.js';
import { storeMacro } from '../src/stores/postgres/macro.js';
import { openPool } from '../src/stores/postgres/pool.js';
import { openWorld } from '../src/stores/postgres/world.js';

const repository = realpathSync(fileURLToPath(new URL('../../../..', import.meta.url)));
const PLUGINS = ['rl-ppo', 'ml-xgb', 'ml-lgbm', 'ensemble'].map((name) => `@signalbox/strategy-${name}`);
const BREAKOUT = 'signalbox-strategy-breakout';
const [WARM, LIVE] = [400, Number(process.env['SIGNALBOX_BENCH_SESSIONS'] ?? 6)];
/** Market seconds per wall second: a bar each 500 ms. Nights are left out. */
const SPEED = 600;
const STRETCH = 15;

const project = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const modules = join(project, 'node_modules');
for (const name of [...PLUGINS, BREAKOUT]) {
  mkdirSync(dirname(join(modules, name)), { recursive: true });
  const from = realpathSync(join(repository, 'node_modules', name));
  cpSync(from, join(modules, name), {
    recursive: true,
    filter: (path) => !path.slice(from.length).includes('node_modules'),
  });
}
for (const name of ['core', 'gbdt', 'onnx', 'host'])
  symlinkSync(realpathSync(join(repository, 'node_modules/@signalbox', name)), join(modules, '@signalbox', name));
writeFileSync(
  join(project, 'signalbox.config.json'),
  JSON.stringify({ world: 'market', plugins: [...PLUGINS, BREAKOUT], allowSimulatedModels: true, jobWorkers: 1 }),
);
writeFileSync(
  join(project, 'host.mjs'),
  `import { existsSync, readFileSync } from 'node:fs';
import { loadConfig, startHost } from '@signalbox/host';
const { starts, last, speed } = JSON.parse(readFileSync('sessions.json', 'utf8'));
let at;
const wallNow = () => {
  if (at === undefined && existsSync('begun')) at = Number(readFileSync('begun', 'utf8')) || undefined;
  const gone = at === undefined ? 0 : (Date.now() - at) * speed;
  const n = Math.min(Math.floor(gone / last), starts.length - 1);
  return starts[n] + gone - n * last;
};
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
await startHost(loadConfig(process.cwd(), process.env, { world: 'market' }), {
  signal: ending.signal, wallNow,
  observer: { listening() {}, progress() {}, ready: () => console.log('"ready"'), say: (text) => console.log(text) },
});
`,
);

const calendar = createCalendar(USDCOP_CALENDAR);
const sessions = createSimulator({ seed: 5, calendar, edge: 0.35, firstSession: '2023-01-03' }).sessions(WARM + LIVE);
const bars = sessions.map((session) =>
  session.bars.map((bar) => ({ ...bar, symbol: USD_COP.symbol, source: 'bench' })),
);

const server = await startPostgres({ projectDir: project, env: {} });
try {
  const { connection } = await openWorld(server, 'usdcop_trading', { kind: 'market' });
  const pool = openPool(connection);
  const macro = sessions.flatMap((session) => session.macro);
  await storeMacro(
    pool,
    MACRO_NAMES,
    macro.map(({ date, values }) => ({ date, values: MACRO_NAMES.map((name) => values[name] ?? null) })),
    'bench',
    { silent: true },
  );
  await storeBars(pool, bars.slice(0, WARM).flat(), { silent: true });

  // from a minute before a session to one after it; then the next one
  const starts = bars.slice(WARM).map((session) => session[0]!.time - 60_000);
  const last = 60 * calendar.slotMs + 120_000;
  writeFileSync(join(project, 'sessions.json'), JSON.stringify({ starts, last, speed: SPEED }));
  const ports = Object.fromEntries(
    ['MODELS', 'TRADING', 'ANALYTICS', 'DASHBOARD'].map((name) => [`SIGNALBOX_PORT_${name}`, '0']),
  );
  const host = spawn(process.execPath, ['host.mjs'], {
    cwd: project,
    env: { ...process.env, ...ports, ANTHROPIC_API_KEY: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => host.once('exit', () => resolve()));
  let said = '';
  host.stdout.on('data', (chunk) => (said += String(chunk)));
  while (!said.includes('"ready"')) {
    if (host.exitCode !== null) throw new Error(said);
    await sleep(50);
  }
  await sleep(2_000);

  const queue = openQueue(() => pool);
  const done = async (): Promise<number> =>
    (await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM dw.cycles WHERE status = 'done'`)).rows[0]!.n;
  const begun = Date.now();
  writeFileSync(join(project, 'begun'), String(begun));
  let backtests = 0;
  const work = (): (() => Promise<void>) => {
    let going = true;
    const working = (async () => {
      while (going) {
        const { id } = await queue.submit('backtest', { name: `bench ${++backtests}` });
        for (;;) {
          const { state } = await queue.read(id);
          if (state !== 'queued' && state !== 'running') break;
          if (!going) await queue.cancel(id).catch(() => {});
          await sleep(100);
        }
      }
    })();
    return () => ((going = false), working);
  };
  const phaseOf = new Map<number, number>();
  for (const [n, session] of bars.slice(WARM).entries()) {
    let rest: (() => Promise<void>) | undefined;
    for (const [i, bar] of session.entries()) {
      const phase = (Math.floor(i / STRETCH) + n) % 2;
      if (i % STRETCH === 0) {
        await rest?.();
        rest = phase === 1 ? work() : undefined;
      }
      phaseOf.set(bar.time, phase);
      const wait = begun + (n * last + bar.time + calendar.slotMs - starts[n]!) / SPEED - Date.now();
      // a timer may be early by a millisecond, and a bar that is stored before it is complete is not final
      if (wait > 0) await sleep(wait + 10);
      await storeBars(pool, [bar]);
    }
    await rest?.();
  }
  const until = Date.now() + 20_000;
  while ((await done()) < LIVE * 60 && Date.now() < until) await sleep(100);
  await sleep(1_000);

  const { rows: timings } = await pool.query<{ t: number; ms: number }>(
    `SELECT bar_time AS t, max(published_ms) AS ms FROM dw.cycle_timings WHERE published_ms IS NOT NULL GROUP BY 1 ORDER BY 1`,
  );
  const rows = ['quiet', 'beside a backtest'].flatMap((name, phase) => {
    const values = timings.filter(({ t }) => phaseOf.get(t) === phase).map(({ ms }) => ms);
    values.sort((a, b) => a - b);
    const at = (q: number): number => Number((values[Math.floor(q * (values.length - 1))] ?? NaN).toPrecision(3));
    return [
      { name: `${name}: bar to last published signal, p50`, value: at(0.5), unit: 'ms', note: `${values.length} bars` },
      { name: `${name}: p99`, value: at(0.99), unit: 'ms' },
      { name: `${name}: slowest`, value: at(1), unit: 'ms' },
    ];
  });
  const { rows: runs } = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM dw.jobs WHERE started_at IS NOT NULL`,
  );
  rows.push({ name: 'backtests begun meanwhile', value: runs[0]!.n, unit: '' });
  console.log(JSON.stringify({ bench: 'jobs', rows }, null, 2));
  host.kill('SIGTERM');
  await ended;
  await pool.end();
} finally {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
}
