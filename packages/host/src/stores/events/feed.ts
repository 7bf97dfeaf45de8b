import { Client, type Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishedEvent } from './event.js';
import { clientConfig } from '../postgres/connection.js';
import { connectionOf, storeError, type Queryable } from '../postgres/pool.js';
import { createWake } from './wake.js';
import { crashPoint } from '../../observe/crash-points.js';

export interface EventFeed {
  /** Highest published seq; the world's base before the first. */
  lastSeq(): Promise<number>;
  /** Lowest seq still kept; null when none is. */
  oldestSeq(): Promise<number | null>;
  /** Events with `seq > since`, ascending, at most `limit`. */
  read(since: number, limit: number): Promise<readonly PublishedEvent[]>;
  /** Calls `listener` for each event published from now on, in order, once. Returns how to stop. */
  subscribe(listener: (event: PublishedEvent) => void): () => void;
  close(): Promise<void>;
}

export interface EventFeedOptions {
  readonly pool: Pool;
  /** What went wrong, a listener's throw included; the feed goes on by itself. */
  readonly onError?: (error: unknown) => void;
  /** 1,000 ms by default. */
  readonly pollMs?: number;
}

const BATCH = 500;
const COLUMNS = 'seq, type, time, recorded_at AS "recordedAt", payload';

async function lastSeq(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ seq: number }>(
    `SELECT greatest(coalesce((SELECT max(seq) FROM dw.events), 0), coalesce((SELECT seq_base FROM dw.world), 0)) AS seq`,
  );
  return rows[0]!.seq;
}

async function read(db: Queryable, since: number, limit: number): Promise<PublishedEvent[]> {
  const { rows } = await db.query<PublishedEvent>(
    `SELECT ${COLUMNS} FROM dw.events WHERE seq > $1 ORDER BY seq LIMIT $2`,
    [since, limit],
  );
  return rows;
}

/** Follows the published events of one database, whichever host publishes them. Begins after the newest at this moment. */
export async function openEventFeed({
  pool,
  onError = () => {},
  pollMs = 1_000,
}: EventFeedOptions): Promise<EventFeed> {
  const listeners = new Set<(event: PublishedEvent) => void>();
  const wake = createWake();
  let cursor = await lastSeq(pool);
  let closed = false;

  const deliver = async (client: Client): Promise<void> => {
    for (;;) {
      const events = await read(client, cursor, BATCH);
      for (const event of events) {
        crashPoint('feed.delivering');
        cursor = event.seq;
        for (const listener of [...listeners]) {
          try {
            listener(event);
          } catch (error) {
            onError(error);
          }
        }
      }
      if (events.length < BATCH) return;
    }
  };

  const run = async (): Promise<void> => {
    while (!closed) {
      const client = new Client({
        ...clientConfig(connectionOf(pool)),
        connectionTimeoutMillis: 5_000,
        query_timeout: 10_000,
      });
      client.on('error', () => wake.now());
      client.on('notification', () => wake.now());
      try {
        await client.connect();
        await client.query('LISTEN signalbox_published');
        while (!closed) {
          wake.clear();
          await deliver(client);
          await wake.wait(pollMs);
        }
      } catch (error) {
        if (!closed) onError(storeError(error));
      } finally {
        await client.end().catch(() => {});
      }
      if (!closed) await sleep(Math.min(pollMs, 500));
    }
  };

  const running = run();
  return {
    lastSeq: () => lastSeq(pool),
    async oldestSeq() {
      const { rows } = await pool.query<{ seq: number | null }>('SELECT min(seq) AS seq FROM dw.events');
      return rows[0]!.seq;
    },
    read: (since, limit) => read(pool, since, limit),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      wake.now();
      await running;
    },
  };
}
