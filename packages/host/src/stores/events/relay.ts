import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientConfig, type ConnectionOptions } from '../postgres/connection.js';
import { storeError } from '../postgres/pool.js';
import { PRUNE_EVENTS } from '../postgres/maintain.js';
import { createWake } from './wake.js';
import { crashPoint } from '../../observe/crash-points.js';

export interface RelayOptions {
  readonly connection: ConnectionOptions;
  /** What went wrong; the relay goes on by itself. */
  readonly onError?: (error: unknown) => void;
  /** Looks for events at least so often, whether woken or not; 500 ms by default. */
  readonly pollMs?: number;
}

export interface Relay {
  /** True while this one holds the lock and publishes. */
  readonly active: boolean;
  stop(): Promise<void>;
}

/** One relay at a time: whoever holds this lock, on the connection on which it publishes. */
const LOCK = 7_446_004;
const QUERY_TIMEOUT_MS = 10_000;
const PRUNE_EVERY_MS = 10 * 60_000;

/**
 * Numbers every row that is visible now and has no number yet, above the highest; nothing is skipped whatever order
 * transactions commit in, because what is not visible has no number and gets one later. Among the new ones the commit time
 * decides where the server keeps it, else the id: later in a sequence when one transaction has seen the other.
 */
const publish = (order: string): string => `
  WITH base AS (
    SELECT greatest(coalesce((SELECT max(seq) FROM dw.events), 0), coalesce((SELECT seq_base FROM dw.world), 0)) AS seq
  ), numbered AS (
    SELECT id, row_number() OVER (ORDER BY ${order}) AS n FROM dw.events WHERE seq IS NULL
  ), published AS (
    UPDATE dw.events e SET seq = base.seq + numbered.n FROM numbered, base WHERE e.id = numbered.id RETURNING e.seq
  )
  SELECT count(*)::int AS count, CASE WHEN count(*) > 0 THEN pg_notify('signalbox_published', max(seq)::text) END FROM published`;

/** Starts publishing events, or waits as a stand-by until the relay that does is gone. */
export function startRelay({ connection, onError = () => {}, pollMs = 500 }: RelayOptions): Relay {
  let stopped = false;
  let active = false;
  const wake = createWake();

  const session = async (client: Client): Promise<void> => {
    wake.clear();
    await client.connect();
    for (;;) {
      const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [LOCK]);
      if (rows[0]!.held) break;
      await wake.wait(pollMs);
      if (stopped) return;
    }
    active = true;
    const kept = await client.query<{ on: boolean }>(`SELECT current_setting('track_commit_timestamp') = 'on' AS on`);
    const statement = publish(kept.rows[0]!.on ? 'pg_xact_commit_timestamp(xmin), id' : 'id');
    client.on('notification', () => wake.now());
    await client.query('LISTEN signalbox_events');
    for (let pruned = -Infinity; !stopped;) {
      wake.clear();
      crashPoint('relay.publishing');
      await client.query(statement);
      crashPoint('relay.published');
      if (performance.now() - pruned > PRUNE_EVERY_MS) {
        await client.query(PRUNE_EVENTS);
        pruned = performance.now();
      }
      await wake.wait(pollMs);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      const client = new Client({
        ...clientConfig(connection),
        connectionTimeoutMillis: 5_000,
        query_timeout: QUERY_TIMEOUT_MS,
      });
      client.on('error', () => wake.now());
      try {
        await session(client);
      } catch (error) {
        if (!stopped) onError(storeError(error));
      } finally {
        active = false;
        await client.end().catch(() => {});
      }
      if (!stopped) await sleep(pollMs);
    }
  };

  const running = run();
  return {
    get active() {
      return active;
    },
    async stop() {
      stopped = true;
      wake.now();
      await running;
    },
  };
}
