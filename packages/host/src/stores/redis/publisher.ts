import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignalboxError } from '@signalbox/core';
import { STREAM_NAMES, STREAMS, type StreamName } from '../events/stream.js';
import type { PublishedEvent } from '../events/event.js';
import { createWake } from '../events/wake.js';
import { clientConfig, type ConnectionOptions } from '../postgres/connection.js';
import { storeError } from '../postgres/pool.js';
import { append, letGo, STREAM_LENGTH } from './append.js';
import { connected, openRedis, redisError, type RedisAddress } from './connection.js';
import { fieldsOf } from './fields.js';
import { crashPoint } from '../../observe/crash-points.js';

export interface PublisherOptions {
  readonly connection: ConnectionOptions;
  readonly redis: RedisAddress;
  /** What went wrong, once for each outage; publishing goes on by itself. */
  readonly onError?: (error: unknown) => void;
  /** Where the streams stand is looked up at least so often, whether something was published or not; 2,000 ms by default. */
  readonly pollMs?: number;
}

export interface StreamPublisher {
  /** `standby`: another host publishes; `down`: Redis or the database does not take part now. */
  readonly state: 'standby' | 'publishing' | 'down';
  /** Highest seq that is in the streams, or needs not be. */
  readonly published: number;
  stop(): Promise<void>;
}

/** One publisher at a time: whoever holds this lock, on the connection on which it reads the events. */
const LOCK = 7_446_005;
const BATCH = 500;

const CANDIDATES = `
  SELECT e.seq, e.type, e.payload FROM dw.events e JOIN unnest($1::text[], $2::bigint[]) AS s (type, since) ON s.type = e.type
  WHERE e.seq > s.since AND e.seq > $3 AND e.seq <= $4 ORDER BY e.seq LIMIT ${BATCH}`;
/** From here on a stream of full length can be made anew. */
const FLOOR = `
  SELECT seq FROM dw.events WHERE type = $1 AND seq IS NOT NULL ORDER BY seq DESC OFFSET ${STREAM_LENGTH} LIMIT 1`;

/**
 * Copies the published events of one database into Redis, in order. A stream is a cache of the event table: where it stands is
 * asked of the stream itself, so one that was emptied or went back is filled again, and nothing is lost while Redis is away.
 */
export function startPublisher({
  connection,
  redis: address,
  onError = () => {},
  pollMs = 2_000,
}: PublisherOptions): StreamPublisher {
  let stopped = false;
  let state: StreamPublisher['state'] = 'standby';
  let published = 0;
  let told: string | undefined;
  const wake = createWake();
  const redis = openRedis(address);

  const tell = (error: unknown): void => {
    const known = redisError(storeError(error));
    const name = String(known instanceof SignalboxError ? [known.code, known.message] : known);
    state = 'down';
    if (told !== name) onError(known);
    told = name;
  };

  const session = async (client: Client): Promise<void> => {
    wake.clear();
    await client.connect();
    for (;;) {
      const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [LOCK]);
      if (rows[0]!.held) break;
      state = 'standby';
      await wake.wait(pollMs);
      if (stopped) return;
    }
    const { rows: identity } = await client.query<{ world: string; epoch: number }>(
      `SELECT system_identifier || '/' || current_database() AS world,
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS epoch FROM pg_control_system()`,
    );
    const { world, epoch } = identity[0]!;
    client.on('notification', () => wake.now());
    await client.query('LISTEN signalbox_published');

    /** Highest seq in each stream, and up to which seq nothing is left to send. */
    const tail = new Map<StreamName, number>(STREAM_NAMES.map((stream) => [stream, -1])); // not known yet: asked of Redis first
    const covered = new Map(tail);

    const highestSeq = async (): Promise<number> =>
      (await client.query<{ seq: number | null }>('SELECT max(seq) AS seq FROM dw.events')).rows[0]!.seq ?? 0;

    /** True when the stream stood where it was believed to. */
    const put = async (stream: StreamName, highest: number, events: readonly PublishedEvent[]): Promise<boolean> => {
      const entries = events.map((event) => fieldsOf(stream, event));
      if (entries.length > 0) crashPoint('streams.appending');
      const { outcome, tail: found } = await append(redis, {
        stream,
        world,
        epoch,
        expected: tail.get(stream)!,
        highest,
        from: covered.get(stream)!,
        entries,
      });
      if (entries.length > 0) crashPoint('streams.appended');
      if (outcome === 'taken')
        throw new SignalboxError(
          'REDIS_TAKEN',
          `the host of another world publishes into ${stream}`,
          'Give each world a Redis, or a database number, of its own: REDIS_URL=redis://host:6379/1.',
        );
      if (outcome === 'fenced') throw new Error('another host has taken over the streams');
      tail.set(stream, found);
      if (outcome === 'ok') return true;
      const floor = await client.query<{ seq: number }>(FLOOR, [STREAMS[stream]]);
      covered.set(stream, Math.max(found, floor.rows[0]?.seq ?? 0));
      return false;
    };

    const pass = async (verify: boolean): Promise<void> => {
      await connected(redis);
      const highest = await highestSeq();
      /** A stream that Redis refuses does not hold back the others. */
      const refused = new Map<StreamName, unknown>();
      const tried = async (stream: StreamName, events: readonly PublishedEvent[]): Promise<boolean> => {
        try {
          return await put(stream, highest, events);
        } catch (error) {
          const known = redisError(error);
          if (!(known instanceof SignalboxError) || known.code !== 'REDIS_REFUSED') throw error;
          refused.set(stream, known);
          return false;
        }
      };
      if (verify) for (const stream of STREAM_NAMES) await tried(stream, []);
      for (;;) {
        const streams = STREAM_NAMES.filter((stream) => !refused.has(stream));
        const since = streams.map((stream) => covered.get(stream)!);
        if (streams.length === 0) break;
        const { rows } = await client.query<PublishedEvent>(CANDIDATES, [
          streams.map((stream) => STREAMS[stream]),
          since,
          Math.min(...since),
          highest,
        ]);
        const upTo = rows.length < BATCH ? highest : rows[rows.length - 1]!.seq;
        let asBelieved = true;
        for (const stream of streams) {
          const own = rows.filter((row) => row.type === STREAMS[stream]);
          if (own.length > 0 && !(await tried(stream, own))) asBelieved = false;
          else covered.set(stream, Math.max(covered.get(stream)!, upTo));
        }
        published = Math.min(...covered.values());
        if ((asBelieved && rows.length < BATCH) || stopped) break;
      }
      for (const error of refused.values()) throw error;
    };

    for (let verified = -Infinity; !stopped;) {
      wake.clear();
      const verify = performance.now() - verified >= pollMs;
      try {
        await pass(verify);
        if (verify) verified = performance.now();
        state = 'publishing';
        told = undefined;
      } catch (error) {
        if (error instanceof SignalboxError || redisError(error) !== error) {
          // the place in the database is kept: only Redis is away
          verified = -Infinity;
          tell(error);
          await Promise.race([sleep(Math.min(pollMs, 500)), wake.wait(pollMs)]);
          wake.clear();
          await client.query('SELECT 1');
          continue;
        }
        throw error;
      }
      await wake.wait(pollMs);
    }
    if (redis.status === 'ready')
      await Promise.all(STREAM_NAMES.map((stream) => letGo(redis, stream, world))).catch(() => {});
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      const client = new Client({ ...clientConfig(connection), connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
      client.on('error', () => wake.now());
      try {
        await session(client);
      } catch (error) {
        if (!stopped) tell(error);
      } finally {
        await client.end().catch(() => {});
      }
      if (!stopped) await sleep(Math.min(pollMs, 500));
    }
    redis.disconnect();
  };

  const running = run();
  return {
    get state() {
      return state;
    },
    get published() {
      return published;
    },
    async stop() {
      stopped = true;
      wake.now();
      // a Redis that hangs does not keep the host from ending
      const impatient = setTimeout(() => redis.disconnect(), 500);
      await running;
      clearTimeout(impatient);
    },
  };
}
