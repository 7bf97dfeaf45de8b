import { createCalendar, USD_COP, USDCOP_CALENDAR, type Clock } from '@signalbox/core';
import type { Pool } from 'pg';
import { createDeskRequests } from '../../src/inference/requests.js';
import { openQueue } from '../../src/jobs/queue.js';
import { createCycleTrigger } from '../../src/inference/cycles.js';
import type { Explainer } from '../../src/inference/explain.js';
import { createTake } from '../../src/ingest/take.js';
import type { Access } from '../../src/security/access.js';
import { listen, type Listening } from '../../src/services/listen.js';
import { createServices, type Services, type ServicesOptions } from '../../src/services/services.js';
import type {
  ClockControl,
  EventSource,
  ServiceDependencies,
  StrategyStatus,
} from '../../src/services/dependencies.js';
import { openEventFeed } from '../../src/stores/events/feed.js';
import { startRelay } from '../../src/stores/events/relay.js';
import { createReads, type Reads } from '../../src/stores/postgres/reads/index.js';
import type { ConnectionOptions } from '../../src/stores/postgres/connection.js';
import { testDatabase } from '../postgres.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the services check their answers against the schemas here
export type Json = any;

export const calendar = createCalendar(USDCOP_CALENDAR);
export const SLOT = calendar.slotMs;
/** Friday 7 March 2025, 10:00 in Bogota: mid-session. */
export const NOW = Date.parse('2025-03-07T15:00:00.000Z');

export interface Stage {
  readonly pool: Pool;
  readonly connection: ConnectionOptions;
  readonly clock: { -readonly [K in keyof Clock]: Clock[K] } & { time: number };
  readonly dependencies: ServiceDependencies;
  readonly services: Services;
  readonly models: Listening;
  readonly trading: Listening;
  readonly analytics: Listening;
  readonly dashboard: Listening;
  readonly errors: unknown[];
  get(path: string, on?: Listening): Promise<{ status: number; body: Json; headers: Headers }>;
  close(): Promise<void>;
}

export interface StageOptions extends Pick<ServicesOptions, 'live' | 'pageFolder' | 'keep' | 'gate' | 'open'> {
  /** Who is let in; everybody without it. */
  readonly access?: (pool: Pool) => Access;
  readonly allowedHosts?: readonly string[];
  readonly world?: 'market' | 'simulated';
  readonly control?: ClockControl;
  readonly statuses?: readonly StrategyStatus[];
  /** In place of those over the test's database. */
  readonly reads?: Reads;
  /** With relay and feed; without, a source that has nothing. */
  readonly events?: boolean;
  readonly explainer?: Explainer;
}

const SILENT: EventSource = {
  lastSeq: () => 0,
  oldestSeq: () => null,
  read: async () => [],
  subscribe: () => () => {},
};

/** The services on ephemeral ports over a database of their own. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const world = options.world ?? 'market';
  const { pool, connection } = await testDatabase({ world });
  const clock = { mode: 'wall' as const, speed: 1, time: NOW, now: () => clock.time };
  const relay = options.events ? startRelay({ connection, pollMs: 50 }) : undefined;
  const feed = options.events ? await openEventFeed({ pool, pollMs: 50 }) : undefined;
  const errors: unknown[] = [];
  const dependencies: ServiceDependencies = {
    reads: options.reads ?? createReads(pool),
    clock,
    world,
    calendar,
    instruments: [USD_COP],
    strategies: () => options.statuses ?? [],
    ...(options.control ? { control: options.control } : {}),
    events: feed ?? SILENT,
    cycles: createCycleTrigger({ pool: () => pool, calendar, clock, patienceMs: 200, secondLookMs: 50 }),
    explainer: options.explainer ?? { explain: () => Promise.reject(new Error('no explainer on this stage')) },
    desk: createDeskRequests(() => pool, 200),
    ingest: createTake(() => pool, calendar, clock.now),
    feeds: async () => [],
    jobs: openQueue(() => pool),
    version: '0.0.0-test',
  };
  const services = createServices(dependencies, {
    checkAnswers: true,
    // facts and clock are moved by hand, without events
    keep: options.keep ?? { maxAgeMs: 0 },
    ...(options.gate ? { gate: options.gate } : {}),
    ...(options.open ? { open: true } : {}),
    ...(options.access ? { access: options.access(pool) } : {}),
    ...(options.allowedHosts ? { allowedHosts: options.allowedHosts } : {}),
    onError: (error) => errors.push(error),
    ...(options.live ? { live: options.live } : {}),
    ...(options.pageFolder ? { pageFolder: options.pageFolder } : {}),
  });
  const [models, trading, analytics, dashboard] = await Promise.all(
    services.all.map((service) => listen(service, { port: 0 })),
  );
  return {
    pool,
    connection,
    clock,
    dependencies,
    services,
    models: models!,
    trading: trading!,
    analytics: analytics!,
    dashboard: dashboard!,
    errors,
    async get(path, on = models!) {
      const response = await fetch(`${on.url}${path}`);
      return { status: response.status, body: await response.json(), headers: response.headers };
    },
    async close() {
      services.close();
      await Promise.all([models!, trading!, analytics!, dashboard!].map((each) => each.close()));
      await feed?.close();
      await relay?.stop();
    },
  };
}

/** Numbers that look random and are the same each time. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

export interface Seeded {
  readonly sessions: readonly string[];
  readonly ids: Readonly<Record<string, number>>;
}

/** Open times of the slots of a session. */
export const slotsOf = (date: string): number[] =>
  Array.from({ length: calendar.slotsPerSession }, (_, i) => calendar.sessionOpen(date)! + i * SLOT);

/**
 * Handmade facts: bars, two strategies with equity and positions up to {@link NOW}, an active one without facts, and one
 * that is not active. BETA has no rows in one session, and lacks the last bars of another.
 */
export async function seed(pool: Pool, runId = 'live'): Promise<Seeded> {
  const random = dice(7);
  const sessions = calendar.sessionsBetween('2025-01-08', '2025-03-07');
  const times = sessions.flatMap(slotsOf).filter((time) => time + SLOT <= NOW);
  const iso = (time: number): string => new Date(time).toISOString();

  let price = 4300;
  const bars = times.map((time) => {
    const open = price;
    price = Math.round((price + (random() - 0.5) * 6) * 100) / 100;
    return [iso(time), open, Math.max(open, price) + 1, Math.min(open, price) - 1, price, Math.floor(random() * 50)];
  });
  if (runId === 'live') {
    await pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close, volume)
       SELECT * FROM jsonb_to_recordset($1) AS t (a timestamptz, b numeric, c numeric, d numeric, e numeric, f bigint)`,
      [JSON.stringify(bars.map(([a, b, c, d, e, f]) => ({ a, b, c, d, e, f })))],
    );
    await pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, is_active, initial_equity, package) VALUES
       ('BETA', 'Beta trees', 'ML', true, 25000, '@x/beta'), ('ALPHA', 'Alpha policy', 'RL', true, 10000, '@x/alpha'),
       ('QUIET', 'Quiet one', 'LLM', true, 10000, NULL), ('OLD', 'Old one', 'ML', false, 10000, '@x/old')`,
    );
  }
  const { rows } = await pool.query<{ id: number; code: string }>(
    'SELECT strategy_id AS id, strategy_code AS code FROM dw.dim_strategy',
  );
  const ids = Object.fromEntries(rows.map((row) => [row.code, row.id]));
  const skipped = sessions[12]!;
  const cut = sessions[20]!;

  for (const [code, initial] of [
    ['ALPHA', 10_000],
    ['BETA', 25_000],
  ] as const) {
    let cents = initial * 100;
    let peak = cents;
    const equity = times
      .filter((time) => {
        const slot = calendar.slot(time)!;
        return code === 'ALPHA' || (slot.session !== skipped && !(slot.session === cut && slot.index > 40));
      })
      .map((time) => {
        cents += Math.round((random() - 0.495) * initial * 0.2);
        peak = Math.max(peak, cents);
        return { t: iso(time + SLOT), b: iso(time), e: cents / 100, d: (1 - cents / peak) * 100 };
      });
    await pool.query(
      `INSERT INTO dw.fact_equity_curve (strategy_id, timestamp_utc, bar_time, equity_value, current_drawdown_pct, run_id)
       SELECT $1, t, b, e, d, $3
       FROM jsonb_to_recordset($2) AS r (t timestamptz, b timestamptz, e numeric, d numeric)`,
      [ids[code], JSON.stringify(equity), runId],
    );
    const trades = sessions.flatMap((date, day) => {
      const open = calendar.sessionOpen(date)!;
      return [1, 2].slice(0, 1 + (day % 2)).map((n) => {
        const entry = open + n * 8 * SLOT;
        const exit = entry + (3 + Math.floor(random() * 5)) * SLOT;
        const pnl = n === 2 && day % 5 === 1 ? 2.55 : Math.round((random() - 0.45) * 8000) / 100;
        return { n: iso(entry), x: iso(exit), s: random() < 0.5 ? 'long' : 'short', p: pnl, f: 2.55, q: 1000 + day };
      });
    });
    await pool.query(
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, exit_price, exit_time,
         status, realized_pnl, unrealized_pnl, fees, close_reason, run_id)
       SELECT $1, s, q, 4300, n, 4310, x, 'closed', p, 0, f, 'signal', $3
       FROM jsonb_to_recordset($2) AS r (n timestamptz, x timestamptz, s text, p numeric, f numeric, q numeric)
       WHERE x <= to_timestamp($4)`,
      [ids[code], JSON.stringify(trades), runId, NOW / 1000],
    );
    await pool.query(
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, unrealized_pnl, stop_loss,
         take_profit, fees, run_id) VALUES ($1, $2, $3, 4300.5, $4, $5, 4290, 4330, 2.55, $6)`,
      [
        ids[code],
        code === 'ALPHA' ? 'long' : 'short',
        code === 'ALPHA' ? 2500 : 1234.567891,
        iso(NOW - 4 * SLOT),
        code === 'ALPHA' ? 12.34 : -5.67,
        runId,
      ],
    );
  }
  const signal = `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side, confidence, size, entry_price,
    stop_loss, take_profit, risk_usd, reasoning, run_id, origin) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'plugin')`;
  for (const back of [3, 2, 1]) {
    const at = iso(NOW - back * SLOT);
    await pool.query(signal, [
      ids['ALPHA'],
      at,
      'long',
      'buy',
      0.71,
      0.2,
      4301.5,
      4290,
      4330,
      50.25,
      `bars back: ${back}`,
      runId,
    ]);
  }
  await pool.query(signal, [
    ids['BETA'],
    iso(NOW),
    'flat',
    'hold',
    null,
    null,
    null,
    null,
    null,
    null,
    'nothing to do',
    runId,
  ]);
  await pool.query(signal, [
    ids['OLD'],
    iso(NOW),
    'short',
    'sell',
    0.9,
    0.1,
    4301.5,
    4330,
    4290,
    10,
    'not active',
    runId,
  ]);
  await pool.query(
    `INSERT INTO dw.fact_no_signal (strategy_id, timestamp_utc, code, detail, run_id) VALUES
     ($1, $2, 'missing_feature', 'missing: embi_z', $4), ($1, $3, 'unavailable', 'no key', $4)`,
    [ids['QUIET'], iso(NOW - SLOT), iso(NOW), runId],
  );
  return { sessions, ids };
}
