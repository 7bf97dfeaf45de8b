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

/** What every connection of ours has, pooled or not: our parsers, ISO dates in UTC, keep-alive. */
export function clientConfig(options: ConnectionOptions): ClientConfig {
  return {
    ...options,
    types: parsers,
    keepAlive: true,
    application_name: 'signalbox',
    options: '-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1 -c search_path=public',
  };
}

/** Address without a password, for people and logs. */
export function describeConnection(options: ConnectionOptions): string {
  if ('connectionString' in options) {
    const url = new URL(options.connectionString);
    url.password = '';
    return url.href;
  }
  const { host, port, user, database } = options;
  return host.startsWith('/')
    ? `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
    : `postgresql://${user}@${host}:${port}/${database}`;
}
