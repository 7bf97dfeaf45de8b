// Times of the store against a fresh embedded server with its durable default settings; `store.mjs` builds and runs it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeBars, readBars, type SourcedBar } from '../src/stores/postgres/bars.js';
import { commitBatch, type BatchedPart } from '../src/stores/postgres/batch.js';
import { commitPart } from '../src/stores/postgres/decisions.js';
import { startPostgres } from '../src/stores/postgres/embedded.js';
import { openClient, openPool } from '../src/stores/postgres/pool.js';
import { at, copyRows, floats } from '../src/stores/postgres/copy.js';
import { premises } from '../src/stores/postgres/premises.js';
import { registerStrategy } from '../src/stores/postgres/strategies.js';
import { openWorld } from '../src/stores/postgres/world.js';
import { BAR, part, START } from '../test/store/parts.js';

const rows: { name: string; value: number; unit: string; note?: string }[] = [];
const record = (name: string, value: number, unit: string, note?: string): void =>
  void rows.push({ name, value: Number(value.toPrecision(4)), unit, ...(note ? { note } : {}) });
async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const value = await work();
  record(name, performance.now() - from, 'ms');
  return value;
}

const projectDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const start = () => startPostgres({ projectDir, env: {} });
try {
  const cold = await timed('cold start (initdb, start, connect)', start);
  await cold.stop();
  const server = await timed('warm start', start);
  const { connection } = await timed('create a world', () => openWorld(server, 'usdcop_demo', { kind: 'simulated' }));
  await timed('open it again', () => openWorld(server, 'usdcop_demo', { kind: 'simulated' }));
  const pool = openPool(connection);

  const BARS = 78_169;
  const bars: SourcedBar[] = Array.from({ length: BARS }, (_, i) => ({
    symbol: 'USD/COP',
    time: START + i * BAR,
    open: 4250.12,
    high: 4251.5,
    low: 4249.25,
    close: 4250 + (i % 100) / 100,
    volume: 0,
    source: 'simulated',
  }));
  await timed('78,169 bars inserted', () => storeBars(pool, bars));
  await timed('78,169 bars repeated', () => storeBars(pool, bars));
  await timed('78,169 bars read', () => readBars(pool, { symbol: 'USD/COP' }));

  const codes = ['RL_PPO', 'ML_XGB', 'ENSEMBLE'];
  const ids = await Promise.all(
    codes.map(async (code) => (await registerStrategy(pool, { code, name: code, type: 'ML' })).id),
  );
  const features = Float64Array.from({ length: 13 }, (_, i) => Math.sin(i));
  const latencies: number[] = [];
  for (let i = 0; i < 300; i++) {
    const from = performance.now();
    await commitPart(pool, {
      mode: 'live',
      strategyId: ids[0]!,
      symbol: 'USD/COP',
      part: part(START + i * BAR),
      features,
      provenanceId: null,
    });
    latencies.push(performance.now() - from);
  }
  latencies.sort((a, b) => a - b);
  record('one part committed, p50', latencies[150]!, 'ms');
  record('one part committed, p99', latencies[297]!, 'ms');
  // the least that a durable commit costs here: one INSERT by itself
  await pool.query('CREATE TABLE bare (i int)');
  const bare: number[] = [];
  for (let i = 0; i < 300; i++) {
    const from = performance.now();
    await pool.query('INSERT INTO bare VALUES ($1)', [i]);
    bare.push(performance.now() - from);
  }
  record('a bare INSERT committed, p50', bare.sort((a, b) => a - b)[150]!, 'ms');

  const SIZE = 6_000;
  const batches: BatchedPart[][] = Array.from({ length: 10 }, (_, b) =>
    Array.from({ length: SIZE }, (_, i) => {
      const bar = START + (b * (SIZE / 3) + Math.floor(i / 3)) * BAR;
      return { strategyId: ids[i % 3]!, part: part(bar), features, provenanceId: null };
    }),
  );
  const from = performance.now();
  for (const batch of batches) await commitBatch(pool, { runId: 'bench', mode: 'backtest', symbol: 'USD/COP' }, batch);
  record(
    'parts in batches of 6,000',
    (10 * SIZE) / ((performance.now() - from) / 1000),
    'parts/s',
    'signal, vector of 13, equity row',
  );
  // the same number of rows by COPY into tables without index, check or trigger
  const client = await openClient(connection);
  await client.query(
    'CREATE TABLE bare_signals (LIKE dw.fact_strategy_signals); CREATE TABLE bare_equity (LIKE dw.fact_equity_curve)',
  );
  await client.query(
    'ALTER TABLE bare_signals ALTER signal_id DROP NOT NULL; ALTER TABLE bare_equity ALTER equity_id DROP NOT NULL',
  );
  const begun = performance.now();
  for (const batch of batches) {
    await copyRows(
      client,
      'bare_signals (strategy_id, bar_time, timestamp_utc, signal, reasoning, symbol, run_id, mode, origin, simulated, features, recorded_at)',
      batch.map(({ part: { barTime } }) => {
        const t = at(barTime);
        return [1, t, t, 'long', 'p(long) .72', 'USD/COP', 'bare', 'backtest', 'plugin', true, floats(features), t];
      }),
    );
    await copyRows(
      client,
      'bare_equity (strategy_id, bar_time, timestamp_utc, equity_value, symbol, run_id, simulated, recorded_at)',
      batch.map(({ part: { barTime } }) => [
        1,
        at(barTime),
        at(barTime),
        10_000.5,
        'USD/COP',
        'bare',
        true,
        at(barTime),
      ]),
    );
  }
  record(
    'the same by bare COPY',
    (10 * SIZE) / ((performance.now() - begun) / 1000),
    'parts/s',
    'no index, check or trigger',
  );
  await client.end();
  await pool.end();
  await timed('stop', () => server.stop());
} finally {
  const place = await premises(projectDir);
  for (const path of [place.base, projectDir]) rmSync(path, { recursive: true, force: true });
}
console.log(JSON.stringify({ bench: 'store', rows }, null, 2));
