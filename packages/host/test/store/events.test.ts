import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PublishedEvent } from '../../src/stores/events/event.js';
import { openEventFeed, type EventFeed } from '../../src/stores/events/feed.js';
import { startRelay, type Relay } from '../../src/stores/events/relay.js';
import { openClient } from '../../src/stores/postgres/pool.js';
import { testDatabase, type TestDatabase } from '../postgres.js';

let db: TestDatabase;
let relays: Relay[];
let feeds: EventFeed[];
let clients: Client[];

beforeEach(async () => {
  db = await testDatabase({ world: 'market' });
  relays = [];
  feeds = [];
  clients = [];
  await db.pool.query(
    `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('ML_NEW', 'New', 'ML')`,
  );
});
afterEach(async () => {
  await Promise.all([...relays.map((relay) => relay.stop()), ...feeds.map((feed) => feed.close())]);
  await Promise.all(clients.map((client) => client.end().catch(() => {})));
  await db.drop();
});

const relay = (): Relay => {
  const started = startRelay({ connection: db.connection, pollMs: 50 });
  relays.push(started);
  return started;
};
const feed = async (): Promise<{ feed: EventFeed; seen: PublishedEvent[] }> => {
  const opened = await openEventFeed({ pool: db.pool, pollMs: 50 });
  feeds.push(opened);
  const seen: PublishedEvent[] = [];
  opened.subscribe((event) => void seen.push(event));
  return { feed: opened, seen };
};
const client = async (): Promise<Client> => {
  const opened = await openClient(db.connection);
  clients.push(opened);
  return opened;
};
const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 10_000; !(await what());) {
    if (Date.now() > end) throw new Error('nothing came within 10 s');
    await sleep(10);
  }
};
const alert = (message: string): string => `INSERT INTO dw.alerts (code, message) VALUES ('TEST', '${message}')`;
const messages = (events: readonly PublishedEvent[]): unknown[] => events.map((event) => event.payload['message']);

describe('events by trigger', () => {
  it('a bare INSERT of a signal reaches every listener, with the keys of the WebSocket', async () => {
    relay();
    const { seen } = await feed();
    await db.pool
      .query(`INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side, confidence, size, entry_price,
      stop_loss, take_profit, risk_usd, reasoning) VALUES (1, '2025-01-02T13:05Z', 'long', 'buy', 0.85, 0.25, 4250, 4200, 4350, 50, 'x')`);
    await until(() => seen.length === 1);
    expect(seen[0]).toMatchObject({
      seq: 1,
      type: 'signal_update',
      time: Date.UTC(2025, 0, 2, 13, 5),
      payload: {
        strategy_code: 'ML_NEW',
        signal: 'long',
        confidence: 0.85,
        price: 4250,
        timestamp: '2025-01-02T13:05:00.000Z',
        origin: 'external',
      },
    });
  });

  it('the price of a flat signal is the close of its bar', async () => {
    await db.pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ('2025-01-02T13:00Z', 4250, 4251, 4249, 4250.25)`,
    );
    await db.pool.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES (1, '2025-01-02T13:05Z', 'flat')`,
    );
    const { rows } = await db.pool.query(
      `SELECT payload ->> 'price' AS price FROM dw.events WHERE type = 'signal_update'`,
    );
    expect(rows).toEqual([{ price: '4250.25' }]);
  });

  it('a position writes open, then close, once each', async () => {
    await db.pool
      .query(`INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, status)
      VALUES (1, 'short', 2500, 4250, '2025-01-02T13:05Z', 'open')`);
    await db.pool.query(`UPDATE dw.fact_strategy_positions SET unrealized_pnl = 3`);
    await db.pool.query(
      `UPDATE dw.fact_strategy_positions SET status = 'closed', exit_price = 4240, exit_time = '2025-01-02T13:20Z', realized_pnl = 5.9`,
    );
    await db.pool.query(`UPDATE dw.fact_strategy_positions SET fees = 1`);
    const { rows } = await db.pool.query<{ payload: unknown }>(`SELECT payload FROM dw.events ORDER BY id`);
    expect(rows.map((row) => row.payload)).toMatchObject([
      {
        strategy_code: 'ML_NEW',
        action: 'open',
        side: 'short',
        quantity: 2500,
        price: 4250,
        timestamp: '2025-01-02T13:05:00.000Z',
      },
      {
        strategy_code: 'ML_NEW',
        action: 'close',
        side: 'short',
        quantity: 2500,
        price: 4240,
        timestamp: '2025-01-02T13:20:00.000Z',
      },
    ]);
  });

  it('a bulk load of bars writes one price_update, of the newest bar', async () => {
    await db.pool.query(`INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close)
      SELECT '2025-01-02T13:00Z'::timestamptz + i * interval '5 minutes', 4000, 4100, 3900, 4000 + i FROM generate_series(0, 59) i`);
    const { rows } = await db.pool.query(`SELECT type, payload FROM dw.events`);
    expect(rows).toMatchObject([
      {
        type: 'price_update',
        payload: { symbol: 'USD/COP', price: 4059, change: 1, timestamp: '2025-01-02T17:55:00.000Z', source: 'manual' },
      },
    ]);
  });

  it('none are written in silence, and none by a run other than live', async () => {
    const session = await client();
    await session.query(`BEGIN; SET LOCAL signalbox.silent = 'on'`);
    await session.query(alert('silent'));
    await session.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES (1, now(), 'flat')`,
    );
    await session.query('COMMIT');
    await db.pool.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, run_id) VALUES (1, now(), 'flat', 'bt1')`,
    );
    await db.pool.query(`INSERT INTO dw.alerts (code, message, run_id) VALUES ('TEST', 'x', 'bt1')`);
    expect((await db.pool.query('SELECT * FROM dw.events')).rows).toEqual([]);
    await db.pool.query(alert('loud')); // the setting ended with its transaction
    expect((await db.pool.query('SELECT * FROM dw.events')).rows).toHaveLength(1);
  });
});

describe('the relay', () => {
  it('two interleaved transactions: the first to write commits last; both are published, in commit order, seq without a hole', async () => {
    relay();
    const { seen } = await feed();
    const [first, second] = [await client(), await client()];
    await first.query('BEGIN');
    await first.query(alert('written first, committed last')); // takes the lower id
    await second.query('BEGIN');
    await second.query(alert('written last, committed first'));
    await second.query('COMMIT');
    await until(() => seen.length === 1);
    expect(seen[0]).toMatchObject({ seq: 1, payload: { message: 'written last, committed first' } });
    await first.query('COMMIT');
    await until(() => seen.length === 2);
    expect(seen[1]).toMatchObject({ seq: 2, payload: { message: 'written first, committed last' } });
    const { rows } = await db.pool.query(`SELECT id, seq FROM dw.events ORDER BY seq`);
    expect(rows).toEqual([
      { id: 2, seq: 1 },
      { id: 1, seq: 2 },
    ]);
  });

  it('both commits before the relay looks: still in commit order', async () => {
    const [first, second] = [await client(), await client()];
    await first.query('BEGIN');
    await first.query(alert('committed last'));
    await second.query(alert('committed first'));
    await first.query('COMMIT');
    const { seen } = await feed();
    relay();
    await until(() => seen.length === 2);
    expect(messages(seen)).toEqual(['committed first', 'committed last']);
  });

  it('numbers go on above the base of the world, and above what was published before a restart', async () => {
    await db.pool.query('UPDATE dw.world SET seq_base = 1000');
    const { feed: follower, seen } = await feed();
    const one = relay();
    await db.pool.query(alert('a'));
    await until(() => seen.length === 1);
    await one.stop();
    await db.pool.query(alert('b'));
    await sleep(150);
    expect(seen).toHaveLength(1); // nobody publishes
    relay();
    await until(() => seen.length === 2);
    expect(seen.map((event) => event.seq)).toEqual([1001, 1002]);
    expect(await follower.lastSeq()).toBe(1002);
    expect(await follower.read(1001, 10)).toMatchObject([{ seq: 1002, payload: { message: 'b' } }]);
  });

  it('of two relays one works; when its connection is killed the other takes over, nothing lost or doubled', async () => {
    const both = [relay(), relay()];
    const { seen } = await feed();
    await until(() => both.some((r) => r.active));
    await db.pool.query(alert('0'));
    await until(() => seen.length === 1);
    expect(both.filter((r) => r.active)).toHaveLength(1);
    for (let i = 1; i <= 30; i++) {
      await db.pool.query(alert(String(i)));
      if (i % 10 === 0)
        await db.pool
          .query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database =
          (SELECT oid FROM pg_database WHERE datname = current_database())`);
    }
    await until(() => seen.length === 31);
    expect(messages(seen)).toEqual(Array.from({ length: 31 }, (_, i) => String(i)));
    expect(seen.map((event) => event.seq)).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
    await until(() => both.filter((r) => r.active).length === 1);
  });

  it('concurrent writers under a relay: every event once, in a row, each writer in its own order', async () => {
    relay();
    const { seen } = await feed();
    const writers = await Promise.all(Array.from({ length: 4 }, client));
    await Promise.all(
      writers.map(async (writer, w) => {
        for (let i = 0; i < 40; i++) {
          await writer.query('BEGIN');
          await writer.query(alert(`${w} ${i} a`));
          await writer.query(alert(`${w} ${i} b`));
          await writer.query(i % 5 === 4 ? 'ROLLBACK' : 'COMMIT');
        }
      }),
    );
    const each = 4 * 32 * 2;
    await until(() => seen.length >= each);
    await sleep(150);
    expect(seen.map((event) => event.seq)).toEqual(Array.from({ length: each }, (_, i) => i + 1));
    for (let w = 0; w < 4; w++) {
      const own = messages(seen).filter((m) => String(m).startsWith(`${w} `));
      const expected = Array.from({ length: 40 }, (_, i) => [`${w} ${i} a`, `${w} ${i} b`]).filter(
        (_, i) => i % 5 !== 4,
      );
      expect(own).toEqual(expected.flat());
    }
  });

  it('keeps 7 days, and always the newest, whose number the next one follows', async () => {
    await db.pool.query(`INSERT INTO dw.events (seq, type, time, recorded_at, payload)
      SELECT i, 'old', now(), now() - interval '8 days', '{}' FROM generate_series(1, 5) i`);
    relay();
    await until(async () => (await db.pool.query('SELECT 1 FROM dw.events')).rows.length === 1);
    const { seen, feed: follower } = await feed();
    expect([await follower.oldestSeq(), await follower.lastSeq()]).toEqual([5, 5]);
    await db.pool.query(alert('next'));
    await until(() => seen.length === 1);
    expect(seen[0]!.seq).toBe(6);
  });
});

describe('the feed', () => {
  it('goes on after its connection is killed, and after a listener that throws', async () => {
    relay();
    const { seen, feed: follower } = await feed();
    follower.subscribe(() => {
      throw new Error('a bad listener');
    });
    await db.pool.query(alert('1'));
    await until(() => seen.length === 1);
    await db.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%seq > $1 ORDER BY seq%' AND pid <> pg_backend_pid()`,
    );
    await db.pool.query(alert('2'));
    await until(() => seen.length === 2);
    expect(messages(seen)).toEqual(['1', '2']);
  });
});
