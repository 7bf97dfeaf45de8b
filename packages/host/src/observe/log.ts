import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { multistream, pino, stdTimeFunctions, type Logger } from 'pino';
import { LogFile, type LogFileOptions } from './log-file.js';
import { redactor, secretsOf } from './redact.js';

export type Log = Logger;

/** The log of each service, under the name that the reference gives the service; `host` is that of everything else. */
export const SERVICE_LOGS = Object.freeze({
  models: 'multi-model-api',
  trading: 'trading-api',
  analytics: 'analytics-api',
  dashboard: 'dashboard',
});
export type ServiceLogName = keyof typeof SERVICE_LOGS;
export const LOG_NAMES: readonly string[] = Object.freeze(['host', ...Object.values(SERVICE_LOGS)]);

export interface Logs {
  readonly host: Log;
  /** That of a service, by the host's name for it (`trading`). */
  service(name: string): Log;
  close(): void;
}

export interface LogOptions extends LogFileOptions {
  /** Every line goes there as well: in a container its output is the log. */
  readonly also?: { write(line: string): unknown };
  /** What it holds as a secret stands in no line; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export const logFolder = (projectDir: string): string => join(projectDir, '.signalbox', 'logs');
export const logPath = (projectDir: string, name: string): string => join(logFolder(projectDir), `${name}.log`);

/** Fields that hold a secret whatever is in them. */
const FIELDS = [
  'password',
  'passwordHash',
  'databaseUrl',
  'connectionString',
  'secretKey',
  'authorization',
  'cookie',
  'ticket',
];

/**
 * The logs of a host: JSON lines in `.signalbox/logs`, wall time, bounded. Never a password, key or token: fields of such names
 * are cut by name, and each line loses what the environment holds as a secret, wherever an error text or a stack repeats it.
 */
export function openLogs(projectDir: string, { also, env = process.env, ...options }: LogOptions = {}): Logs {
  const redact = redactor(secretsOf(env));
  mkdirSync(logFolder(projectDir), { recursive: true, mode: 0o700 });
  const files: LogFile[] = [];
  const open = (name: string): Log => {
    const file = new LogFile(logPath(projectDir, name), options);
    files.push(file);
    return pino(
      {
        level: 'info',
        base: also ? { service: name } : null,
        timestamp: stdTimeFunctions.isoTime,
        redact: { paths: FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
        hooks: { streamWrite: redact },
      },
      also ? multistream([{ stream: file }, { stream: { write: (line: string) => void also.write(line) } }]) : file,
    );
  };
  const host = open('host');
  const services = new Map<string, Log>();
  return {
    host,
    service(name) {
      const known = SERVICE_LOGS[name as ServiceLogName] as string | undefined;
      if (known === undefined) return host;
      let log = services.get(name);
      if (!log) services.set(name, (log = open(known)));
      return log;
    },
    close: () => files.forEach((file) => file.close()),
  };
}
