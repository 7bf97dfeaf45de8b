import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { applicationName, clientConfig, PROCESS_ID, type ConnectionOptions } from './connection.js';
import { storeError } from './pool.js';

export interface PresenceOptions {
  readonly connection: ConnectionOptions;
  readonly onError?: (error: unknown) => void;
  /** Another host was silent for too long, and its connections were ended. */
  readonly onCutOff?: (host: { readonly hostname: string; readonly pid: number }) => void;
  readonly beatMs?: number;
  readonly leaseMs?: number;
}

export interface Presence {
  stop(): Promise<void>;
}

/** A host that has not been heard of for so long holds nobody up any longer. */
const LEASE_MS = 3_000;
const BEAT_MS = 500;

/**
 * Says that this host lives, and ends the connections of hosts that have fallen silent. A process that is stopped or cut off
 * keeps its connections, and with them its advisory locks and open transactions: the server does not notice by itself.
 */
export function startPresence(options: PresenceOptions): Presence {
  const { connection, onError = () => {}, onCutOff = () => {}, beatMs = BEAT_MS, leaseMs = LEASE_MS } = options;
  let stopped = false;
  const ending = new AbortController();
  const rest = (): Promise<unknown> => sleep(beatMs, undefined, { signal: ending.signal }).catch(() => {});

  const session = async (client: Client): Promise<void> => {
    await client.connect();
    // a lost heartbeat is made up for by the next one
    await client.query('SET synchronous_commit = off');
    const since = performance.now();
    while (!stopped) {
      await client.query(
        `INSERT INTO dw.hosts (host_id, hostname, pid) VALUES ($1, $2, $3)
         ON CONFLICT (host_id) DO UPDATE SET heartbeat_at = clock_timestamp()`,
        [PROCESS_ID, hostname(), process.pid],
      );
      // when the database comes back nobody has been heard of for a while: everybody gets a lease's time
      if (performance.now() - since > leaseMs) await sweep(client);
      await rest();
    }
    await client.query('DELETE FROM dw.hosts WHERE host_id = $1', [PROCESS_ID]);
  };

  const sweep = async (client: Client): Promise<void> => {
    const { rows } = await client.query<{ host_id: string; hostname: string; pid: number }>(
      `SELECT host_id, hostname, pid FROM dw.hosts WHERE host_id <> $1 AND heartbeat_at < clock_timestamp() - $2 * interval '1 ms'`,
      [PROCESS_ID, leaseMs],
    );
    for (const host of rows) {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1`,
        [applicationName(host.host_id)],
      );
      if (rowCount) onCutOff(host);
    }
    if (rows.length > 0)
      await client.query(`DELETE FROM dw.hosts WHERE heartbeat_at < clock_timestamp() - interval '1 hour'`);
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      const client = new Client({ ...clientConfig(connection), connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
      client.on('error', () => {});
      try {
        await session(client);
      } catch (error) {
        if (!stopped) onError(storeError(error));
      } finally {
        await client.end().catch(() => {});
      }
      if (!stopped) await rest();
    }
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      ending.abort();
      await running;
    },
  };
}
