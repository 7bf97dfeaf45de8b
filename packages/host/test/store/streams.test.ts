import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventFeed, type EventFeed } from '../../src/stores/events/feed.js';
import { startRelay, type Relay } from '../../src/stores/events/relay.js';
import type { EventStreams, StreamEntry } from '../../src/stores/events/stream.js';
import { openTableStreams } from '../../src/stores/events/table-streams.js';
import { startPublisher, type StreamPublisher } from '../../src/stores/redis/publisher.js';
import { openRedisStreams } from '../../src/stores/redis/streams.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { hasRedis, startRedis, type RedisServer } from '../redis.js';

const redisHere = hasRedis();
let redis: RedisServer | undefined;
beforeAll(async () => {
  if (redisHere) redis = await startRedis();
});
afterAll(async () => redis?.stop());

const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 10_000; !(await what());) {
    if (Date.now() > end) throw new Error('nothing came within 10 s');
    await sleep(10);
  }
};

/** One suite for both: what a consumer may rely on, wherever the streams are kept. */
describe.each([['the event table'], ['Redis']] as const)('streams kept in %s', (kind) => {
  let db: TestDatabase;
  let feed: EventFeed;
  let relay: Relay;
  let publisher: StreamPublisher | undefined;
  let streams: EventStreams;
  const skipped = kind === 'Redis' && !redisHere;

  beforeEach(async () => {
    if (skipped) return;
    db = await testDatabase({ world: 'market' });
    relay = startRelay({ connection: db.connection, pollMs: 20 });
    feed = await openEventFeed({ pool: db.pool, pollMs: 20 });
    if (kind === 'Redis') {
      const client = redis!.client();
      await client.flushall();
      publisher = startPublisher({ connection: db.connection, redis: redis!.address, pollMs: 100 });
      streams = openRedisStreams(redis!.address);
    } else streams = openTableStreams(db.pool, feed);
  });
  afterEach(async () => {
    if (skipped) return;
    await streams.close();
    await publisher?.stop();
    await Promise.all([feed.close(), relay.stop()]);
    await db.drop();
  });

  let count = 0;
  /** Alerts with a position between them, so that the seqs of a stream have holes. */
  const alerts = async (n: number): Promise<string[]> => {
    const texts = Array.from({ length: n }, () => `alert ${++count}`);
    for (const text of texts) await db.pool.query(`INSERT INTO dw.alerts (code, message) VALUES ('TEST', $1)`, [text]);
    await db.pool.query(`INSERT INTO dw.events (type, time, payload) VALUES ('other', now(), '{}')`);
    await until(async () => (await all()).some((entry) => entry.payload['message'] === texts[n - 1]));
    return texts;
  };
  const all = async (): Promise<readonly StreamEntry[]> => (await streams.read('trading:alerts', 0, 10_000)).entries;
  const texts = (entries: readonly StreamEntry[]): unknown[] => entries.map((entry) => entry.payload['message']);

  it.skipIf(skipped)('are read from any seq on, in order, each stream its own, without a gap', async () => {
    const first = await alerts(3);
    const second = await alerts(3);
    const whole = await streams.read('trading:alerts', 0, 100);
    expect(texts(whole.entries)).toEqual([...first, ...second]);
    expect(whole.gap).toBe(false);
    const seqs = whole.entries.map((entry) => entry.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    const rest = await streams.read('trading:alerts', seqs[3]!, 1);
    expect(rest).toMatchObject({ gap: false, entries: [{ seq: seqs[4] }] });
    expect(await streams.read('trading:alerts', seqs[5]!, 10)).toEqual({ entries: [], gap: false });
    expect(await streams.read('trading:signals', 0, 10)).toEqual({ entries: [], gap: false });
  });

  it.skipIf(skipped)('say when older entries are no longer kept', async () => {
    await alerts(1);
    const before = await all();
    // what the table drops after seven days, Redis trims by length; the floor that it then begins with
    if (kind === 'Redis') await redis!.client().xtrim('trading:alerts', 'MAXLEN', 0);
    await db.pool.query(`UPDATE dw.events SET recorded_at = now() - interval '8 days'`);
    await db.pool.query(
      `DELETE FROM dw.events WHERE recorded_at < now() - interval '7 days' AND seq < (SELECT max(seq) FROM dw.events)`,
    );
    await alerts(1);
    expect((await streams.read('trading:alerts', before[0]!.seq - 1, 10)).gap).toBe(true);
  });

  it.skipIf(skipped)(
    'a group begins after the newest, gets what comes, and again what it did not acknowledge',
    async () => {
      await alerts(2);
      const group = await streams.group('trading:alerts', 'desk');
      expect(await group.next(10, 0)).toEqual([]);
      const come = await alerts(3);
      const got = await group.next(2, 5_000);
      expect(texts(got)).toEqual(come.slice(0, 2));
      await group.acknowledge(got[0]!.seq);
      await group.close();
      const reader = await streams.group('trading:alerts', 'desk');
      const rest: StreamEntry[] = [];
      while (rest.length < 2) rest.push(...(await reader.next(10, 5_000)));
      expect(texts(rest)).toEqual(come.slice(1));
      await reader.acknowledge(rest[1]!.seq);
      expect(await reader.next(10, 50)).toEqual([]);
    },
  );

  it.skipIf(skipped)('a group may begin with the oldest; two groups do not disturb each other', async () => {
    const come = await alerts(4);
    const [one, other] = [
      await streams.group('trading:alerts', 'one', 'oldest'),
      await streams.group('trading:alerts', 'other', 'oldest'),
    ];
    const got = await one.next(10, 1_000);
    expect(texts(got)).toEqual(come);
    await one.acknowledge(got[3]!.seq);
    expect(texts(await other.next(10, 1_000))).toEqual(come);
  });

  it.skipIf(skipped)('a waiting reader is woken by what comes', async () => {
    const group = await streams.group('trading:alerts', 'waiting');
    const waiting = group.next(10, 8_000);
    await sleep(100);
    const started = performance.now();
    const [text] = await alerts(1);
    expect(texts(await waiting)).toEqual([text]);
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});
