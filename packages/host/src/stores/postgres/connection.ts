import { randomUUID } from 'node:crypto';
import type { ClientConfig } from 'pg';
import { parsers } from './parsers.js';

/** Where a database is: parts, or a connection string as `DATABASE_URL` has it. */
export type ConnectionOptions =
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
      readonly password?: string;
    }
  | { readonly connectionString: string };

/** This process, among all that work on a database. */
export const PROCESS_ID: string = randomUUID();

/** How the connections of a process are known to the server: `pg_stat_activity.application_name`. */
export const applicationName = (processId: string): string => `signalbox ${processId}`;

/** What every connection of ours has, pooled or not: our parsers, ISO dates in UTC, keep-alive. */
export function clientConfig(options: ConnectionOptions): ClientConfig {
  return {
    ...options,
    types: parsers,
    keepAlive: true,
    application_name: applicationName(PROCESS_ID),
    options: '-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1 -c search_path=public',
  };
}

/** Address without a password, for people and logs. */
export function describeConnection(options: ConnectionOptions): string {
  if ('connectionString' in options) {
    const url = new URL(options.connectionString);
    url.password = '';
    for (const name of ['password', 'sslpassword']) url.searchParams.delete(name);
    return url.href;
  }
  const { host, port, user, database } = options;
  return host.startsWith('/')
    ? `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
    : `postgresql://${user}@${host}:${port}/${database}`;
}

/** What libpq's own programs read from their environment to reach the same database. */
export function psqlEnvironment(options: ConnectionOptions): Record<string, string> {
  if (!('connectionString' in options)) {
    const { host, port, user, database, password } = options;
    return {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      ...(password === undefined ? {} : { PGPASSWORD: password }),
    };
  }
  const url = new URL(options.connectionString);
  const mode = url.searchParams.get('sslmode');
  const said: readonly (readonly [string, string | null])[] = [
    ['PGHOST', url.searchParams.get('host') ?? url.hostname.replace(/^\[(.*)\]$/, '$1')],
    ['PGPORT', url.searchParams.get('port') ?? url.port],
    ['PGUSER', url.searchParams.get('user') ?? decodeURIComponent(url.username)],
    ['PGPASSWORD', url.searchParams.get('password') ?? decodeURIComponent(url.password)],
    ['PGDATABASE', decodeURIComponent(url.pathname.slice(1))],
    ['PGSSLMODE', mode === 'no-verify' ? 'require' : mode],
    ['PGSSLROOTCERT', url.searchParams.get('sslrootcert')],
    ['PGSSLCERT', url.searchParams.get('sslcert')],
    ['PGSSLKEY', url.searchParams.get('sslkey')],
  ];
  return Object.fromEntries(
    said.filter((pair): pair is readonly [string, string] => pair[1] !== null && pair[1] !== ''),
  );
}
