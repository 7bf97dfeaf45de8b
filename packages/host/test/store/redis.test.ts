import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRelay, type Relay } from '../../src/stores/events/relay.js';
import { ownerKey, STREAM_LENGTH } from '../../src/stores/redis/append.js';
import { startPublisher, type StreamPublisher } from '../../src/stores/redis/publisher.js';
import { openRedisStreams } from '../../src/stores/redis/streams.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { hasRedis, PASSWORD, startRedis, type RedisServer } from '../redis.js';

const until = async (what: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> => {
  for (const end = Date.now() + ms; !(await what());) {
    if (Date.now() > end) throw new Error(`nothing came within ${ms} ms`);
    await sleep(20);
  }
};

describe.skipIf(!hasRedis())('Redis beside the database', () => {
  let redis: RedisServer;
  let client: Redis;
  let db: TestDatabase;
  let relay: Relay;
  let publishers: StreamPublisher[];
  let errors: { code?: string; message: string }[];

  beforeEach(async () => {
    [redis, db] = await Promise.all([startRedis(), testDatabase({ world: 'market' })]);
    client = redis.client();
    relay = startRelay({ connection: db.connection, pollMs: 20 });
    publishers = [];
    errors = [];
    await db.pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('RL_PPO', 'RL', 'RL')`,
    );
  });
  afterEach(async () => {
    await Promise.all(publishers.map((one) => one.stop()));
    await relay.stop();
    await redis.stop();
    await db.drop();
  });

  const publish = (at: TestDatabase = db, address = redis.address): StreamPublisher => {
    const publisher = startPublisher({
      connection: at.connection,
      redis: address,
      pollMs: 100,
      onError: (error) => errors.push(error as Error),
    });
    publishers.push(publisher);
    return publisher;
  };
  let made = 0;
  const alert = (at: TestDatabase = db): Promise<unknown> =>
    at.pool.query(`INSERT INTO dw.alerts (code, message) VALUES ('TEST', $1)`, [`m${++made}`]);
  /** Seqs in the stream, in its order. */
  const streamed = async (stream = 'trading:alerts'): Promise<number[]> => {
    const rows = await client.xrange(stream, '-', '+').catch(() => []);
    return rows.flatMap(([, fields]) => {
      const at = fields.indexOf('seq');
      return at < 0 ? [] : [Number(fields[at + 1])];
    });
  };
  const outbox = async (): Promise<number[]> =>
    (
      await db.pool.query<{ seq: number | null }>(`SELECT seq FROM dw.events WHERE type = 'alert' ORDER BY id`)
    ).rows.map((row) => row.seq ?? -1);
  /** The stream holds the outbox, in its order, each once. */
  const complete = (): Promise<void> =>
    until(async () => {
      const wanted = (await outbox()).sort((a, b) => a - b);
      return wanted[0] !== -1 && JSON.stringify(await streamed()) === JSON.stringify(wanted);
    });

  it('each stream has the fields of the reference, then seq and payload; unknown is the empty string', async () => {
    publish();
    await db.pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ('2025-12-26T13:00Z', 4250, 4251, 4249, 4250.25)`,
    );
    await db.pool
      .query(`INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, confidence, entry_price)
      VALUES (1, '2025-12-26T13:05Z', 'long', 0.85, 4250.25), (1, '2025-12-26T13:10Z', 'flat', NULL, NULL)`);
    await db.pool
      .query(`INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, status)
      VALUES (1, 'short', 2500, 4250, '2025-12-26T13:05Z', 'open')`);
    await db.pool.query(
      `INSERT INTO dw.alerts (code, message, strategy_id, timestamp_utc) VALUES ('X', 'told', 1, '2025-12-26T13:05Z')`,
    );
    await until(async () => (await streamed()).length === 1);
    const fields = async (stream: string): Promise<Record<string, string>[]> =>
      (await client.xrange(stream, '-', '+')).map(([, flat]) =>
        Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : []))),
      );
    const signals = await fields('trading:signals');
    expect(Object.keys(signals[0]!)).toEqual(['strategy', 'signal', 'confidence', 'timestamp', 'seq', 'payload']);
    expect(signals).toMatchObject([
      { strategy: 'RL_PPO', signal: 'long', confidence: '0.85', timestamp: '2025-12-26T13:05:00.000Z', seq: '2' },
      { strategy: 'RL_PPO', signal: 'flat', confidence: '', timestamp: '2025-12-26T13:10:00.000Z', seq: '3' },
    ]);
    expect(JSON.parse(signals[0]!['payload']!)).toMatchObject({
      strategy_code: 'RL_PPO',
      confidence: 0.85,
      price: 4250.25,
    });
    const { payload: _price, ...price } = (await fields('trading:prices'))[0]!;
    expect(price).toEqual({
      symbol: 'USD/COP',
      price: '4250.25',
      bar_time: '2025-12-26T13:00:00.000Z',
      timestamp: '2025-12-26T13:00:00.000Z',
      source: 'manual',
      seq: '1',
    });
    const { payload: _position, ...position } = (await fields('trading:positions'))[0]!;
    expect(position).toEqual({
      strategy: 'RL_PPO',
      action: 'open',
      side: 'short',
      quantity: '2500',
      price: '4250',
      timestamp: '2025-12-26T13:05:00.000Z',
      seq: '4',
    });
    const { payload: _alert, ...told } = (await fields('trading:alerts'))[0]!;
    expect(told).toEqual({
      severity: 'warning',
      code: 'X',
      message: 'told',
      strategy: 'RL_PPO',
      timestamp: '2025-12-26T13:05:00.000Z',
      seq: '5',
    });
  });

  it('the lines of the reference, 7.2 to 7.4, run as written', async () => {
    publish();
    // `docker-compose exec redis redis-cli -a ${REDIS_PASSWORD}` is a shell in the container: here its port is named
    const shell = (line: string): string =>
      execFileSync('sh', ['-c', line], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], REDIS_PASSWORD: PASSWORD },
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    const cli = `redis-cli -p ${redis.port} -a \${REDIS_PASSWORD}`;
    expect(shell(`${cli} XGROUP CREATE trading:signals dashboard-group $ MKSTREAM`)).toBe('OK');
    await db.pool.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, confidence) VALUES (1, '2025-12-26T12:00Z', 'long', 0.85)`,
    );
    await until(async () => (await streamed('trading:signals')).length === 1);
    expect(shell(`${cli} XREAD COUNT 10 STREAMS trading:signals 0`)).toMatch(
      /strategy\nRL_PPO\nsignal\nlong\nconfidence\n0\.85\ntimestamp\n2025-12-26T12:00:00\.000Z\nseq\n1/,
    );
    expect(shell(`${cli} XREADGROUP GROUP dashboard-group page COUNT 10 STREAMS trading:signals '>'`)).toContain(
      'RL_PPO',
    );
    // 7.3: what redis-py sends for `r.xadd('trading:signals', {…})`
    expect(
      shell(
        `${cli} XADD trading:signals '*' strategy RL_PPO signal long confidence 0.85 timestamp 2025-12-26T12:00:00Z`,
      ),
    ).toMatch(/^\d+-\d+$/);
    expect(shell(`${cli} XLEN trading:signals`)).toBe('2');
    expect(shell(`${cli} XINFO STREAM trading:signals`)).toMatch(/length\n2\n[\s\S]*groups\n1\n/);
  });

  it('entries of others without seq are tolerated: nothing stops, nothing is sent twice', async () => {
    publish();
    await alert();
    await complete();
    for (let i = 0; i < 50; i++) await client.xadd('trading:alerts', '*', 'strategy', 'RL_PPO', 'note', String(i));
    await alert();
    await complete();
    expect(await client.xlen('trading:alerts')).toBe(52);
    const streams = openRedisStreams(redis.address);
    expect((await streams.read('trading:alerts', 0, 100)).entries.map((entry) => entry.seq)).toEqual(await outbox());
    await streams.close();
  });

  it('Redis dies again and again while events are written: the stream is complete and in order afterwards', async () => {
    const publisher = publish();
    for (let death = 0; death < 6; death++) {
      for (let i = 0; i < 15; i++) await alert();
      await redis.kill('SIGKILL'); // no persistence: everything is gone
      for (let i = 0; i < 5; i++) await alert();
      // one that lasts; the others may be over before anybody looked
      if (death === 0) await until(() => publisher.state === 'down');
      await redis.start();
    }
    await complete();
    expect(await streamed()).toHaveLength(120);
    expect(errors.map((error) => error.code)).toContain('REDIS_DOWN');
    expect(JSON.stringify(errors.map((e) => [e.message, (e as { remedy?: string }).remedy]))).not.toContain(PASSWORD);
  });

  it('with Redis away from the start nothing waits for it, and nothing is lost', async () => {
    await redis.kill('SIGKILL');
    const publisher = publish();
    for (let i = 0; i < 10; i++) await alert();
    await until(() => publisher.state === 'down');
    await redis.start();
    await complete();
    expect(publisher.state).toBe('publishing');
    expect(errors.filter((error) => error.code === 'REDIS_DOWN')).toHaveLength(1);
  });

  it('FLUSHALL, DEL of one stream, and an old dump: the publisher notices by itself and sends again what is missing', async () => {
    publish();
    for (let i = 0; i < 20; i++) await alert();
    await complete();
    await client.flushall();
    await complete();
    await client.del('trading:alerts');
    await complete();
    // back in time: the dump of now, put in the place of a later one
    await client.config('SET', 'appendonly', 'no');
    await client.save();
    copyFileSync(join(redis.folder, 'dump.rdb'), join(redis.folder, 'old.rdb'));
    for (let i = 0; i < 20; i++) await alert();
    await complete();
    await redis.kill('SIGKILL');
    copyFileSync(join(redis.folder, 'old.rdb'), join(redis.folder, 'dump.rdb'));
    await redis.start();
    await complete();
    expect(await streamed()).toHaveLength(40);
  });

  it('a group that is lost with its stream is made again; its reader misses nothing and hears nothing again that it acknowledged', async () => {
    publish();
    const streams = openRedisStreams(redis.address);
    const group = await streams.group('trading:alerts', 'desk', 'oldest');
    const heard: number[] = [];
    const listen = async (count: number): Promise<void> => {
      while (heard.length < count) {
        const entries = await group.next(5, 1_000).catch(() => []);
        for (const entry of entries) {
          heard.push(entry.seq);
          await group.acknowledge(entry.seq).catch(() => {});
        }
      }
    };
    for (let i = 0; i < 10; i++) await alert();
    await listen(10);
    await client.xgroup('DESTROY', 'trading:alerts', 'desk');
    for (let i = 0; i < 5; i++) await alert();
    await listen(15);
    await client.flushall();
    for (let i = 0; i < 5; i++) await alert();
    await listen(20);
    expect(heard).toEqual(await outbox());
    await streams.close();
  });

  it('two hosts on one database: one publishes, the other takes over, each event once', async () => {
    const [one, other] = [publish(), publish()];
    await until(() => [one, other].some((p) => p.state === 'publishing'));
    for (let i = 0; i < 30; i++) {
      await alert();
      if (i % 10 === 9)
        await db.pool
          .query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7446005 AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
    }
    await complete();
  });

  it('killed between sending and noting it: the answer of Redis never comes, and no event is there twice', async () => {
    const first = publish();
    await alert();
    await complete();
    // Redis takes the next entries; its answer is not heard, because the publisher is gone by then
    await client.client('PAUSE', 300, 'ALL');
    await alert();
    await sleep(100);
    await first.stop();
    publish();
    await alert();
    await complete();
  });

  it('a Redis that stands still for three seconds delays, and the host can end meanwhile', async () => {
    const publisher = publish();
    await alert();
    await complete();
    redis.child.kill('SIGSTOP');
    await alert();
    const started = performance.now();
    await sleep(200);
    await publisher.stop();
    expect(performance.now() - started).toBeLessThan(3_000);
    redis.child.kill('SIGCONT');
    publish();
    await complete();
  });

  it('the streams of two worlds do not mix: REDIS_TAKEN while the other publishes, its own stream once that is gone', async () => {
    const other = await testDatabase({ world: 'market' });
    const otherRelay = startRelay({ connection: other.connection, pollMs: 20 });
    const first = publish(other);
    for (let i = 0; i < 5; i++) await alert(other);
    await until(async () => (await streamed()).length === 5);
    publish();
    await alert();
    await until(() => errors.some((error) => error.code === 'REDIS_TAKEN'));
    expect(await streamed()).toHaveLength(5);
    await first.stop();
    await otherRelay.stop();
    await complete();
    expect(await client.hget(ownerKey('trading:alerts'), 'world')).toContain(db.name);
    await other.drop();
  });

  it('a wrong password is REDIS_AUTH; a replica and a key of another type are REDIS_REFUSED; the other streams go on', async () => {
    publish(db, { ...redis.address, password: 'wrong-secret' });
    await until(() => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: 'REDIS_AUTH' });
    expect(errors[0]!.message).not.toContain('secret');
    await publishers[0]!.stop();
    errors.length = 0;
    await client.set('trading:positions', 'in the way');
    publish();
    await alert();
    await until(() => errors.some((error) => error.code === 'REDIS_REFUSED'));
    await complete();
    await client.del('trading:positions');
    await until(() => publishers[1]!.state === 'publishing');
    errors.length = 0;
    await client.replicaof('127.0.0.1', 1);
    await until(() => errors.some((error) => error.code === 'REDIS_REFUSED'));
    await client.replicaof('NO', 'ONE');
    await alert();
    await complete();
  });

  it(`a stream is trimmed to about ${STREAM_LENGTH}; one that is made anew begins with the newest so many`, async () => {
    await db.pool.query(`INSERT INTO dw.events (seq, type, time, payload)
      SELECT i, 'alert', now(), jsonb_build_object('message', i) FROM generate_series(1, ${STREAM_LENGTH + 2_500}) i`);
    const started = performance.now();
    publish();
    await until(async () => (await streamed()).at(-1) === STREAM_LENGTH + 2_500, 30_000);
    const all = await streamed();
    expect(all.length).toBe(STREAM_LENGTH);
    expect(all[0]).toBe(2_501);
    console.info(`${STREAM_LENGTH} entries into an empty stream in ${Math.round(performance.now() - started)} ms`);
    const streams = openRedisStreams(redis.address);
    expect((await streams.read('trading:alerts', 100, 1)).gap).toBe(true);
    expect((await streams.read('trading:alerts', 2_500, 1)).gap).toBe(false);
    await streams.close();
    await db.pool.query(`INSERT INTO dw.events (seq, type, time, payload)
      SELECT i, 'alert', now(), '{}' FROM generate_series(${STREAM_LENGTH + 2_501}, ${STREAM_LENGTH + 3_500}) i`);
    await until(async () => (await streamed()).at(-1) === STREAM_LENGTH + 3_500);
    expect(await client.xlen('trading:alerts')).toBeLessThanOrEqual(STREAM_LENGTH + 200);
  });
});
