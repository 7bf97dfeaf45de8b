import { Client, Pool, type PoolClient } from 'pg';
import { clientConfig, type ConnectionOptions } from './connection.js';
import { storeError } from './fault.js';

export { storeError } from './fault.js';

export interface PoolOptions {
  /** Connections at most; 10 by default. */
  readonly max?: number;
  /** Milliseconds that one statement of a pooled client may take; 15,000 by default. */
  readonly statementTimeoutMs?: number;
  /** Milliseconds after which the client gives up a statement that the server does not end; 5,000 above that by default. */
  readonly queryTimeoutMs?: number;
  /** Milliseconds that a connection may take; 5,000 by default. */
  readonly connectionTimeoutMs?: number;
  /** Whom the audit names for what is changed; the database role without it. */
  readonly actor?: string;
  /** Errors of idle connections, e.g. a server that went away; the pool replaces them by itself. */
  readonly onError?: (error: Error) => void;
}

/** Anything that runs a query: a pool or one of its clients. */
export type Queryable = Pick<Client, 'query'>;

const connections = new WeakMap<Pool, ConnectionOptions>();

/**
 * A pool that cannot hang: it waits 5 s for a connection, the server gives up a statement before the client does, and the
 * client gives up a dead peer. Numbers come as numbers, timestamps as epoch milliseconds, dates as text.
 */
export function openPool(connection: ConnectionOptions, options: PoolOptions = {}): Pool {
  const statementTimeout = options.statementTimeoutMs ?? 15_000;
  const config = clientConfig(connection);
  const pool = new Pool({
    ...config,
    // a value among options must not hold what ends it
    ...(options.actor === undefined
      ? {}
      : { options: `${config.options} -c signalbox.actor=${options.actor.replace(/[^\w.@-]/g, '_')}` }),
    max: options.max ?? 10,
    statement_timeout: statementTimeout,
    query_timeout: options.queryTimeoutMs ?? statementTimeout + 5_000,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 5_000,
    idleTimeoutMillis: 60_000,
    allowExitOnIdle: false,
  });
  connections.set(pool, connection);
  const onError = options.onError ?? (() => {});
  pool.on('error', onError);
  // pg removes the pool's own listener while a client is checked out: an error then would end the process
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Where a pool of {@link openPool} connects to. */
export function connectionOf(pool: Pool): ConnectionOptions {
  const connection = connections.get(pool);
  if (!connection) throw new TypeError('not a pool of openPool');
  return connection;
}

export interface TransactionOptions {
  /** No events are written: sessions that run unwatched. */
  readonly silent?: boolean;
  /** Market time of the writes, epoch milliseconds: when revised and late values were first seen. */
  readonly marketTime?: number;
}

async function transact<T, C extends Pick<Client, 'query'>>(
  client: C,
  options: TransactionOptions,
  work: (client: C) => Promise<T>,
): Promise<T> {
  await client.query('BEGIN');
  if (options.silent) await client.query(`SET LOCAL signalbox.silent = 'on'`);
  if (options.marketTime !== undefined)
    await client.query(`SELECT set_config('signalbox.market_time', $1, true)`, [
      new Date(options.marketTime).toISOString(),
    ]);
  const result = await work(client);
  await client.query('COMMIT');
  return result;
}

/** Runs `work` in one transaction. A connection that failed is thrown away. @throws what {@link storeError} makes of it */
export async function withTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw storeError(error);
  }
  try {
    const result = await transact(client, options, work);
    client.release();
    return result;
  } catch (error) {
    let broken: Error | undefined;
    await client.query('ROLLBACK').catch((failure: Error) => (broken = failure));
    client.release(broken);
    throw storeError(error);
  }
}

/** One transaction on a connection of its own without time limits: bulk loads, migrations. */
export async function withBulkTransaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const client = await openClient(connectionOf(pool));
  try {
    return await transact(client, options, work);
  } catch (error) {
    throw storeError(error);
  } finally {
    await client.end().catch(() => {}); // an open transaction is rolled back by it
  }
}

/** A connected client outside any pool, without time limits. */
export async function openClient(connection: ConnectionOptions): Promise<Client> {
  try {
    const client = new Client({ ...clientConfig(connection), connectionTimeoutMillis: 5_000 });
    client.on('error', () => {});
    await client.connect();
    return client;
  } catch (error) {
    throw storeError(error);
  }
}
