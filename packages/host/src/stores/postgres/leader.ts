import { Client } from 'pg';
import { createWake } from '../events/wake.js';
import { clientConfig, PROCESS_ID, type ConnectionOptions } from './connection.js';
import type { Fence } from './fence.js';
import { storeError } from './pool.js';
import { crashPoint } from '../../observe/crash-points.js';

/** What a leader has while it leads. */
export interface Term extends Fence {
  /** Aborted when the lock is gone, or the candidate is stopped. */
  readonly ended: AbortSignal;
  /** Hears notifications of the database on the lock's own connection. */
  listen(channel: string, hear: (payload: string) => void): Promise<void>;
}

export interface LeaderOptions {
  readonly connection: ConnectionOptions;
  readonly symbol: string;
  /** Leads until the term has ended; when it returns or rejects before, the lock is given back. */
  readonly lead: (term: Term) => Promise<void>;
  readonly onError?: (error: unknown) => void;
  /** How often a stand-by asks for the lock; 250 ms by default. */
  readonly retryMs?: number;
}

export interface Candidate {
  /** The present term; null while another host leads. */
  readonly term: Fence | null;
  stop(): Promise<void>;
}

/** First key of the leaders' advisory locks, one per symbol. */
const LOCK = 7_446_030;
/** How often a leader makes sure that its connection lives. */
const PING_MS = 1_000;
/** Longest rest after terms that failed at once, one after the other. */
const MAX_RETRY_MS = 5_000;

/**
 * One leader per symbol: an advisory lock on a connection of its own, and an epoch that grows with each leader. Whoever does
 * not get the lock stands by and asks again.
 */
export function standForLeader(options: LeaderOptions): Candidate {
  const { connection, symbol, lead, onError = () => {}, retryMs = 250 } = options;
  let stopped = false;
  let term: Fence | null = null;
  let end = (): void => {};
  const wake = createWake();

  const session = async (client: Client): Promise<void> => {
    await client.connect();
    while (!stopped) {
      const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS held', [
        LOCK,
        symbol,
      ]);
      if (rows[0]!.held) return serve(client);
      await wake.wait(retryMs);
    }
  };

  const serve = async (client: Client): Promise<void> => {
    const over = new AbortController();
    end = () => over.abort();
    client.once('end', end);
    client.once('error', end);
    crashPoint('leader.locked');
    // waits for what the leader before is just committing; from here on that one is refused
    const { rows } = await client.query<{ epoch: number }>(
      `INSERT INTO dw.leaders (symbol, epoch, host_id) VALUES ($1, 1, $2)
       ON CONFLICT (symbol) DO UPDATE SET epoch = leaders.epoch + 1, host_id = excluded.host_id, taken_at = clock_timestamp()
       RETURNING epoch`,
      [symbol, PROCESS_ID],
    );
    crashPoint('leader.epoch');
    const { epoch } = rows[0]!;
    const hearers = new Map<string, (payload: string) => void>();
    client.on('notification', ({ channel, payload }) => hearers.get(channel)?.(payload ?? ''));
    const ping = setInterval(() => void client.query('SELECT 1').catch(end), PING_MS);
    term = { symbol, epoch };
    if (stopped) end();
    try {
      await lead({
        symbol,
        epoch,
        ended: over.signal,
        async listen(channel, hear) {
          hearers.set(channel, hear);
          await client.query(`LISTEN ${channel}`);
        },
      });
    } finally {
      clearInterval(ping);
      term = null;
    }
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!stopped) {
      const began = performance.now();
      const client = new Client({ ...clientConfig(connection), connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
      client.on('error', () => wake.now());
      wake.clear();
      try {
        await session(client);
      } catch (error) {
        failures = performance.now() - began > MAX_RETRY_MS ? 1 : failures + 1;
        if (!stopped) onError(storeError(error));
      } finally {
        await client.end().catch(() => {});
      }
      wake.clear();
      if (!stopped) await wake.wait(Math.min(MAX_RETRY_MS, retryMs * 2 ** Math.min(failures, 10)));
    }
  };
  const running = run();
  return {
    get term() {
      return term;
    },
    async stop() {
      stopped = true;
      end();
      wake.now();
      await running;
    },
  };
}
